"""A model whose code is concepts that cause one another."""

from __future__ import annotations

import warnings
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from isthmus.autoencoder import Autoencoder
from isthmus.data.concepts import Concepts, finite_numbers
from isthmus.data.examples import Examples
from isthmus.data.labels import Condition
from isthmus.errors import DataError, ParameterError, check, counted, did_you_mean, users_level
from isthmus.estimator import Estimator, check_count
from isthmus.layers.causal_graph import CausalGraph
from isthmus.priors.structural_equations import StructuralEquations
from isthmus.training.random_stream import RandomStream
from isthmus.training.rows import Rows
from isthmus.training.seeds import SAMPLING, derive, seed_of
from isthmus.training.trainer import Trainer

DRAWS = 1000  # of concepts, for the strengths of edges
FEWEST_ROWS = 20  # from which a graph is found
FAR = 4.0  # standard deviations from the mean of fit: what is set there is far from anything seen

CAVEAT = (
    "An intervention is right only where the graph is, and where no common cause of two concepts is missing from it. "
    "Data alone do not tell concepts (Locatello et al. 2019): these mean what the labels of fit said, no more. A "
    "graph that was learnt is the likeliest one; where equations are close to lines, the data may not tell which way "
    "an edge points. Concepts outside of the range that fit has seen are guesses."
)


