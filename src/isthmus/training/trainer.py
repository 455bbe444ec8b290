"""One trainer for every model, at every size of data."""

from __future__ import annotations

import copy
import math
import numbers
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.errors import ParameterError, check
from isthmus.schedules.constant import Constant
from isthmus.schedules.cosine import Cosine
from isthmus.search_ranges import Integers, Numbers, Range
from isthmus.stations import Schedule
from isthmus.training.checkpoint import Checkpoint
from isthmus.training.defaults import Defaults, defaults
from isthmus.training.engine import Engine
from isthmus.training.history import History, finite
from isthmus.training.metrics_log import MetricsLog, metrics_log
from isthmus.training.random_stream import RandomStream
from isthmus.training.rows import Rows
from isthmus.training.run import Run
from isthmus.training.seeds import INITIAL, derive
from isthmus.training.selection import choose
from isthmus.training.settings import Settings, evaluation_epochs
from isthmus.training.splits import held_out_parts, shuffled, without

SAMPLE = 20_000  # rows that the stations are initialised from
SAMPLE_VALUES, FEWEST_ROWS = 2**28, 1000  # of large examples fewer: 1 GiB of float32
AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class RunLength:
    """How long a run is."""

    batch_size: int
    epochs: int
    steps: int


class Trainer(BaseEstimator):
    """Settings of training; every ``"auto"`` is chosen from the data's size and reported in the history.

    With fewer than 1000 rows cross-validation finds when to stop, below 10 000 one held-out part does, and
    then all rows are trained on; from 10 000 on an eighth (at most 5000) is held out for good.

    Parameters
    ----------
    epochs : passes through the data at the most.
    batch_size : rows per step, over all processes.
    learning_rate : the highest rate of the optimiser.
    schedule : ``"cosine"`` (short rise, half a cosine down to 0), ``"constant"``, or a Schedule that
        multiplies the learning rate.
    optimiser : ``"adam"``, ``"adamw"``, ``"adamax"``, ``"rmsprop"``, ``"sgd"``.
    weight_decay : on weight matrices, not on biases.
    validation : share of the rows held out, for good, to decide when to stop; 0: none, all epochs are run.
    folds : held-out parts by which to find when to stop, before all rows are trained on; with 1 and a
        ``validation`` of ``"auto"`` one part of an eighth.
    patience : evaluations (20 in a run, at least an epoch apart) without a gain on rows held out for good
        before training stops; the best weights return.
    mix : rows are blended with up to this share of another row, which keeps small data from being learnt by
        heart (Zhang et al. 2018; real-valued data only).
    noise : noise on the input, in units of the data's spread (Bishop 1995; real-valued data only).
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

    search: ClassVar[Mapping[str, Range]] = {
        "learning_rate": Numbers(1e-4, 3e-2, log=True),
        "batch_size": Integers(16, 512, log=True),
        "weight_decay": Numbers(1e-4, 0.3, log=True),
    }

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
        folds: int | Literal["auto"] = "auto",
        patience: int = 5,
        mix: float | Literal["auto"] = "auto",
        noise: float | Literal["auto"] = "auto",
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
        self.validation, self.folds, self.patience = validation, folds, patience
        self.mix, self.noise, self.clip, self.average = mix, noise, clip, average
        self.device, self.precision, self.compile = device, precision, compile
        self.processes, self.strategy = processes, strategy
        self.checkpoint, self.checkpoint_every = checkpoint, checkpoint_every
        self.log, self.progress = log, progress

    def fit(
        self,
        model: Autoencoder,
        rows: Rows,
        *,
        seed: int = 0,
        may_blend: bool = False,
        resume: bool = False,
        resume_command: str = "",
    ) -> History:
        """Initialise the model from the rows and train it in place.

        ``may_blend`` says that blended and noisy rows make sense for this model; with ``resume`` the
        checkpoint is read and training goes on exactly where it stopped. Raises ``ParameterError``,
        ``TrainingError``.
        """
        began = time.monotonic()
        self.validate()
        engine = Engine(self.device, self.precision, self.processes, self.strategy)
        auto = defaults(len(rows)) if may_blend else without_blending(defaults(len(rows)))
        folds = self._folds(auto)
        share = None if self.validation == AUTO else float(self.validation)
        parts = held_out_parts(len(rows), folds, share, seed, in_order=rows.in_order) if model.compares else ()
        if resume and not self.checkpoint:
            raise ParameterError("resume=True needs to know from where: Trainer(checkpoint='run.safetensors')")
        checkpoint = Checkpoint.load(Path(self.checkpoint)) if resume and self.checkpoint else None
        refit = bool(parts) and share is None and (folds > 1 or auto.refit)
        training = rows if refit or not parts else without(rows, parts[0])
        settings = self._settings(len(training), auto, seed, resume_command)
        calibration: dict[str, Tensor] = {}
        found: dict[str, list[float]] = {}
        if refit and checkpoint is not None and not checkpoint.state["searching"]:
            settings = replace(settings, stop_after=checkpoint.state["settings"]["stop_after"])
        elif refit:
            fewest = len(rows) - max(len(part) for part in parts)
            trial_settings = self._trial(
                fewest, auto, seed, resume_command
            )  # the same for all, so that their curves can be pooled

            def trial(number: int, kept: Rows, held_out: Rows) -> Run:
                trial_model = copy.deepcopy(model)
                start(trial_model, kept, seed)
                title = f"when to stop, {number + 1} of {len(parts)}"
                return Run(trial_model, kept, held_out, replace(trial_settings, title=title), engine)

            choice = choose(trial, rows, parts, checkpoint)
            checkpoint = None  # it was the search's
            calibration = choice.calibration
            settings = replace(settings, stop_after=round(choice.share * settings.epochs))
            found = finite({"shares": list(choice.shares), "losses": list(choice.losses)})
        start(model, training, seed)
        held_out = None if refit or not parts else rows.rows(parts[0])
        run = Run(model, training, held_out, settings, engine)
        run.calibration, run.history.choice = calibration, found
        if checkpoint is not None:
            run.resume(checkpoint)
        history = run.fit()
        history.seconds = time.monotonic() - began
        history.settings = described(settings, training, held_out, folds if refit else 0, engine)
        history.choice = history.choice or found
        return history

    def go_on(self, model: Autoencoder, rows: Rows, *, seed: int = 0) -> History:
        """Train a model further in place, from the weights that it has, on all of these rows; none are held out."""
        self.validate()
        engine = Engine(self.device, self.precision, self.processes, self.strategy)
        settings = self._settings(len(rows), without_blending(defaults(len(rows))), seed, "")
        history = Run(model, rows, None, settings, engine).fit()
        history.settings = described(settings, rows, None, 0, engine)
        return history

    def validate(self) -> None:
        """Refuse all wrong settings at once."""

        def auto_or(value: object, holds: Callable[[float], bool]) -> bool:
            number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            return value == AUTO or (number and holds(value))  # type: ignore[arg-type]

        check(
            "Trainer",
            (
                auto_or(self.epochs, lambda v: v >= 1 and v == int(v)),
                f"epochs is {self.epochs!r}; expected 1 or more, or 'auto'",
            ),
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
            (
                auto_or(self.folds, lambda v: v >= 1),
                f"folds is {self.folds!r}; expected 1 or more, or 'auto'",
            ),
            (
                auto_or(self.noise, lambda v: v >= 0),
                f"noise is {self.noise!r}; expected 0 or more, or 'auto'",
            ),
            (self.patience >= 1, f"patience is {self.patience!r}; expected 1 or more"),
            (auto_or(self.mix, lambda v: 0 <= v <= 1), f"mix is {self.mix!r}; expected a share, or 'auto'"),
            (self.weight_decay >= 0, f"weight_decay is {self.weight_decay!r}; expected 0 or more"),
            (self.clip is None or self.clip > 0, f"clip is {self.clip!r}; expected a positive norm, or None"),
            (
                self.average is None or 0 < self.average < 1,
                f"average is {self.average!r}; expected a decay in (0, 1), or None",
            ),
            (self.checkpoint_every >= 0, f"checkpoint_every is {self.checkpoint_every!r}; expected seconds"),
            (
                self.compile in (True, False, AUTO),
                f"compile is {self.compile!r}; expected True, False or 'auto'",
            ),
            (
                isinstance(self.schedule, Schedule) or self.schedule in ("cosine", "constant"),
                f"schedule is {self.schedule!r}; expected 'cosine', 'constant' or a Schedule",
            ),
        )

    def steps(self, count: int) -> int:
        """Of a run on ``count`` rows, unless it is stopped early.

        >>> Trainer(epochs=3, batch_size=10).steps(100)
        30
        """
        return self._length(count, defaults(count)).steps

    def _length(self, count: int, auto: Defaults) -> RunLength:
        batch_size = auto.batch_size if self.batch_size == AUTO else int(self.batch_size)
        of_epoch = max(1, count // batch_size)
        epochs = math.ceil(auto.steps / of_epoch) if self.epochs == AUTO else int(self.epochs)
        return RunLength(batch_size=batch_size, epochs=epochs, steps=epochs * of_epoch)

    def _folds(self, auto: Defaults) -> int:
        if self.validation != AUTO:
            return 1
        return auto.folds if self.folds == AUTO else int(self.folds)

    def _trial(self, count: int, auto: Defaults, seed: int, resume_command: str) -> Settings:
        """As the real run, but nothing is logged, and nothing is cut short."""
        settings = self._settings(count, auto, seed, resume_command)
        return replace(settings, patience=10**9, log=None)

    def _settings(self, count: int, auto: Defaults, seed: int, resume_command: str) -> Settings:
        """Every "auto" made a number, for ``count`` training rows."""
        length = self._length(count, auto)
        return Settings(
            epochs=length.epochs,
            batch_size=length.batch_size,
            learning_rate=auto.learning_rate if self.learning_rate == AUTO else float(self.learning_rate),
            rate=self._rate(length.steps),
            optimiser=self.optimiser,
            weight_decay=self.weight_decay,
            clip=self.clip,
            average=self.average,
            patience=self.patience,
            evaluations=evaluation_epochs(length.epochs),
            compile=self.compile,
            seed=seed,
            mix=auto.mix if self.mix == AUTO else float(self.mix),
            noise=auto.noise if self.noise == AUTO else float(self.noise),
            checkpoint=Path(self.checkpoint) if self.checkpoint else None,
            checkpoint_every=self.checkpoint_every,
            log=metrics_log(self.log),
            progress=self.progress,
            resume_command=resume_command,
        )

    def _rate(self, total: int) -> Schedule:
        if isinstance(self.schedule, Schedule):
            return self.schedule
        if self.schedule == "constant":
            return Constant(1.0)
        return Cosine(steps=total, warmup=total // 10)


def start(model: Autoencoder, rows: Rows, seed: int) -> None:
    """Initialise every station from the rows, or from a sample of many."""
    most = max(FEWEST_ROWS, min(SAMPLE, SAMPLE_VALUES // max(1, math.prod(rows.shape))))
    index = torch.arange(len(rows)) if len(rows) <= most else shuffled(len(rows), seed)[:most]
    with RandomStream(derive(seed, INITIAL)):
        model.initialise(rows.batch(index))


def without_blending(auto: Defaults) -> Defaults:
    """The same, for data whose blends mean nothing."""
    return replace(auto, mix=0.0, noise=0.0)


def described(
    settings: Settings, training: Rows, held_out: Rows | None, folds: int, engine: Engine
) -> dict[str, object]:
    """What the run was, as plain data for the record."""
    names = (
        "epochs",
        "batch_size",
        "learning_rate",
        "optimiser",
        "weight_decay",
        "mix",
        "noise",
        "seed",
        "stop_after",
    )
    return {
        **{name: getattr(settings, name) for name in names},
        "training_rows": len(training),
        "held_out_rows": 0 if held_out is None else len(held_out),
        "folds": folds,
        "device": str(engine.device),
        "processes": engine.world,
    }
