"""A sparse code by a learnt threshold for each unit."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.unit_activity import UnitActivity
from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Threshold(Bottleneck):
    """JumpReLU: ``z = x`` where the feature x is above its threshold, else 0; costs ``l0`` and ``dead``.

    ``l0`` counts the active units of each example. Steps have no gradient, so thresholds learn through a
    rectangular kernel of ``bandwidth`` around them. ``dead`` pulls units idle for more than ``patience``
    steps up to their threshold.

    Source: Rajamanoharan et al. 2024, Jumping ahead: improving reconstruction fidelity with JumpReLU sparse
    autoencoders, equations 7-12.

    >>> bottleneck = Threshold(latent_dim=2, threshold=0.5)
    >>> code = bottleneck(torch.tensor([[0.4, 0.6]]), View(x=torch.zeros(1, 2)), None)
    >>> code.z.tolist(), code.costs["l0"].tolist()
    ([[0.0, 0.6000000238418579]], [1.0])
    """

    def __init__(self, latent_dim: int, threshold: float = 0.5, bandwidth: float = 0.5, patience: int = 500) -> None:
        super().__init__()
        check(
            "Threshold",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (threshold > 0, f"threshold is {threshold!r}; expected a positive number"),
            (bandwidth > 0, f"bandwidth is {bandwidth!r}; expected a positive number"),
        )
        self.in_dim = self.latent_dim = latent_dim
        self.bandwidth = bandwidth
        self.log_threshold = nn.Parameter(torch.full((latent_dim,), math.log(threshold)))
        self.activity = UnitActivity(latent_dim, patience)

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """What is above the thresholds, and what it costs."""
        features = features.float()  # costs are sums of many numbers
        theta = self.log_threshold.exp()
        z = _Jump.apply(features, theta, self.bandwidth)
        if self.training:
            self.activity.observe(z)
        l0 = _Step.apply(features, theta, self.bandwidth).flatten(1).sum(1)
        return Code(z=z, costs={"l0": l0, "dead": self.activity.pull(features, theta)})

    def mode(self, features: Tensor, view: View) -> Code:
        """What is above the thresholds."""
        features = features.float()
        return Code(z=features * (features > self.log_threshold.exp()))


class _Step(torch.autograd.Function):
    """``x > theta``, with the kernel's gradient for theta and none for x (equation 11)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, theta: Tensor, bandwidth: float) -> Tensor:
        ctx.save_for_backward(x, theta)
        ctx.bandwidth = bandwidth
        return (x > theta).to(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        x, theta = ctx.saved_tensors
        near = ((x - theta).abs() < ctx.bandwidth / 2).to(x) / ctx.bandwidth
        return None, (-near * gradient).flatten(0, -2).sum(0), None


class _Jump(torch.autograd.Function):
    """``x (x > theta)``, with the kernel's gradient for theta (equation 12)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, theta: Tensor, bandwidth: float) -> Tensor:
        ctx.save_for_backward(x, theta)
        ctx.bandwidth = bandwidth
        return x * (x > theta)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        x, theta = ctx.saved_tensors
        near = ((x - theta).abs() < ctx.bandwidth / 2).to(x) / ctx.bandwidth
        return gradient * (x > theta), (-theta * near * gradient).flatten(0, -2).sum(0), None
