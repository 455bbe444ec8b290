"""Improved deep embedded clustering: an autoencoder whose codes draw together in clusters."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.cluster_estimator import ClusterEstimator
from isthmus.errors import check
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.cluster_agreement import ClusterAgreement
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class IDEC(ClusterEstimator):
    """Improved deep embedded clustering: rows move to the centre that they are nearest to, and can still be rebuilt.

    First a plain autoencoder learns to rebuild; k-means of its codes gives the centres; then codes and centres learn
    to agree, while the reconstruction keeps what the codes tell.

    Source: Guo et al. 2017, Improved deep embedded clustering with local structure preservation, IJCAI.

    Parameters
    ----------
    latent_dim : numbers in the code.
    n_clusters : centres.
    agreement : weight of the clusters' term, beside nats of reconstruction.
    every : steps after which the shares of the clusters in the data are taken anew.
    pretrain_steps : steps of the plain autoencoder, on at most 20,000 of the rows.
    network, likelihood, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.IDEC(latent_dim=4, n_clusters=3, pretrain_steps=50, trainer=im.Trainer(epochs=2)).fit(X)
    >>> model.predict(X).shape, model.predict_proba(X).shape
    ((200,), (200, 3))
    """

    blends: ClassVar[bool] = False  # a blend of two rows is of no cluster

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(4, 64, log=True, told_by=CAPACITY),
        "agreement": Numbers(1.0, 1000.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 10,
        *,
        n_clusters: int = 10,
        agreement: float = 100.0,
        every: int = 200,
        pretrain_steps: int = 2000,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.n_clusters, self.agreement = latent_dim, n_clusters, agreement
        self.every, self.pretrain_steps = every, pretrain_steps
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> z -> decoder``; reconstruction + agreement of z with the centres."""
        self._check_clusters(setting.rows)
        check("IDEC", (self.agreement >= 0, f"agreement is {self.agreement!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="none"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction(), ClusterAgreement(self.latent_dim, self.n_clusters, self.every, self.agreement)],
            pretrain_steps=self.pretrain_steps,
        )

    def _memberships(self, z: Tensor) -> Tensor:
        return self.autoencoder_.terms[1].memberships(z)  # type: ignore[operator]
