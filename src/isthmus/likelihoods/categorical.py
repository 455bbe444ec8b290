"""Values from a small set: grey levels, counts, ordinal answers; symbols without order."""

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.stations import Likelihood


class Categorical(Likelihood):
    """p(x = level | z) = softmax(output), one of ``levels`` integer levels for each value.

    Where levels are not ``ordered`` (tokens, classes) their mean says nothing: the likeliest stands for it.

    Source: van den Oord et al. 2016, Pixel recurrent neural networks, section 2.3 (softmax over values).

    >>> import torch
    >>> p = Categorical(levels=4)
    >>> round(p.log_prob(torch.zeros(1, 4, 1), torch.zeros(1, 1)).item(), 4)
    -1.3863
    """

    scaling = "levels"
    continuous = False

    def __init__(self, levels: int, ordered: bool = True) -> None:
        super().__init__()
        check("Categorical", (levels >= 2, f"levels is {levels!r}; expected 2 or more"))
        self.levels = self.outputs = levels
        self.ordered = ordered

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log probability of each value, nats."""
        return -F.cross_entropy(output, target.long(), reduction="none")

    def mean(self, output: Tensor) -> Tensor:
        """The expected level (a real number); the likeliest, where levels have no order."""
        if not self.ordered:
            return output.argmax(1).float()
        levels = torch.arange(self.levels, device=output.device, dtype=torch.float32)
        return (output.float().softmax(dim=1).movedim(1, -1) * levels).sum(-1)  # no matrix product: float32 everywhere

    def sample(self, output: Tensor) -> Tensor:
        """Levels, drawn by the Gumbel-max trick."""
        gumbel = -torch.empty_like(output, dtype=torch.float32).exponential_().log()
        return (output.float() + gumbel).argmax(dim=1).float()

    def link(self, target: Tensor) -> Tensor:
        """No single output means a level: start at zero."""
        return torch.zeros_like(target, dtype=torch.float32)
