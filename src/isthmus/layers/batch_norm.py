"""Batch normalisation whose statistics survive what is not finite, and are those of all processes."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.layers.processes import process, sum_over_processes


class BatchNorm(nn.BatchNorm2d):
    """Each channel with mean 0 and spread 1 over the batch and all places; after training by what is known.

    A batch with values that are not finite leaves the known means and variances as they are: its step is skipped. One
    value alone has no spread, and is normed by what is known. Each process of a run norms by its own rows; what is
    known is the mean of all.

    Source: Ioffe & Szegedy 2015, Batch normalization, algorithms 1 and 2.

    >>> norm = BatchNorm(2)
    >>> norm(torch.full((3, 2, 4, 4), torch.nan)).shape, norm.running_mean.tolist()
    (torch.Size([3, 2, 4, 4]), [0.0, 0.0])
    """

    def forward(self, input: Tensor) -> Tensor:
        """``[batch, channels, *places]``."""
        if self.training:
            self._learn(input.detach())
        if not self.training or input.numel() == input.shape[1]:
            return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return F.batch_norm(input, None, None, self.weight, self.bias, training=True, eps=self.eps)

    @torch.no_grad()
    def _learn(self, x: Tensor) -> None:
        """Move what is known towards the means and variances of these rows."""
        places, (_, processes) = (0, *range(2, x.ndim)), process()
        count = x.numel() // x.shape[1]
        unbiased = count / (count - 1) if count > 1 else math.nan  # all processes then leave what is known as it is
        found = sum_over_processes(x.float().mean(places), unbiased * x.float().var(places, correction=0))
        finite = torch.stack(found).isfinite().all()
        for buffer, value in zip((self.running_mean, self.running_var), found, strict=True):
            assert buffer is not None
            buffer.copy_(torch.where(finite, buffer.lerp(value / processes, self.momentum or 0.0), buffer))
