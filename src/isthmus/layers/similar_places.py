"""Structural similarity of two pictures, place by place."""

import torch
from torch import Tensor
from torch.nn import functional as F

SPREAD, REACH = 1.5, 5  # of the Gaussian window, pixels: 11 x 11
LIGHT, CONTRAST = 0.01, 0.03  # shares of the range, below which differences do not count


def similar_places(a: Tensor, b: Tensor, data_range: float, reach: int = REACH) -> tuple[Tensor, Tensor]:
    """How alike light, and how alike contrast and structure, are: two times ``[n, channels, *places]``, at most 1.

    Of pictures ``[n, channels, height, width]``, at all places where the window of ``2 reach + 1`` pixels fits in. The
    product of both is the structural similarity.

    Source: Wang et al. 2004, Image quality assessment: from error visibility to structural similarity, equations 6, 9
    and 13.

    >>> a = torch.rand(2, 3, 16, 16)
    >>> light, structure = similar_places(a, a, 1.0)
    >>> light.shape, bool(((light * structure - 1).abs() < 1e-5).all())
    (torch.Size([2, 3, 6, 6]), True)
    """
    window = _window(a, reach)
    mean_a, mean_b = _blurred(a, window), _blurred(b, window)
    var_a, var_b = (_blurred(x.square(), window) - mean.square() for x, mean in ((a, mean_a), (b, mean_b)))
    both = _blurred(a * b, window) - mean_a * mean_b
    light, contrast = (LIGHT * data_range) ** 2, (CONTRAST * data_range) ** 2
    return (
        (2 * mean_a * mean_b + light) / (mean_a.square() + mean_b.square() + light),
        (2 * both + contrast) / (var_a + var_b + contrast),
    )


def _window(like: Tensor, reach: int) -> Tensor:
    """One axis of the window, ``[1, 1, 2 reach + 1]``; smaller ones are as steep in proportion."""
    places = torch.arange(-reach, reach + 1, dtype=like.dtype, device=like.device)
    weights = (-0.5 * (places * REACH / (SPREAD * max(reach, 1))).square()).exp()
    return (weights / weights.sum())[None, None]


def _blurred(x: Tensor, window: Tensor) -> Tensor:
    """Means under the window, ``[n, channels, *places]``: one axis after the other."""
    planes = x.flatten(0, 1)[:, None]
    across = F.conv2d(F.conv2d(planes, window[:, :, :, None]), window[:, :, None])
    return across.unflatten(0, x.shape[:2])[:, :, 0]
