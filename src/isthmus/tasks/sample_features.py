"""What draws and real rows are compared by: features that a network has learnt from real rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from isthmus.data.examples import Examples
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.metrics.frechet_distance import FEWEST
from isthmus.metrics.judge import Judge
from isthmus.metrics.scorecard import has_classes

MOST_LEARNT = 20_000  # rows that the features are learnt from
FEATURES = 64  # principal components of the features: fewer than rows by far
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SampleFeatures:
    """Principal components of what a network makes of rows of numbers in a schema's units, ``[n, numbers]``."""

    network: Any  # rows [n, numbers] to features
    mean: Numbers
    axes: Numbers  # [components, features]
    name: str  # what the network is, and a hash of what it says

    @classmethod
    def learn(
        cls, learnt: Examples, x: Numbers, *, schema: NumericSchema, extractor: Any, rows: int, seed: int
    ) -> SampleFeatures:
        """From rows, also as numbers x; so few components that ``rows`` tell their covariance.

        >>> import isthmus as im
        >>> from isthmus.data.learnt_schema import learn_schema
        >>> digits = im.data.load("digits").take(range(200))
        >>> schema = learn_schema(digits)
        >>> learnt = {"schema": schema, "extractor": None, "rows": 100, "seed": 0}
        >>> SampleFeatures.learn(digits, schema.flat(digits), **learnt).count
        25
        """
        network, name = _network(learnt, x, schema, extractor, seed)
        found = network(x[:MOST_LEARNT])
        components = max(1, min(FEATURES, rows // (2 * FEWEST), *found.shape))
        pca = PCA(components, random_state=0).fit(found)
        mark = hashlib.sha256(np.ascontiguousarray(found[:100].round(3)).tobytes()).hexdigest()[:8]
        return cls(network=network, mean=pca.mean_, axes=pca.components_, name=f"{name} ({mark})")

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.axes)

    def of(self, x: Numbers) -> Numbers:
        """Of rows ``[n, numbers]``: ``[n, count]``."""
        return np.asarray((self.network(x) - self.mean) @ self.axes.T)


def _network(learnt: Examples, x: Numbers, schema: NumericSchema, extractor: Any, seed: int) -> tuple[Any, str]:
    """What makes features of rows ``[n, numbers]`` in the schema's units, and what it is."""
    if extractor is not None:
        fitted = isinstance(extractor, Estimator) and hasattr(extractor, "autoencoder_")
        check("sample_report", (fitted, f"extractor is {extractor!r:.60}; expected a fitted model of Isthmus, or None"))
        return lambda rows: _codes(extractor, rows, schema), f"{type(extractor).__name__}, given"
    if has_classes(learnt):
        judge = Judge(x[:MOST_LEARNT], np.asarray(learnt.labels)[:MOST_LEARNT])
        return judge.features, "a classifier of these classes"
    from isthmus.models.contrastive_ae import ContrastiveAE

    own = ContrastiveAE(32, random_state=seed).fit(_shaped(x[:MOST_LEARNT], schema))
    return lambda rows: np.asarray(own.transform(_shaped(rows, schema)), dtype=np.float64), (
        "a ContrastiveAE of these rows"
    )


def _codes(extractor: Estimator, rows: Numbers, schema: NumericSchema) -> Numbers:
    """Of rows in the user's units, and of the type that the extractor was fitted on."""
    users = schema.in_users_units(rows.reshape(len(rows), *schema.shape))
    wanted = np.dtype(getattr(extractor.schema_, "dtype", "float64"))
    whole = users.round().clip(np.iinfo(wanted).min, np.iinfo(wanted).max) if wanted.kind in "iu" else users
    return np.asarray(extractor.transform(whole.astype(wanted)), dtype=np.float64)


def _shaped(rows: Numbers, schema: NumericSchema) -> NDArray[np.float32]:
    """As they would be given to ``fit``: channels last."""
    picture, shape = schema.kind == "image", schema.shape
    moved = rows.reshape(len(rows), *(shape[1:] if picture and shape[0] == 1 else shape))
    return np.asarray(np.moveaxis(moved, 1, -1) if picture and shape[0] > 1 else moved, dtype=np.float32)
