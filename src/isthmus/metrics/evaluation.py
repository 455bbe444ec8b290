"""All that was measured of one model, on one scorecard: each number with its unit, and on what it was measured."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from isthmus.metrics.text_table import aligned
from isthmus.training.history import finite

HEADS = ("", "value", "unit", "beside", "rows", "seed", "measured by")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One number."""

    part: str  # of the scorecard: "likelihood", "reconstruction", ...
    name: str
    value: float
    unit: str
    rows: int
    seed: int | None = None  # None: nothing is drawn
    extractor: str = ""  # features, classifier or grouping by which it was measured
    sd: float | None = None  # over draws, where there were several
    beside: tuple[tuple[str, float], ...] = ()  # the same of others: PCA, chance, real rows

    def cells(self) -> list[str]:
        """In the order of ``HEADS``."""
        spread = "" if self.sd is None else f" +- {self.sd:.2g}"
        others = ", ".join(f"{name} {value:.4g}" for name, value in self.beside)
        seed = "" if self.seed is None else str(self.seed)
        return [self.name, f"{self.value:.4g}{spread}", self.unit, others, f"{self.rows:,}", seed, self.extractor]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What was not measured, and why."""

    part: str
    reason: str

    def __str__(self) -> str:
        return f"{self.part}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A model, measured; ``str()`` is the table, ``details`` hold matrices and curves as plain data.

    >>> one = Measured(part="likelihood", name="ELBO", value=-31.2, unit="nats per row", rows=500, seed=0)
    >>> told = LeftOut(part="disentanglement", reason="needs factors; give factors=")
    >>> found = Evaluation(model="VAE", version="1", measured=(one,), left_out=(told,), rows=500, known=900, seed=0)
    >>> found["ELBO"].value
    -31.2
    >>> print(found)
    VAE: 500 held-out rows, 900 to learn from; seed 0, Isthmus 1
                value          unit  beside  rows  seed
    likelihood
      ELBO      -31.2  nats per row           500     0
    Not measured:
      - disentanglement: needs factors; give factors=
    """

    model: str
    version: str  # of Isthmus
    measured: tuple[Measured, ...]
    left_out: tuple[LeftOut, ...]
    rows: int  # held out
    known: int  # that others (PCA, neighbours, classifiers) learnt from
    seed: int
    notes: tuple[str, ...] = ()  # diagnoses, with what to do
    details: Mapping[str, Any] = field(default_factory=dict)
    rows_are: str = "held-out rows"
    size: str = ""  # of the code, in words

    def __getitem__(self, name: str) -> Measured:
        """A number by its name; raises ``KeyError`` with those that there are."""
        found = next((each for each in self.measured if each.name == name), None)
        if found is None:
            raise KeyError(f"{name!r} was not measured; there are: {', '.join(each.name for each in self.measured)}")
        return found

    def of(self, part: str) -> tuple[Measured, ...]:
        """The numbers of one part."""
        return tuple(each for each in self.measured if each.part == part)

    @property
    def parts(self) -> tuple[str, ...]:
        """In order."""
        return tuple(dict.fromkeys(each.part for each in self.measured))

    @property
    def told(self) -> str:
        """On what, in words."""
        learnt = f"{self.known:,} to learn from; seed {self.seed}, Isthmus {self.version}"
        code = f"{self.size} in the code; " if self.size else ""
        return f"{self.model}: {code}{self.rows:,} {self.rows_are}, {learnt}"

    def table(self) -> list[list[Any]]:
        """A row for each number: part, name, value, sd, unit, rows, seed, extractor, version."""
        return [
            [m.part, m.name, m.value, m.sd, m.unit, m.rows, m.seed, m.extractor, self.version] for m in self.measured
        ]

    def as_text(self, *, head: bool = True) -> str:
        """For a terminal; without ``head`` the table alone."""
        rows: list[list[str]] = [list(HEADS)]
        for part in self.parts:
            cells = [each.cells() for each in self.of(part)]
            rows.append([part, *[""] * (len(HEADS) - 1)])
            rows += [[f"  {row[0]}", *row[1:-1], "" if self._shared(part) else row[-1]] for row in cells]
        rows = rows if any(row[-1] for row in rows[1:]) else [row[:-1] for row in rows]
        lines = [self.told] if head else []
        for line in aligned(rows) if self.measured else []:
            lines.append(f"{line}, by {self._shared(line)}" if line in self.parts and self._shared(line) else line)
        lines += list(self.notes)
        lines += ["Not measured:", *(f"  - {each}" for each in self.left_out)] if self.left_out else []
        return "\n".join(lines)

    def _shared(self, part: str) -> str:
        """What all of its several numbers are measured by, where that is one thing."""
        by = {each.extractor for each in self.of(part)}
        return next(iter(by)) if len(by) == 1 and len(self.of(part)) > 1 else ""

    def __str__(self) -> str:
        return self.as_text()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.as_text())}</pre>"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        told = {"model": self.model, "version": self.version, "rows": self.rows, "known": self.known, "seed": self.seed}
        told |= {"rows_are": self.rows_are, "size": self.size}
        numbers = [{**asdict(each), "beside": dict(each.beside)} for each in self.measured]
        rest = {"left_out": [asdict(each) for each in self.left_out], "notes": list(self.notes)}
        found: dict[str, Any] = finite({**told, "measured": numbers, **rest, "details": dict(self.details)})
        return found
