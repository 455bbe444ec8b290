"""The encoder's weights, used backwards."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import ParameterError
from isthmus.layers.activations import activation as make_activation
from isthmus.records import Code, View
from isthmus.stations import Decoder, Encoder


class TiedMLP(Decoder):
    """Each layer is the transpose of the encoder's, with a bias of its own: ``h = act(W^T z + b)``.

    The encoder must be an ``mlp`` without a linear path and without a condition, and the likelihood must
    take one output per value.

    Source: Vincent et al. 2010, Stacked denoising autoencoders, section 2.2 (tied weights).

    >>> import torch
    >>> from isthmus.encoders.mlp import MLP
    >>> decoder = TiedMLP(latent_dim=2, out_shape=(6,), hidden=(4,))
    >>> decoder.connect(MLP(in_shape=(6,), out_dim=2, hidden=(4,), linear_path="none"))
    >>> decoder(Code(z=torch.zeros(3, 2)), None).shape
    torch.Size([3, 1, 6])
    """

    def __init__(
        self,
        latent_dim: int,
        out_shape: Sequence[int],
        outputs: int = 1,
        hidden: Sequence[int] = (512, 512),
        activation: str = "silu",
    ) -> None:
        super().__init__()
        if outputs != 1:
            raise ParameterError(
                f"TiedMLP: outputs is {outputs}; tied weights give one number per value. Choose a likelihood "
                "with one output (bernoulli, laplace, gaussian other than per_value) or another decoder."
            )
        self.latent_dim, self.out_shape = latent_dim, tuple(out_shape)
        widths = [*hidden, math.prod(out_shape)]
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(width)) for width in widths)
        self.activation = make_activation(activation)
        self._tied: tuple[nn.Linear, ...] = ()

    def connect(self, encoder: Encoder) -> None:
        """Take the encoder's layers, last first; raises ``ParameterError`` where they do not fit."""
        stack, head = getattr(encoder, "stack", None), getattr(encoder, "head", None)
        if stack is None or head is None or getattr(encoder, "path", None) is not None:
            raise ParameterError(f"TiedMLP needs an mlp encoder with linear_path='none', got {type(encoder).__name__}")
        tied = (head, *reversed(stack.linears))
        found = [linear.in_features for linear in tied]
        wanted = [len(bias) for bias in self.biases]
        if found != wanted:
            raise ParameterError(
                f"TiedMLP has layers of {wanted} units, the encoder backwards {found}. Give both the same "
                "hidden widths (the decoder's reversed) and no condition."
            )
        self._tied = tied  # a tuple, so that the weights stay registered once, in the encoder

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """``[batch, 1, *out_shape]``."""
        h = code.z
        last = len(self.biases) - 1
        for i, (linear, bias) in enumerate(zip(self._tied, self.biases, strict=True)):
            weight = linear.weight[: self.latent_dim] if i == 0 else linear.weight
            h = F.linear(h, weight.T, bias)
            h = h if i == last else self.activation(h)
        return h.unflatten(1, (1, *self.out_shape))

    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """The mean as the last bias."""
        self.biases[-1].data.copy_(wanted.flatten(1).mean(0))
