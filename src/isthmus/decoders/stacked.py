"""The decoder of a stacked autoencoder: the encoder unrolled."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import ParameterError
from isthmus.layers.activations import activation as make_activation
from isthmus.records import Code, View
from isthmus.stations import Decoder, Encoder


class Stacked(Decoder):
    """``h = act(W_i^T h + c_i)`` from the code down to x, starting from the pretrained layers.

    ``tied``: the weights are the encoder's, for good; otherwise they start as copies and go their own way. The
    encoder must be ``stacked`` with the same widths, reversed.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks (unrolling);
    Vincent et al. 2010, Stacked denoising autoencoders (tied weights).

    >>> from isthmus.encoders.stacked import Stacked as StackedEncoder
    >>> decoder = Stacked(latent_dim=2, out_shape=(6,), hidden=(4, 5))
    >>> decoder.connect(StackedEncoder(in_shape=(6,), out_dim=2, hidden=(5, 4)))
    >>> decoder(Code(z=torch.zeros(3, 2)), None).shape
    torch.Size([3, 1, 6])
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        hidden: Sequence[int] = (64, 256),
        activation: str = "sigmoid",
        tied: bool = False,
    ) -> None:
        super().__init__()
        if outputs != 1:
            raise ParameterError(
                f"Stacked: outputs is {outputs}; an unrolled encoder gives one number per value. Choose a likelihood "
                "with one output (bernoulli, laplace, gaussian other than per_value) or another decoder."
            )
        self.out_shape, self.tied = tuple(out_shape), tied
        self.widths = (latent_dim, *hidden, math.prod(out_shape))
        pairs = list(pairwise(self.widths))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for _, b in pairs)
        self.weights = nn.ParameterList(nn.Parameter(torch.zeros(b, a)) for a, b in pairs if not tied)
        self.activation = make_activation(activation)
        self.register_buffer("mean", torch.zeros(self.widths[-1]))
        self.register_buffer("spread", torch.ones(()))
        self._encoder: tuple[Encoder, ...] = ()

    def connect(self, encoder: Encoder) -> None:
        """Take the encoder's layers; raises ``ParameterError`` where they do not fit."""
        found = getattr(encoder, "widths", None)
        if found is None or tuple(reversed(found))[1:] != self.widths[1:]:
            raise ParameterError(
                f"Stacked goes with a stacked encoder of widths {tuple(reversed(self.widths))}, got "
                f"{type(encoder).__name__} of {found}"
            )
        self._encoder = (encoder,)  # in a tuple, so that its weights stay registered once
        self._copy_weights()

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, 1, *out_shape]``."""
        h = code.z
        weights = self._encoders() if self.tied else list(self.weights)
        last = len(self.biases) - 1
        for i, (weight, bias) in enumerate(zip(weights, self.biases, strict=True)):
            h = F.linear(h, weight, bias)
            h = h if i == last else self.activation(h)
        flat = self.mean + self.spread * h
        return flat.unflatten(1, (1, *self.out_shape))

    @torch.no_grad()
    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """Mean and spread of what is wanted; weights and biases from the pretrained layers."""
        flat = wanted.flatten(1)
        self.mean.copy_(flat.mean(0))
        spread = (flat - flat.mean(0)).square().mean().sqrt()
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))
        self._copy_weights()
        for bias, down in zip(self.biases, reversed(self._encoder[0].down_biases), strict=True):  # type: ignore
            bias.copy_(down)

    def _encoders(self) -> list[Tensor]:
        """The encoder's weights backwards, ``[out, in]`` each; a Gaussian code uses the rows of its means."""
        linears = reversed(list(self._encoder[0].linears))  # type: ignore
        return [linear.weight[: self.widths[0]].T if i == 0 else linear.weight.T for i, linear in enumerate(linears)]

    @torch.no_grad()
    def _copy_weights(self) -> None:
        for weight, found in zip(self.weights, self._encoders(), strict=False):
            weight.copy_(found)
