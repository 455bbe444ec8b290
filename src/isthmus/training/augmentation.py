"""Rows varied at every step, so that few of them are not learnt by heart."""

from __future__ import annotations

from dataclasses import replace

import torch

from isthmus.records import Batch


def blended(batch: Batch, most: float) -> Batch:
    """Every row blended with a share in [0, most] of another row, what is conditioned on likewise.

    Source: Zhang et al. 2018, mixup: beyond empirical risk minimization.

    >>> blended(Batch(x=torch.zeros(4, 2)), most=0.5).x.shape
    torch.Size([4, 2])
    """
    other = torch.randperm(len(batch), device=batch.x.device).int()  # as long: PyTorch's compiler fails, issue 188223
    share = most * torch.rand(len(batch), device=batch.x.device)
    condition = batch.condition
    if condition is not None:
        condition = torch.lerp(condition, condition[other], share[:, None])
    x = torch.lerp(batch.x, batch.x[other], share.reshape(-1, *[1] * (batch.x.ndim - 1)))
    return replace(batch, x=x, condition=condition)


def noisy(batch: Batch, scale: float) -> Batch:
    """Gaussian noise on what the encoder sees; the clean row is the target.

    Source: Bishop 1995, Training with noise is equivalent to Tikhonov regularization.

    >>> batch = noisy(Batch(x=torch.zeros(4, 2)), scale=0.1)
    >>> bool((batch.x != 0).all()), bool((batch.target == 0).all())
    (True, True)
    """
    return replace(batch, x=batch.x + scale * torch.randn_like(batch.x), target=batch.x)
