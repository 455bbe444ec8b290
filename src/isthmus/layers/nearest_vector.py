"""The nearest of many vectors, in little memory."""

import torch
from torch import Tensor

TILE = 2**22  # distances at a time: 16 MiB of float32


@torch.no_grad()
def nearest_vector(features: Tensor, vectors: Tensor) -> Tensor:
    """The index of the nearest of ``vectors [size, dim]`` to each of ``features [n, dim]``, int64 ``[n]``.

    In float32 whatever autocast says; memory O(tile), not O(n x size). ``|x - v|^2 = |x|^2 - 2 x v + |v|^2``, of
    which the first part is the same for all v; about the vectors' mean, for far from 0 it would be all rounding.

    >>> nearest_vector(torch.tensor([[0.9], [-3.0]]), torch.tensor([[-1.0], [1.0]])).tolist()
    [1, 0]
    """
    with torch.autocast(features.device.type, enabled=False):
        centre = vectors.float().mean(0)
        vectors = vectors.float() - centre
        half = 0.5 * vectors.square().sum(1)
        parts = features.float().split(max(1, TILE // len(vectors)))
        return torch.cat([torch.addmm(half, part - centre, vectors.T, alpha=-1).argmin(1) for part in parts])
