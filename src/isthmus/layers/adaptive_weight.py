"""Costs without a unit, brought to the size of one that has one."""

import torch
from torch import Tensor

LARGEST = 1e4


def brought_to(reference: Tensor, cost: Tensor, output: Tensor | None) -> Tensor:
    """``cost``, times the ratio of the lengths of both gradients at ``output``: both pull alike there.

    Unchanged where there is no graph (in scoring).

    Source: Esser et al. 2021, Taming transformers, equation 7, at the output as in Defossez et al. 2022, High fidelity
    neural audio compression, section 3.4.

    >>> x = torch.ones(2, requires_grad=True)
    >>> round(brought_to(10 * x.sum(), x.sum(), x).item(), 3)
    20.0
    """
    if output is None or not (cost.requires_grad and reference.requires_grad and output.requires_grad):
        return cost
    pulls = [torch.autograd.grad(each.mean(), output, retain_graph=True)[0].norm() for each in (reference, cost)]
    return cost * (pulls[0] / (pulls[1] + 1e-6)).clamp(0, LARGEST)
