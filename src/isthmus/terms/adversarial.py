"""What critics make it cost to be told from real data."""

from collections.abc import Mapping

from torch import Tensor

from isthmus.errors import ParameterError, did_you_mean
from isthmus.layers.adaptive_weight import brought_to
from isthmus.records import Trace
from isthmus.stations import Schedule, Term


class Adversarial(Term):
    """The verdict of the critic of that name, ``[batch]``; it is no nats, and no sum over features.

    With ``adaptive`` it is brought to the size of the reconstruction: multiplied by the ratio of the lengths of their
    gradients at the output, so that ``weight`` is a share of the pull.

    Source: Goodfellow et al. 2014; adaptive: Esser et al. 2021, Taming transformers, equation 7, at the output as in
    Defossez et al. 2022, High fidelity neural audio compression, section 3.4.

    >>> Adversarial("images", weight=0.1).name
    'images'
    """

    compares = False

    def __init__(self, name: str, weight: float | Schedule = 1.0, adaptive: bool = False) -> None:
        super().__init__()
        self.name, self.weight, self.adaptive = name, weight, adaptive

    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """``[batch]``."""
        if self.name not in trace.verdicts:
            raise ParameterError(
                f"The model has no critic called {self.name!r}. {did_you_mean(self.name, trace.verdicts)}"
            )
        cost = trace.verdicts[self.name]
        reference = earlier.get("reconstruction")
        return cost if reference is None or not self.adaptive else brought_to(reference, cost, trace.output)
