"""Features of all places as one."""

from torch import Tensor


def mean_of_places(x: Tensor, valid: Tensor | None = None) -> Tensor:
    """``[batch, dim]``: the mean of ``[batch, *grid, dim]`` over the places that are ``valid [batch, *grid]``.

    >>> import torch
    >>> x, valid = torch.tensor([[[2.0], [4.0], [99.0]]]), torch.tensor([[True, True, False]])
    >>> mean_of_places(x, valid).item(), mean_of_places(torch.ones(2, 5)).shape
    (3.0, torch.Size([2, 5]))
    """
    if x.ndim == 2:
        return x
    flat = x.flatten(1, -2)
    if valid is None:
        return flat.mean(1)
    real = valid.flatten(1)[..., None]
    return flat.where(real, 0.0).sum(1) / real.sum(1)
