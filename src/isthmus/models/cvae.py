"""The VAE that is told something."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting, cooling_weight, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.corruptions.condition_dropout import ConditionDropout
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class CVAE(Estimator):
    """Conditional VAE: encoder and decoder are told y (classes or numbers), so the code holds the rest.

    ``sample(n, condition=3)`` draws examples of class 3; without a condition the model answers as if y were
    not known, which it has practised on a share of the rows.

    Source: Sohn et al. 2015, Learning structured output representation using deep conditional generative
    models, NeurIPS.

    Parameters
    ----------
    latent_dim, free_bits : as for ``VAE``.
    cooling : steps in which the weight of the KL falls from 10 to 1; ``"auto"``: half of all steps; 0: it is always 1.
        While the code is dear, what y tells is left to y, and stays there; otherwise the code tells it, too, and a draw
        of it then contradicts y.
    condition_dropout : share of the rows trained on as if y were not known; at 0 a condition must be given, and draws
        keep to it best.
    likelihood : ``"auto"`` (Bernoulli for binary data, and for pictures, of which a Gaussian draws poor ones), or as
        for ``VAE``.
    network, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(100))
    >>> cvae = im.CVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(digits.values, digits.labels)
    >>> cvae.sample(4, condition=7, random_state=0).shape
    (4, 64)
    """

    conditional = True
    automatic_binary_likelihood = automatic_picture_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "free_bits": Numbers(0.0, 1.0, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        condition_dropout: float = 0.1,
        free_bits: float = 0.0,
        cooling: int | Literal["auto"] = "auto",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.condition_dropout = latent_dim, condition_dropout
        self.free_bits, self.cooling = free_bits, cooling
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``(x, y) -> q(z | x, y) -> z -> p(x | z, y)``; reconstruction + KL."""
        networks = make_networks(
            self.network,
            setting,
            latent_dim=self.latent_dim,
            features=2 * self.latent_dim,
            linear_path="trained",
        )
        steps = self._trainer(setting.rows).steps(setting.rows)
        weight = cooling_weight("CVAE", self.cooling, steps)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim, free_bits=self.free_bits),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            corruption=ConditionDropout(self.condition_dropout),
            terms=[Reconstruction(), CodeCost("kl", weight)],
        )
