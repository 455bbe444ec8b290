"""The VAE whose codes vary apart."""

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
from isthmus.terms.covariance_match import CovarianceMatch
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class DIPVAE(Estimator):
    """VAE whose codes over all the data are held to the covariance of the prior.

    Scores are the ELBO at beta = 1.

    Source: Kumar et al. 2018, Variational inference of disentangled latent concepts from unlabeled observations, ICLR,
    equations 6 and 7.

    Parameters
    ----------
    latent_dim : numbers in the code.
    of : ``"means"`` of the posteriors (DIP-VAE-I) or drawn ``"codes"`` (DIP-VAE-II).
    off_diagonal : weight of the squared covariances of different numbers.
    diagonal : weight of the squared distances of their variances from 1; None: ten times (of means), once (of codes).
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.DIPVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "off_diagonal": Numbers(0.1, 100.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        of: str = "means",
        off_diagonal: float = 10.0,
        diagonal: float | None = None,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.of, self.off_diagonal, self.diagonal = latent_dim, of, off_diagonal, diagonal
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE; reconstruction + KL + distance of the covariance from the identity."""
        diagonal = {"means": 10.0}.get(self.of, 1.0) * self.off_diagonal if self.diagonal is None else self.diagonal
        check(
            "DIPVAE",
            (self.of in ("means", "codes"), f"of is {self.of!r}; expected 'means' or 'codes'"),
            (self.off_diagonal > 0, f"off_diagonal is {self.off_diagonal!r}; expected a positive weight"),
            (diagonal >= 0, f"diagonal is {self.diagonal!r}; expected 0 or more, or None"),
        )
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
        apart = CovarianceMatch(self.of, diagonal / self.off_diagonal, self.off_diagonal)  # type: ignore[arg-type]
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl"), apart],
        )
