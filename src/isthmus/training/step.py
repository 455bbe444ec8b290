"""One step of training: forward, terms, gradients for every player, then every optimiser."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.autoencoder import Autoencoder
from isthmus.errors import ParameterError, TrainingError, did_you_mean, users_level
from isthmus.records import Batch, Trace, batch_mean
from isthmus.stations import Player
from isthmus.training import compiler
from isthmus.training.engine import Engine
from isthmus.training.one_place import ProductsForOnePlace, convolves_on_a_processor
from isthmus.training.tally import Tally
from isthmus.training.whole_step import ADAPTIVE, WholeStep

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adamax": torch.optim.Adamax,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
_FUSED = {"adam", "adamw", "sgd"}  # in one kernel for all parameters


class Pass(nn.Module):
    """Batch in, one total per player and the mean of every term out: plain tensors, so that it compiles.

    >>> Pass.__name__
    'Pass'
    """

    def __init__(self, model: Autoencoder, players: Sequence[Player]) -> None:
        super().__init__()
        self.model, self.players = model, players
        self.convolves = convolves_on_a_processor(model)

    def forward(
        self,
        batch: Batch,
        weights: Mapping[str, float | Tensor],
        between: Callable[[Trace], None] | None = None,
    ) -> tuple[list[Tensor], Tensor]:
        """Totals by player (with graph) and the means of all terms, stacked (without).

        ``between`` the pass and the loss critics take their own steps.
        """
        with ProductsForOnePlace() if self.convolves else nullcontext():
            trace = self.model(batch)
        if between is not None:
            between(trace.detached())
        loss = self.model.loss(trace, weights)
        means = {name: batch_mean(values, batch.weight) for name, values in loss.terms.items()}
        if all(player.terms is None for player in self.players):
            totals = [loss.total]
        else:
            totals = [
                torch.stack([weights[name] * means[name] for name in player.terms or means]).sum()
                for player in self.players
            ]
        return totals, torch.stack([value.detach().float() for value in means.values()])


class Step:
    """Owns the optimisers; ``take`` runs one step and adds the terms' means to a tally, without waiting for them.

    A step whose loss or gradient is not finite, in any process, moves no parameter; which terms were to blame is
    counted on the device.
    """

    def __init__(
        self,
        model: Autoencoder,
        engine: Engine,
        *,
        optimiser: str,
        learning_rate: float,
        weight_decay: float,
        clip: float | None,
        heavy: bool,
        rows: Callable[[Tensor | Batch], Batch],
    ) -> None:
        if optimiser not in OPTIMISERS:
            raise ParameterError(f"No optimiser is called {optimiser!r}. {did_you_mean(optimiser, OPTIMISERS)}")
        self.model, self.engine, self.clip, self.rows = model, engine, clip, rows
        self.autocast = engine.autocast(heavy)
        self.learning_rate, self.name = learning_rate, optimiser
        self.players = model.players()
        self.critics = list(model.judges().values())
        self.judging = [Player(name, _trainable(critic)) for name, critic in model.judges().items()]
        _assert_partition(model, [*self.players, *self.judging])
        options = _options(optimiser, playing=bool(self.critics))
        self.optimisers = [
            OPTIMISERS[optimiser](_groups(player, weight_decay), lr=learning_rate, **options)
            for player in [*self.players, *self.judging]
        ]
        model.to(engine.device)  # before the pass looks where it is
        self.passing = _placed(engine, Pass(model, self.players), self.judging)
        self.terms = [str(term.name) for term in model.terms]
        self.tally = Tally(len(self.terms), engine.device)
        self._broken = torch.zeros(len(self.terms) + 1, device=engine.device, dtype=torch.bool)  # in this step
        self._no_bad_term = torch.ones(len(self.terms), device=engine.device, dtype=torch.bool)
        self.compiled = False
        self._whole: WholeStep | None = None
        self._compiled_pass: Callable[..., tuple[list[Tensor], Tensor]] | None = None

    def take(self, given: Tensor | Batch, weights: Mapping[str, float | Tensor], rate: float) -> None:
        """One step, on rows by number or gathered, at ``rate`` times the learning rate."""
        if self._whole is not None:
            drawn = None if self._whole.begun else torch.random.get_rng_state()
            try:
                self._whole(given, weights, self.learning_rate * rate)
            except Exception as error:  # a compiler may fail in any way; the pass alone may do
                if drawn is None and not isinstance(error, torch._dynamo.exc.TorchDynamoException):
                    raise
                if drawn is not None:
                    torch.random.set_rng_state(drawn)
                self.forget_compiled()
                self._whole = None
                self._compile_pass()
            else:
                return
        self._take_plainly(self.rows(given), weights, rate)

    def _take_plainly(self, batch: Batch, weights: Mapping[str, float | Tensor], rate: float) -> None:
        between = (lambda trace: self._judge(trace, rate)) if self.critics else None
        with self.autocast():
            totals, means = self._pass(batch, weights, between)
        sound, last = self.engine.everywhere(means.isfinite()), len(self.players) - 1
        for i, (player, total) in enumerate(zip(self.players, totals, strict=True)):
            for parameter in player.parameters:
                parameter.grad = None
            alone = last == 0 and not self.critics  # whose parameters the loss reaches as well
            only: dict[str, Any] = {} if alone else {"inputs": player.parameters, "retain_graph": i < last}
            self.engine.fabric.backward(total, **only)
        for player, optimiser in zip(self.players, self.optimisers, strict=False):
            self._update(player, optimiser, sound, rate)
        self.tally.add(means, self._broken)
        self._broken.zero_()

    def _pass(
        self, batch: Batch, weights: Mapping[str, float | Tensor], between: Callable[[Trace], None] | None
    ) -> tuple[list[Tensor], Tensor]:
        if self._compiled_pass is not None:
            try:
                return self._compiled_pass(batch, weights, between)
            except Exception as error:  # noqa: BLE001  a compiler may fail in any way
                self._give_up_compiling(error)
        found: tuple[list[Tensor], Tensor] = self.passing(batch, weights, between)
        return found

    def _judge(self, trace: Trace, rate: float) -> None:
        """The critics' own steps, on a trace without a graph; with several processes their gradients are shared."""
        optimisers = self.optimisers[len(self.players) :]
        for critic, player, optimiser in zip(self.critics, self.judging, optimisers, strict=True):
            for _ in range(critic.repeats):
                for parameter in player.parameters:
                    parameter.grad = None
                with torch.enable_grad():
                    critic.loss(trace).backward()
                self.engine.share_gradients(player.parameters)
                self._update(player, optimiser, self._no_bad_term, rate)

    def compile(self) -> None:
        """Compile the step, or the pass where several players or processes move; a part may rule that out.

        Where it fails, a warning says why, and training goes on without.
        """
        self.compiled = True
        if not all(getattr(part, "compiles", True) for part in self.model.modules()):
            return
        try:
            self._compile()
        except Exception as error:  # noqa: BLE001  here there may be no compiler at all
            self._give_up_compiling(error)

    def _compile(self) -> None:
        alone = len(self.players) == 1 and not self.critics and self.engine.world == 1
        if alone and self.name in ADAPTIVE:
            self._whole = WholeStep(
                self.passing,
                self.rows,
                self.optimisers[0],
                decoupled=self.name == "adamw",
                clip=self.clip,
                autocast=self.autocast,
                tally=self.tally,
            )
        else:
            self._compile_pass()

    def _compile_pass(self) -> None:
        self._compiled_pass = torch.compile(self.passing, options=compiler.options())

    def run_plainly(self) -> None:
        """As if it had never been compiled; the moments of the optimiser go on."""
        self.forget_compiled()
        self._whole = self._compiled_pass = None
        self.compiled = False

    def forget_compiled(self) -> None:
        """What was compiled for these steps is needed no more."""
        if self._whole is not None:
            self._whole.forget()

    def _give_up_compiling(self, error: Exception) -> None:
        self.run_plainly()
        told = " ".join(str(error).split())[:200]
        warnings.warn(
            f"The model could not be compiled ({type(error).__name__}: {told}); "
            "training goes on without. Pass compile=False to the trainer to silence this.",
            stacklevel=users_level(),
        )

    def _update(self, player: Player, optimiser: torch.optim.Optimizer, sound: Tensor, rate: float) -> None:
        norm = torch.nn.utils.get_total_norm([p.grad for p in player.parameters if p.grad is not None])
        if self.clip is not None:
            torch.nn.utils.clip_grads_with_norm_(player.parameters, self.clip, norm)
        broken = ~torch.cat([sound, norm.isfinite()[None]])
        self._broken |= broken
        for group in optimiser.param_groups:
            group["lr"] = self.learning_rate * rate * group["multiple"]
        if self.name in _FUSED:  # skips by itself, without waiting: the protocol of torch.amp.GradScaler
            optimiser.found_inf = broken.any().float()  # type: ignore[attr-defined]
            optimiser.grad_scale = None  # type: ignore[attr-defined]
            optimiser.step()
        elif not broken.any():
            optimiser.step()


