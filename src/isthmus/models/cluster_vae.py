"""A VAE that clusters in one step."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.cluster_estimator import ClusterEstimator
from isthmus.priors.class_means import ClassMeans
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class ClusterVAE(ClusterEstimator):
    """VAE clustering in one step: each class has a mean of codes, and a softmax of the code tells the class.

    All of it is learnt together from the first step, which is PCA; nothing is pretrained. Little is paid for small
    errors of the reconstruction, so that codes tell what rows have in common.

    Source: Su Jianlin 2018, A clustering scheme based on VAE: one-step clustering, https://spaces.ac.cn/archives/5887.

    Parameters
    ----------
    latent_dim : numbers in the code.
    n_clusters : classes.
    network : as for ``AE``.
    likelihood : ``"auto"`` (Gaussian, its standard deviation fixed at the data's spread), or as for ``VAE``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.ClusterVAE(latent_dim=4, n_clusters=3, trainer=im.Trainer(epochs=2)).fit(X)
    >>> model.predict(X).shape, model.predict_proba(X).shape
    ((200,), (200, 3))
    """

    automatic_likelihood: ClassVar[Any] = {"name": "gaussian", "variance": "relative", "scale": 1.0}
    reads_prior = True
    automatic_binary_likelihood = automatic_likelihood

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(4, 64, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 20,
        *,
        n_clusters: int = 10,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.n_clusters = latent_dim, n_clusters
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> q(z | x) -> z -> (decoder -> p(x | z), q(y | z))``; reconstruction + KL of z and y."""
        self._check_clusters(setting.rows)
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=ClassMeans(self.latent_dim, self.n_clusters),
            terms=[Reconstruction(), CodeCost("kl")],
        )

    def _memberships(self, z: Tensor) -> Tensor:
        return self.autoencoder_.prior.memberships(z)  # type: ignore[union-attr,operator]
