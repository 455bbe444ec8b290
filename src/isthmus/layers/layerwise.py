"""Greedy layer-wise pretraining: each layer learns to rebuild the codes of the layer below."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.layers.activations import activation as make_activation
from isthmus.layers.restricted_boltzmann import RestrictedBoltzmann

PRETRAININGS = ("autoencoder", "denoising", "rbm", "none")
BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Layerwise:
    """How each layer is pretrained: by a shallow autoencoder, a denoising one, or contrastive divergence.

    Source: Hinton & Salakhutdinov 2006 (rbm); Bengio et al. 2007, Greedy layer-wise training of deep
    networks (autoencoder); Vincent et al. 2010, Stacked denoising autoencoders (denoising).
    """

    kind: str
    steps: int
    learning_rate: float
    masked: float  # share of values blanked out in denoising
    activation: str

    def pretrain(self, layers: Sequence[nn.Linear], biases: Sequence[Tensor], x: Tensor) -> None:
        """Set the layers, and the biases that lead back down, from data ``[n, dim]`` of unit size.

        All layers but the last are followed by the activation; draws from torch's current stream.
        """
        act = make_activation(self.activation)
        for depth, (layer, bias) in enumerate(zip(layers, biases, strict=True)):
            last = depth == len(layers) - 1
            if self.kind == "rbm":
                self._by_divergence(layer, bias, x, first=depth == 0, last=last)
            else:
                self._by_rebuilding(layer, bias, x, nn.Identity() if last else act, below=depth > 0)
            with torch.no_grad():
                x = layer(x) if last else act(layer(x))

    def _by_rebuilding(self, layer: nn.Linear, bias: Tensor, x: Tensor, act: nn.Module, below: bool) -> None:
        """A shallow autoencoder with tied weights; what lies below is an activation, and is rebuilt as one."""
        down = make_activation(self.activation) if below else nn.Identity()
        bias.copy_(torch.zeros_like(bias) if below else x.mean(0))
        free = bias.clone().requires_grad_()
        with torch.enable_grad():
            weights = [layer.weight.detach().requires_grad_(), layer.bias.detach().requires_grad_(), free]
            optimiser = torch.optim.Adam(weights, lr=self.learning_rate)
            for rows in self._batches(x):
                seen = rows * (torch.rand_like(rows) >= self.masked) if self.kind == "denoising" else rows
                rebuilt = down(F.linear(act(F.linear(seen, weights[0], weights[1])), weights[0].T, free))
                loss = (rebuilt - rows).square().sum(1).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        bias.copy_(free.detach())

    def _by_divergence(self, layer: nn.Linear, bias: Tensor, x: Tensor, *, first: bool, last: bool) -> None:
        machine = RestrictedBoltzmann(
            layer.in_features,
            layer.out_features,
            visible="gaussian" if first else "binary",
            hidden="gaussian" if last else "binary",
        )
        rate = self.learning_rate * (10 if first or last else 100)  # Gaussian units bear less than binary ones
        with torch.no_grad():
            machine.visible_bias.copy_(x.mean(0) if first else torch.logit(x.mean(0).clamp(0.01, 0.99)))
            for rows in self._batches(x):
                machine.step(rows, learning_rate=rate, momentum=0.9)
            layer.weight.copy_(machine.weight)
            layer.bias.copy_(machine.hidden_bias)
            bias.copy_(machine.visible_bias)

    def _batches(self, x: Tensor) -> Iterator[Tensor]:
        for _ in range(self.steps):
            yield x[torch.randint(len(x), (BATCH,), device=x.device)]
