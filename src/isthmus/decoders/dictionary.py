"""The linear decoder of a sparse dictionary."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import ParameterError
from isthmus.records import Code, View
from isthmus.stations import Decoder, Encoder

FEW = 32  # where a code has so many times as many numbers as may differ from 0, a product with all of them takes longer


class Dictionary(Decoder):
    """``x = mean + spread * sum_i z_i atom_i``; atoms have unit norm, so codes cannot hide in them.

    Source: Olshausen & Field 1996, Emergence of simple-cell receptive field properties; Bricken et al. 2023,
    Towards monosemanticity.

    >>> decoder = Dictionary(latent_dim=12, out_shape=(2, 3))
    >>> decoder(Code(z=torch.zeros(5, 12)), None).shape, decoder.atoms.shape
    (torch.Size([5, 1, 2, 3]), torch.Size([12, 2, 3]))
    """

    spread: Tensor

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        if outputs != 1:
            raise ParameterError(
                f"Dictionary: outputs is {outputs}; atoms give one number per value. Choose a likelihood with "
                "one output (bernoulli, laplace, gaussian other than per_value) or another decoder."
            )
        self.out_shape, self.condition_dim = tuple(out_shape), condition_dim
        self.latent_dim = latent_dim
        self.weight = nn.Parameter(torch.randn(latent_dim + condition_dim, math.prod(out_shape)))
        self.bias = nn.Parameter(torch.zeros(math.prod(out_shape)))
        self.register_buffer("spread", torch.ones(()))
        self._encoder: tuple[Encoder, ...] = ()

    @property
    def atoms(self) -> Tensor:
        """What each unit of the code stands for: ``[latent_dim, *out_shape]``."""
        return self._directions(self.weight[: self.latent_dim]).unflatten(1, self.out_shape)

    def connect(self, encoder: Encoder) -> None:
        """Meet the encoder, to start as its transpose."""
        self._encoder = (encoder,)  # in a tuple, so that its weights stay registered once

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, 1, *out_shape]``."""
        if code.active is not None and FEW * code.active.shape[-1] <= self.latent_dim:
            found = self._of_few(code.z, code.active)
            if self.condition_dim:
                found = found + view.condition @ self._directions(self.weight[self.latent_dim :])  # type: ignore
        else:
            z = code.z
            both = z if self.condition_dim == 0 else torch.cat([z, view.condition], dim=1)  # type: ignore
            found = both @ self._directions(self.weight)
        return (self.bias + self.spread * found).unflatten(1, (1, *self.out_shape))

    def _of_few(self, z: Tensor, active: Tensor) -> Tensor:
        """``z @ atoms`` from the atoms that are needed alone."""
        sizes = torch.linalg.vector_norm(self.weight, dim=1).clamp_min(1e-12)
        shares = z.gather(1, active) / sizes[active]
        return F.embedding_bag(active, self.weight, per_sample_weights=shares.to(self.weight), mode="sum")

    @torch.no_grad()
    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """The mean as the bias, the spread of what is wanted, the encoder's filters as atoms."""
        flat = wanted.flatten(1)
        self.bias.copy_(flat.mean(0))
        spread = (flat - flat.mean(0)).square().mean().sqrt()
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))
        linear = getattr(self._encoder[0], "linear", None) if self._encoder else None
        if linear is not None and linear.weight.shape == self.weight.shape:
            self.weight.copy_(linear.weight)

    def _directions(self, weight: Tensor) -> Tensor:
        return F.normalize(weight, dim=1)
