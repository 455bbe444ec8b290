"""Vectors to begin a codebook with."""

import numpy as np
import torch
from torch import Tensor

from isthmus.errors import ParameterError

PER_CENTRE = 64  # features for each centre: more do not change the centres much
ROUNDS = 10
JITTER = 0.01  # of the centres' spread, between those that are repeated


@torch.no_grad()
def k_means(features: Tensor, size: int) -> Tensor:
    """The centres ``[size, dim]`` of ``features [n, dim]``: k-means++, then a few rounds of Lloyd.

    Where fewer than ``size`` of them differ, centres are repeated with a little noise, for training may part them.
    Raises ``ParameterError`` where there are fewer features than centres.

    >>> k_means(torch.tensor([[0.0], [2.0], [8.0], [10.0]]), 2).sort(0).values.tolist()
    [[1.0], [9.0]]
    """
    from sklearn.cluster import KMeans

    if len(features) < size:
        raise ParameterError(
            f"A codebook of {size} vectors cannot begin with {len(features)} features of the rows to train on. "
            f"Give more data{f', or choose a codebook_size of at most {len(features)}' * (len(features) > 1)}."
        )
    kept = torch.randperm(len(features))[: PER_CENTRE * size].to(features.device)
    sample = features[kept].float().cpu().numpy()
    different = min(size, len(np.unique(sample, axis=0)))
    seed = int(torch.randint(2**31 - 1, ()))
    found = KMeans(different, n_init=1, max_iter=ROUNDS, random_state=seed).fit(sample).cluster_centers_
    centres = torch.from_numpy(found.astype(np.float32)).to(features.device)
    if different == size:
        return centres
    more = centres[torch.arange(size - different) % different]
    spread = (centres - centres.mean(0)).square().mean().sqrt()
    return torch.cat([centres, more + JITTER * torch.where(spread > 0, spread, 1.0) * torch.randn_like(more)])
