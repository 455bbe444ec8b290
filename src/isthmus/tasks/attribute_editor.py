"""Examples with an attribute changed: latent arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from isthmus.data.reading import read_and_tell, read_as_in_fit
from isthmus.errors import DataError, NotAvailableError, ParameterError, SavedModelError, check, did_you_mean
from isthmus.estimator import Estimator
from isthmus.metrics.rows import made_as_numbers
from isthmus.metrics.traversals import check_movable
from isthmus.models.vae import VAE
from isthmus.tasks import task_files
from isthmus.tasks.attributes import Attribute, columns_of, design, learn_all, places
from isthmus.tasks.edit_check import EditCheck, checked
from isthmus.tasks.given_model import unfrozen

RIDGE = 1e-3  # of the codes' variance, against codes that hardly vary
LATENT_DIM = 16  # of the usual model
LEAST_TOLD = 0.05  # of the variance of a number, by codes, below which it cannot be edited


class AttributeEditor(BaseEstimator):
    """Learns which way in the code an attribute lies, and moves examples along it.

    Codes are regressed on all attributes at once, so that what belongs to another, correlated attribute stays; of a
    single class attribute the direction is the difference of the mean codes. Directions of numbers are made so long
    that what codes tell of the number moves by as much as is wanted. Attributes are classes (texts, truths) or numbers.
    Only models with continuous codes and a decoder can: AE, DAE, VAE, BetaVAE, AAE, VAEGAN and their like.

    Source: Larsen et al. 2016, Autoencoding beyond pixels using a learned similarity metric, section 4.2 (mean codes);
    several at once: ordinary least squares.

    Parameters
    ----------
    model : None: a ``VAE`` with 16 numbers; or any model with continuous codes. One that is fitted is used as it is.
    random_state : seed of the usual model.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(300))
    >>> ink = digits.values.mean(1)
    >>> vae = im.VAE(8, trainer=im.Trainer(epochs=20), random_state=0).fit(digits)
    >>> editor = im.AttributeEditor(vae).fit(digits, {"ink": ink})
    >>> darker = editor.edit(digits.values[:50], {"ink": ink.max()})
    >>> bool(darker.mean() > vae.reconstruct(digits.values[:50]).mean())
    True
    """

    def __init__(self, model: Estimator | FrozenEstimator | None = None, *, random_state: Any = 0) -> None:
        self.model, self.random_state = model, random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the direction of each attribute.

        y: a data frame or ``{"name": values}``, one value for each row of X; a list of values is the attribute
        ``"label"``; None: the labels of X, as classes. Raises ``DataError`` (one value only, values missing, attributes
        that cannot be told apart), ``ParameterError`` and ``NotAvailableError`` (models that cannot).
        """
        self._check_model()
        examples = read_and_tell(X, mapped=True)
        if y is None and examples.labels is None:
            raise DataError("There are no attributes: pass y, as in fit(X, {'name': values}); X has no labels either")
        columns = columns_of(examples.labels.astype(str) if y is None else y, len(examples))  # type: ignore[union-attr]
        attributes = learn_all(columns)
        wanted = design(attributes, columns)
        _check_apart(attributes, wanted)
        given = unfrozen(self.model)
        if given is not None and hasattr(given, "autoencoder_"):
            model = given
        else:
            model = VAE(LATENT_DIM, random_state=self.random_state) if given is None else clone(given)
            model.fit(examples)
        _check_able(model)
        codes = model.transform(read_as_in_fit(examples, model.schema_, type(self).__name__)).astype(np.float64)
        self.model_, self.attributes_ = model, attributes
        self.n_features_in_ = model.n_features_in_
        self.coordinates_mean_, self.codes_mean_ = wanted.mean(0), codes.mean(0)
        apart, moved = wanted - self.coordinates_mean_, codes - self.codes_mean_
        self.directions_ = np.linalg.lstsq(apart, moved, rcond=1e-8)[0]  # [coordinates, numbers]: codes by attributes
        held = moved.T @ moved + RIDGE * np.trace(moved.T @ moved) / moved.shape[1] * np.eye(moved.shape[1])
        self.readout_ = np.linalg.solve(held, moved.T @ apart)  # [numbers, coordinates]: attributes by codes
        self._lengthen()
        return self

    def _lengthen(self) -> None:
        """Directions of numbers so long that what codes tell of these moves by what is wanted, and by nothing else.

        What codes do not tell is not in the regression of codes: it moves them by too little, by R squared.
        """
        told = self.directions_ @ self.readout_  # [coordinates, coordinates]: R squared, where there is one attribute
        self.told_ = np.diag(told).copy()
        spans = places(self.attributes_)
        of_numbers = [spans[each.name].start for each in self.attributes_ if not each.levels]
        known = [place for place in of_numbers if self.told_[place] >= LEAST_TOLD]
        if known:
            self.directions_[known] = np.linalg.solve(told[np.ix_(known, known)], self.directions_[known])

    # -- editing -------------------------------------------------------------------------------------

    def edit(
        self,
        X: Any,
        values: Mapping[str, Any] | None = None,
        strength: float = 1.0,
        *,
        shift: Mapping[str, float] | None = None,
        present: Mapping[str, Any] | None = None,
    ) -> Any:
        """X, rebuilt with attributes brought to ``values``, or numbers moved by ``shift``, in the units of X.

        What rows have now is read from their codes, or told by ``present`` (values for each row). ``strength`` 1 goes
        all the way, 0.5 half of it, more beyond. Raises ``ParameterError`` for unknown attributes and values.
        """
        check_is_fitted(self, "directions_")
        examples = read_as_in_fit(X, self.model_.schema_, type(self).__name__)
        codes = self.model_.transform(examples)
        moved = self.moved(codes, values, strength, shift=shift, present=present)
        return self.model_.schema_.give_back(self.model_._decoded(self.model_._codes(moved), None), examples)

    def remove(self, X: Any, names: str | Sequence[str], strength: float = 1.0) -> Any:
        """X, rebuilt as if attributes were not known: numbers at their mean, classes at that of all rows."""
        check_is_fitted(self, "directions_")
        examples = read_as_in_fit(X, self.model_.schema_, type(self).__name__)
        moved = self.without(self.model_.transform(examples), names, strength)
        return self.model_.schema_.give_back(self.model_._decoded(self.model_._codes(moved), None), examples)

    def without(
        self, codes: NDArray[np.floating], names: str | Sequence[str], strength: float = 1.0
    ) -> NDArray[np.float32]:
        """The same as ``remove``, of codes ``[n, numbers]``, before they are decoded."""
        wanted = [names] if isinstance(names, str) else list(names)
        self._check_known(wanted)
        spans, step = places(self.attributes_), np.zeros((len(codes), len(self.directions_)))
        for attribute in self.attributes_:
            if attribute.name in wanted:
                span = spans[attribute.name]
                step[:, span] = self.coordinates_mean_[span] - self._present(codes, attribute, None)
        return np.asarray(codes + strength * step @ self.directions_, dtype=np.float32)

    def moved(
        self,
        codes: NDArray[np.floating],
        values: Mapping[str, Any] | None = None,
        strength: float = 1.0,
        *,
        shift: Mapping[str, float] | None = None,
        present: Mapping[str, Any] | None = None,
    ) -> NDArray[np.float32]:
        """The same as ``edit``, of codes ``[n, numbers]``, before they are decoded."""
        check_is_fitted(self, "directions_")
        values, shift, present = dict(values or {}), dict(shift or {}), dict(present or {})
        self._check_known([*values, *shift, *present])
        numbers = [each.name for each in self.attributes_ if not each.levels]
        check(
            "edit",
            (bool(values or shift), "there is nothing to change; expected values={'name': value} or shift="),
            (bool(np.isfinite(strength)), f"strength is {strength!r}; expected a number"),
            *((name not in shift, f"{name!r} is both in values and in shift; expected one") for name in values),
            *(
                (
                    name not in numbers or self._tells(name) >= LEAST_TOLD,
                    f"codes tell hardly anything of {name!r}, R squared {self._tells(name):.2f}: take another model",
                )
                for name in [*values, *shift]
            ),
            *((name in numbers, f"shift has {name!r}, which is a class; expected values={{...}}") for name in shift),
        )
        spans, step = places(self.attributes_), np.zeros((len(codes), len(self.directions_)))
        for attribute in self.attributes_:
            span = spans[attribute.name]
            if attribute.name in shift:
                step[:, span] = np.asarray(shift[attribute.name], dtype=np.float64) / attribute.spread
            elif attribute.name in values:
                wanted = attribute.coordinates(values[attribute.name])
                if len(wanted) not in (1, len(codes)):
                    raise ParameterError(f"{attribute.name!r} has {len(wanted)} values; expected one, or {len(codes)}")
                step[:, span] = wanted - self._present(codes, attribute, present.get(attribute.name))
        return np.asarray(codes + strength * step @ self.directions_, dtype=np.float32)

    def read(self, X: Any) -> dict[str, NDArray[Any]]:
        """What the codes of X tell of each attribute: numbers, or classes."""
        check_is_fitted(self, "directions_")
        codes, found = self.model_.transform(read_as_in_fit(X, self.model_.schema_, type(self).__name__)), {}
        for attribute in self.attributes_:
            told = self._present(codes, attribute, None)
            words = np.array(attribute.levels)[told.argmax(1)] if attribute.levels else None
            found[attribute.name] = told[:, 0] * attribute.spread + attribute.mean if words is None else words
        return found

    def check(self, X: Any, y: Any = None, strength: float = 1.0) -> EditCheck:
        """What edits do to held-out rows, by judges that look at examples and not at codes: see ``EditCheck``.

        X and y as in ``fit``, rows that it has not seen: judges learn from one half, rebuilt, and judge the other.
        """
        check_is_fitted(self, "directions_")
        examples = read_as_in_fit(X, self.model_.schema_, type(self).__name__)
        if y is None and examples.labels is None:
            raise DataError("There are no attributes to check by: pass y; X has no labels either")
        columns = columns_of(examples.labels.astype(str) if y is None else y, len(examples))  # type: ignore[union-attr]
        codes = self.model_.transform(examples)

        def changed(rows: NDArray[np.int64], name: str, wanted: Any) -> NDArray[np.float64]:
            asked = {"shift": {name: wanted}} if isinstance(wanted, float) else {"values": {name: wanted}}
            given = None if isinstance(wanted, float) else {name: columns[name][rows]}
            return self._flat(self.moved(codes[rows], strength=strength, present=given, **asked))

        return checked(self.attributes_, columns, self._flat(codes), changed)

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the editor to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path."""
        check_is_fitted(self, "directions_")
        arrays = {name: torch.from_numpy(np.ascontiguousarray(getattr(self, f"{name}_"))) for name in _ARRAYS}
        return task_files.write(self, Path(path), state=_State(attributes=list(self.attributes_)), arrays=arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The editor that was saved at ``path``; raises ``SavedModelError``."""
        saved = task_files.read(cls, Path(path), _State, *_ARRAYS)
        found = cls(**saved.parameters)
        found.model_, found.attributes_ = saved.model, tuple(saved.state.attributes)
        found.n_features_in_ = saved.model.n_features_in_
        for name in _ARRAYS:
            setattr(found, f"{name}_", saved.arrays[name].double().numpy())
        width, numbers = sum(each.width for each in found.attributes_), saved.model._n_features_out
        if found.directions_.shape != (width, numbers) or found.readout_.shape != (numbers, width):
            raise SavedModelError(
                f"{path}: directions have shape {found.directions_.shape}; expected {(width, numbers)} as its "
                "attributes and its model say"
            )
        return found

    # -- inside --------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "directions_")

    def _flat(self, codes: NDArray[np.float32]) -> NDArray[np.float64]:
        """What codes are decoded to, as rows of numbers."""
        return made_as_numbers(self.model_.schema_, self.model_.inverse_transform(codes))

    def _present(self, codes: NDArray[np.floating], attribute: Attribute, told: Any) -> NDArray[np.float64]:
        """Coordinates of an attribute as rows have it, ``[n, width]``."""
        if told is not None:
            return attribute.coordinates(told)
        span = places(self.attributes_)[attribute.name]
        estimated = self.coordinates_mean_[span] + (codes - self.codes_mean_) @ self.readout_[:, span]
        return attribute.clear(estimated)

    def _tells(self, name: str) -> float:
        """The share of an attribute's variance that codes tell."""
        return float(self.told_[places(self.attributes_)[name]].mean())

    def _check_known(self, names: Sequence[str]) -> None:
        known = [each.name for each in self.attributes_]
        check(
            "edit",
            *((name in known, f"there is no attribute {name!r}. {did_you_mean(str(name), known)}") for name in names),
        )

    def _check_model(self) -> None:
        given = unfrozen(self.model)
        check(
            type(self).__name__,
            (
                given is None or isinstance(given, Estimator),
                f"model is {self.model!r:.60}; expected a model of Isthmus, fitted or not, or None",
            ),
        )
        if given is not None and not (given.encodes and given.decodes):
            raise NotAvailableError(
                f"AttributeEditor: {type(given).__name__} does not lead from x to a code and back. AE, VAE and AAE do."
            )


def _check_able(model: Estimator) -> None:
    check_movable(model, "AttributeEditor")
    if model.condition_ is not None:
        raise ParameterError(
            f"AttributeEditor: this {type(model).__name__} is told y, and its codes leave out what y says: change what "
            "it is told instead, as in inverse_transform(codes, condition=...); or give a model such as VAE"
        )


def _check_apart(attributes: Sequence[Attribute], wanted: NDArray[np.float64]) -> None:
    """Refuse attributes of which some follow from the others: whose the change is cannot be said."""
    free = sum(max(1, len(each.levels) - 1) for each in attributes)
    if len(wanted) <= free:
        raise DataError(
            f"X has {len(wanted)} rows; expected more than {free}, as many as the attributes have directions"
        )
    if np.linalg.matrix_rank(wanted - wanted.mean(0), tol=1e-6 * np.sqrt(len(wanted))) < free:
        raise DataError(
            f"The attributes {', '.join(each.name for each in attributes)} cannot be told apart: in these rows one "
            "follows from the others. Leave one out, or add rows in which they differ."
        )


class _State(task_files.TaskState):
    attributes: list[Attribute]


_ARRAYS = ("directions", "readout", "told", "coordinates_mean", "codes_mean")
