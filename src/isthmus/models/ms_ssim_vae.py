"""The VAE of pictures that shall look alike."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.picture_similarity import PictureSimilarity
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class MSSSIMVAE(Estimator):
    """VAE whose reconstructions answer to the multi-scale structural similarity, too: edges rather than mean grey.

    The similarity is no likelihood and has no nats: it pulls on the decoder's output by a share of the reconstruction's
    pull. Scores stay the ELBO, which is a little lower for it. Shares well above 1 have not made pictures more alike.

    Source: Snell et al. 2017, Learning to generate images with perceptual similarity metrics, ICIP.

    Parameters
    ----------
    latent_dim : numbers in the code.
    similarity : pull of the similarity on the output, as a share of the reconstruction's; 0: a VAE.
    scales : at which pictures are compared, each half as large as the one before, while a window of 11 pixels fits in.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100].reshape(-1, 8, 8).astype("uint8")
    >>> model = im.MSSSIMVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 8, 8))
    """

    pictures_only = True
    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "similarity": Numbers(0.0, 2.0, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        similarity: float = 1.0,
        scales: int = 5,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.similarity, self.scales = latent_dim, similarity, scales
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE; reconstruction + KL + (1 - similarity)."""
        shape = setting.schema.shape
        check(
            "MSSSIMVAE",
            (self.similarity >= 0, f"similarity is {self.similarity!r}; expected 0 or more"),
            (len(shape) == 3, f"x is {shape}, {setting.schema.kind!r}; expected pictures, uint8 or in [0, 1]"),
        )
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl"), PictureSimilarity(self.similarity, self.scales)],
        )
