"""Several perceptrons side by side, each from a code of its own."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.member_linear import MemberLinear
from isthmus.layers.member_stack import MemberStack
from isthmus.records import Code, View
from isthmus.stations import Decoder


class Ensemble(Decoder):
    """``members`` perceptrons, one for each place of the code: ``[batch, outputs, *out_shape]``.

    ``outputs`` are those of all members, one member's after the other's, as ``OpinionPool`` takes them.

    Source: Hansen & Salamon 1990, Neural network ensembles, IEEE Transactions on Pattern Analysis and Machine
    Intelligence.

    >>> decoder = Ensemble(latent_dim=2, out_shape=(6,), members=3, outputs=3)
    >>> decoder(Code(z=torch.zeros(5, 3, 2)), None).shape
    torch.Size([5, 3, 6])
    """

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        members: int,
        outputs: int,
        hidden: Sequence[int] = (48,),
        activation: str = "tanh",
    ) -> None:
        super().__init__()
        check(
            "Ensemble",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (
                members >= 1 and outputs >= 1 and outputs % members == 0,
                f"outputs is {outputs!r}; expected a multiple of members, {members!r}",
            ),
        )
        self.grid, self.out_shape = (members,), tuple(out_shape)
        self.outputs = outputs // members  # of each
        self.stack = MemberStack(members, (latent_dim, *hidden, self.outputs * math.prod(out_shape)), activation)

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, members * outputs of each, *out_shape]``."""
        made = self.stack(code.z.transpose(0, 1)).transpose(0, 1)  # [batch, members, numbers]
        return made.unflatten(2, (self.outputs, *self.out_shape)).flatten(1, 2)

    @torch.no_grad()
    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """The mean of what is wanted as the bias of every member."""
        flat = wanted.flatten(1)
        head = cast("MemberLinear", self.stack.linears[-1])
        head.each_bias[:, : flat.shape[1]] = flat.mean(0)
