"""A multi-layer perceptron to the flattened output."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.dense import DenseStack, zero_linear
from isthmus.layers.linear_path import LinearPath, RebuildingPath, check_path
from isthmus.layers.principal_components import PrincipalCoordinates
from isthmus.layers.spectral_norm import with_spectral_norm
from isthmus.records import Code, View
from isthmus.stations import Decoder


class MLP(Decoder):
    """``z -> head(stack(z, condition)) [+ linear path]``, ``[batch, outputs, *out_shape]``.

    With a ``linear_path`` a straight road runs beside the hidden layers; it starts at the least-squares
    reconstruction (``"fixed"`` stays there, ``"trained"`` moves on), and the hidden layers start by adding
    nothing. With ``coordinates`` the network answers in that many principal coordinates (one output only).
    With ``spectral`` the weights of the hidden layers have a spectral norm of 1.

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
        hidden: Sequence[int] = (512, 512),
        activation: str = "silu",
        dropout: float = 0.0,
        linear_path: LinearPath = "fixed",
        coordinates: int | None = None,
        condition_dim: int = 0,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        out_dim = outputs * math.prod(out_shape)
        check_path("MLP", linear_path)
        check(
            "MLP",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (
                coordinates is None or (1 <= coordinates <= out_dim and outputs == 1),
                f"coordinates is {coordinates!r}; expected None, or 1 to {out_dim} (and one output, not {outputs})",
            ),
        )
        self.out_shape, self.outputs, self.condition_dim = tuple(out_shape), outputs, condition_dim
        self.shown = None if coordinates is None else PrincipalCoordinates(out_dim, coordinates)
        width = out_dim if coordinates is None else coordinates
        self.stack = DenseStack(latent_dim + condition_dim, hidden, activation, dropout)
        if spectral:
            with_spectral_norm(self.stack)
        self.head = (nn.Linear if linear_path == "none" else zero_linear)(self.stack.out_dim, width)
        self.path = None if linear_path == "none" else RebuildingPath(latent_dim, width, linear_path)

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, outputs, *out_shape]``."""
        z = code.z
        both = z if self.condition_dim == 0 else torch.cat([z, view.condition], dim=1)  # type: ignore
        u = self.head(self.stack(both))
        if self.path is not None:
            u = u + self.path(z)
        flat = u if self.shown is None else self.shown.backwards(u)
        return flat.unflatten(1, (self.outputs, *self.out_shape))

    @torch.no_grad()
    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """Least squares from the codes to the first output; without a path, the mean as the bias."""
        flat = wanted.flatten(1)
        if self.shown is not None:
            self.shown.start(flat)
            flat = self.shown(flat)
        if self.path is not None:
            self.path.start(code.z, flat)
        else:
            self.head.bias[: flat.shape[1]] = flat.mean(0)
