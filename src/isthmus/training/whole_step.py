"""A step of training as one function of tensors, so that one compiled graph does all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.records import Batch
from isthmus.training import compiler
from isthmus.training.tally import Tally

ADAPTIVE = ("adam", "adamw")  # optimisers that are written out here
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
        passing: nn.Module,
        rows: Callable[[Tensor | Batch], Batch],
        optimiser: torch.optim.Optimizer,
        *,
        decoupled: bool,
        clip: float | None,
        autocast: Callable[[], AbstractContextManager[Any]],
        tally: Tally,
    ) -> None:
        self.passing, self.rows, self.autocast = passing, rows, autocast
        self.decoupled, self.clip, self.tally = decoupled, clip, tally
        self.groups = optimiser.param_groups
        self.parameters = [p for group in self.groups for p in group["params"]]
        self.state: Mapping[Tensor, dict[str, Tensor]] = _with_moments(optimiser, self.parameters)
        self.counts = [self.state[p]["step"] for p in self.parameters]
        device = self.parameters[0].device
        self.rates = [torch.zeros((), device=device) for _ in self.groups]  # tensors, so that they may change
        self.count = torch.stack(self.counts).max()
        self.late = [bool(count != self.count) for count in self.counts]
        self.first, self.second = torch.zeros_like(self.count), torch.zeros_like(self.count)
        self._correct()
        self.begun = False
        self._code = compiler.with_code_of_its_own(WholeStep._step)
        self._function = MethodType(self._code, self)
        unguarded = compiler.without_guards() if compiler.all_known(passing) else None
        self._compiled = torch.compile(
            self._function, fullgraph=unguarded is not None, options=compiler.options() | (unguarded or {})
        )

    def __call__(self, given: Tensor | Batch, weights: Mapping[str, float | Tensor], rate: float) -> None:
        """One step at this learning rate."""
        for held, group in zip(self.rates, self.groups, strict=True):
            held.fill_(rate * group["multiple"])
        if self.begun:
            self._compiled(given, weights)
            return
        with compiler.gradients_in_the_graph():
            try:
                self._compiled(given, weights)
            except torch._dynamo.exc.Unsupported:  # in one graph: in parts, then, with guards
                self._compiled = torch.compile(self._function, options=compiler.options())
                self._compiled(given, weights)
        self.begun = True

    def forget(self) -> None:
        """What the compiler has made for this run is not kept for another."""
        compiler.forget(self._code)

    def _correct(self) -> None:
        """What makes up for the moments' start at 0, for the next step; in its own it is found for each number."""
        beta1, beta2 = self.groups[0]["betas"]
        self.first.copy_(1 / (1 - beta1 ** (self.count + 1)))
        self.second.copy_((1 - beta2 ** (self.count + 1)).rsqrt())

    def _step(self, given: Tensor | Batch, weights: Mapping[str, float | Tensor]) -> None:
        with self.autocast():
            totals, means = self.passing(self.rows(given), weights, None)
        gradients = torch.autograd.grad(totals[0], self.parameters, allow_unused=True)
        with torch.no_grad():
            squares = [g.float().square().sum() for g in gradients if g is not None]
            norm = torch.stack([means.new_zeros(()), *squares]).sum().sqrt()
            broken = ~torch.cat([means.isfinite(), norm.isfinite()[None]])
            if self.clip is not None:
                shrunk = (self.clip / (norm + 1e-6)).clamp(max=1.0)
                gradients = tuple(None if g is None else g * shrunk for g in gradients)
            sound = ~broken.any()
            self._update(gradients, sound)
            self.count.add_(sound)
            self._correct()
            self.tally.add(means, broken)

    def _update(self, gradients: tuple[Tensor | None, ...], sound: Tensor) -> None:
        given = iter(zip(gradients, self.late, strict=True))
        for rate, group in zip(self.rates, self.groups, strict=True):
            for p in group["params"]:
                g, late = next(given)
                if g is not None and late:
                    raise RuntimeError("a weight gets its first gradient later than others")
                if g is not None:
                    self.state[p]["step"].add_(sound)
                    self._adam(p, g.float(), rate, group, sound)

    def _adam(self, p: Tensor, g: Tensor, rate: Tensor, group: Mapping[str, Any], sound: Tensor) -> None:
        """m, v and p move where the step is ``sound``."""
        m, v = self.state[p]["exp_avg"], self.state[p]["exp_avg_sq"]
        beta1, beta2 = group["betas"]
        if not self.decoupled:
            g = g + group["weight_decay"] * p
        new_m, new_v = torch.lerp(m, g, 1 - beta1), beta2 * v + (1 - beta2) * g * g
        shrunk = p * (1 - rate * group["weight_decay"]) if self.decoupled else p
        new_p = shrunk - (rate * self.first) * new_m / (new_v.sqrt() * self.second + group["eps"])
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
