"""How well pictures are rebuilt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isthmus.metrics.reconstruction import psnr
from isthmus.metrics.rows import LIKELIHOOD_ROWS
from isthmus.metrics.structural_similarity import SMALLEST, structural_similarity

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator


@dataclass(frozen=True, kw_only=True)
class PictureQuality:
    """Of rebuilt pictures, in the user's units; the range is 255 for 8 bits, else that of the pictures of fit."""

    psnr: float  # dB, over all values
    ssim: float | None  # mean structural similarity; None for pictures that are smaller than its window

    @classmethod
    def of(cls, estimator: Estimator, test: Examples, *, conditional: bool = False) -> PictureQuality | None:
        """Of a fitted model, on held-out pictures; None of what is no picture, or is not rebuilt.

        >>> import numpy as np
        >>> import isthmus as im
        >>> from isthmus.data.reading import read
        >>> X = read(np.random.default_rng(0).integers(0, 255, size=(30, 12, 12), dtype=np.uint8))
        >>> model = im.AE(2, trainer=im.Trainer(epochs=1)).fit(X)
        >>> PictureQuality.of(model, X).psnr > 5
        True
        """
        schema: Any = estimator.schema_
        if schema.kind != "image" or not (estimator.encodes and estimator.decodes):
            return None
        some = test.at_most(LIKELIHOOD_ROWS)
        told: dict[str, Any] = {"condition": some.labels} if conditional else {}
        x, made = (schema.scaled(each.values) for each in (some, estimator.rebuilt(some, **told)))
        scale = schema.scale[0]
        reach = (255.0 if schema.dtype == "uint8" else schema.high - schema.low) / scale
        if reach <= 0:
            return None
        large = min(schema.shape[1:]) >= SMALLEST
        return cls(
            psnr=psnr(x, made, reach),
            ssim=float(structural_similarity(x, made, reach).mean()) if large else None,
        )
