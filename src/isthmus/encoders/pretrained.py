"""An encoder that has learnt before."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.layers.frozen import Frozen
from isthmus.layers.mean_of_places import mean_of_places
from isthmus.records import View, in_parts
from isthmus.stations import Encoder

AT_ONCE = 1024  # rows


class Pretrained(Encoder):
    """Another encoder as it is: it does not start anew; ``frozen`` it does not learn either.

    Its features are averaged over their places, and standardised by a sample of the data at the start, so that what
    learns from them need not know their scale.

    Source: He et al. 2022, Masked autoencoders are scalable vision learners, appendix A.1 (the mean of all patches; a
    norm without weights before the linear layer).

    >>> import torch
    >>> from isthmus.catalogue import make
    >>> vit = make("encoders", "vit", {"in_shape": (1, 8, 8), "out_dim": 5, "width": 8, "flatten": False})
    >>> Pretrained(vit)(View(x=torch.zeros(2, 1, 8, 8))).shape
    torch.Size([2, 5])
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, network: Encoder, frozen: bool = False) -> None:
        super().__init__()
        check("Pretrained", (isinstance(network, Encoder), f"network is {network!r:.100}; expected an Encoder"))
        self.out_dim, self.frozen = network.out_dim, frozen
        own = copy.deepcopy(network)
        self.held = Frozen(own) if frozen else own
        self.register_buffer("mean", torch.zeros(network.out_dim))
        self.register_buffer("spread", torch.ones(network.out_dim))

    def forward(self, view: View) -> Tensor:
        """``[batch, out_dim]``."""
        return (self._pooled(view) - self.mean) / self.spread

    def initialise(self, view: View) -> None:
        """Learn the features' mean and spread."""
        features = torch.cat([self._pooled(part) for part in in_parts(view, AT_ONCE)])
        spread = features.std(0, correction=0)
        self.mean.copy_(features.mean(0))
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))

    def depths(self) -> list[tuple[str, ...]]:
        """Those of the encoder."""
        return [tuple(f"held.{name}" for name in names) for names in self._network().depths()]

    def maps(self, view: View) -> list[Tensor]:
        """Those of the encoder."""
        return self._network().maps(view)

    def from_maps(self, maps: Sequence[Tensor], view: View) -> Tensor:
        """``[batch, out_dim]``."""
        network = self._network()
        pooled = mean_of_places(network.from_maps(maps, view), network.valid(view))
        return (pooled - self.mean) / self.spread

    def _pooled(self, view: View) -> Tensor:
        network = self._network()
        return mean_of_places(network(view), network.valid(view))

    def unwrapped(self) -> Encoder:
        """The encoder itself, which learns what it did before."""
        return self.held.thawed() if isinstance(self.held, Frozen) else self.held  # type: ignore[return-value]

    def _network(self) -> Encoder:
        return self.held.module if isinstance(self.held, Frozen) else self.held  # type: ignore[return-value]
