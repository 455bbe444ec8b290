"""What a network of features sees differently in a picture and its reconstruction."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.adaptive_weight import brought_to
from isthmus.layers.denoising_pretraining import learn_features
from isthmus.layers.frozen import Frozen
from isthmus.records import Batch, Trace, View
from isthmus.stations import Encoder, Schedule, Term


class Perceptual(Term):
    """Squared differences of features, each of length 1 over its channels, the sum over the network's levels.

    The network is never a stranger's download: it is given, or with ``steps`` learnt at the start from a sample of the
    data, by denoising. It does not change afterwards. The cost is no nats: ``weight`` is a share of the
    reconstruction's pull on the output.

    Source: Zhang et al. 2018, The unreasonable effectiveness of deep features as a perceptual metric, equation 1.

    >>> from isthmus.catalogue import make
    >>> network = make("encoders", "conv", {"in_shape": (1, 8, 8), "out_dim": 4, "channels": (4, 4), "flatten": False})
    >>> Perceptual(network, steps=0).name
    'perceptual'
    """

    wants = frozenset({"rebuilt"})

    def __init__(self, network: Encoder, weight: float | Schedule = 1.0, steps: int = 300) -> None:
        super().__init__()
        check(
            "Perceptual",
            (isinstance(network, Encoder), f"network is {network!r:.100}; expected an encoder of pictures"),
            (steps >= 0, f"steps is {steps!r}; expected 0 (as it is) or more"),
        )
        self.name, self.weight, self.steps = "perceptual", weight, steps
        self.eye = Frozen(copy.deepcopy(network))

    @property
    def network(self) -> Encoder:
        """What looks."""
        return self.eye.module  # type: ignore[return-value]

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        if trace.rebuilt is None:
            raise ValueError("the trace holds no reconstruction to look at")
        with torch.no_grad():
            real = self.network.maps(View(x=trace.target))
        made = self.network.maps(View(x=trace.rebuilt))
        cost = torch.stack([_difference(a, b) for a, b in zip(real, made, strict=True)]).sum(0)
        reference = earlier.get("reconstruction")
        return cost if reference is None else brought_to(reference, cost, trace.output)

    def initialise(self, batch: Batch) -> None:
        """Learn the network, if it is to be learnt."""
        if self.steps:
            self.network.requires_grad_(requires_grad=True)
            self.network.initialise(View(x=batch.x))
            learn_features(self.network, batch.x, self.steps)
            self.network.requires_grad_(requires_grad=False)


def _difference(a: Tensor, b: Tensor) -> Tensor:
    """``[batch]`` from maps ``[batch, channels, ...]``, or features ``[batch, channels]``."""
    gap = F.normalize(a.float(), dim=1) - F.normalize(b.float(), dim=1)
    return gap.square().sum(1).reshape(len(gap), -1).mean(1)
