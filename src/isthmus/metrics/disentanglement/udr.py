"""UDR: whether models that differ in their seeds have found the same numbers; no factors are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.reading import read_as_in_fit
from isthmus.errors import check, counted
from isthmus.metrics.disentanglement.encoded import active, variances
from isthmus.metrics.disentanglement.factors import FEWEST_ROWS
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.text_table import aligned

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

INFORMATIVE = 0.01  # nats of KL above which a dimension is


@dataclass(frozen=True, kw_only=True)
class UDR:
    """Unsupervised disentanglement ranking: a number in [0, 1] for each model, the higher the likelier disentangled.

    Two models agree where each informative dimension of the one has one counterpart in the other: the largest rank
    correlation (Spearman's, without its sign), squared, over the sum of all, the mean over the dimensions of both. Of a
    model, the median over all others, which should be of the same settings.

    Source: Duan et al. 2020, Unsupervised model selection for variational disentangled representation learning.

    >>> z = np.indices((5, 6, 7)).reshape(3, -1).T
    >>> {name: round(score, 6) for name, score in UDR.measure({"one": z, "other": -z[:, ::-1]}).scores.items()}
    {'one': 1.0, 'other': 1.0}
    """

    pairs: NDArray[np.float64]  # [models, models], how far two agree; a model and itself NaN
    names: tuple[str, ...]
    informative: tuple[int, ...]  # dimensions of each model
    by: str  # what was taken for informative: "KL" or "variance"
    rows: int

    @classmethod
    def measure(
        cls, codes: Mapping[str, ArrayLike] | Sequence[ArrayLike], kl: Sequence[ArrayLike] | None = None
    ) -> UDR:
        """Of codes ``[n, d]`` of the same rows by two models or more, which may differ in d.

        Informative dimensions: those with more than 0.01 nats of ``kl`` (``[d]`` for each model, to the prior); without
        it those that vary (``isthmus.metrics.disentanglement.encoded.active``). Raises ``ParameterError``, all mistakes
        at once.
        """
        held = dict(codes) if isinstance(codes, Mapping) else {f"model {i}": each for i, each in enumerate(codes)}
        names, z = tuple(held), [np.asarray(each) for each in held.values()]
        nats = None if kl is None else [np.asarray(each, dtype=np.float64).reshape(-1) for each in kl]
        _check(names, z, nats)
        chosen = (
            [active(variances(each.astype(np.float64))) for each in z]
            if nats is None
            else [each > INFORMATIVE for each in nats]
        )
        ranks = [_ranks(each[:, some]) for each, some in zip(z, chosen, strict=True)]
        pairs = np.full((len(z), len(z)), np.nan)
        for a in range(len(z)):
            for b in range(a):
                pairs[a, b] = pairs[b, a] = agreement(np.abs(ranks[a].T @ ranks[b]))
        return cls(
            pairs=pairs,
            names=names,
            informative=tuple(int(some.sum()) for some in chosen),
            by="variance" if nats is None else "KL",
            rows=len(z[0]),
        )

    @classmethod
    def of(cls, models: Mapping[str, Estimator] | Sequence[Estimator], X: Any) -> UDR:
        """Of fitted models, each of which encodes X once; by KL where all have one for each number of the code."""
        held = dict(models) if isinstance(models, Mapping) else {f"model {i}": each for i, each in enumerate(models)}
        codes, nats = {}, []
        for name, model in held.items():
            examples = read_as_in_fit(X, model.schema_, "UDR")
            z = model.transform(examples, examples.labels if model.condition_ is not None else None)
            codes[name] = z.reshape(len(z), -1)
            usage = usage_of(model, examples)
            nats += [] if usage is None or usage.kl.size != codes[name].shape[1] else [usage.kl]
        return cls.measure(codes, nats if len(nats) == len(held) else None)

    @property
    def scores(self) -> dict[str, float]:
        """Of each model, the median over all others."""
        return {name: float(np.nanmedian(row)) for name, row in zip(self.names, self.pairs, strict=True)}

    def table(self) -> list[list[Any]]:
        """A row for each model: its name, score and informative dimensions."""
        return [[*told, count] for told, count in zip(self.scores.items(), self.informative, strict=True)]

    def as_text(self) -> str:
        """A table for a terminal."""
        lines = [["", "UDR", "informative"], *([name, f"{score:.3f}", str(n)] for name, score, n in self.table())]
        told = f"{counted(self.rows, 'row')}, {counted(len(self.names), 'model')}, informative by {self.by}"
        return "\n".join([f"{told}; 1 is the best", *aligned(lines)])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        pairs = [[None if np.isnan(each) else float(each) for each in row] for row in self.pairs]
        known = {"rows": self.rows, "by": self.by, "scores": self.scores, "pairs": pairs}
        return {**known, "informative": dict(zip(self.names, self.informative, strict=True))}


def agreement(similar: NDArray[np.float64]) -> float:
    """Of similarities ``[d, e]`` in [0, 1]: 1 where each row and each column has one that is 1, the others 0.

    >>> agreement(np.eye(2)), agreement(np.full((2, 2), 0.5)), agreement(np.zeros((0, 2)))
    (1.0, 0.25, 0.0)
    """
    if not similar.size:
        return 0.0
    found = 0.0
    for axis in (0, 1):
        best, total = similar.max(axis), similar.sum(axis)
        found += float((best**2 / np.where(total == 0, 1.0, total)).sum())
    return found / sum(similar.shape)


def _ranks(codes: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks of each dimension with mean 0 and length 1, ``[n, d]``: their products are Spearman's correlations."""
    from scipy.stats import rankdata

    ranks = rankdata(codes, axis=0) - (len(codes) + 1) / 2
    length = np.linalg.norm(ranks, axis=0)
    return np.asarray(ranks / np.where(length == 0, 1.0, length))


def _check(names: tuple[str, ...], codes: list[NDArray[Any]], nats: list[NDArray[np.float64]] | None) -> None:
    rows = next((len(z) for z in codes if z.ndim == 2), 0)
    rules = [
        (len(codes) >= 2, f"there are codes of {counted(len(codes), 'model')}; expected 2 or more to compare"),
        (
            not codes or rows >= FEWEST_ROWS,
            f"there are {counted(rows, 'row')}; expected {FEWEST_ROWS} or more",
        ),
        (
            nats is None or len(nats) == len(codes),
            f"kl is of {nats is not None and len(nats)} models, codes of {len(codes)}; expected one for each",
        ),
    ]
    for i, (name, z) in enumerate(zip(names, codes, strict=True)):
        if z.ndim != 2 or z.dtype.kind not in "fiub" or not np.isfinite(z).all():
            rules.append((False, f"codes of {name!r} have shape {z.shape}, {z.dtype}; expected finite [rows, numbers]"))
        elif len(z) != rows:
            rules.append((False, f"codes of {name!r} have {counted(len(z), 'row')}; expected {rows:,}, as the first"))
        elif nats is not None and i < len(nats) and len(nats[i]) != z.shape[1]:
            rules.append((False, f"kl of {name!r} has {len(nats[i])} numbers; expected {z.shape[1]}, as its codes"))
    check("UDR", *rules)
