"""REINFORCE with a relaxed code as its control variate."""

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.control_variate import relaxed_draws, surrogate_and_variance
from isthmus.layers.outcome import Outcome
from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class Rebar(GradientEstimator):
    """The cost of a relaxed code of the same noise is taken from REINFORCE's and given back exactly: unbiased.

    Temperature and scale of the control variate follow the gradient of the variance (cost ``variance``, which
    moves nothing else).

    Source: Tucker et al. 2017, REBAR: low-variance, unbiased gradient estimates for discrete latent variable
    models, equation 7.

    >>> Rebar(temperature=0.5).costs
    ('surrogate', 'variance')
    """

    compiles = False  # it differentiates on the way forward
    unbiased = True
    costs = ("surrogate", "variance")

    def __init__(self, temperature: float = 0.5, scale: float = 1.0) -> None:
        super().__init__()
        check("Rebar", (temperature > 0, f"temperature is {temperature!r}; expected a positive number"))
        self.log_temperature = nn.Parameter(torch.tensor(temperature).log())
        self.scale = nn.Parameter(torch.tensor(float(scale)))

    def draw(self, posterior: DiscretePosterior) -> Code:
        """A hard draw; relaxed ones are asked for: with the same noise, and with noise that gives the same draw."""
        return relaxed_draws(posterior, self.log_temperature.exp())

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``surrogate [batch]`` and ``variance``, a scalar."""
        found = Outcome.of(trace)
        controls = [self.scale * cost for cost in found.probed]
        return surrogate_and_variance(found, controls, list(self.parameters()))
