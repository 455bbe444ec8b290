"""Noise taken out of rows like those that were learnt."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from isthmus.data.examples import Examples
from isthmus.data.kinds import check_kind
from isthmus.data.learnt_schema import learn_schema
from isthmus.data.reading import read_and_tell, read_as_in_fit
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import DataError, NotAvailableError, ParameterError, SavedModelError, check, counted, users_level
from isthmus.estimator import Estimator
from isthmus.metrics.denoising import DenoisingComparison
from isthmus.models.dae import DAE
from isthmus.tasks import task_files
from isthmus.tasks.added_noise import AddedNoise
from isthmus.tasks.denoising_filters import against_filters
from isthmus.tasks.given_model import check_of_amounts, fitted_model, unfrozen
from isthmus.tasks.noise_curve import NoiseCurve, Passes
from isthmus.tasks.principal_axes import MOST_ROWS, PrincipalAxes
from isthmus.tasks.refinement import Drawn, Refinement, learn_refinement
from isthmus.training.random_stream import RandomStream
from isthmus.training.seeds import ORDER, SAMPLING, WEIGHTS, derive, seed_of
from isthmus.training.trainer import Trainer

KINDS = ("table", "image", "array")
MOST_LATENT = 128  # numbers in the code
LEAST, MOST = 0.02, 2.0  # levels that are practised, in spreads of the data
REFINING_STEPS = 800
STEPS = 16  # levels at which residuals are noted, and 0
SHARE, FEWEST, ENOUGH = 1 / 8, 10, 5000  # of the rows, that the model does not learn, to see what it leaves over
MOST_NOTED = 2**24  # numbers of them
NOTED = 1000  # rows of noise at each level, at the least
AT_ONCE, MOST_NUMBERS = 2**12, 2**22  # rows in memory, numbers of them
MOST_COMPARED = 2**21  # numbers that filters look at: half a minute's
STRONG = 0.05  # of the rows, from which that is said
REACHED = 0.97  # of the strongest noise that was practised, above which it may be stronger


class StrongNoiseWarning(UserWarning):
    """Rows have noise as strong as was ever practised, or stronger."""


class Denoiser(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Takes Gaussian noise out of rows, after it has learnt clean ones; says how strong the noise is.

    A denoising autoencoder practises on all levels of noise. What it rebuilds is what such rows look like as a whole;
    of what differs from it in the noisy row as much is kept as is likely to be no noise: of each principal axis a share
    by the noise's level, in pictures by the pixels around each one. Weak noise is so taken out without harm.

    Source: the model: Vincent et al. 2010, Stacked denoising autoencoders; the parts: ``isthmus.tasks.noise_curve``,
    ``isthmus.tasks.refinement``.

    Parameters
    ----------
    model : None: a ``DAE``; or any model of the library that rebuilds numbers. One that is fitted is used as it is; X
        must then be rows that it has not learnt, for of those it leaves over too little.
    levels : the weakest and the strongest noise to practise, standard deviations in the units of X (of tables whose
        columns have units of their own: in standard deviations of each column); ``"auto"``: 0.02 to 2 times the spread
        of X.
    refining_steps : of learning what the pixels around each one of a picture tell; 0: not to look at these.
    cut : noisy values end where those of X do; 8-bit pictures always do so.
    trainer : of the usual model; None: chosen from the size of the data.
    random_state : seed of everything random in ``fit``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values / 16
    >>> denoiser = im.Denoiser(trainer=im.Trainer(epochs=10), random_state=0).fit(X[:1500])
    >>> noisy = X[1500:] + 0.3 * np.random.default_rng(0).normal(size=X[1500:].shape)
    >>> bool(abs(denoiser.noise_level(noisy) - 0.3) < 0.03)
    True
    >>> bool(np.square(denoiser.denoise(noisy) - X[1500:]).mean() < 0.5 * 0.3**2)
    True
    """

    def __init__(
        self,
        model: Estimator | FrozenEstimator | None = None,
        *,
        levels: tuple[float, float] | Literal["auto"] = "auto",
        cut: bool = False,
        refining_steps: int = REFINING_STEPS,
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.model, self.levels, self.cut, self.refining_steps = model, levels, cut, refining_steps
        self.trainer, self.random_state = trainer, random_state

    # -- scikit-learn's contract ---------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn clean rows; y is not looked at.

        X: an array, a tensor, a data frame, a file: see ``isthmus.data.read``. Raises ``DataError``,
        ``ParameterError``, and ``NotAvailableError`` for models that do not rebuild.
        """
        self._check_parameters()
        examples = read_and_tell(X, mapped=True)
        check_kind(examples, KINDS, owner=type(self).__name__)
        if len(examples) < 2 * FEWEST:
            raise DataError(f"X has {counted(len(examples), 'sample')}; expected {2 * FEWEST} or more clean ones")
        order = np.random.default_rng(self._seed(ORDER)).permutation(len(examples))
        enough = min(ENOUGH, max(FEWEST, MOST_NOTED // examples.values[0].size))
        count = min(enough, max(FEWEST, round(SHARE * len(examples))))
        kept, learnt = examples.take(np.sort(order[:count])), examples.take(np.sort(order[count:]))
        usual = partial(self._usual_model, learnt)
        self.model_ = cast(Estimator, fitted_model(unfrozen(self.model), usual, learnt, type(self).__name__))
        check_of_amounts(self.model_, type(self).__name__)
        self.n_features_in_ = self.model_.n_features_in_
        self._note_names()
        self.noise_ = AddedNoise.of(self._schema, cut=self.cut)
        x = self._schema.flat(learnt.at_most(max(NOTED, min(MOST_ROWS, MOST_NOTED // self._size))))
        self.axes_ = PrincipalAxes.learn(x)
        self.centre_, self.spread_ = float(x.mean()), _spread(x)
        self.levels_ = self._levels(self.spread_ * self.noise_.scale)
        self.curve_ = self._learn_curve(kept)
        looks = self._schema.kind == "image" and self.refining_steps > 0  # at what surrounds each value
        self.refinement_ = self._learn_refinement(kept) if looks else None
        return self

    def transform(self, X: Any) -> Any:
        """``denoise(X)``, the level estimated for all rows together."""
        return self.denoise(X)

    # -- denoising -----------------------------------------------------------------------------------

    def denoise(self, X: Any, level: float | Literal["all", "each"] | ArrayLike = "all") -> Any:
        """X without its noise, in the units and layout of X: an array, or a data frame where X is one.

        ``level``: standard deviation of the noise, one number or one for each row; ``"all"``: estimated for all rows
        together; ``"each"``: for each by itself, of which rows with few values tell little. Warns where the noise is
        stronger than any that was practised.
        Raises ``DataError``, ``ParameterError``.
        """
        examples = self._examples(X)
        each = self.levels_of(examples, level)
        made = []
        for rows, noisy, rebuilt in self._rebuilt(examples):
            mended = self._mended(noisy, rebuilt, each[rows] / self.noise_.scale)
            own, users = examples.values[rows], self.noise_.as_users(mended, examples.values)
            still = (each[rows] == 0).reshape(-1, *[1] * (own.ndim - 1))
            made.append(np.where(still, own.astype(users.dtype), users))
        return self._schema.give_back(np.concatenate(made), examples)

    def levels_of(self, X: Any, level: float | Literal["all", "each"] | ArrayLike = "all") -> NDArray[np.float64]:
        """What ``denoise`` takes the noise of each row of X to be, ``[n]``; ``level`` as there."""
        examples = self._examples(X)
        if not isinstance(level, str):
            return self._given_levels(level, len(examples))
        check("denoise", (level in ("all", "each"), f"level is {level!r}; expected a number, 'all' or 'each'"))
        return self.noise_levels(examples) if level == "each" else np.full(len(examples), self.noise_level(examples))

    def noise_level(self, X: Any) -> float:
        """How strong the noise of all rows together is: a standard deviation, in the units of ``levels``."""
        examples = self._examples(X)
        sums = [self._squares(noisy, rebuilt).sum(0) for _, noisy, rebuilt in self._rebuilt(examples)]
        squares = np.sum(sums, axis=0, keepdims=True) / len(examples)
        found = self.curve_.level_of(squares) * self.noise_.scale
        self._warn_of_strong(np.full(len(examples), found[0]))
        return float(found[0])

    def noise_levels(self, X: Any) -> NDArray[np.float64]:
        """How strong the noise of each row is, ``[n]``; of a single row that is told less exactly than of many."""
        found = [
            self.curve_.level_of(self._squares(noisy, rebuilt))
            for _, noisy, rebuilt in self._rebuilt(self._examples(X))
        ]
        levels = np.concatenate(found) * self.noise_.scale
        self._warn_of_strong(levels)
        return levels

    def with_noise(self, X: Any, level: float, random_state: int = 0) -> Any:
        """Clean rows with noise of a level: what the denoiser practises on. Raises ``ParameterError``."""
        examples = self._examples(X)
        check("with_noise", (_is_number(level) and level >= 0, f"level is {level!r}; expected 0 or more"))
        rng = np.random.default_rng(derive(seed_of(random_state), SAMPLING))
        return self._schema.give_back(self.noise_.on(examples.values, float(level), rng), examples)

    def against_filters(
        self, X: Any, level: float | None = None, *, known: Any = None, random_state: int = 0
    ) -> DenoisingComparison:
        """The usual filters beside it, on clean rows that it has not learnt, with noise of a level.

        By default half the strongest noise. Of many rows so many are drawn as take half a minute. Each filter has the
        setting that is best on one half of the rows; all are measured on the other. ``known``: clean rows that PCA
        learns, those of ``fit``; by default the one half.
        """
        examples = self._examples(X)
        examples = examples.at_most(max(2 * FEWEST, MOST_COMPARED // math.prod(self._schema.shape)))
        if len(examples) < 2 * FEWEST:
            raise DataError(f"X has {counted(len(examples), 'sample')}; expected {2 * FEWEST} or more to compare on")
        level = self.levels_[1] / 2 if level is None else level
        check("against_filters", (_is_number(level) and level > 0, f"level is {level!r}; expected a number above 0"))
        noisy = replace(examples, values=np.asarray(self.with_noise(examples, level, random_state)))
        learnt = None if known is None else self._examples(known)
        return against_filters(self, examples, noisy, level, known=learnt, seed=random_state)

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the denoiser to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path."""
        check_is_fitted(self, "curve_")
        arrays = {
            f"{name}.{field.name}": torch.from_numpy(np.ascontiguousarray(getattr(record, field.name)))
            for name, record in (("curve", self.curve_), ("axes", self.axes_))
            for field in fields(record)
        }
        if self.refinement_ is not None:
            arrays |= {f"refinement.{name}": each for name, each in self.refinement_.state_dict().items()}
        state = _State(
            centre=self.centre_,
            spread=self.spread_,
            least=self.levels_[0],
            most=self.levels_[1],
            limits=None if self.noise_.limits is None else list(self.noise_.limits),
            refines=self.refinement_ is not None,
        )
        return task_files.write(self, Path(path), state=state, arrays=arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The denoiser that was saved at ``path``; raises ``SavedModelError``."""
        records: dict[str, Any] = {"curve": NoiseCurve, "axes": PrincipalAxes}
        names = [f"{name}.{field.name}" for name, kind in records.items() for field in fields(kind)]
        saved = task_files.read(cls, Path(path), _State, *names)
        found = cls(**saved.parameters)
        found.model_, found.n_features_in_ = saved.model, saved.model.n_features_in_
        found._note_names()
        limits = saved.state.limits
        found.noise_ = replace(AddedNoise.of(found._schema), limits=None if limits is None else (limits[0], limits[1]))
        found.centre_, found.spread_ = saved.state.centre, saved.state.spread
        found.levels_ = (saved.state.least, saved.state.most)
        for name, kind in records.items():
            own = {field.name: saved.arrays[f"{name}.{field.name}"].double().numpy() for field in fields(kind)}
            setattr(found, f"{name}_", kind(**own))
        size, count = found._size, len(found.curve_.levels)
        shapes = [each.shape for each in (found.curve_.residual, found.curve_.believed, found.axes_.mean)]
        if shapes != [(count, size), (count, size, 2), (size,)]:
            raise SavedModelError(f"{path}: what is noted of noise has shapes {shapes}; expected rows of {size} values")
        found.refinement_ = _refinement(saved.arrays, found._schema.shape[0], path) if saved.state.refines else None
        return found

    # -- inside --------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "curve_")

    @property
    def _schema(self) -> NumericSchema:
        return cast(NumericSchema, self.model_.schema_)

    @property
    def _size(self) -> int:
        """Values of a row."""
        return math.prod(self._schema.shape)

    def _note_names(self) -> None:
        """Of the columns, where there are any: for ``get_feature_names_out``."""
        if hasattr(self.model_, "feature_names_in_"):
            self.feature_names_in_ = self.model_.feature_names_in_
        elif hasattr(self, "feature_names_in_"):  # of an earlier fit
            del self.feature_names_in_

    def _seed(self, purpose: int) -> int:
        return derive(seed_of(self.random_state), purpose) % 2**32

    def _usual_model(self, examples: Examples) -> DAE:
        """Practises on all levels."""
        schema = cast(NumericSchema, learn_schema(examples, owner=type(self).__name__))
        noise = AddedNoise.of(schema, cut=self.cut)
        some = examples.at_most(max(FEWEST, min(ENOUGH, MOST_NUMBERS // math.prod(schema.shape))))
        least, most = self._levels(_spread(schema.flat(some)) * noise.scale)
        limits = noise.limits_in_model
        corruption = {"scale": most / noise.scale, "least": least / noise.scale}
        return DAE(
            max(1, min(MOST_LATENT, math.prod(schema.shape) // 2)),
            corruption={"name": "gaussian_noise", **corruption, "limits": limits and list(limits)},
            trainer=self.trainer,
            random_state=self.random_state,
        )

    def _levels(self, spread: float) -> tuple[float, float]:
        """The weakest and the strongest noise, in the user's units."""
        if isinstance(self.levels, str):
            return LEAST * spread, MOST * spread
        return float(self.levels[0]), float(self.levels[1])

    def _learn_curve(self, kept: Examples) -> NoiseCurve:
        """What the model leaves over of rows that it has not learnt, level by level."""
        rng = np.random.default_rng(self._seed(SAMPLING))
        wanted = max(1, min(NOTED, MOST_NUMBERS // self._size))
        many = kept.take(np.tile(np.arange(len(kept)), math.ceil(wanted / len(kept))))
        clean = self._coordinates(self._schema.scaled(many.values))

        def passes() -> Iterator[Passes]:
            for level in levels:
                noisy = replace(many, values=self.noise_.on(many.values, level * self.noise_.scale, rng))
                parts = [(self._coordinates(y), self._coordinates(r)) for _, y, r in self._rebuilt(noisy)]
                seen, rebuilt = (np.concatenate(each) for each in zip(*parts, strict=True))
                yield Passes(clean=clean, noisy=seen, rebuilt=rebuilt)

        least, most = (level / self.noise_.scale for level in self.levels_)
        levels = np.concatenate([[0.0], np.geomspace(least, most, STEPS)])
        return NoiseCurve.learn(levels, passes(), variances=self.axes_.variances, count=len(kept))

    def _learn_refinement(self, kept: Examples) -> Refinement:
        rng = np.random.default_rng(self._seed(WEIGHTS))
        channels, height, width = self._schema.shape

        def draw(count: int) -> Drawn:
            rows = rng.integers(len(kept), size=count)
            level = rng.uniform(0, self.levels_[1], count)
            some = kept.bare(kept.values[rows], rows)
            noisy = replace(some, values=self.noise_.on(some.values, level, rng))
            clean, seen = (self._in_spreads(self._schema.scaled(x.values)) for x in (some, noisy))
            made = self._in_spreads(self.model_.rebuilt_in_model(noisy).double().numpy())
            told = torch.from_numpy(level / self.noise_.scale / self.spread_).float()
            return Drawn(clean=clean, noisy=seen, rebuilt=made, level=told)

        with RandomStream(self._seed(WEIGHTS)):
            return learn_refinement(channels, height * width, draw, steps=int(self.refining_steps))

    def _in_spreads(self, x: NDArray[np.floating]) -> torch.Tensor:
        return torch.from_numpy((x - self.centre_) / self.spread_).float()

    def _rebuilt(self, examples: Examples) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.float64]]]:
        """Some rows at a time: which, as they are, and rebuilt, in the model's units, ``[n, *shape]``."""
        together = max(1, min(AT_ONCE, MOST_NUMBERS // self._size))
        for start in range(0, len(examples), together):
            rows = slice(start, min(start + together, len(examples)))
            some = examples.block(rows)
            yield rows, self._schema.scaled(some.values), self.model_.rebuilt_in_model(some).double().numpy()

    def _coordinates(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of rows ``[n, *shape]``, in the model's units: ``[n, values]``."""
        return self.axes_.coordinates(np.where(self.noise_.varying > 0, x, self._constant).reshape(len(x), -1))

    @property
    def _constant(self) -> NDArray[np.float64]:
        """What rows are like where they did not differ in fit: noise there says nothing of that elsewhere."""
        return self.axes_.mean.reshape(self._schema.shape)

    def _squares(self, noisy: NDArray[np.float64], rebuilt: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of what is left over, coordinate by coordinate."""
        return np.asarray(np.square(self._coordinates(noisy) - self._coordinates(rebuilt)))

    @torch.no_grad()
    def _mended(
        self, noisy: NDArray[np.float64], rebuilt: NDArray[np.float64], level: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Rows without noise, ``[n, *shape]``, all in the model's units, ``level [n]`` too."""
        if self.refinement_ is None:
            found = self.curve_.estimate(self._coordinates(noisy), self._coordinates(rebuilt), level)
            return self.axes_.rows(found).reshape(noisy.shape)
        told = torch.from_numpy(level / self.spread_).float()
        parts = (each.split(64) for each in (self._in_spreads(noisy), self._in_spreads(rebuilt), told))
        made = torch.cat([self.refinement_(*part) for part in zip(*parts, strict=True)])
        found = made.double().numpy() * self.spread_ + self.centre_
        return np.asarray(found)

    def _examples(self, X: Any) -> Examples:
        """Rows; noise may lead beyond where the model's values end, and is cut off there."""
        check_is_fitted(self, "curve_")
        if self._schema.scaling == "unit":
            examples = read_and_tell(X, mapped=True)
            if examples.values.dtype.kind == "f" and self.noise_.limits is not None:
                X = replace(examples, values=examples.values.clip(*self.noise_.limits))
        return read_as_in_fit(X, self.model_.schema_, type(self).__name__)

    def _given_levels(self, level: Any, count: int) -> NDArray[np.float64]:
        """The level of each row, as the user says it; raises ``ParameterError``."""
        try:
            each = np.asarray(level, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"denoise: level is {level!r:.60}; expected a number, 'all' or 'each'") from error
        told = (
            f"level is {level!r:.60}; expected 0 to {self.levels_[1]:.4g}, the strongest noise that was practised. For "
            "stronger noise fit with levels=(weakest, strongest)"
        )
        check(
            "denoise",
            (
                each.ndim == 0 or each.shape == (count,),
                f"level has the shape {each.shape}; expected one, or ({count},)",
            ),
            (
                bool(np.isfinite(each).all() and (each >= 0).all() and (each <= self.levels_[1] * (1 + 1e-6)).all()),
                told,
            ),
        )
        return np.array(np.broadcast_to(each, (count,)))

    def _warn_of_strong(self, levels: NDArray[np.float64]) -> None:
        strong = int((levels > REACHED * self.levels_[1]).sum())
        if strong > STRONG * len(levels):
            warnings.warn(
                f"{counted(strong, 'row')} of {len(levels):,} have noise of {self.levels_[1]:.4g}, the strongest that "
                "was practised, or more, or are unlike the rows of fit. Fit with levels=(weakest, strongest).",
                StrongNoiseWarning,
                stacklevel=users_level(),
            )

    def _check_parameters(self) -> None:
        given, levels = unfrozen(self.model), self.levels
        automatic = isinstance(levels, str) and levels == "auto"
        pair = isinstance(levels, Sequence | np.ndarray) and len(levels) == 2 and all(map(_is_number, levels))
        check(
            type(self).__name__,
            (
                given is None or isinstance(given, Estimator),
                f"model is {self.model!r:.60}; expected a model of Isthmus, fitted or not, or None",
            ),
            (
                automatic or (pair and 0 < levels[0] < levels[1]),  # type: ignore[operator]
                f"levels is {levels!r:.60}; expected the weakest and the strongest noise, above 0, or 'auto'",
            ),
            (
                isinstance(self.refining_steps, numbers.Integral) and self.refining_steps >= 0,
                f"refining_steps is {self.refining_steps!r:.60}; expected 0 or more",
            ),
            (isinstance(self.cut, bool), f"cut is {self.cut!r:.60}; expected True or False"),
            (
                self.trainer is None or isinstance(self.trainer, Trainer),
                f"trainer is {self.trainer!r:.60}; expected a Trainer or None",
            ),
            (
                self.trainer is None or self.model is None,
                "trainer is for the usual model; set that of the model that is given: model.set_params(trainer=...)",
            ),
        )
        if isinstance(given, Estimator) and not (given.encodes and given.decodes):
            raise NotAvailableError(f"Denoiser: {type(given).__name__} does not rebuild. DAE, AE and VAE do.")
        if isinstance(given, Estimator) and given.conditional:
            raise NotAvailableError(
                f"Denoiser: {type(given).__name__} is told y, which noisy rows lack. Take DAE or VAE."
            )


def _spread(x: NDArray[np.floating]) -> float:
    """Standard deviation of the values about the mean of each, ``[n, values]``, of those that vary."""
    variances = x.var(0)
    return float(np.sqrt(variances[variances > 0].mean())) if variances.any() else 1.0


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _refinement(arrays: Mapping[str, torch.Tensor], channels: int, path: str | Path) -> Refinement:
    """As it was saved; raises ``SavedModelError``."""
    with RandomStream(0):  # its beginning is not used
        found = Refinement(channels)
    wanted = {f"refinement.{name}": each.shape for name, each in found.state_dict().items()}
    task_files.check_arrays(arrays, wanted)
    wrong = [name for name, shape in wanted.items() if arrays[name].shape != shape]
    if wrong:
        raise SavedModelError(
            f"{path}: {wrong[0]} has shape {tuple(arrays[wrong[0]].shape)}; expected {wanted[wrong[0]]}"
        )
    found.load_state_dict({name.removeprefix("refinement."): arrays[name] for name in wanted})
    return found.eval()


class _State(task_files.TaskState):
    centre: float
    spread: float
    least: float
    most: float
    limits: list[float] | None
    refines: bool
