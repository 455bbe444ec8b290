"""One training run from the first step to the last: epochs, evaluation, stopping, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.errors import Interrupted, TrainingError, counted
from isthmus.records import Batch
from isthmus.training.augmentation import blended, noisy
from isthmus.training.buckets import bucketed
from isthmus.training.checkpoint import Checkpoint
from isthmus.training.compiling import Compiling
from isthmus.training.early_stopping import EarlyStopping
from isthmus.training.engine import Engine
from isthmus.training.found import Found
from isthmus.training.history import History
from isthmus.training.interruption import Interruption
from isthmus.training.progress import Progress
from isthmus.training.random_stream import RandomStream
from isthmus.training.rows import Rows
from isthmus.training.run_state import pack, unpack
from isthmus.training.seeds import EVALUATION, NOISE, ORDER, derive
from isthmus.training.settings import Settings
from isthmus.training.step import Step
from isthmus.training.weight_average import WeightAverage

EVALUATION_BATCH = 2048
MOST_OUTPUTS = 2**27  # numbers that a decoder gives at a time: 512 MiB
HEAVY = 200_000  # parameters from which bf16 pays


class Run:
    """Trains ``model`` on ``rows``; ``held_out`` rows decide when to stop and which weights are kept."""

    def __init__(
        self,
        model: Autoencoder,
        rows: Rows,
        held_out: Rows | None,
        settings: Settings,
        engine: Engine,
    ) -> None:
        self.model, self.settings, self.engine = model, settings, engine
        self.rows = rows.to(engine.device)
        self.held_out = None if held_out is None else held_out.to(engine.device)
        self.step = Step(
            model,
            engine,
            optimiser=settings.optimiser,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            clip=settings.clip,
            heavy=sum(p.numel() for p in model.parameters()) >= HEAVY and len(rows) >= 5000,
            rows=self._batch,
        )
        self.compiling = Compiling(settings.compile, self.step, engine.device)
        self.stream = RandomStream(derive(settings.seed, NOISE, engine.rank), engine.device)
        self.stopping = EarlyStopping(model, settings.patience)
        self.average = None if settings.average is None else WeightAverage(_learnt(model), settings.average)
        self.history = History()
        self.epoch, self.position, self.steps = 0, 0, 0
        self.calibrations: list[dict[str, Tensor]] = []  # the likelihood's buffers after each evaluation
        self.calibration: dict[str, Tensor] = {}  # those to end with, where earlier runs have found them
        self.noise = settings.noise * _spread(rows) if settings.noise else 0.0
        numbers = math.prod(rows.wanted_shape) * (1 if model.likelihood is None else model.likelihood.outputs)
        self.evaluation_batch = max(1, min(EVALUATION_BATCH, MOST_OUTPUTS // numbers))
        self.steps_per_epoch = max(1, len(rows) // settings.batch_size)
        self.interruption: Interruption | None = None
        self.found: Found | None = None  # what earlier runs of a search have found
        self._saved = time.monotonic()

    def fit(self) -> History:
        """Train to the end, or until nothing is gained any more; the best weights are left in the model."""
        epochs = self._epochs()
        total = epochs * self.steps_per_epoch
        shown = self.settings.progress and self.engine.rank == 0
        self.model.train()
        try:
            with (
                Interruption() if self.engine.world == 1 else nullcontext() as interruption,
                Progress(
                    total, shown, done=self.steps, rows_per_step=self._batch_size(), title=self.settings.title
                ) as progress,
            ):
                self.interruption = interruption
                if not self.history.epochs:
                    self._evaluate(progress)
                while self.epoch < epochs and not self.history.stopped:
                    self._run_epoch(progress)
        except (MemoryError, RuntimeError) as error:
            if _out_of_memory(error):
                raise TrainingError(
                    f"Out of memory with batches of {self.settings.batch_size} rows. Try "
                    f"batch_size={max(1, self.settings.batch_size // 2)}, or a smaller network."
                ) from error
            raise
        return self._finish(epochs)

    def save(self) -> None:
        """Write a checkpoint, if a place for it was given."""
        if self.settings.checkpoint is not None and self.engine.rank == 0:
            pack(self).save(self.settings.checkpoint)
        self._saved = time.monotonic()

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go back to exactly where a checkpoint was written."""
        unpack(self, checkpoint)

    # -- an epoch ------------------------------------------------------------------------------------

    def _run_epoch(self, progress: Progress) -> None:
        given = self.rows.in_turn(self._order(), self._batch_size(), self.position)
        with self.stream:
            while self.position < self.steps_per_epoch:
                self._take_step(next(given))
                progress.advance(1)
                self._stop_if_asked()
                if self._checkpoint_is_due():
                    self.save()
        self.epoch, self.position = self.epoch + 1, 0
        self._check_finite()
        if self.epoch in self.settings.evaluations:
            self._evaluate(progress)
        self._stop_if_asked()

    def _take_step(self, given: Tensor | Batch) -> None:
        with self.compiling.watching(left=self._epochs() * self.steps_per_epoch - self.steps - 1):
            self.step.take(given, self._weights(), self.settings.rate.at(self.steps))
        self.steps, self.position = self.steps + 1, self.position + 1
        if self.average is not None:
            self.average.update()

    def _batch(self, given: Tensor | Batch) -> Batch:
        """Rows, by number or as they were gathered, as the model is to see them in this step."""
        batch = self.rows.gathered(given)
        if self.settings.mix > 0:
            batch = blended(batch, self.settings.mix)
        return noisy(batch, self.noise) if self.noise > 0 else batch

    def _epochs(self) -> int:
        """How many there will be at the most."""
        return self.settings.epochs if self.settings.stop_after is None else self.settings.stop_after

    def _order(self) -> Tensor:
        """This epoch's order of the rows; each process takes its own share of every batch."""
        generator = torch.Generator().manual_seed(derive(self.settings.seed, ORDER, self.epoch))
        order = self.rows.order(generator)
        size = self._batch_size() * self.engine.world
        order = order[: self.steps_per_epoch * size]
        if self.rows.lengths is not None:
            order = bucketed(order, self.rows.lengths, size, generator)
        shares = order.reshape(self.steps_per_epoch, self.engine.world, -1)
        return shares[:, self.engine.rank].flatten()

    def _batch_size(self) -> int:
        """Rows per step and process: the batches share out the rows evenly."""
        return max(1, min(self.settings.batch_size, len(self.rows) // self.steps_per_epoch) // self.engine.world)

    def _weights(self) -> Mapping[str, float | Tensor]:
        """The terms' weights now; those that change come as tensors, so that compiled code need not."""
        now = self.model.weights_at(self.steps)
        changing = self.model.changing
        return {
            name: torch.tensor(value, device=self.engine.device) if name in changing else value
            for name, value in now.items()
        }

    # -- looking at it -------------------------------------------------------------------------------

    @torch.no_grad()
    def _evaluate(self, progress: Progress) -> None:
        """Held-out losses with the final weights of all terms, the same random numbers every time."""
        entry: dict[str, Any] = {"epoch": self.epoch, "step": self.steps}
        if self.steps:
            entry["training"] = dict(zip(self.step.terms, self.step.tally.take(), strict=True))
        averaged = self.average is not None and self.steps
        with self.average.in_place() if averaged and self.average else nullcontext():  # judged and kept
            if self.held_out is not None:
                entry["held_out"] = self._losses(self.held_out)
            compares = "held_out" in entry and self.steps >= self.settles()
            if compares and self.stopping.observe(entry["held_out"]["loss"], self.epoch):
                self.history.stopped = f"no gain on held-out rows for {self.stopping.patience} evaluations"
        self.history.epochs.append(entry)
        self._tell(entry, progress)

    def _losses(self, rows: Rows) -> dict[str, float]:
        self.model.eval()
        names = ["loss", *self.step.terms]
        sums = torch.zeros(len(names), device=self.engine.device, dtype=torch.float64)
        with RandomStream(derive(self.settings.seed, EVALUATION), self.engine.device):
            self.model.calibrate(rows.batch(slice(0, self.evaluation_batch)))
            for batch in rows.batches(self.evaluation_batch):
                loss = self.model.loss(self.model(batch))
                means = [loss.total, *(values.mean() for values in loss.terms.values())]
                sums += torch.stack([m.double() for m in means]) * len(batch)
        self.model.train()
        self.calibrations.append({name: value.clone() for name, value in self.model.calibration().items()})
        return dict(zip(names, self.engine.mean(sums / len(rows)).tolist(), strict=True))

    def settles(self) -> int:
        """The step from which losses compare. Where a warm-up is longer than the run, its end is the run's end."""
        return min(self.model.settles, self.settings.epochs * self.steps_per_epoch)

    def _tell(self, entry: Mapping[str, Any], progress: Progress) -> None:
        losses = {"loss": entry.get("held_out", {}).get("loss"), **entry.get("training", {})}
        progress.tell("  ".join(f"{name} {value:.4g}" for name, value in losses.items() if value is not None))
        if self.settings.log is not None and self.engine.rank == 0:
            flat = {f"{part}/{k}": v for part in ("training", "held_out") for k, v in entry.get(part, {}).items()}
            self.settings.log.log({"epoch": float(self.epoch), **flat}, self.steps)

    def _check_finite(self) -> None:
        """Once an epoch: count what was skipped; give up, by name, when nothing else happens any more."""
        bad = self.step.tally.broken.tolist()
        if not any(bad):
            return
        self.history.skipped = {n: int(c) for n, c in zip([*self.step.terms, "gradient"], bad, strict=True) if c}
        if max(bad) >= max(0.5 * self.steps, 3):
            self.stopping.restore()
            worst = ", ".join(f"{name} ({count} of {self.steps} steps)" for name, count in self.history.skipped.items())
            raise TrainingError(
                f"Training does not get on: not finite: {worst}. Steps like that change nothing and were skipped. "
                f"Try a learning rate below {self.settings.learning_rate:g}, clip=1.0, or look for extreme values "
                "in the data."
            )

    # -- ends ----------------------------------------------------------------------------------------

    def _finish(self, epochs: int) -> History:
        if self.settings.stop_after is None and self.stopping.best:
            self.stopping.restore()
            self.history.best_epoch = self.stopping.best_epoch
        else:
            if self.average is not None:
                torch._foreach_copy_(self.average.weights, self.average.values)
            self.history.best_epoch = self.epoch
        for name, value in self.model.calibration().items():
            value.copy_(self.calibration.get(name, value))
        all_done = f"{'' if epochs == 1 else 'all '}{counted(epochs, 'epoch')} done"
        done = all_done if epochs else "no epoch made held-out rows better: the start was kept"
        self.history.stopped = self.history.stopped or done
        self.history.steps = self.steps
        self.step.forget_compiled()
        self.model.eval()
        self.engine.close()
        return self.history

    def _checkpoint_is_due(self) -> bool:
        if self.settings.checkpoint is None:
            return False
        return time.monotonic() - self._saved >= self.settings.checkpoint_every

    def _stop_if_asked(self) -> None:
        """After Ctrl-C: freeze the run where it stands, and say how to go on."""
        if self.interruption is None or not self.interruption.asked:
            return
        if self.settings.checkpoint is None:
            raise KeyboardInterrupt
        self.save()
        raise Interrupted(
            f"Stopped at step {self.steps}; the checkpoint is {self.settings.checkpoint}. "
            f"To go on: {self.settings.resume_command or 'fit again with resume=True'}"
        )


def _learnt(model: Autoencoder) -> list[Tensor]:
    """What an average is made of: weights, and float buffers such as a norm's means and a codebook's vectors.

    Those that never change stay what they are.
    """
    calibrated = {id(buffer) for buffer in model.calibration().values()}  # anew at each evaluation
    buffers = [b for b in model.buffers() if b.is_floating_point() and id(b) not in calibrated]
    return [*(p for p in model.parameters() if p.requires_grad), *buffers]


def _spread(rows: Rows) -> float:
    """The standard deviation of the values about their features' means, root mean square."""
    x = rows.batch(slice(0, EVALUATION_BATCH)).x.flatten(1)
    return float((x - x.mean(0)).square().mean().sqrt())


def _out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text
