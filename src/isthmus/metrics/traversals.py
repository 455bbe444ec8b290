"""What changes when one number of the code does, the numbers that matter most first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.moving_pictures import write_gif
from isthmus.data.reading import read_as_in_fit
from isthmus.data.sheets import contact_sheet
from isthmus.data.shown_pictures import pictures_of
from isthmus.errors import DataError, NotAvailableError, ParameterError, check
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.rows import batches
from isthmus.records import Batch, Code, View
from isthmus.training.random_stream import RandomStream

if TYPE_CHECKING:
    from PIL.Image import Image

    from isthmus.estimator import Estimator

Use = Literal["KL", "effect"]
ROWS = 256  # by which effects are measured
RANGE_ROWS = 2000  # by which ranges and KL are
MOST_TRIED = 64  # numbers whose effect is measured: those that vary most
REACH = (1.0, 99.0)  # percentiles of real codes
ENLARGED = 3


@dataclass(frozen=True, kw_only=True)
class Traversal:
    """One number of the code, walked over the range that it has; the others stay at their means."""

    number: int  # in the code as ``transform`` lays it out
    use: float  # nats
    values: NDArray[np.float32]  # [steps], of the number
    examples: Any  # [steps, *example], in the units of X
    pictures: NDArray[np.float64] | None  # [steps, height, width(, 3)] in [0, 1], where they are some


@dataclass(frozen=True, kw_only=True)
class Traversals:
    """Walks over numbers of a code, the most used first."""

    use: Use  # "KL": to the prior; "effect": log p(x | code) lost when the number is held at its mean
    numbers: int  # that the code has
    walks: tuple[Traversal, ...]

    def strip(self) -> Image:
        """A row of pictures for each number, as one picture. Raises ``DataError`` where examples are no pictures."""
        return contact_sheet(self._pictures(), enlarge=ENLARGED)

    def gif(self, path: str | Path, *, milliseconds: int = 120) -> Path:
        """All numbers moving at once, side by side, there and back. Returns the path; raises as ``strip``."""
        rows = self._pictures()  # of each number, [steps, height, width(, 3)]
        frames = [np.asarray(contact_sheet([[row[step] for row in rows]], enlarge=1)) for step in range(len(rows[0]))]
        return write_gif(np.stack(frames) / 255.0, path, milliseconds=milliseconds)

    def as_text(self) -> str:
        """A table: each number's use, and the range it is walked over."""
        lines = [f"{'number':<10}{self.use + ', nats':>14}{'from':>10}{'to':>10}"]
        lines += [
            f"{f'z{walk.number}':<10}{walk.use:>14.3f}{walk.values[0]:>10.2f}{walk.values[-1]:>10.2f}"
            for walk in self.walks
        ]
        left = self.numbers - len(self.walks)
        return "\n".join([*lines, f"... and {left} less used"] if left else lines)

    def _pictures(self) -> list[NDArray[np.float64]]:
        found = [walk.pictures for walk in self.walks if walk.pictures is not None]
        if len(found) < len(self.walks):
            raise DataError(
                "These examples are no pictures, so there is no strip and no GIF: .walks[0].examples has the steps, "
                "on the command line --out walks.csv"
            )
        return found


def traversals(model: Estimator, X: Any = None, *, top: int = 8, steps: int = 9, condition: Any = None) -> Traversals:
    """The ``top`` most used numbers of a fitted model's code, each walked over the range that codes of X have.

    Use is the KL of each number (Kingma & Welling 2014) where codes are random and there are rows; otherwise the mean
    of log p(x | z) - log p(x | z with this number at its mean), nats per example, of up to 256 rows. Without X codes
    are drawn from the prior, and x from them. The range is that from the 1st to the 99th percentile. ``condition`` is
    what all steps are told, in conditional models, whose X must have labels. Raises ``ParameterError`` for discrete
    codes, and where there are neither rows nor a prior.

    Source: Higgins et al. 2017, beta-VAE, figure 1 (traversals).

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> vae = im.VAE(4, trainer=im.Trainer(epochs=2), random_state=0).fit(X)
    >>> found = traversals(vae, X, top=2, steps=5)
    >>> found.use, [walk.examples.shape for walk in found.walks], found.walks[0].use >= found.walks[1].use
    ('KL', [(5, 64), (5, 64)], True)
    """
    check(
        "traversals",
        (top >= 1, f"top is {top!r}; expected 1 or more"),
        (steps >= 2, f"steps is {steps!r}; expected 2 or more"),
    )
    check_movable(model, "traversals")
    rows = _of_prior(model, condition) if X is None else _of_rows(model, X)
    kl = usage_of(model, rows.examples) if rows.examples is not None else None
    use = _effects(model, rows) if kl is None else kl.kl.reshape(-1)
    low, high = np.percentile(rows.codes, REACH, axis=0)
    mean, walks = rows.codes.mean(0), []
    for number in np.argsort(-use, kind="stable")[:top]:
        codes = np.repeat(mean[None], steps, axis=0).astype(np.float32)
        codes[:, number] = np.linspace(low[number], high[number], steps)
        made = model.inverse_transform(codes, condition)
        walks.append(
            Traversal(
                number=int(number),
                use=float(use[number]),
                values=codes[:, number],
                examples=made,
                pictures=pictures_of(model.schema_, np.asarray(made)),
            )
        )
    return Traversals(use="effect" if kl is None else "KL", numbers=len(mean), walks=tuple(walks))


