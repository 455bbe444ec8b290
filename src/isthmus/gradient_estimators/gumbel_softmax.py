"""A soft draw in the place of a hard one."""

from typing import Literal

import torch
from torch import Tensor

from isthmus.errors import check
from isthmus.records import Code
from isthmus.stations import DiscretePosterior, GradientEstimator


class GumbelSoftmax(GradientEstimator):
    """A draw by the softmax (sigmoid) of logits with noise, at a temperature that falls as training goes on.

    ``"soft"`` hands on the relaxed draw, ``"hard"`` the chosen code with the relaxed one's gradient. The temperature
    is ``max(minimum, temperature * exp(-anneal * step))``; outside of training draws are always hard.

    Source: Jang et al. 2017, Categorical reparameterization with Gumbel-softmax; Maddison et al. 2017, The
    concrete distribution.

    >>> GumbelSoftmax(temperature=1.0, minimum=0.5).now().item()
    1.0
    """

    steps: Tensor

    def __init__(
        self,
        draw_as: Literal["soft", "hard"] = "soft",
        temperature: float = 1.0,
        minimum: float = 0.5,
        anneal: float = 1e-4,
    ) -> None:
        super().__init__()
        check(
            "GumbelSoftmax",
            (draw_as in ("soft", "hard"), f"draw_as is {draw_as!r}; expected 'soft' or 'hard'"),
            (temperature > 0, f"temperature is {temperature!r}; expected a positive number"),
            (
                temperature <= 0 or 0 < minimum <= temperature,
                f"minimum is {minimum!r}; expected in (0, temperature={temperature!r}]",
            ),
            (anneal >= 0, f"anneal is {anneal!r}; expected 0 or more per step"),
        )
        self.draw_as, self.temperature, self.minimum, self.anneal = draw_as, temperature, minimum, anneal
        self.register_buffer("steps", torch.zeros(()))

    def now(self) -> Tensor:
        """The temperature of this step."""
        return (self.temperature * torch.exp(-self.anneal * self.steps)).clamp_min(self.minimum)

    def draw(self, posterior: DiscretePosterior) -> Code:
        """A relaxed draw, or a hard one with its gradient; one step further."""
        perturbed = posterior.logits + posterior.noise()
        soft = posterior.soften(perturbed, self.now())
        self.steps += 1
        if self.draw_as == "soft":
            return Code(z=soft)
        return Code(z=posterior.harden(perturbed) + (soft - soft.detach()))
