"""How far codes are from the prior, by kernels."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Trace
from isthmus.stations import Schedule, Term

Kernel = Literal["inverse_multiquadratic", "gaussian"]


class MMD(Term):
    """Maximum mean discrepancy of a batch of codes from as many draws of the prior: 0 where they are distributed alike.

    No nats, and a scalar. The kernels of several ``scales`` are added; each is a multiple of ``2 dim``, the mean
    squared distance of two draws of a standard normal. The estimate has no bias, so it may be below 0.

    Source: Tolstikhin et al. 2018, Wasserstein auto-encoders, section 4 and equation 4 of algorithm 2; Gretton et al.
    2012, A kernel two-sample test, equation 3.

    >>> far, near = torch.randn(256, 2) + 3, torch.randn(256, 2)
    >>> drawn = torch.randn(256, 2)
    >>> bool(discrepancy(far, drawn) > 10 * discrepancy(near, drawn).abs())
    True
    """

    name = "mmd"
    wants = frozenset({"drawn"})

    def __init__(
        self,
        kernel: Kernel = "inverse_multiquadratic",
        scales: Sequence[float] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
        weight: float | Schedule = 1.0,
    ) -> None:
        super().__init__()
        check(
            "MMD",
            (
                kernel in ("inverse_multiquadratic", "gaussian"),
                f"kernel is {kernel!r}; expected 'inverse_multiquadratic' or 'gaussian'",
            ),
            (len(scales) > 0 and all(scale > 0 for scale in scales), f"scales are {scales!r}; expected positive ones"),
        )
        self.kernel, self.scales, self.weight = kernel, tuple(scales), weight

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar."""
        assert trace.drawn is not None
        z, drawn = (codes.float().flatten(0, -2) for codes in (trace.code.z, trace.drawn))
        return discrepancy(z, drawn, self.kernel, self.scales)


def discrepancy(
    a: Tensor, b: Tensor, kernel: Kernel = "inverse_multiquadratic", scales: Sequence[float] = (1.0,)
) -> Tensor:
    """The squared maximum mean discrepancy of samples ``[n, dim]`` and ``[m, dim]``, n and m 2 or more: without bias.

    >>> points = torch.tensor([[0.0], [1.0]])
    >>> round(discrepancy(points, points).item(), 4)  # k(0, 1) = 2 / 3: within 2/3 each, between (1 + 2/3) / 2 each
    -0.3333
    """
    near = [c * 2 * a.shape[1] for c in scales]

    def similarity(x: Tensor, y: Tensor) -> Tensor:
        squares = (x.square().sum(1)[:, None] + y.square().sum(1)[None] - 2 * x @ y.T).clamp(min=0)
        if kernel == "gaussian":
            return torch.stack([(-squares / c).exp() for c in near]).sum(0)
        return torch.stack([c / (c + squares) for c in near]).sum(0)

    def within(x: Tensor) -> Tensor:
        found = similarity(x, x)
        return (found.sum() - found.diagonal().sum()) / max(1, len(x) * (len(x) - 1))

    with torch.autocast(a.device.type, enabled=False):  # differences of large numbers
        return within(a) + within(b) - 2 * similarity(a, b).mean()