def check_movable(model: Estimator, owner: str) -> None:
    """Refuse models whose codes cannot be moved a little and decoded; raises ``ParameterError``, ``NotAvailableError``.

    >>> import isthmus as im
    >>> check_movable(im.VAE(2, trainer=im.Trainer(epochs=1)).fit(np.eye(8)), "Isthmus")
    """
    name = type(model).__name__
    if not model.decodes:
        raise NotAvailableError(
            f"{owner}: nothing leads from codes of {name} back to x. Those of AE and VAE can be moved."
        )
    if model.autoencoder_.bottleneck.levels:
        raise ParameterError(
            f"{owner}: the codes of {name} are discrete, and cannot be moved a little. Those of AE, VAE, AAE and other "
            "models with continuous codes can."
        )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Codes, and where they came from."""

    codes: NDArray[np.float32]  # [n, numbers]
    batches: tuple[Batch, ...]  # of the first of them, at most ROWS
    examples: Examples | None


def _of_rows(model: Estimator, X: Any) -> _Rows:
    examples = read_as_in_fit(X, model.schema_, "traversals").at_most(RANGE_ROWS)
    codes = model.transform(examples, examples.labels if model.condition_ is not None else None)
    some = examples.take(range(min(ROWS, len(examples))))
    return _Rows(codes=codes.reshape(len(codes), -1), batches=tuple(batches(model, some)), examples=examples)


@torch.no_grad()
def _of_prior(model: Estimator, condition: Any) -> _Rows:
    """Codes drawn from the prior, and examples drawn given these."""
    held = model.autoencoder_
    if held.prior is None:
        raise ParameterError(
            f"traversals: {type(model).__name__} has no prior that says which codes there are; expected rows: "
            "traversals(model, X)"
        )
    with RandomStream(0, model._device):
        told = model._condition(condition, RANGE_ROWS)
        z = held.drawn(RANGE_ROWS, told).z
        some = None if told is None else told[:ROWS]
        x = model._likelihood.sample(held.decode(Code(z=z[:ROWS]), View(x=z[:ROWS], condition=some)))
    return _Rows(codes=z.flatten(1).cpu().numpy(), batches=(Batch(x=x, condition=some),), examples=None)


@torch.no_grad()
def _effects(model: Estimator, rows: _Rows) -> NDArray[np.float64]:
    """log p(x | z) - log p(x | z with this number at its mean), nats, the mean over rows, ``[numbers]``."""
    held, likelihood = model.autoencoder_, model._likelihood
    mean, spread = rows.codes.mean(0), rows.codes.var(0)
    lost = np.full(len(mean), -np.inf)
    tried = np.argsort(-spread, kind="stable")[:MOST_TRIED]
    lost[tried] = 0.0
    done = 0
    for batch in rows.batches:
        z = torch.from_numpy(np.array(rows.codes[done : done + len(batch)])).to(model._device)
        view = View(x=batch.x, valid=batch.valid, condition=batch.condition)

        def log_prob(codes: torch.Tensor, batch: Batch = batch, view: View = view) -> torch.Tensor:
            code = Code(z=codes.unflatten(1, held.code_shape))
            return likelihood.log_prob(held.decode(code, view), batch.wanted, batch.wanted_valid)

        whole = log_prob(z)
        for number in tried:
            other = z.clone()
            other[:, number] = float(mean[number])
            lost[number] += float((whole - log_prob(other)).double().sum())
        done += len(batch)
    return lost / done
