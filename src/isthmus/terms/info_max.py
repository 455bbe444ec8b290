"""What the code tells of each place of the picture."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.mutual_information import BOUNDS, Bound, in_groups, information_bound, products
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class InfoMax(Term):
    """Minus a lower bound of the information between the code and the encoder's features at some depth.

    Of each place by itself, the mean over the places (local), or of all ``places`` together (global). Code and
    features are scored by the product of what two perceptrons make of them, ``width`` numbers each; the code of a row
    is compared with the features of up to ``group - 1`` others, place by place. ``level`` counts the encoder's depths
    from the data on; features that see little of the picture cannot name it instead of telling what is there. A
    scalar, for what one row costs depends on the others; in nats but for the Jensen-Shannon bound.

    Source: Hjelm et al. 2019, Learning deep representations by mutual information estimation and maximization, sections
    3.1 (global) and 3.2 (local; the product of two perceptrons: appendix A.2, "encode and dot product").

    >>> InfoMax("local", latent_dim=4, features_dim=3).name
    'local'
    """

    wants = frozenset({"maps"})

    def __init__(
        self,
        name: str,
        latent_dim: int,
        features_dim: int,
        level: int = 0,
        places: int = 0,
        bound: Bound = "info_nce",
        width: int = 64,
        group: int = 128,
        weight: float | Schedule = 1.0,
    ) -> None:
        super().__init__()
        check(
            "InfoMax",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (features_dim >= 1, f"features_dim is {features_dim!r}; expected 1 or more"),
            (level >= 0, f"level is {level!r}; expected 0, the depth next to the data, or more"),
            (places >= 0, f"places is {places!r}; expected how many are taken together, or 0: each for itself"),
            (bound in BOUNDS, f"bound is {bound!r}; expected one of {', '.join(BOUNDS)}"),
            (width >= 1, f"width is {width!r}; expected 1 or more"),
            (group >= 2, f"group is {group!r}; expected 2 or more rows to compare"),
        )
        self.name, self.weight, self.bound, self.group = name, weight, bound, group
        self.level, self.places = level, places
        self.of_code = _perceptron(latent_dim, width)
        self.of_features = _perceptron(features_dim * max(places, 1), width)

    @property
    def meaning(self) -> str:
        """For people."""
        what = f"minus what the code tells of {'all places together' if self.places else 'a place'} of its example"
        if self.bound == "jensen_shannon":
            return f"{what}, by the Jensen-Shannon bound, which is not in nats: 1.39 where it tells nothing, 0 at best"
        most = f"(at most {self.group}, -{math.log(self.group):.2f})"
        best = f", at best minus the logarithm of how many are compared {most}" if self.bound == "info_nce" else ""
        return f"{what}, nats: 0 where it tells nothing{best}"

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """A scalar; raises ``ParameterError`` where there is nothing to compare with, or no such depth or places."""
        features = self._features(trace)
        code = self.of_code(trace.code.z.flatten(1))  # [batch, width]
        places = self.of_features(features.flatten(1)[:, None] if self.places else features)
        groups = in_groups(len(code), self.group)
        found = [information_bound(self._scores(code[rows], places[rows]), self.bound) for rows in groups]
        return -torch.cat(found).mean()

    def _features(self, trace: Trace) -> Tensor:
        """``[batch, places, features_dim]``."""
        depths = len(trace.maps)
        check("InfoMax", (self.level < depths, f"level is {self.level!r}; the encoder's depths are 0 to {depths - 1}"))
        found = trace.maps[self.level]
        features = (found if found.ndim > 2 else found[..., None]).flatten(2).movedim(1, -1)
        count = features.shape[1]
        check(
            "InfoMax",
            (not self.training or len(features) >= 2, "a batch of 1 row; expected 2 or more, to be compared"),
            (self.places in (0, count), f"places is {self.places!r}; the features have {count}"),
        )
        return features

    def _scores(self, code: Tensor, places: Tensor) -> Tensor:
        """Of each code with each row's places, ``[n, n, places]``."""
        return products(code, places.movedim(1, 0)).movedim(0, -1)


def _perceptron(in_dim: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(in_dim, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
