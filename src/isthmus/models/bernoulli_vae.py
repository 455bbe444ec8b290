"""The variational autoencoder with a code of bits."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.bernoulli import Bernoulli
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.layers.scaled_logits import DECIDED
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class BernoulliVAE(DiscreteEstimator):
    """Bernoulli VAE: the code is ``latent_dim`` bits.

    Source: Raiko et al. 2015, Techniques for learning binary stochastic feedforward neural networks; Jang et al.
    2017, Categorical reparameterization with Gumbel-softmax, section 4.2.

    Parameters
    ----------
    latent_dim : bits in the code.
    estimator, prior : as for ``CategoricalVAE``.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.BernoulliVAE(latent_dim=12, trainer=im.Trainer(epochs=1)).fit(X)
    >>> sorted(set(model.transform(X).flatten().tolist()))
    [0.0, 1.0]
    """

    advice = "Take fewer bits (latent_dim), or prior='factorised'."
    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(8, 256, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 64,
        *,
        estimator: Any = "gumbel_softmax",
        prior: Any = "coin_flips",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.estimator, self.prior = latent_dim, estimator, prior
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> q(z | x) -> bits z -> p(x | z)``; reconstruction + KL + what the estimator adds."""
        dim = self.latent_dim
        networks = make_networks(self.network, setting, latent_dim=dim, features=dim, linear_path="trained")
        estimator = make_part("gradient_estimators", self.estimator, {"latent_dim": dim})
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Bernoulli(dim, estimator, DECIDED),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=make_part("priors", self.prior, {"latent_dim": dim}),
            terms=[Reconstruction(), CodeCost("kl"), *(CodeCost(cost) for cost in estimator.costs)],
        )
