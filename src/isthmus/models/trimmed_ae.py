"""The autoencoder that does not learn what fits least: for finding it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.errors import ParameterError
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.trimmed_reconstruction import TrimmedReconstruction
from isthmus.training.trainer import Trainer


class TrimmedAE(Estimator):
    """Autoencoder that leaves out of every step the rows it rebuilds worst: data with rows that do not belong.

    ``score_samples`` is low for such rows, in the data of ``fit`` as well: a narrow code finds them best.

    Source: least trimmed squares, Rousseeuw 1984, Least median of squares regression, section 4; narrow
    autoencoders for anomalies: Hawkins et al. 2002, Outlier detection using replicator neural networks.

    Parameters
    ----------
    latent_dim : numbers in the code; few.
    trim : the share of each batch that is left out, at least that of the rows that do not belong.
    likelihood : as for ``AE``, but for a Gaussian of ``"optimal"`` variance, which is that of all rows of a batch and
        refused. ``"auto"``: a Gaussian whose variance is a share of the data's.
    network, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> ae = im.TrimmedAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> ae.score_samples(X).shape
    (100,)
    """

    automatic_likelihood: ClassVar[Any] = {"name": "gaussian", "variance": "relative", "scale": 0.3}
    automatic_binary_likelihood = automatic_likelihood
    automatic_table_likelihood: ClassVar[Any] = {"name": "mixed_columns", "variance": "fixed", "scale": 0.3}

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(1, 32, log=True, told_by=CAPACITY),
        "trim": Numbers(0.05, 0.5, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 2,
        *,
        trim: float = 0.2,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.trim, self.network, self.likelihood = latent_dim, trim, network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> z -> decoder``, one term."""
        if getattr(setting.likelihood, "variance", None) == "optimal":
            raise ParameterError(
                f"TrimmedAE: likelihood is {self.likelihood!r}, whose variance is read off all rows of a batch, those "
                f"that are left out as well. Expected 'auto', or a variance of its own: {self.automatic_likelihood}"
            )
        networks = make_networks(  # principal components would be those of the rows to be left out as well
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="none"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[TrimmedReconstruction(self.trim)],
        )
