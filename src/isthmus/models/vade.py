"""Variational deep embedding: a VAE whose prior is a mixture."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.cluster_estimator import ClusterEstimator
from isthmus.priors.gaussian_mixture import GaussianMixture
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class VaDE(ClusterEstimator):
    """Variational deep embedding: codes come from a mixture of Gaussians, learnt with the networks; each is a cluster.

    First a plain VAE learns to rebuild, and the graph of its codes is cut into clusters, where the prior starts from.
    These are seldom Gaussian, so that the prior would give many rows to other clusters: for some steps, rows are held
    to the clusters that they start in, and codes become Gaussian cluster by cluster. Then all of it maximises the ELBO.
    ``sample`` draws from all clusters.

    Source: Jiang et al. 2017, Variational deep embedding: an unsupervised and generative approach to clustering, IJCAI.

    Parameters
    ----------
    latent_dim : numbers in the code.
    n_clusters : components of the mixture.
    pretrain_steps : steps of the plain VAE, on at most 20,000 of the rows.
    hold_steps : steps in which these rows are held to the clusters that they start in; 0: none.
    network : as for ``AE``.
    likelihood : ``"auto"`` (Bernoulli for binary data and, as in the paper, for pictures), or as for ``VAE``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.VaDE(4, n_clusters=3, pretrain_steps=50, hold_steps=50, trainer=im.Trainer(epochs=2)).fit(X)
    >>> model.predict(X).shape, model.predict_proba(X).shape
    ((200,), (200, 3))
    """

    reads_prior = True
    automatic_binary_likelihood = automatic_picture_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(4, 64, log=True, told_by=CAPACITY),
        "pretrain_steps": Integers(500, 5000, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 10,
        *,
        n_clusters: int = 10,
        pretrain_steps: int = 2000,
        hold_steps: int = 1000,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.n_clusters = latent_dim, n_clusters
        self.pretrain_steps, self.hold_steps = pretrain_steps, hold_steps
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> q(z | x) -> z -> decoder -> p(x | z)``; reconstruction + KL from the mixture."""
        self._check_clusters(setting.rows)
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="none"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=GaussianMixture(self.latent_dim, self.n_clusters),
            terms=[Reconstruction(), CodeCost("kl")],
            pretrain_steps=self.pretrain_steps,
            hold_steps=self.hold_steps,
        )

    def _memberships(self, z: Tensor) -> Tensor:
        return self.autoencoder_.prior.memberships(z)  # type: ignore[union-attr,operator]
