"""The autoencoder whose code is made to tell little of a known factor."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from isthmus.architecture import Networks, Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.corruptions.condition_dropout import ConditionDropout
from isthmus.critics.factor import Factor
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class FaderNetwork(Estimator):
    """Fader network: the decoder is told y (classes or numbers), and an adversary sees to it that the code is not.

    A classifier learns to tell y from the code; encoder and decoder pay for what it finds, so that the code keeps the
    rest. The encoder sees x alone, so ``reconstruct(X, condition=new)`` draws x with another y. How much of y is left
    in the code is to be measured by a classifier, and not by a linear one alone. Unlike in the paper the code is
    random, with a price (KL): noise covers what a classifier might miss, and ``sample`` works.

    All epochs are run: no loss tells when to stop.

    Source: Lample et al. 2017, Fader networks: manipulating images by sliding attributes, NeurIPS.

    Parameters
    ----------
    latent_dim : numbers in the code.
    adversary : weight of what the classifier tells of y, which is in nats, as the reconstruction is.
    warmup : steps in which that weight rises from 0, while the classifier learns.
    repeats : steps of the classifier for each step of the others; with few it lags behind, and leaves much unseen.
    beta : weight of the KL, as for ``BetaVAE``.
    condition_dropout : share of the rows trained on as if y were not known; above 0 ``reconstruct``, ``sample`` and
        ``score_samples`` also answer without a condition, at the cost of a code that keeps more of y; at 0 they refuse.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(100))
    >>> fader = im.FaderNetwork(latent_dim=4, trainer=im.Trainer(epochs=2)).fit(digits.values, digits.labels)
    >>> fader.reconstruct(digits.values[:3], condition=7).shape
    (3, 64)
    """

    conditional = True
    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "adversary": Numbers(0.1, 100.0, log=True, told_by=PURPOSE),
        "beta": Numbers(0.1, 10.0, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        adversary: float = 10.0,
        warmup: int = 1000,
        repeats: int = 10,
        beta: float = 1.0,
        condition_dropout: float = 0.0,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.adversary, self.warmup, self.repeats = latent_dim, adversary, warmup, repeats
        self.beta, self.condition_dropout = beta, condition_dropout
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> q(z | x) -> z -> p(x | z, y)``; reconstruction + KL + what a classifier tells of y from z."""
        weights = {"adversary": self.adversary, "beta": self.beta, "warmup": self.warmup}
        check(
            "FaderNetwork",
            *((value >= 0, f"{name} is {value!r}; expected 0 or more") for name, value in weights.items()),
            (self.repeats >= 1, f"repeats is {self.repeats!r}; expected 1 or more"),
        )
        weight = LinearWarmup(self.warmup, end=self.adversary) if self.warmup else self.adversary
        critic = Factor(self.latent_dim, setting.condition_dim, numbers=setting.told_numbers, repeats=self.repeats)
        return Autoencoder(
            encoder=self._networks(replace(setting, condition_dim=0)).encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=self._networks(setting).decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            corruption=ConditionDropout(self.condition_dropout),
            terms=[Reconstruction(), CodeCost("kl", self.beta), Adversarial("factor", weight)],
            critics={"factor": critic},
        )

    def _networks(self, setting: Setting) -> Networks:
        return make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
