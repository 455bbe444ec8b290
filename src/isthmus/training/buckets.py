"""Batches of sequences that are about as long as each other, so that little of them is padding."""

import torch
from torch import Tensor

POOL = 50  # batches whose rows are sorted together


def bucketed(order: Tensor, lengths: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """The rows of an ``order`` [batches * size] again, sorted by length within pools; whole batches are shuffled.

    Which rows share a pool, and the order of the batches, are as random as ``order`` and the ``generator``.

    >>> lengths = torch.tensor([5, 1, 5, 1])
    >>> order = bucketed(torch.arange(4), lengths, size=2, generator=torch.Generator().manual_seed(0))
    >>> sorted(lengths[order].view(2, 2).tolist())
    [[1, 1], [5, 5]]
    """
    pools = [pool[lengths[pool].argsort(stable=True)] for pool in order.split(POOL * size)]
    batches = torch.cat(pools).view(-1, size)
    return batches[torch.randperm(len(batches), generator=generator)].flatten()
