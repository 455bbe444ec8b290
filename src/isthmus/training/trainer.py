"""How to train: one object of settings for every model, and the one loop behind it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.errors import check
from isthmus.schedules.constant import Constant
from isthmus.schedules.cosine import Cosine
from isthmus.stations import Schedule
from isthmus.training.checkpoint import Checkpoint
from isthmus.training.engine import Engine
from isthmus.training.history import History
from isthmus.training.metrics_log import MetricsLog, metrics_log
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident
from isthmus.training.run import Run
from isthmus.training.seeds import INITIAL, SPLIT, derive
from isthmus.training.settings import Settings

SMALL = 1000  # rows below which no row is spared for validation: cross-validation chooses when to stop
SAMPLE = 20_000  # rows that the stations are initialised from
AUTO = "auto"


class Trainer(BaseEstimator):
    """Settings of training; every ``"auto"`` is chosen from the data's size and reported in the history.

    Parameters
    ----------
    epochs : passes through the data at the most.
    batch_size : rows per step, over all processes.
    learning_rate : the highest rate of the optimiser.
    schedule : ``"cosine"`` (short rise, half a cosine down to 0), ``"constant"``, or a Schedule that
        multiplies the learning rate.
    optimiser : ``"adam"``, ``"adamw"``, ``"adamax"``, ``"rmsprop"``, ``"sgd"``.
    weight_decay : on weight matrices, not on biases.
    validation : share of the rows held out to decide when to stop; 0: none. ``"auto"``: an eighth, or, for
        fewer than 1000 rows, ``folds``.
    folds : with few rows, cross-validation finds the number of epochs, then all rows are used.
    patience : evaluations without a gain on held-out rows before training stops; the best weights return.
    mix : rows are blended with up to this share of another row, which keeps small data from being learnt by
        heart (real-valued likelihoods only).
    clip : largest norm of a gradient.
    average : decay of an exponential moving average of the weights, which is then evaluated and kept.
    device : ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``. precision : ``"auto"``, ``"fp32"``, ``"bf16"``.
    compile : ``"auto"`` compiles when the remaining work pays for it.
    processes, strategy : data-parallel training by Lightning Fabric.
    checkpoint : a file to freeze the run in every ``checkpoint_every`` seconds and on Ctrl-C.
    log : a JSON-lines file, or anything with ``log(dict, step)``.
    progress : show losses, rate and time left on standard error.

    >>> Trainer(epochs=3).get_params()["epochs"]
    3
    """

    def __init__(
        self,
        *,
        epochs: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: float | Literal["auto"] = "auto",
        schedule: Literal["cosine", "constant"] | Schedule = "cosine",
        optimiser: str = "adamw",
        weight_decay: float = 0.01,
        validation: float | Literal["auto"] = "auto",
        folds: int = 4,
        patience: int = 10,
        mix: float | Literal["auto"] = "auto",
        clip: float | None = None,
        average: float | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16"] = "auto",
        compile: bool | Literal["auto"] = "auto",
        processes: int = 1,
        strategy: str = "auto",
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 60.0,
        log: str | Path | MetricsLog | None = None,
        progress: bool = False,
    ) -> None:
        self.epochs, self.batch_size, self.learning_rate = epochs, batch_size, learning_rate
        self.schedule, self.optimiser, self.weight_decay = schedule, optimiser, weight_decay
        self.validation, self.folds, self.patience, self.mix = validation, folds, patience, mix
        self.clip, self.average = clip, average
        self.device, self.precision, self.compile = device, precision, compile
        self.processes, self.strategy = processes, strategy
        self.checkpoint, self.checkpoint_every = checkpoint, checkpoint_every
        self.log, self.progress = log, progress

    def fit(
        self,
        model: Autoencoder,
        rows: Resident,
        *,
        seed: int = 0,
        may_mix: bool = False,
        resume: bool = False,
        resume_command: str = "",
    ) -> History:
        """Initialise the model from the rows and train it in place.

        ``may_mix`` says that blended rows make sense for this model; with ``resume`` the checkpoint is read
        and training goes on exactly where it stopped. Raises ``ParameterError``, ``TrainingError``.
        """
        began = time.monotonic()
        self.validate()
        engine = Engine(self.device, self.precision, self.processes, self.strategy)
        checkpoint = Checkpoint.load(Path(self.checkpoint)) if resume and self.checkpoint else None
        count = held_out_count(self.validation, len(rows))
        folds = min(self.folds, len(rows) // 2)
        by_folds = self.validation == AUTO and len(rows) < SMALL and folds >= 2 and self.epochs == AUTO
        if by_folds:
            chosen = (
                checkpoint.state["settings"]["stop_after"]
                if checkpoint
                else self._cross_validate(model, rows, folds, engine, seed, may_mix)
            )
            training, held_out = rows, None
        else:
            chosen = None
            training, held_out = split(rows, count, seed)
        settings = self._settings(len(training), seed, may_mix, final=True, resume_command=resume_command)
        settings = _replaced(settings, stop_after=chosen)
        start(model, training, seed)
        run = Run(model, training, held_out, settings, engine)
        if checkpoint is not None:
            run.resume(checkpoint)
        history = run.fit()
        history.seconds = time.monotonic() - began
        history.settings = describe(settings, training, held_out, folds if by_folds else 0, engine)
        return history

    def validate(self) -> None:
        """Refuse all wrong settings at once."""

        def auto_or(value: object, holds: Callable[[float], bool]) -> bool:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return value == AUTO or (number and holds(value))  # type: ignore[arg-type]

        check(
            "Trainer",
            (auto_or(self.epochs, lambda v: v >= 1), f"epochs is {self.epochs!r}; expected 1 or more, or 'auto'"),
            (
                auto_or(self.batch_size, lambda v: v >= 1),
                f"batch_size is {self.batch_size!r}; expected 1 or more, or 'auto'",
            ),
            (
                auto_or(self.learning_rate, lambda v: v > 0),
                f"learning_rate is {self.learning_rate!r}; expected a positive number, or 'auto'",
            ),
            (
                auto_or(self.validation, lambda v: 0 <= v < 1),
                f"validation is {self.validation!r}; expected a share in [0, 1), or 'auto'",
            ),
            (self.folds >= 2, f"folds is {self.folds!r}; expected 2 or more"),
            (self.patience >= 1, f"patience is {self.patience!r}; expected 1 or more"),
            (auto_or(self.mix, lambda v: 0 <= v <= 1), f"mix is {self.mix!r}; expected a share, or 'auto'"),
            (self.weight_decay >= 0, f"weight_decay is {self.weight_decay!r}; expected 0 or more"),
            (self.clip is None or self.clip > 0, f"clip is {self.clip!r}; expected a positive norm, or None"),
            (
                self.average is None or 0 < self.average < 1,
                f"average is {self.average!r}; expected a decay in (0, 1), or None",
            ),
            (self.checkpoint_every >= 0, f"checkpoint_every is {self.checkpoint_every!r}; expected seconds"),
            (self.compile in (True, False, AUTO), f"compile is {self.compile!r}; expected True, False or 'auto'"),
            (
                isinstance(self.schedule, Schedule) or self.schedule in ("cosine", "constant"),
                f"schedule is {self.schedule!r}; expected 'cosine', 'constant' or a Schedule",
            ),
        )

    def _cross_validate(
        self, model: Autoencoder, rows: Resident, folds: int, engine: Engine, seed: int, may_mix: bool
    ) -> int:
        """The number of epochs after which the folds' held-out rows are served best; 0: the start is best."""
        order = shuffled(len(rows), seed)
        parts = order.chunk(folds)
        curves: list[list[float]] = []
        for part in parts:
            kept = order[~torch.isin(order, part)]
            fold_model = copy.deepcopy(model)
            start(fold_model, rows.rows(kept), seed)
            settings = self._settings(len(kept), seed, may_mix, final=False)
            history = Run(fold_model, rows.rows(kept), rows.rows(part), settings, engine).fit()
            curves.append([loss * len(part) for loss in history.curve("held_out", "loss")])
            epochs = [entry["epoch"] for entry in history.epochs]
        pooled = torch.tensor(curves).nan_to_num(torch.inf).sum(0)
        return int(epochs[int(pooled.argmin())])

    def _settings(
        self, count: int, seed: int, may_mix: bool, *, final: bool, resume_command: str = ""
    ) -> Settings:
        """Every "auto" made a number, for ``count`` training rows."""
        batch_size = auto_batch_size(count) if self.batch_size == AUTO else int(self.batch_size)
        steps_per_epoch = max(1, count // batch_size)
        epochs = math.ceil(auto_steps(count) / steps_per_epoch) if self.epochs == AUTO else int(self.epochs)
        total = epochs * steps_per_epoch
        return Settings(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=auto_rate(count) if self.learning_rate == AUTO else float(self.learning_rate),
            rate=self._rate(total),
            optimiser=self.optimiser,
            weight_decay=self.weight_decay,
            clip=self.clip,
            average=self.average,
            patience=self.patience if final else 10**9,
            evaluate_every=max(1, epochs // 20) if self.epochs == AUTO and count < SMALL else 1,
            compile=self.compile,
            seed=seed,
            mix=(auto_mix(count) if self.mix == AUTO else float(self.mix)) if may_mix else 0.0,
            checkpoint=Path(self.checkpoint) if self.checkpoint and final else None,
            checkpoint_every=self.checkpoint_every,
            log=metrics_log(self.log) if final else None,
            progress=self.progress and final,
            resume_command=resume_command,
        )

    def _rate(self, total: int) -> Schedule:
        if isinstance(self.schedule, Schedule):
            return self.schedule
        if self.schedule == "constant":
            return Constant(1.0)
        return Cosine(steps=total, warmup=total // 10)


def start(model: Autoencoder, rows: Resident, seed: int) -> None:
    """Initialise every station from the rows, or from a sample of many."""
    index = torch.arange(len(rows)) if len(rows) <= SAMPLE else shuffled(len(rows), seed)[:SAMPLE]
    with RandomStream(derive(seed, INITIAL)):
        model.initialise(rows.batch(index))


def shuffled(count: int, seed: int) -> Tensor:
    """A fixed order of the rows, for splits."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(derive(seed, SPLIT)))


def held_out_count(validation: float | str, count: int) -> int:
    """Rows to hold out: a share, or an eighth and at most 10 000.

    >>> held_out_count("auto", 800_000), held_out_count(0.5, 10), held_out_count(0.1, 1)
    (10000, 5, 0)
    """
    wanted = min(count // 8, 10_000) if validation == AUTO else round(float(validation) * count)
    return min(wanted, count - 1)


def split(rows: Resident, count: int, seed: int) -> tuple[Resident, Resident | None]:
    """Training rows and ``count`` held-out rows."""
    if count == 0:
        return rows, None
    order = shuffled(len(rows), seed)
    return rows.rows(order[count:]), rows.rows(order[:count])


def auto_batch_size(count: int) -> int:
    """Small batches for few rows, larger ones where there are many.

    >>> [auto_batch_size(n) for n in (100, 5_000, 60_000)]
    [64, 128, 256]
    """
    return 64 if count < SMALL else 128 if count < 20_000 else 256


def auto_steps(count: int) -> int:
    """Steps at the most: fewer rows are learnt by heart sooner.

    >>> [auto_steps(n) for n in (100, 5_000, 60_000)]
    [400, 3000, 8000]
    """
    return 400 if count < SMALL else 3000 if count < 20_000 else 8000


def auto_rate(count: int) -> float:
    """The learning rate for AdamW."""
    return 2e-3


def auto_mix(count: int) -> float:
    """How much rows are blended: the fewer they are, the more."""
    return 0.5 if count < 20_000 else 0.0


def describe(
    settings: Settings, training: Resident, held_out: Resident | None, folds: int, engine: Engine
) -> dict[str, object]:
    """What the run was, as plain data for the record."""
    return {
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "optimiser": settings.optimiser,
        "weight_decay": settings.weight_decay,
        "mix": settings.mix,
        "seed": settings.seed,
        "training_rows": len(training),
        "held_out_rows": 0 if held_out is None else len(held_out),
        "folds": folds,
        "stop_after": settings.stop_after,
        "device": str(engine.device),
        "processes": engine.world,
    }


def _replaced(settings: Settings, *, stop_after: int | None) -> Settings:
    import dataclasses

    return dataclasses.replace(settings, stop_after=stop_after)
