"""A multi-layer perceptron to the flattened output."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.linear_path import RebuildingPath
from isthmus.records import Code, View
from isthmus.stations import Decoder


class MLP(Decoder):
    """``z -> head(stack(z, condition)) [+ linear path]``, ``[batch, outputs, *out_shape]``.

    With ``linear_path`` a straight road runs beside the hidden layers; it starts at the least-squares
    reconstruction, and the hidden layers start by adding nothing.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.

    >>> import torch
    >>> decoder = MLP(latent_dim=2, out_shape=(1, 8, 8), hidden=(32,))
    >>> decoder(Code(z=torch.zeros(5, 2)), None).shape
    torch.Size([5, 1, 1, 8, 8])
    """

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        hidden: Sequence[int] = (512,),
        activation: str = "silu",
        dropout: float = 0.0,
        linear_path: bool = True,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        check("MLP", (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"))
        self.out_shape, self.outputs, self.condition_dim = tuple(out_shape), outputs, condition_dim
        out_dim = outputs * math.prod(out_shape)
        self.stack = DenseStack(latent_dim + condition_dim, hidden, activation, dropout)
        self.path = RebuildingPath(latent_dim, out_dim) if linear_path else None
        head = zero_linear if linear_path else nn.Linear
        self.head = head(self.stack.out_dim, out_dim)

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``."""
        z = code.z
        seen = z if self.condition_dim == 0 else torch.cat([z, view.condition], dim=1)  # type: ignore
        flat = self.head(self.stack(seen))
        if self.path is not None:
            flat = flat + self.path(z)
        return flat.unflatten(1, (self.outputs, *self.out_shape))  # type: ignore[no-any-return]

    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """Least squares from the codes to the first output; without a path, the mean as the bias."""
        flat = wanted.flatten(1)
        first = flat.shape[1]
        if self.path is None:
            self.head.bias.data[:first] = flat.mean(0)
            return
        start = RebuildingPath(code.z.shape[1], first)
        start.start(code.z, flat)
        self.path.linear.weight.data.zero_()
        self.path.linear.bias.data.zero_()
        self.path.linear.weight.data[:first] = start.linear.weight
        self.path.linear.bias.data[:first] = start.linear.bias
