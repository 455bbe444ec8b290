"""The variational autoencoder with a code of choices."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.categorical import Categorical
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import check
from isthmus.layers.scaled_logits import DECIDED
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class CategoricalVAE(DiscreteEstimator):
    """Categorical VAE: the code is ``groups`` choices among ``classes`` each, one-hot.

    Source: Jang et al. 2017, Categorical reparameterization with Gumbel-softmax, ICLR; Maddison et al. 2017.

    Parameters
    ----------
    groups, classes : how many choices, and among how many each.
    estimator : how the gradient passes the choice: ``"gumbel_softmax"``, ``"straight_through"``, ``"reinforce"``,
        ``"muprop"``, ``"rebar"``, ``"relax"``, ``"exact"``, or a mapping such as
        ``{"name": "gumbel_softmax", "draw_as": "hard"}``.
    prior : ``"coin_flips"``, or ``"factorised"``: each choice has probabilities that training learns.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.CategoricalVAE(groups=4, classes=5, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.symbols(X).shape, model.sample(3, random_state=0).shape
    ((200, 4), (3, 64))
    """

    advice = "Take fewer classes, or prior='factorised'."
    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "groups": Integers(4, 64, log=True, told_by=CAPACITY),
        "classes": Integers(2, 32, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        groups: int = 20,
        classes: int = 10,
        *,
        estimator: Any = "gumbel_softmax",
        prior: Any = "coin_flips",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.groups, self.classes = groups, classes
        self.estimator, self.prior = estimator, prior
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> q(z | x) -> one-hot z -> p(x | z)``; reconstruction + KL + what the estimator adds."""
        check(
            "CategoricalVAE",
            (self.groups >= 1, f"groups is {self.groups!r}; expected 1 or more"),
            (self.classes >= 2, f"classes is {self.classes!r}; expected 2 or more"),
        )
        dim = self.groups * self.classes
        networks = make_networks(self.network, setting, latent_dim=dim, features=dim, linear_path="trained")
        estimator = make_part("gradient_estimators", self.estimator, {"latent_dim": dim})
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Categorical(dim, estimator, self.classes, DECIDED),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=make_part("priors", self.prior, {"latent_dim": dim, "classes": self.classes}),
            terms=[Reconstruction(), CodeCost("kl"), *(CodeCost(cost) for cost in estimator.costs)],
        )
