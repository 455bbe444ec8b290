"""Many narrow autoencoders that do not learn what fits least: for finding it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, named
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.data.examples import Examples
from isthmus.data.schema import Schema
from isthmus.errors import ParameterError, check
from isthmus.estimator import Estimator
from isthmus.likelihoods.opinion_pool import OpinionPool
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.trimmed_reconstruction import TrimmedReconstruction
from isthmus.training.trainer import Trainer


class TrimmedEnsemble(Estimator):
    """Several narrow autoencoders, each of which leaves out of every step the rows that it rebuilds worst.

    They are trained together, in one batched product, and differ in their first weights and in the width of their
    codes; ``transform`` gives all codes in a row. Columns of tables are brought to one variance. ``AnomalyDetector``
    makes thresholds, probabilities and explanations of it.

    Source: Chen et al. 2017, Outlier detection with autoencoder ensembles, SIAM International Conference on Data
    Mining; least trimmed squares: Rousseeuw 1984, Least median of squares regression, section 4.

    Parameters
    ----------
    latent_dim : numbers in the widest member's code; the others have fewer, in turn.
    members : how many autoencoders.
    trim : the share of each batch that every member leaves out, at least that of the rows that do not belong.
    network : ``"auto"``, or arguments for all members: ``{"hidden": (48,), "activation": "tanh"}``.
    likelihood : as for ``TrimmedAE``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.TrimmedEnsemble(latent_dim=2, members=4, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.score_samples(X).shape
    ((100, 8), (100,))
    """

    automatic_likelihood: ClassVar[Any] = {"name": "gaussian", "variance": "relative", "scale": 0.3}
    automatic_binary_likelihood = automatic_likelihood
    automatic_table_likelihood: ClassVar[Any] = {"name": "mixed_columns", "variance": "fixed", "scale": 0.3}

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 32, log=True, told_by=CAPACITY),
        "trim": Numbers(0.05, 0.5, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 4,
        *,
        members: int = 8,
        trim: float = 0.3,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.members, self.trim = latent_dim, members, trim
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> members' encoders -> z [members, latent_dim] -> members' decoders -> opinion pool``, one term."""
        check("TrimmedEnsemble", (self.members >= 1, f"members is {self.members!r}; expected 1 or more"))
        if getattr(setting.likelihood, "variance", None) == "optimal":
            raise ParameterError(
                f"TrimmedEnsemble: likelihood is {self.likelihood!r}, whose variance is read off all rows of a batch, "
                f"those that are left out as well. Expected 'auto', or a variance of its own: "
                f"{self.automatic_likelihood}"
            )
        pool = OpinionPool(of=setting.likelihood, members=self.members)
        networks = make_networks(
            named(self.network, "ensemble"),
            replace(setting, likelihood=pool),
            latent_dim=self.latent_dim,
            features=self.latent_dim,
            linear_path="none",
            known={"members": self.members},
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=pool,
            terms=[TrimmedReconstruction(self.trim)],
        )

    def _learn_schema(self, examples: Examples, scaling: str) -> Schema:
        """Every column of a table counts the same."""
        even = examples.kind == "table" and scaling == "auto"
        return super()._learn_schema(examples, "standard" if even else scaling)
