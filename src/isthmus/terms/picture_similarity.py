"""How unlike a picture and its reconstruction look, at several scales."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.adaptive_weight import brought_to
from isthmus.layers.similar_places import REACH, similar_places
from isthmus.records import Trace
from isthmus.stations import Schedule, Term

POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, from the finest
LEAST = 0.1  # similarity below which it is bent, for it may be negative


class PictureSimilarity(Term):
    """1 minus the multi-scale structural similarity of x and the expected x: 0 where they are the same, at most 1.

    Contrast and structure are compared under a window, then again at half the size, up to ``scales`` times while the
    window fits in; light at the coarsest alone. Pictures that are smaller than the window of 11 pixels have a smaller
    one. The cost is no nats: ``weight`` is a share of the reconstruction's pull on the output. Pictures have values
    that span ``data_range``.

    Source: Wang et al. 2003, Multi-scale structural similarity for image quality assessment, equation 7; as a loss:
    Snell et al. 2017, Learning to generate images with perceptual similarity metrics, section 3.

    >>> PictureSimilarity().name
    'dissimilarity'
    """

    compiles = False  # it reaches into the way back
    wants = frozenset({"rebuilt"})

    def __init__(self, weight: float | Schedule = 1.0, scales: int = 5, data_range: float = 1.0) -> None:
        super().__init__()
        check(
            "PictureSimilarity",
            (1 <= scales <= len(POWERS), f"scales is {scales!r}; expected 1 to {len(POWERS)}"),
            (data_range > 0, f"data_range is {data_range!r}; expected a positive width"),
        )
        self.name, self.weight, self.scales, self.data_range = "dissimilarity", weight, scales, data_range

    @property
    def meaning(self) -> str:
        """For people."""
        return "1 minus the multi-scale structural similarity, no nats; in training as strong as the reconstruction"

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        if trace.rebuilt is None:
            raise ValueError("the trace holds no reconstruction to look at")
        with torch.autocast(trace.rebuilt.device.type, enabled=False):  # variances are small differences
            cost = 1 - self.similarity(trace.target.float(), trace.rebuilt.float())
        reference = earlier.get("reconstruction")
        return cost if reference is None else brought_to(reference, cost, trace.output)

    def similarity(self, a: Tensor, b: Tensor) -> Tensor:
        """Multi-scale structural similarity of pictures ``[n, channels, height, width]``: ``[n]``, up to 1."""
        count = self._fitting(min(a.shape[2:]))
        powers = torch.tensor(POWERS[:count], device=a.device)
        total = torch.ones(len(a), device=a.device)
        for scale, power in enumerate(powers / powers.sum()):
            if scale > 0:
                a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
            light, structure = similar_places(a, b, self.data_range, _reach(min(a.shape[2:])))
            alike = light * structure if scale == count - 1 else structure
            total = total * _positive(alike.mean((1, 2, 3))) ** power
        return total

    def _fitting(self, edge: int) -> int:
        """How many scales have room for the window; one at least."""
        count = 1
        while count < self.scales and edge >> count >= 2 * REACH + 1:
            count += 1
        return count


def _reach(edge: int) -> int:
    """Of the window, on a picture of so many pixels along its shorter edge."""
    return min(REACH, (edge - 1) // 2)


def _positive(alike: Tensor) -> Tensor:
    """A similarity, of which a power can be taken: from ``LEAST`` on as it is, below bent towards 0, slope and all."""
    return alike.clamp(min=LEAST) / (1 + (LEAST - alike).clamp(min=0.0) / LEAST)
