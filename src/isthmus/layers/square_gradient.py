"""How far one thing moves with another."""

import torch
from torch import Tensor


def mean_square_gradient(of: Tensor, by: Tensor, directions: int) -> Tensor:
    """``|d of / d by|^2`` of each example, ``[batch]``: estimated along random directions of ``of``.

    >>> x = torch.ones(2, 3, requires_grad=True)
    >>> mean_square_gradient(x.sum(1, keepdim=True), x, 1).tolist()
    [3.0, 3.0]
    """
    found = []
    with torch.enable_grad():
        for _ in range(directions):
            signs = 2.0 * torch.randint_like(of, 2) - 1
            (slope,) = torch.autograd.grad((of * signs).sum(), by, create_graph=True)
            found.append(slope.flatten(1).square().sum(1))
        return torch.stack(found).mean(0)
