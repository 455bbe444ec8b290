"""A walk from one example to another through the code, and how much its steps are like real examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.moving_pictures import write_gif
from isthmus.data.reading import read_and_tell, read_as_in_fit
from isthmus.data.schema import Schema
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.data.sheets import contact_sheet
from isthmus.data.shown_pictures import pictures_of
from isthmus.errors import DataError, ParameterError
from isthmus.layers.code_path import CodePath
from isthmus.metrics.realism import MOST_KNOWN, Realism
from isthmus.metrics.rows import made_as_numbers

if TYPE_CHECKING:
    from PIL.Image import Image

    from isthmus.estimator import Estimator

ENLARGED = 3  # strips, by


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Steps from one example to another, and what is measured of them in the model's scaled values."""

    examples: Any  # in the units of X; None: no examples, such as shares of categories
    pictures: NDArray[np.float64] | None  # [steps, height, width(, 3)] in [0, 1], where they are some
    realism: NDArray[np.float64] | None  # [steps]: 1 or more is as near to known rows as these to each other
    largest_step: float  # of the steps' sizes, divided by the mean: 1 is even

    @property
    def least_real(self) -> float | None:
        """The realism of the worst step between the ends."""
        if self.realism is None:
            return None
        return float((self.realism[1:-1] if len(self.realism) > 2 else self.realism).min())


@dataclass(frozen=True, kw_only=True)
class Interpolation:
    """A walk through the code, and beside it the straight line between the same two examples as they are."""

    path: CodePath
    codes: NDArray[np.float32]  # [steps, numbers]
    walk: Walk
    straight: Walk | None  # a blend of the values; None for texts, which have no blend

    @property
    def examples(self) -> Any:
        """The steps in the units of X, ``[steps, *example]``, both ends rebuilt."""
        return self.walk.examples

    @property
    def realism(self) -> NDArray[np.float64] | None:
        """Of each step, ``[steps]``: see ``isthmus.metrics.realism``; None where no rows are known."""
        return self.walk.realism

    def strip(self, *, straight: bool = False) -> Image:
        """The steps side by side as one picture; with ``straight`` the straight line below.

        ``.save("strip.png")``; ``numpy.asarray`` makes an array of it. Raises ``DataError`` where examples are no
        pictures.
        """
        rows = [self._pictures()]
        if straight and self.straight is not None and self.straight.pictures is not None:
            rows.append(self.straight.pictures)
        return contact_sheet(rows, enlarge=ENLARGED)

    def gif(self, path: str | Path, *, milliseconds: int = 120) -> Path:
        """The steps one after another, there and back. Returns the path; raises ``DataError`` as ``strip``."""
        return write_gif(self._pictures(), path, milliseconds=milliseconds)

    def as_text(self) -> str:
        """A table: the realism of each step, through the code and straight."""
        walks = {f"code, {self.path}": self.walk} | ({} if self.straight is None else {"straight line": self.straight})
        lines = [f"{'step':<14}" + "".join(f"{name:>16}" for name in walks)]
        if self.walk.realism is not None:
            for step in range(len(self.codes)):
                values = "".join(f"{_of(each.realism, step):>16}" for each in walks.values())
                lines.append(f"{step:<14}{values}")
            worst = "".join(f"{each.least_real:>16.2f}" for each in walks.values())
            lines.append(f"{'least between':<14}{worst}")
        largest = "".join(f"{each.largest_step:>16.2f}" for each in walks.values())
        lines.append(f"{'largest / mean':<14}{largest}")
        if self.walk.realism is not None:
            lines.append("Realism: from 1 on a step is as near to known rows as these are to each other.")
        return "\n".join(lines)

    def _pictures(self) -> NDArray[np.float64]:
        if self.walk.pictures is None:
            raise DataError(
                "These examples are no pictures, so there is no strip and no GIF: .examples has the steps, on the "
                "command line --out walk.csv"
            )
        return self.walk.pictures


def interpolation(
    model: Estimator,
    a: Any,
    b: Any,
    steps: int = 8,
    path: CodePath = "line",
    *,
    known: Any = None,
    condition: Any = None,
) -> Interpolation:
    """``steps`` examples from a to b, single examples, through the code of a fitted model, and straight.

    ``known``: rows like those of ``fit``, to measure realism by, or what ``realism_of`` makes of them once for many
    walks. ``path`` and ``condition``: see ``Estimator.interpolate``. Raises ``ParameterError``, ``DataError``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> vae = im.VAE(2, trainer=im.Trainer(epochs=2), random_state=0).fit(X)
    >>> walk = interpolation(vae, X[0], X[1], 5, "sphere", known=X)
    >>> walk.examples.shape, walk.codes.shape, walk.realism.shape, walk.straight.largest_step
    ((5, 64), (5, 2), (5,), 1.0)
    """
    codes = model.codes_between(a, b, steps, condition, path=path)
    if len(codes) != 1:
        raise ParameterError(f"interpolation: a and b have {len(codes)} examples; expected one each")
    made = model.inverse_transform(codes[0], condition)
    schema = model.schema_
    realism = known if known is None or isinstance(known, Realism) else realism_of(model, known)
    through = _walk(schema, made, made_as_numbers(schema, made), realism)
    return Interpolation(path=path, codes=codes[0], walk=through, straight=_straight(model, a, b, steps, realism))


def realism_of(model: Estimator, known: Any) -> Realism:
    """How near rows like those of ``fit`` are to each other, in the model's scaled values; at most 2,000 of them.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> realism_of(im.AE(2, trainer=im.Trainer(epochs=1)).fit(X), X).rows.shape
    (50, 64)
    """
    examples = read_as_in_fit(known, model.schema_, "interpolation")
    return Realism.of(model.schema_.flat(examples.at_most(MOST_KNOWN)))


def _straight(model: Estimator, a: Any, b: Any, steps: int, realism: Realism | None) -> Walk | None:
    """The values of a, blended into those of b."""
    schema = model.schema_
    if schema.kind in ("text", "series"):
        return None
    shares = np.linspace(0, 1, steps)
    if isinstance(schema, NumericSchema):
        first, last = (np.asarray(each, dtype=np.float64).reshape(schema.user_shape) for each in (a, b))
        weight = shares.reshape(-1, *[1] * first.ndim)
        made = (first + weight * (last - first)).astype(np.float32)
        return _walk(schema, made, made_as_numbers(schema, made), realism)
    ends = [schema.flat(read_and_tell(model._one_or_many(each)))[0] for each in (a, b)]
    return _walk(schema, None, ends[0] + shares[:, None] * (ends[1] - ends[0]), realism)


def _walk(schema: Schema, examples: Any, numbers: NDArray[np.float64], realism: Realism | None) -> Walk:
    sizes = np.linalg.norm(np.diff(numbers, axis=0), axis=1)
    return Walk(
        examples=examples,
        pictures=None if examples is None else pictures_of(schema, np.asarray(examples)),
        realism=None if realism is None else realism.score(numbers),
        largest_step=round(float(sizes.max() / sizes.mean()), 6) if sizes.sum() > 0 else 1.0,
    )


def _of(values: NDArray[np.float64] | None, step: int) -> str:
    return "" if values is None else f"{values[step]:.2f}"