class FarInterventionWarning(UserWarning):
    """A concept is set where fit has seen nothing like it."""


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What rows would have been, had concepts been set."""

    examples: Any  # like X, as ``reconstruct`` gives it
    before: dict[str, NDArray[np.float64]]  # each concept as the model reads it off X, in its unit, [n]
    after: dict[str, NDArray[np.float64]]  # and after the intervention
    done: tuple[str, ...]  # the concepts that were set
    moved: tuple[str, ...]  # those that hang on them, and so were given anew

    def as_text(self) -> str:
        """A line for each concept: how it has moved on average."""
        lines = []
        for name, old in self.before.items():
            how = "set" if name in self.done else "follows" if name in self.moved else "as it was"
            lines.append(f"{name}: {old.mean():.4g} -> {self.after[name].mean():.4g} ({how})")
        return "\n".join(lines)


class CausalEstimator(Estimator, ABC):
    """A model with a prior of structural equations; y of ``fit`` is the numbers that concepts have.

    Fitted: ``graph_``, and ``target_``, which holds the names and units of the concepts.
    """

    supervised = True
    reads_prior = True
    graph: Mapping[str, Any] | None
    free_dim: int

    def fit(self, X: Any, y: Any = None, *, resume: bool = False) -> Self:
        """Learn from X and its concepts, ``{name: [n] numbers}``, a data frame or an array; NaN where not known.

        Where y is None, the factors that a data set brings are the concepts.
        """
        own = X.factors if y is None and isinstance(X, Examples) else None
        return super().fit(X, y if own is None else own, resume=resume)

    def concepts(self, X: Any) -> dict[str, NDArray[np.float64]]:
        """Each concept by its name, ``[n]``, in its own unit: what the model reads off X."""
        codes = self._by_batch(self._examples(X), None, lambda batch, _: self.autoencoder_.encode(batch).z.float())
        return self._named(codes)

    def do(self, X: Any, values: Mapping[str, ArrayLike]) -> Intervention:
        """What X would have been with concepts at other ``values`` (one for all, or one for each row), by name.

        The concepts are read off X, and with them the noise of each (abduction); those named are set (action); what
        hangs on them, and nothing else, follows by its equation with the noise that it had (prediction); all is
        decoded. Raises ``ParameterError``, all mistakes at once.

        Source: Pearl 2009, Causality, theorem 7.1.7.
        """
        examples = self._examples(X)
        wanted = self._set(values, len(examples))
        codes = self._by_batch(examples, None, lambda batch, _: self.autoencoder_.encode(batch).z.float())
        changed = self._intervened(codes, wanted)
        made = replace(examples, values=self._decoded(changed, None), described=self.schema_.described())
        graph = self._plain_graph
        return Intervention(
            examples=self.schema_.give_back(made.values, examples),
            before=self._named(codes),
            after=self._named(changed) | self._as_told(values, len(examples)),
            done=tuple(map(str, values)),
            moved=tuple(graph.names[node] for node in graph.descendants(wanted) if node not in wanted),
        )

    def sample(
        self,
        n: int = 1,
        condition: Any = None,
        random_state: int | None = None,
        *,
        do: Mapping[str, ArrayLike] | None = None,
    ) -> Any:
        """``n`` new examples; with ``do`` of a world in which these concepts are set: p(x | do(...)).

        Concepts without parents are drawn from normal distributions with the mean and the spread that they had.
        """
        if not do:
            return super().sample(n, condition, random_state)
        check_count(n)
        wanted = self._set(do, n)
        seed = derive(seed_of(random_state), SAMPLING)
        with torch.no_grad(), RandomStream(seed, self._device):
            codes = self.autoencoder_.drawn(n).z.cpu()
        return self.schema_.give_back(self._decoded(self._intervened(codes, wanted), condition))

    @property
    def graph_(self) -> CausalGraph:
        """The causes of each concept, and how strong they are."""
        equations, place = self._equations, self._device
        with torch.no_grad(), RandomStream(0, place):
            drawn = equations.sample((DRAWS, equations.concepts)).to(place)
        strengths = equations.strengths(drawn).cpu().numpy()
        return replace(self._plain_graph, strengths=strengths)

    @property
    def concepts_(self) -> tuple[str, ...]:
        """The names of the concepts."""
        return self._units.names

    # -- inside --------------------------------------------------------------------------------------

    def _learn_condition(self, y: Any, examples: Examples) -> Condition:
        name = type(self).__name__
        if y is None:
            raise ParameterError(
                f"{name} requires y to be passed, but the target y is None: the numbers that the concepts have, as "
                "{name: numbers of the rows}, NaN where they are not known. For a model without, use VAE."
            )
        named = Concepts.of(y, len(examples))
        self._told = named
        self._found = self._graph_of(named)
        return Condition.learn_named(named.names, named.values)

    def _graph_of(self, named: Concepts) -> CausalGraph:
        """The user's, or the likeliest of the rows in which all concepts are known."""
        if self.graph is not None:
            return CausalGraph.of(self.graph, named.names)
        from isthmus.layers.graph_search import likeliest_parents

        whole = named.values[np.isfinite(named.values).all(1)]
        if len(named.names) > 1 and len(whole) < FEWEST_ROWS:
            raise DataError(
                f"a graph is found from rows in which all concepts are known; here are {len(whole)}, expected "
                f"{FEWEST_ROWS} or more, better 300. Otherwise say graph={{child: [parents], ...}}"
            )
        return CausalGraph(names=named.names, parents=likeliest_parents(whole) if len(named.names) > 1 else ((),))

    def _given(self, y: Any) -> NDArray[np.float64]:
        return self._told.values

    def _look_at(self, examples: Examples, y: Any) -> None:
        self.condition_, self.target_ = None, self.condition_  # from now on concepts are read, not told
        del self._told, self._found

    def _judged_rows(self, examples: Examples) -> Rows:
        """Concepts count where the rows bring them."""
        factors = examples.factors or {}
        columns = [factors.get(name, np.full(len(examples), np.nan)) for name in self.concepts_]
        self.condition_ = self._units
        try:
            return self._resident(examples, np.stack(columns, axis=1))
        finally:
            self.condition_ = None

    def _check_may_learn_prior(self, trainer: Trainer | None) -> None:
        raise ParameterError(
            f"The prior of {type(self).__name__} is its structural equations, which interventions need; a VAE takes "
            "others"
        )

    @property
    def _units(self) -> Condition:
        check_is_fitted(self)
        assert isinstance(self.target_, Condition)
        return self.target_

    @property
    def _equations(self) -> StructuralEquations:
        check_is_fitted(self)
        model: Autoencoder = self.autoencoder_
        if not isinstance(model.prior, StructuralEquations):
            raise ParameterError(
                f"This {type(self).__name__} was loaded without its structural equations: load the whole of it"
            )
        return model.prior

    @property
    def _plain_graph(self) -> CausalGraph:
        return CausalGraph(names=self._units.names, parents=self._equations.parents)

    def _set(self, values: Mapping[str, ArrayLike], count: int) -> dict[int, torch.Tensor]:
        """Values by number, in standard deviations, ``[1]`` or ``[n]``."""
        units = self._units
        given = (
            {str(name): finite_numbers(value) for name, value in values.items()} if isinstance(values, Mapping) else {}
        )
        check(
            "do",
            (len(given) > 0, f"values are {values!r:.100}; expected {{concept: value}}, of {', '.join(units.names)}"),
            *(
                (name in units.names, f"there is no concept {name!r}. {did_you_mean(name, units.names)}")
                for name in given
            ),
            *(
                (
                    each is not None and each.shape in ((1,), (count,)),
                    f"{name} is {values[name]!r:.100}; expected a finite number, or {count} of them",
                )
                for name, each in given.items()
            ),
        )
        found = {}
        for name, each in given.items():
            node = units.names.index(name)
            assert each is not None
            found[node] = torch.from_numpy(((each - units.mean[node]) / units.spread[node]).astype(np.float32))
        self._warn_of_far(found)
        return found

    def _as_told(self, values: Mapping[str, ArrayLike], count: int) -> dict[str, NDArray[np.float64]]:
        """What was set, to the last digit."""
        return {str(name): np.resize(np.asarray(each, dtype=np.float64), count) for name, each in values.items()}

    def _warn_of_far(self, wanted: Mapping[int, torch.Tensor]) -> None:
        units = self._units
        far = [node for node, each in wanted.items() if float(each.abs().max()) > FAR]
        if far:
            seen = ", ".join(f"{units.names[k]} {units.mean[k]:.4g} +- {units.spread[k]:.3g}" for k in far)
            warnings.warn(
                f"{counted(len(far), 'concept')} set far from what fit has seen ({seen}): what follows is a guess",
                FarInterventionWarning,
                stacklevel=users_level(),
            )

    @torch.no_grad()
    def _intervened(self, codes: torch.Tensor, values: Mapping[int, torch.Tensor]) -> torch.Tensor:
        place = self._device
        there = {node: value.to(place) for node, value in values.items()}
        return self._equations.intervened(codes.to(place), there).cpu()

    def _named(self, codes: torch.Tensor) -> dict[str, NDArray[np.float64]]:
        """Concepts of codes ``[n, numbers]`` in their units."""
        units = self._units
        numbers = codes.double().numpy()
        each = zip(units.names, units.mean, units.spread, strict=True)
        return {name: mean + spread * numbers[:, node] for node, (name, mean, spread) in enumerate(each)}
