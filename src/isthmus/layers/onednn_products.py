"""Products of matrices outside of training, by the library that this processor multiplies fastest with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

_WORTH_IT = 2**15  # numbers in a weight: calling oneDNN takes 10 microseconds more


class OneDNNProducts(TorchFunctionMode):
    """In it, linear layers without gradients are multiplied by oneDNN: on AMD's processors twice as fast as by MKL.

    In float32 as well, the same up to rounding. Which library multiplies depends on the weight alone, never on how
    many rows there are: a row's numbers do not depend on its companions.

    >>> layer, x = nn.Linear(256, 256), torch.ones(8, 256)
    >>> with torch.no_grad(), OneDNNProducts():
    ...     found = layer(x)
    >>> torch.allclose(found, layer(x), atol=1e-5)
    True
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is F.linear and not kwargs and _served(*args):
            return _multiplied(*args)
        return func(*args, **(kwargs or {}))


@contextmanager
def evaluation(module: nn.Module) -> Iterator[None]:
    """Work with a network that is not learning: no gradients, the fastest products.

    >>> with evaluation(nn.Linear(2, 2)):
    ...     torch.is_grad_enabled()
    False
    """
    with torch.no_grad(), OneDNNProducts() if _multiplies_here(module) else nullcontext():
        yield


def _multiplies_here(module: nn.Module) -> bool:
    """Whether there is anything for ``OneDNNProducts``, which else costs a microsecond for each function."""
    held = itertools.chain(module.parameters(), module.buffers())
    return _THERE and any(each.ndim == 2 and each.numel() >= _WORTH_IT and each.device.type == "cpu" for each in held)


def _served(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    return (
        weight.numel() >= _WORTH_IT
        and x.ndim > 1
        and x.numel() > 0
        and x.dtype == weight.dtype == torch.float32
        and x.device.type == weight.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
    )


def _multiplied(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``[..., in]`` to ``[..., out]``, as ``torch.compile`` calls it."""
    made: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return made


def _there() -> bool:
    """Whether this PyTorch was built with oneDNN, and calls it as we know it."""
    if not torch.backends.mkldnn.is_available():
        return False
    x, weight = torch.ones(2, 2), torch.ones(2, 2)
    try:
        return torch.equal(_multiplied(x, weight), x @ weight)
    except (AttributeError, RuntimeError, TypeError):
        return False


_THERE = _there()
