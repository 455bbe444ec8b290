"""Convolutions whose result is one place are products of matrices, which processors multiply several times as fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class ProductsForOnePlace(TorchFunctionMode):
    """In it, convolutions to one place are products: on a processor 2 to 10 times as fast, the same up to rounding.

    >>> layer, x = nn.Conv2d(2, 3, kernel_size=4), torch.ones(1, 2, 4, 4)
    >>> with ProductsForOnePlace():
    ...     found = layer(x)
    >>> torch.allclose(found, layer(x), atol=1e-6)
    True
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is torch.conv2d and len(args) == 7 and not kwargs:
            x, weight, bias, stride, padding, dilation, groups = args
            if _to_one_place(x, weight, stride, padding) and tuple(dilation) == (1, 1) and groups == 1:
                return _product(x, weight, bias, padding)
        return func(*args, **(kwargs or {}))


def convolves_on_a_processor(module: nn.Module) -> bool:
    """Whether there is anything for ``ProductsForOnePlace``, which else costs a microsecond for each function.

    >>> convolves_on_a_processor(nn.Linear(2, 2))
    False
    """
    return any(isinstance(part, nn.Conv2d) and part.weight.device.type == "cpu" for part in module.modules())


def _to_one_place(x: Tensor, weight: Tensor, stride: Sequence[int], padding: Sequence[int] | str) -> bool:
    """Whether the kernel has no room for a second step in either direction."""
    if isinstance(padding, str) or x.ndim != 4:
        return False
    rooms = [size + 2 * p - kernel for size, p, kernel in zip(x.shape[2:], padding, weight.shape[2:], strict=True)]
    return all(0 <= room < step for room, step in zip(rooms, stride, strict=True))


def _product(x: Tensor, weight: Tensor, bias: Tensor | None, padding: Sequence[int]) -> Tensor:
    """``[batch, channels, height, width]`` to ``[batch, out, 1, 1]``."""
    (top, left), (height, width) = padding, weight.shape[2:]
    seen = F.pad(x, (left, width - x.shape[3] - left, top, height - x.shape[2] - top))  # of the kernel's size
    return F.linear(seen.flatten(1), weight.flatten(1), bias)[..., None, None]
