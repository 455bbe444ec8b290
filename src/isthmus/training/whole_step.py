"""A step of training as one function of tensors, so that one compiled graph does all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor

from isthmus.records import Batch

ADAPTIVE = ("adam", "adamw")  # optimisers that are written out here
AS_PLAIN: dict[str, Any] = {"fallback_random": True}  # random numbers, which else are others
TINY = 1e-30  # moments below are 0: numbers near the smallest that there are take a processor many times as long


class WholeStep:
    """Rows, pass, terms, gradients, and Adam's or AdamW's step, for a model with a single player and one process.

    ``optimiser`` holds the moments, as it does between steps that it takes itself: the two can take turns.

    Source: Kingma & Ba 2015, Adam, algorithm 1; Loshchilov & Hutter 2019, Decoupled weight decay, algorithm 2.

    >>> WholeStep.__name__
    'WholeStep'
    """

    def __init__(
        self,
        passing: Callable[..., tuple[list[Tensor], Tensor]],
        rows: Callable[[Tensor], Batch],
        optimiser: torch.optim.Optimizer,
        *,
        decoupled: bool,
        clip: float | None,
        autocast: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self.passing, self.rows, self.autocast = passing, rows, autocast
        self.decoupled, self.clip = decoupled, clip
        self.groups = optimiser.param_groups
        self.parameters = [p for group in self.groups for p in group["params"]]
        self.state: Mapping[Tensor, dict[str, Tensor]] = _with_moments(optimiser, self.parameters)
        device = self.parameters[0].device
        self.rates = [torch.zeros((), device=device) for _ in self.groups]  # tensors, so that they may change
        self._compiled = torch.compile(self._step, options=AS_PLAIN)

    def __call__(self, index: Tensor, weights: Mapping[str, float | Tensor], rate: float) -> tuple[Tensor, Tensor]:
        """The means of all terms, and what of them, and of the gradient (last), was not finite."""
        for held, group in zip(self.rates, self.groups, strict=True):
            held.fill_(rate * group["multiple"])
        with _gradients_in_the_graph():
            return self._compiled(index, weights)

    def _step(self, index: Tensor, weights: Mapping[str, float | Tensor]) -> tuple[Tensor, Tensor]:
        with self.autocast():
            totals, means = self.passing(self.rows(index), weights, None)
        gradients = torch.autograd.grad(totals[0], self.parameters, allow_unused=True)
        with torch.no_grad():
            squares = [g.float().square().sum() for g in gradients if g is not None]
            norm = torch.stack(squares).sum().sqrt()
            broken = ~torch.cat([means.isfinite(), norm.isfinite()[None]])
            if self.clip is not None:
                shrunk = (self.clip / (norm + 1e-6)).clamp(max=1.0)
                gradients = tuple(None if g is None else g * shrunk for g in gradients)
            self._update(gradients, ~broken.any())
        return means, broken

    def _update(self, gradients: tuple[Tensor | None, ...], sound: Tensor) -> None:
        given = iter(gradients)
        for rate, group in zip(self.rates, self.groups, strict=True):
            for p in group["params"]:
                g = next(given)
                if g is not None:
                    self._adam(p, g.float(), self.state[p], rate, group, sound)

    def _adam(
        self, p: Tensor, g: Tensor, state: dict[str, Tensor], rate: Tensor, group: Mapping[str, Any], sound: Tensor
    ) -> None:
        """m, v and p move where the step is ``sound``."""
        m, v, count = state["exp_avg"], state["exp_avg_sq"], state["step"]
        beta1, beta2 = group["betas"]
        count.add_(sound)
        if not self.decoupled:
            g = g + group["weight_decay"] * p
        new_m, new_v = torch.lerp(m, g, 1 - beta1), beta2 * v + (1 - beta2) * g * g
        step = rate / (1 - beta1**count)
        shrunk = p * (1 - rate * group["weight_decay"]) if self.decoupled else p
        new_p = shrunk - step * new_m / (new_v.sqrt() / (1 - beta2**count).sqrt() + group["eps"])
        p.copy_(torch.where(sound, new_p, p))
        m.copy_(torch.where(sound, _without_tiny(new_m), m))
        v.copy_(torch.where(sound, _without_tiny(new_v), v))


def _without_tiny(moment: Tensor) -> Tensor:
    return torch.where(moment.abs() < TINY, 0.0, moment)


def _with_moments(optimiser: torch.optim.Optimizer, parameters: list[Tensor]) -> Mapping[Tensor, dict[str, Tensor]]:
    """The optimiser's state; zeros before its first step."""
    for p in parameters:
        if not optimiser.state[p]:
            optimiser.state[p] = {
                "step": torch.zeros((), device=p.device),
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.zeros_like(p),
            }
    return optimiser.state


@contextmanager
def _gradients_in_the_graph() -> Iterator[None]:
    """Where PyTorch can (from 2.11 on), ``torch.autograd.grad`` becomes part of the graph, not its end."""
    settings = torch._dynamo.config
    if not hasattr(settings, "trace_autograd_ops"):
        yield
        return
    before, settings.trace_autograd_ops = settings.trace_autograd_ops, True
    try:
        yield
    finally:
        settings.trace_autograd_ops = before
