"""A linear layer of whose outputs few count: the gradient of its weights is made from those alone."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

MANY = 32  # times as many outputs as have a gradient: fewer, and a product with all of them takes no longer


def linear_of_few(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``x @ weight.T + bias`` of ``[batch, dim]``, for outputs most of which will be set to 0.

    The gradient is that of ``torch.nn.functional.linear``; it cannot be differentiated again.

    >>> x, weight, bias = torch.ones(1, 2), torch.ones(3, 2, requires_grad=True), torch.zeros(3)
    >>> linear_of_few(x, weight, bias)[0, 1].backward()
    >>> weight.grad.tolist()
    [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    """
    device = x.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
    linear = _linear if torch.is_grad_enabled() else F.linear  # of which ONNX knows only the usual one
    found: Tensor = linear(x.to(dtype), weight.to(dtype), bias.to(dtype))
    return found


@torch.library.custom_op("isthmus::linear_of_few", mutates_args=())
def _linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.linear(x, weight, bias)


@_linear.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return x.new_empty(len(x), len(weight))


def _remember(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    x, weight, _ = inputs
    ctx.save_for_backward(x, weight)


def _gradients(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
    x, weight = ctx.saved_tensors
    return grad @ weight if ctx.needs_input_grad[0] else None, weight_gradient(grad, x), grad.sum(0)


_linear.register_autograd(_gradients, setup_context=_remember)


@torch.library.custom_op("isthmus::weight_gradient", mutates_args=())
def weight_gradient(grad: Tensor, x: Tensor) -> Tensor:
    """``grad.T @ x``, ``[outputs, dim]``. One operation for a compiler, since what is done depends on the numbers.

    >>> weight_gradient(torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 3.0]])).tolist()
    [[0.0, 0.0], [2.0, 6.0]]
    """
    if grad.device.type == "cpu" and MANY * int(grad.count_nonzero()) <= grad.numel():
        return _of_few(grad, x)
    return grad.T @ x


@weight_gradient.register_fake
def _(grad: Tensor, x: Tensor) -> Tensor:
    return grad.new_empty(grad.shape[1], x.shape[1])


def _of_few(grad: Tensor, x: Tensor) -> Tensor:
    """For each output the sum of the rows of x in which it has a gradient."""
    row, output = grad.nonzero().unbind(1)
    output, order = output.sort(stable=True)
    counts = output.bincount(minlength=grad.shape[1])
    row = row[order]
    wide = torch.promote_types(x.dtype, torch.float32)
    shares = grad[row, output].to(wide)
    sums = F.embedding_bag(row, x.to(wide), counts.cumsum(0) - counts, mode="sum", per_sample_weights=shares)
    return sums.to(grad)
