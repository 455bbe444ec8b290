"""A deep encoder whose layers are pretrained one after the other."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.layers.activations import activation as make_activation
from isthmus.layers.layerwise import PRETRAININGS, Layerwise
from isthmus.layers.standardise import Standardise
from isthmus.records import View
from isthmus.stations import Encoder


class Stacked(Encoder):
    """``z = W_L act(... act(W_1 x + b_1)) + b_L``; ``initialise`` trains the layers greedily.

    ``pretrain``: ``"autoencoder"``, ``"denoising"`` (a share ``masked`` is blanked out), ``"rbm"`` (contrastive
    divergence, for the sigmoid only) or ``"none"``; each layer takes ``pretrain_steps`` steps. It is done on the
    rows that training starts from, so rows held out to decide when to stop are not seen.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks; Bengio et al.
    2007, Greedy layer-wise training of deep networks; Vincent et al. 2010, Stacked denoising autoencoders.

    >>> Stacked(in_shape=(6,), out_dim=2, hidden=(5, 4))(View(x=torch.zeros(3, 6))).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        out_dim: int,
        hidden: Sequence[int] = (256, 64),
        activation: str = "sigmoid",
        pretrain: str = "autoencoder",
        pretrain_steps: int = 500,
        pretrain_rate: float = 1e-3,
        masked: float = 0.25,
    ) -> None:
        super().__init__()
        if pretrain not in PRETRAININGS:
            raise ParameterError(f"Stacked: pretrain is {pretrain!r}. {did_you_mean(str(pretrain), PRETRAININGS)}")
        check(
            "Stacked",
            (out_dim >= 1, f"out_dim is {out_dim!r}; expected 1 or more"),
            (all(width >= 1 for width in hidden), f"hidden is {hidden!r}; expected positive widths"),
            (pretrain_steps >= 1, f"pretrain_steps is {pretrain_steps!r}; expected 1 or more"),
            (pretrain_rate > 0, f"pretrain_rate is {pretrain_rate!r}; expected a positive number"),
            (0 < masked < 1, f"masked is {masked!r}; expected a share in (0, 1)"),
            (
                pretrain != "rbm" or activation == "sigmoid",
                f"activation is {activation!r}; the units of an RBM are sigmoid",
            ),
        )
        widths = [math.prod(in_shape), *hidden, out_dim]
        self.out_dim, self.widths = out_dim, tuple(widths)
        self.seen = Standardise(widths[0])
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        for linear in self.linears:
            nn.init.xavier_normal_(linear.weight)  # type: ignore[arg-type]
            nn.init.zeros_(linear.bias)  # type: ignore[arg-type]
        self.activation = make_activation(activation)
        self.down_biases = [torch.zeros(width) for width in widths[:-1]]  # for the decoder to start from
        self.layerwise = Layerwise(
            kind=pretrain, steps=pretrain_steps, learning_rate=pretrain_rate, masked=masked, activation=activation
        )

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``."""
        h = self.seen(view.x.flatten(1))
        *hidden, head = self.linears
        for linear in hidden:
            h = self.activation(linear(h))
        return head(h)

    @torch.no_grad()
    def initialise(self, view: View) -> None:
        """Learn mean and spread, then the layers, the lowest first."""
        x = view.x.flatten(1)
        self.seen.start(x)
        if self.layerwise.kind != "none":
            self.layerwise.pretrain(list(self.linears), self.down_biases, self.seen(x))  # type: ignore[arg-type]
