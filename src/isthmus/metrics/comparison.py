"""Several models on the same rows: what each came to, over seeds, and which differences are more than chance."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from isthmus.errors import counted
from isthmus.metrics.text_table import aligned
from isthmus.training.history import finite

WIDTH = 120  # of a table
BEST = "*"  # behind the best, and what cannot be told from it
CLEAR = 3  # fits, all of which are worse
SURE = 0.95  # of intervals of differences


@dataclass(frozen=True, kw_only=True)
class Column:
    """A number that every model may have."""

    key: str
    name: str
    unit: str
    better: Literal["higher", "lower"] | None = None  # None: neither is

    @property
    def head(self) -> str:
        """With its unit."""
        return f"{self.name} [{self.unit}]"


COLUMNS = (
    Column(key="mse", name="MSE", unit="scaled units", better="lower"),
    Column(key="psnr", name="PSNR", unit="dB", better="higher"),
    Column(key="elbo", name="ELBO", unit="nats/row", better="higher"),
    Column(key="log_prob", name="log p(x)", unit="nats/row", better="higher"),
    Column(key="bits_per_dim", name="bits/dim", unit="bits", better="lower"),
    Column(key="rate", name="rate", unit="nats/row"),
    Column(key="active", name="active", unit="numbers"),
    Column(key="knn", name="5-NN", unit="share", better="higher"),
    Column(key="frechet", name="Frechet", unit="features^2", better="lower"),
    Column(key="code", name="code", unit="numbers"),
    Column(key="parameters", name="parameters", unit="count"),
    Column(key="seconds", name="fit", unit="seconds"),
)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One fit, measured on the held-out rows."""

    model: str
    seed: int | None  # None: the method draws nothing
    numbers: Mapping[str, float] = field(default_factory=dict)  # by the keys of COLUMNS
    error: str | None = None  # why there are no numbers

    def as_text(self) -> str:
        """A line for a terminal, while others are still being fitted."""
        seed = "" if self.seed is None else f", seed {self.seed}"
        if self.error is not None:
            return f"{self.model}{seed}: failed: {self.error}"
        told = [f"{c.name} {self.numbers[c.key]:.4g} {c.unit}" for c in COLUMNS if c.key in self.numbers]
        return f"{self.model}{seed}: {', '.join(told)}"


