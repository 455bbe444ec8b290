"""Likelihoods that compare with each other, and those that do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from isthmus.architecture import likelihood_scaling, make_likelihood
from isthmus.data.examples import Examples
from isthmus.errors import IsthmusError, ParameterError
from isthmus.estimator import Estimator
from isthmus.metrics.likelihood_kind import LikelihoodKind, kind_of
from isthmus.search_ranges import Choices, Range
from isthmus.tuning.scores import Score
from isthmus.tuning.search_space import configured

LIKELIHOOD = "likelihood"  # the parameter
BY_LIKELIHOOD = ("log_likelihood", "log_prob")  # scores


@dataclass(frozen=True, kw_only=True)
class _Numbers:
    """What those of a likelihood are on some rows, and how these are scaled for it."""

    kind: LikelihoodKind
    scaling: str


def comparable(score: Score, model: Estimator, space: Mapping[str, Range], rows: Examples) -> Score:
    """The score as it can judge these ranges: without its curve where likelihoods are searched that are of two kinds.

    Raises ``ParameterError`` where it is itself such a likelihood.
    """
    searched = space.get(LIKELIHOOD)
    if not isinstance(searched, Choices):
        return score
    kinds = _kinds([*searched.values, model.get_params(deep=False)[LIKELIHOOD]], model, rows)
    if score.name in BY_LIKELIHOOD and len({each.kind for each in kinds.values()}) > 1:
        told = ", ".join(f"{name} gives a {each.kind}" for name, each in kinds.items())
        raise ParameterError(
            f"{type(model).__name__}: a search over likelihood by {score.name!r} compares what does not compare on "
            f"these rows: {told}. Search among likelihoods of one kind, that of the model as given among them, or take "
            "another score, such as 'mse' or 'knn'"
        )
    return score if len(set(kinds.values())) <= 1 else replace(score, curve=None)


def _kinds(choices: list[Any], model: Estimator, rows: Examples) -> dict[str, _Numbers]:
    """By their names; without those that the rows, or the model, refuse, for their trials fail."""
    found: dict[str, _Numbers] = {}
    for choice in choices:
        try:
            wanted = configured(model, {LIKELIHOOD: choice}, len(rows))._wanted_likelihood(rows)
            scaling = likelihood_scaling(wanted)
            schema = model._learn_schema(rows, scaling)
            likelihood = make_likelihood(wanted, schema)
        except IsthmusError:
            continue
        found[str(choice)] = _Numbers(kind=kind_of(likelihood, schema, rows), scaling=scaling)
    return found
