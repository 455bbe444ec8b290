"""REINFORCE with a learned control variate."""

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError, check
from isthmus.layers.control_variate import relaxed_draws, surrogate_and_variance
from isthmus.layers.outcome import Outcome
from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class Relax(GradientEstimator):
    """As REBAR, with a small network of the relaxed code added to the control variate: unbiased.

    The network (``width`` units), the temperature and the scale follow the gradient of the variance.

    Source: Grathwohl et al. 2018, Backpropagation through the void, equation 9 and section 3.3.

    >>> Relax(latent_dim=4, width=8).costs
    ('surrogate', 'variance')
    """

    compiles = False  # it differentiates on the way forward
    unbiased = True
    costs = ("surrogate", "variance")

    def __init__(self, latent_dim: int, width: int = 64, temperature: float = 0.5, scale: float = 1.0) -> None:
        super().__init__()
        check(
            "Relax",
            (latent_dim >= 1, f"latent_dim is {latent_dim!r}; expected 1 or more"),
            (width >= 1, f"width is {width!r}; expected 1 or more"),
            (temperature > 0, f"temperature is {temperature!r}; expected a positive number"),
        )
        self.latent_dim = latent_dim
        self.log_temperature = nn.Parameter(torch.tensor(temperature).log())
        self.scale = nn.Parameter(torch.tensor(float(scale)))
        self.network = nn.Sequential(nn.Linear(latent_dim, width), nn.Tanh(), nn.Linear(width, 1))
        nn.init.zeros_(self.network[2].weight)  # type: ignore[arg-type]

    def draw(self, posterior: DiscretePosterior) -> Code:
        """As REBAR's."""
        return relaxed_draws(posterior, self.log_temperature.exp())

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """``surrogate [batch]`` and ``variance``, a scalar."""
        found = Outcome.of(trace)
        if found.probes.shape[-1] != self.latent_dim:
            wide = found.probes.shape[-1]
            raise ParameterError(f"Relax: latent_dim is {self.latent_dim}; the code has {wide} numbers")
        learnt = self.network(found.probes).flatten(2).sum(2)  # over the positions
        controls = [self.scale * cost + more for cost, more in zip(found.probed, learnt, strict=True)]
        return surrogate_and_variance(found, controls, list(self.parameters()))
