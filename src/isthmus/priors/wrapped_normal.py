"""A normal distribution about the middle of the Poincare ball."""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import ParameterError, check
from isthmus.layers.poincare_ball import from_origin
from isthmus.layers.wrapped_normal import WrappedNormal as Wrapped
from isthmus.stations import Bottleneck, Encoder, Prior


class WrappedNormal(Prior):
    """p(z): where one gets from 0 by ``v ~ N(0, I)``; a density by the volume of the space.

    Source: Mathieu et al. 2019, Continuous hierarchical representations with Poincare variational auto-encoders,
    section 3.2.

    >>> bool((WrappedNormal().sample((100, 3)).norm(dim=-1) < 1).all())
    True
    """

    everywhere = False

    def __init__(self, curvature: float = 1.0) -> None:
        super().__init__()
        check(
            "WrappedNormal",
            (curvature > 0, f"curvature is {curvature!r}; expected a positive number: the space's is minus that"),
        )
        self.curvature = curvature

    def connect(self, encoder: Encoder, bottleneck: Bottleneck) -> None:
        """Refuse codes of another space."""
        theirs = bottleneck.arguments.get("curvature")
        if theirs != self.curvature:
            raise ParameterError(
                f"WrappedNormal: curvature is {self.curvature!r}; that of the codes of {type(bottleneck).__name__} is "
                f"{'none' if theirs is None else repr(theirs)}"
            )

    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats, ``[..., 1]``."""
        flat = torch.zeros_like(z)
        return Wrapped(flat, flat, self.curvature).log_prob(z).sum(-1, keepdim=True)

    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Points of the ball."""
        return from_origin(torch.randn(*shape), self.curvature)