@dataclass(frozen=True, kw_only=True)
class ComparedModel:
    """One model's fits."""

    name: str
    trials: tuple[Trial, ...]

    @property
    def drawn(self) -> bool:
        """Whether it depends on a seed."""
        return any(trial.seed is not None for trial in self.trials)

    def values(self, key: str) -> list[float]:
        """Of the fits that have it."""
        return [trial.numbers[key] for trial in self.trials if key in trial.numbers]

    def mean(self, key: str) -> float | None:
        """None where no fit has it."""
        values = self.values(key)
        return float(np.mean(values)) if values else None

    def sd(self, key: str) -> float | None:
        """Over seeds, of a sample; 0 of what draws nothing, None of a single seed, or of no numbers."""
        values = self.values(key)
        if not self.drawn:
            return 0.0
        if len(values) < 2 or not all(map(math.isfinite, values)):
            return None
        return float(np.std(values, ddof=1))

    def compares(self, key: str) -> bool:
        """Whether its numbers can be held against others': finite all, and two or more where it depends on a seed."""
        values = self.values(key)
        return len(values) >= (2 if self.drawn else 1) and all(map(math.isfinite, values))

    def cell(self, key: str) -> str:
        """Mean and, of several seeds, the standard deviation; "failed" where a fit has come to no number."""
        mean, sd = self.mean(key), self.sd(key)
        if mean is None:
            return "-"
        if not math.isfinite(mean):
            return "failed"
        told = f"{mean:,.0f}" if key in ("parameters", "code") else f"{mean:.4g}"
        return f"{told} +-{sd:.2g}" if self.drawn and sd is not None and key not in ("parameters", "code") else told

    @property
    def failures(self) -> tuple[str, ...]:
        """What went wrong, by seed."""
        return tuple(
            f"{self.name}, seed {trial.seed}: {trial.error}" for trial in self.trials if trial.error is not None
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Models beside each other and beside PCA; ``str()`` is the table.

    >>> def fits(name, *values):
    ...     return ComparedModel(
    ...         name=name, trials=tuple(Trial(model=name, seed=i, numbers={"mse": v}) for i, v in enumerate(values))
    ...     )
    >>> models = (fits("ae", 1.0, 1.2), fits("vae", 1.1, 1.25), fits("dae", 3.0, 3.1))
    >>> found = Comparison(models=models, train_rows=80, held_out_rows=20, seeds=(0, 1), budget="9 epochs", version="1")
    >>> sorted(found.best("mse"))
    ['ae', 'vae']
    """

    models: tuple[ComparedModel, ...]  # PCA last
    train_rows: int
    held_out_rows: int
    seeds: tuple[int, ...]
    budget: str  # in words: what was the same for all
    version: str  # of Isthmus
    extractor: str = ""  # of the features of the Frechet distance
    unlike: tuple[str, ...] = ()  # keys of columns whose numbers do not compare here
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> ComparedModel:
        """A model by its name; raises ``KeyError`` with those that there are."""
        found = next((each for each in self.models if each.name == name), None)
        if found is None:
            raise KeyError(f"{name!r} was not compared; there are: {', '.join(each.name for each in self.models)}")
        return found

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those in which any model has a number."""
        return tuple(column for column in COLUMNS if any(each.values(column.key) for each in self.models))

    def best(self, key: str) -> frozenset[str]:
        """The model with the best mean, and those that cannot be told from it; empty where that cannot be said.

        Two differ if Welch's 95 % interval of the difference of their means leaves out 0; or if every fit of one, three
        or more, is worse than all of the other: a spread that is wide is then no excuse. Models with numbers that are
        not finite, or of a single fit, are not looked at.

        Source: Welch 1947, The generalization of Student's problem when several different population variances are
        involved.
        """
        column = next(each for each in COLUMNS if each.key == key)
        sign = 1 if column.better == "higher" else -1
        fits = {each.name: [sign * v for v in each.values(key)] for each in self.models if each.compares(key)}
        if column.better is None or key in self.unlike or len(fits) < 2:
            return frozenset()
        first = max(fits, key=lambda name: float(np.mean(fits[name])))

        def near(name: str) -> bool:
            every = len(fits[name]) >= CLEAR and max(fits[name]) < min(fits[first])
            return not every and not differ(fits[name], fits[first])

        found = frozenset(filter(near, fits))
        return found if len(found) < len(fits) else frozenset()

    def cells(self) -> list[list[str]]:
        """A row of texts for each model, in the order of ``columns``, the best marked."""
        best = {column.key: self.best(column.key) for column in self.columns}
        return [
            [m.name, *(m.cell(c.key) + (BEST if m.name in best[c.key] else " ") for c in self.columns)]
            for m in self.models
        ]

    def table(self) -> list[list[Any]]:
        """A row for each model: its name, then mean and sd for each of ``columns``."""
        return [[m.name, *(f(c.key) for c in self.columns for f in (m.mean, m.sd))] for m in self.models]

    @property
    def told(self) -> str:
        """How it was measured, in words."""
        seeds = counted(len(self.seeds), "seed")
        return (
            f"{self.train_rows:,} rows to learn from, {self.held_out_rows:,} others to measure on; {self.budget}; "
            f"means +- standard deviation over {seeds}, Isthmus {self.version}"
        )

    @property
    def legend(self) -> tuple[str, ...]:
        """What marks and numbers mean, and what went wrong."""
        single = len(self.seeds) < 2
        marks = (
            "One seed tells no spread: no best is marked."
            if single
            else f"{BEST} the best, and what these fits cannot tell from it: 0 is in the {SURE:.0%} interval of the "
            f"difference of the means (Welch), and not all of {CLEAR} fits or more are worse. More seeds tell more."
        )
        alone = [
            f"{each.name} has one fit alone, so its numbers are not marked."
            for each in self.models
            if each.drawn and not single and len([trial for trial in each.trials if trial.error is None]) == 1
        ]
        failures = [f"failed: {failure}" for each in self.models for failure in each.failures]
        return (marks, *alone, *self.notes, *failures)

    def as_text(self, *, width: int = WIDTH) -> str:
        """For a terminal of so many letters a line: the columns in several blocks, if they must."""
        heads = [["", *(f"{column.name} " for column in self.columns)], ["", *(f"{c.unit} " for c in self.columns)]]
        return "\n".join([self.told, *_blocks([*heads, *self.cells()], width), *self.legend])

    def __str__(self) -> str:
        return self.as_text()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.as_text())}</pre>"

    def to_json(self) -> dict[str, Any]:
        """As plain data, every fit included."""
        known = {name: value for name, value in vars(self).items() if name != "models"}
        models = [
            {
                "name": each.name,
                "trials": [{**asdict(trial), "numbers": dict(trial.numbers)} for trial in each.trials],
                "mean": {c.key: each.mean(c.key) for c in self.columns},
                "sd": {c.key: each.sd(c.key) for c in self.columns},
            }
            for each in self.models
        ]
        units = {column.key: column.unit for column in self.columns}
        best = {column.key: sorted(self.best(column.key)) for column in self.columns}
        found: dict[str, Any] = finite({**known, "units": units, "best": best, "models": models})
        return found


def differ(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two means differ by more than chance: 0 is outside Welch's 95 % interval of their difference.

    What draws nothing is one number, known exactly.

    >>> differ([1.0, 1.1, 0.9], [1.2, 1.3, 1.1]), differ([1.0, 1.1, 0.9], [2.0, 2.1, 1.9]), differ([1.0, 1.02], [0.5])
    (False, True, True)
    """
    from scipy.stats import t as student

    apart = abs(float(np.mean(one)) - float(np.mean(other)))
    errors = [(float(np.var(each, ddof=1)) / len(each), len(each) - 1) for each in (one, other) if len(each) > 1]
    variance = sum(error for error, _ in errors)
    if variance == 0:
        return apart > 0
    freedom = variance**2 / sum(error**2 / degrees for error, degrees in errors)
    return bool(apart > student.ppf((1 + SURE) / 2, freedom) * math.sqrt(variance))


def _blocks(rows: list[list[str]], width: int) -> list[str]:
    """Tables one below the other, each with the first column and as many others as fit."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) + 2 for column in columns]
    blocks: list[list[int]] = [[]]
    for place in range(1, len(columns)):
        if blocks[-1] and widths[0] + sum(widths[each] for each in blocks[-1]) + widths[place] > width + 2:
            blocks.append([])
        blocks[-1].append(place)
    tables = [aligned([[row[0], *(row[place] for place in block)] for row in rows]) for block in blocks]
    return [line for number, table in enumerate(tables) for line in ([""] if number else []) + table]
