"""The variational autoencoder."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.estimator import Estimator
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class VAE(Estimator):
    """Variational autoencoder: a random code with a prior; maximises the ELBO.

    Source: Kingma & Welling 2014, Auto-encoding variational Bayes, ICLR; calibrated variance: Rybkin et al.
    2021, Simple and effective VAE training with calibrated decoders.

    Parameters
    ----------
    latent_dim : numbers in the code.
    free_bits : nats per dimension below which the KL costs nothing more (against posterior collapse).
    warmup : steps in which the weight of the KL rises to 1; 0: none.
    prior : that is learnt with the model: ``"standard_normal"``, ``"gaussian_mixture"``, any name that ``isthmus parts
        priors`` lists for continuous codes, a mapping, or a Prior.
    network : as for ``AE``.
    likelihood : ``"auto"`` (Bernoulli for binary data, else Gaussian with the optimal variance), a name such
        as ``"categorical"``, a mapping, or a Likelihood.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> vae = im.VAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> vae.sample(3, random_state=0).shape, vae.score_samples(X).shape
    ((3, 64), (100,))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "free_bits": Numbers(0.0, 1.0, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        free_bits: float = 0.0,
        warmup: int = 0,
        prior: Any = "standard_normal",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.free_bits, self.warmup = latent_dim, free_bits, warmup
        self.prior, self.network, self.likelihood = prior, network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> q(z | x) -> z -> decoder -> p(x | z)``; reconstruction + KL."""
        networks = make_networks(
            self.network,
            setting,
            latent_dim=self.latent_dim,
            features=2 * self.latent_dim,
            linear_path="trained",
        )
        known = {"latent_dim": self.latent_dim, "in_shape": setting.schema.shape}
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim, free_bits=self.free_bits),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=make_part("priors", self.prior, known),
            terms=[Reconstruction(), CodeCost("kl", LinearWarmup(self.warmup) if self.warmup else 1.0)],
        )
