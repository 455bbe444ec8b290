"""Real values with heavy-tailed noise."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.stations import Likelihood

_SCALES = ("fixed", "learned")


class Laplace(Likelihood):
    """p(x | z) = exp(-|x - output| / scale) / (2 scale): the absolute error, robust to outliers.

    ``spread``: ``"fixed"`` at ``scale``, or ``"learned"``: one number trained by gradient.

    Source: Bishop 2006, Pattern recognition and machine learning, section 2.3 and exercise 1.

    >>> import torch
    >>> p = Laplace(spread="fixed")
    >>> round(p.log_prob(torch.zeros(1, 1, 1), torch.ones(1, 1)).item(), 4)
    -1.6931
    """

    def __init__(self, spread: Literal["fixed", "learned"] = "learned", scale: float = 1.0) -> None:
        super().__init__()
        if spread not in _SCALES:
            raise ParameterError(f"No spread is called {spread!r}. {did_you_mean(str(spread), _SCALES)}")
        check("Laplace", (scale > 0, f"scale is {scale!r}; expected a positive number"))
        self.spread = spread
        log_scale = torch.tensor(math.log(scale))
        self.log_scale = nn.Parameter(log_scale, requires_grad=spread == "learned")

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log density of each value, nats."""
        return -(target - output[:, 0]).abs() / self.log_scale.exp() - self.log_scale - math.log(2)

    def mean(self, output: Tensor) -> Tensor:
        """The output, which is mean and median."""
        return output[:, 0].float()

    def sample(self, output: Tensor) -> Tensor:
        """The mean with Laplace noise (the difference of two exponentials)."""
        mean = self.mean(output)
        noise = torch.empty_like(mean).exponential_() - torch.empty_like(mean).exponential_()
        return mean + self.log_scale.exp() * noise

    def initialise(self, output: Tensor, target: Tensor) -> None:
        """Start from the mean absolute error of the first reconstruction."""
        if self.spread == "learned":
            error = (target - output[:, 0]).abs().mean()
            self.log_scale.data.copy_(torch.log(error.clamp_min(1e-3)))
