"""A fitted model and the rows to measure it on, encoded once: what every part of an evaluation reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA

from isthmus.abilities import if_it_encodes
from isthmus.data.examples import Examples
from isthmus.data.reading import read_as_in_fit
from isthmus.data.schema import Schema
from isthmus.errors import DataError, NotAvailableError, ParameterError, check, counted
from isthmus.estimator import Estimator
from isthmus.metrics.rows import DRAWS, told_already
from isthmus.metrics.scorecard import LEARNT_ROWS, Scorecard, has_classes

OWNER = "evaluate"
FEWEST_ROWS = 4  # of which others learn from half
FEWEST_CLASSED = 20  # held-out rows with classes below which an accuracy means nothing


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """``held`` is measured on, ``known`` is what PCA, neighbours and classifiers learn from."""

    model: Estimator
    held: Examples
    known: Examples
    trained: bool  # whether the model has learnt from ``known``, or it is half of what came
    given: Examples  # all rows that came with factors: ``held``, or held and known
    factors: Any = None  # of ``given``, [n, factors]
    names: Any = None  # of the factors
    draws: int = DRAWS
    annealed: bool = False
    samples: bool = True
    extractor: Any = None
    seed: int = 0

    @classmethod
    def of(
        cls,
        model: Any,
        X: Any,
        y: ArrayLike | None = None,
        *,
        factors: Any = None,
        names: Any = None,
        known: Any = None,
        importance_samples: int = DRAWS,
        annealed: bool = False,
        samples: bool = True,
        extractor: Any = None,
        random_state: int = 0,
    ) -> Evaluated:
        """As ``evaluate`` takes them; raises ``ParameterError`` and ``DataError``."""
        _check(model, importance_samples, random_state)
        given = _labelled(read_as_in_fit(X, model.schema_, OWNER), y, "y")
        held, learnt = given, None if known is None else read_as_in_fit(known, model.schema_, OWNER)
        if learnt is None:
            if len(given) < FEWEST_ROWS:
                raise DataError(
                    f"evaluate: X has {counted(len(given), 'row')}; expected {FEWEST_ROWS} or more, of which PCA and "
                    "classifiers learn from half; or known=, the rows that the model has learnt from"
                )
            learnt, held = _halves(given, in_order=model.in_order, seed=random_state)
        if factors is None and given.factors is not None:
            factors = given.factors
        _check_factors(factors, given)
        _check_alike(held.labels, learnt.labels)
        return cls(
            model=model,
            held=held,
            known=learnt,
            trained=known is not None,
            given=given,
            factors=factors,
            names=names,
            draws=importance_samples,
            annealed=annealed,
            samples=samples,
            extractor=extractor,
            seed=random_state,
        )

    @property
    def name(self) -> str:
        """Of the model."""
        return type(self.model).__name__

    @cached_property
    def card(self) -> Scorecard:
        """The model beside PCA; raises ``NotAvailableError`` where there is no way to a code, and ``DataError``."""
        if_it_encodes(self.model)
        return Scorecard.measure(self.model, self.known, self.held, draws=self.draws, seed=self.seed)

    @cached_property
    def learnt(self) -> Examples:
        """Those of the known rows that others learn from."""
        return self.known.at_most(LEARNT_ROWS)

    @cached_property
    def codes(self) -> NDArray[np.float64]:
        """Of the held-out rows, ``[n, numbers]``."""
        return self.coded(self.held)

    @cached_property
    def known_codes(self) -> NDArray[np.float64]:
        """Of ``learnt``."""
        return self.coded(self.learnt)

    def coded(self, examples: Examples) -> NDArray[np.float64]:
        """Codes of rows, told what the model is conditioned on."""
        if_it_encodes(self.model)
        told: Mapping[str, Any] = {} if self.model.condition_ is None else {"condition": examples.labels}
        with told_already():
            found = self.model.transform(examples, **told)
        codes = np.asarray(found, dtype=np.float64).reshape(len(examples), -1)
        if not np.isfinite(codes).all():
            raise DataError(
                f"{int((~np.isfinite(codes)).any(1).sum())} of {len(codes)} codes hold NaN or infinite numbers"
            )
        return codes

    @cached_property
    def components(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """PCA's codes of ``learnt`` and of the held-out rows, as many numbers as the card says."""
        flat = [self.model.schema_.flat(each) for each in (self.learnt, self.held)]
        pca = PCA(min(self.card.pca_dim, *flat[0].shape), random_state=0).fit(flat[0])
        known, held = (np.asarray(pca.transform(each)) for each in flat)
        return known, held

    def classes(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Of ``learnt`` and of the held-out rows; where there are none ``NotAvailableError`` or ``DataError``."""
        if isinstance(self.model.target_, Schema):
            raise NotAvailableError("the labels are texts to be written, not classes")
        if not (has_classes(self.learnt) and has_classes(self.held)):
            raise DataError("needs classes; give y=, and known= rows with labels where you give these")
        if self.model.condition_ is not None:
            raise NotAvailableError(f"{self.name} is told the class of each row, so its codes need not know it")
        known, held = (np.asarray(each.labels) for each in (self.learnt, self.held))
        if len(held) < FEWEST_CLASSED:
            raise DataError(f"{counted(len(held), 'held-out row')} with classes; expected {FEWEST_CLASSED} or more")
        if len(np.unique(known)) < 2:
            raise DataError(f"all rows to learn from have the class {known[0]!r}; expected two or more")
        return known, held


def _check(model: Any, draws: int, seed: int) -> None:
    fitted = isinstance(model, Estimator) and hasattr(model, "autoencoder_")
    whole = isinstance(draws, int | np.integer) and draws >= 1
    sound = isinstance(seed, int | np.integer) and seed >= 0
    check(
        OWNER,
        (fitted, f"model is {model!r:.60}; expected a fitted model of Isthmus: model.fit(X), or isthmus.load(path)"),
        (whole, f"importance_samples is {draws!r}; expected a whole number, 1 or more"),
        (sound, f"random_state is {seed!r}; expected a whole number, 0 or more"),
    )


def _labelled(examples: Examples, y: ArrayLike | None, name: str) -> Examples:
    if y is None:
        return examples
    labels = np.asarray(y)
    if len(labels) != len(examples):
        raise DataError(f"evaluate: X has {counted(len(examples), 'row')}, but {name} has {len(labels)}")
    return replace(examples, labels=labels)


def _halves(given: Examples, *, in_order: bool, seed: int) -> tuple[Examples, Examples]:
    """To learn from, and held out; the last ones where order counts."""
    order = np.arange(len(given)) if in_order else np.random.default_rng(seed).permutation(len(given))
    half = len(given) // 2
    return given.take(np.sort(order[:half])), given.take(np.sort(order[half:]))


def _check_alike(held: NDArray[Any] | None, known: NDArray[Any] | None) -> None:
    """Refuse classes that are texts in some rows and numbers in the others."""
    if held is not None and known is not None and (held.dtype.kind in "biuf") != (known.dtype.kind in "biuf"):
        raise DataError(
            f"evaluate: the classes of X are {held[:3].tolist()} ..., those of the rows to learn from "
            f"{known[:3].tolist()} ...; expected the same names in both"
        )


def _check_factors(factors: Any, given: Examples) -> None:
    columns = [*factors.values()] if isinstance(factors, Mapping) else None
    count = None if factors is None else len(columns[0] if columns else factors)
    if count is not None and count != len(given):
        raise ParameterError(
            f"evaluate: factors has {counted(count, 'row')}, X {counted(len(given), 'row')}; expected the same rows"
        )