def _groups(player: Player, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay on matrices, not on biases and scales; apart where the learning rate is another."""
    groups: list[dict[str, object]] = []
    for multiple in dict.fromkeys(player.rates):
        own = [p for p, rate in zip(player.parameters, player.rates, strict=True) if rate == multiple]
        groups += [
            {"params": [p for p in own if p.ndim > 1], "weight_decay": weight_decay, "multiple": multiple},
            {"params": [p for p in own if p.ndim <= 1], "weight_decay": 0.0, "multiple": multiple},
        ]
    return [group for group in groups if group["params"]]


def _options(optimiser: str, *, playing: bool) -> dict[str, Any]:
    """Against critics with less momentum: their answer changes (Radford et al. 2016)."""
    fused: dict[str, Any] = {"fused": True} if optimiser in _FUSED else {}
    betas = (0.5, 0.9) if playing else (0.9, 0.99)
    return fused | ({"betas": betas} if optimiser in ("adam", "adamw") else {})


def _trainable(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _placed(engine: Engine, passing: Pass, judging: Sequence[Player]) -> nn.Module:
    """On the device; critics step by themselves, so the wrapper that shares gradients must not wait for theirs."""
    apart = [p for player in judging for p in player.parameters]
    for parameter in apart:
        parameter.requires_grad = False
    placed = engine.place(passing)
    for parameter in apart:
        parameter.requires_grad = True
    return placed


def _assert_partition(model: Autoencoder, players: Sequence[Player]) -> None:
    """Players share out all trainable parameters, each to one: else ranks drift apart silently."""
    trainable = {id(p) for p in model.parameters() if p.requires_grad}
    owned = [id(p) for player in players for p in player.parameters]
    if len(owned) != len(set(owned)) or set(owned) != trainable:
        raise TrainingError("The players do not partition the model's trainable parameters")
