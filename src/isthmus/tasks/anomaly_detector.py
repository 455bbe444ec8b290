"""Rows that do not belong: found, counted and explained."""

from __future__ import annotations

import math
import numbers
import time
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.argument_types import wrong_types
from isthmus.data.columns import Column
from isthmus.data.examples import Examples
from isthmus.data.reading import read_and_tell, read_as_in_fit
from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.estimator import Estimator
from isthmus.models.trimmed_ensemble import TrimmedEnsemble
from isthmus.tasks import conformal, detector_files
from isthmus.tasks.detection_baselines import Comparison, baselines, compared
from isthmus.tasks.drift import DriftReport, drift_of
from isthmus.tasks.explanation import Explanation
from isthmus.tasks.given_model import fitted_model, unfrozen
from isthmus.tasks.strangeness import Strangeness, batches, flat
from isthmus.tasks.value_costs import judges_values
from isthmus.training.resident import Resident
from isthmus.training.seeds import INITIAL, ORDER, SAMPLING, derive, seed_of
from isthmus.training.trainer import Trainer

MEMBERS, WIDEST, HIDDEN, TRIM = 4, 8, 48, 0.2  # of the ensemble; see docs/decisions/0024-anomalies.md
MOST_TRIM = 0.4
STEPS, BATCH, MOST_BATCH, RATE = 80, 128, 512, 3e-2  # of its training
CONTAMINATION, FALSE_ALARMS = 0.1, 0.05  # where neither is given
HELD_OUT, MOST_HELD_OUT = 0.25, 2 / 3  # of the rows, for calibration: usually, and where few rows need it
KEPT, KEPT_HELD_OUT = 5000, 10_000  # rows that are kept: to go on from, to compare with
AT_ONCE = 2**16  # rows of a file in memory
TRAININGS = ("contaminated", "normal")


class AnomalyDetector(OutlierMixin, BaseEstimator):
    """Finds rows that do not belong, says how sure it is, and why.

    By default an ensemble of narrow autoencoders, each of which leaves out of every step what it rebuilds worst, and
    the distance to the nearest known rows. A value's strangeness is log(1 + cost / usual cost), where its cost is
    -log p given the code. The score of a row is the mean over its values, a quarter of the strangest one's, and half of
    log(1 + d² / usual d²): about 1 to 2 for a usual row, higher is stranger.

    Rows that are kept, at most 5000 (and 10,000 for calibration), are saved with the detector: look for neighbours,
    ``partial_fit``, ``drift`` and ``against_baselines`` need them.

    Source: autoencoders: Hawkins et al. 2002, Outlier detection using replicator neural networks; ensembles of them:
    Chen et al. 2017, Outlier detection with autoencoder ensembles; trimming: Rousseeuw 1984, Least median of squares
    regression; neighbours: Ramaswamy et al. 2000; thresholds: Bates et al. 2023, Testing for outliers with conformal
    p-values.

    Parameters
    ----------
    model : None: the ensemble; or any model of the library. One that is fitted already is used as it is, and ``fit``
        only learns what it finds usual (in ``clone`` and searches it stays fitted as sklearn's FrozenEstimator(model)).
        A false-alarm rate then holds only where ``fit`` is given rows that the model has not learnt.
        Models that do not tell what each value costs (of texts, MAE) are asked for ``score_samples``.
    training : ``"contaminated"``: what does not belong may be among the rows of ``fit``, unmarked; ``"normal"``: it is
        not.
    contamination : the share of the rows of ``fit`` that ``predict`` would call -1, in (0, .5]. In training the
        ensemble leaves out twice as many, at most 0.4, and 0.2 where nothing is said.
    false_alarm_rate : instead, the share of rows like those of ``fit`` that may be called -1, in (0, .5]: by
        split-conformal calibration on rows that are held out. With ``"normal"`` training it holds on average over rows
        held out and rows to come, however many there are, if these are alike; ``alarms_expected`` tells the spread.
        With ``"contaminated"`` training strange rows are held out as well: the rate of false alarms is then lower,
        wherever these score higher, and of what is strange more is missed. With neither, contamination is 0.1, or
        where training is normal the false-alarm rate 0.05.
    calibration : the share of the rows that is held out for that; ``"auto"``: a quarter, or up to two thirds
        where the rate needs so many.
    neighbours : the k-th nearest known row counts; 0: neighbours do not.
    trainer : of the ensemble; None, or where it says ``"auto"``: about 80 steps on all rows.
    random_state : seed of everything random in ``fit``.

    >>> import isthmus as im
    >>> X = im.data.load("breast-cancer").values[:200]
    >>> detector = im.AnomalyDetector(contamination=0.05).fit(X)
    >>> int((detector.predict(X) == -1).sum())
    10
    >>> strangest = int(detector.anomaly_score(X).argmax())
    >>> len(detector.explain(X[strangest : strangest + 1]).top(0, 3))
    3
    """

    def __init__(
        self,
        model: Estimator | FrozenEstimator | None = None,
        *,
        training: Literal["contaminated", "normal"] = "contaminated",
        contamination: float | None = None,
        false_alarm_rate: float | None = None,
        calibration: float | Literal["auto"] = "auto",
        neighbours: int = 5,
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.model, self.training = model, training
        self.contamination, self.false_alarm_rate, self.calibration = contamination, false_alarm_rate, calibration
        self.neighbours, self.trainer, self.random_state = neighbours, trainer, random_state

    # -- scikit-learn's contract ---------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is usual; y is not looked at.

        X: an array, a tensor, a data frame, a file: see ``isthmus.data.read``. Raises ``DataError``,
        ``ParameterError``.
        """
        began = time.perf_counter()
        self._check_parameters()
        examples = read_and_tell(X, mapped=True)
        known, held_out = self._split(examples)
        self.model_ = fitted_model(self._given, lambda: self._ensemble(known), known, type(self).__name__)
        self.trained_ = self.model_ is not self._given
        self.n_features_in_ = self.model_.n_features_in_
        if hasattr(self.model_, "feature_names_in_"):
            self.feature_names_in_ = self.model_.feature_names_in_
        elif hasattr(self, "feature_names_in_"):  # of an earlier fit
            del self.feature_names_in_
        self.rows_seen_ = len(known)
        if judges_values(self.model_):
            self._learn(self._stored(known), None if held_out is None else self._stored(held_out))
        else:
            self.strangeness_: Strangeness | None = None
            self.kept_: Tensor | None = None
            self.held_out_: Tensor | None = None
            self._calibrate(self._scores(known if held_out is None else held_out))
        self.seconds_ = time.perf_counter() - began
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """1 for rows that belong, -1 for the others."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """``score_samples - offset_``: below 0 for rows that do not belong."""
        return self.score_samples(X) - self.offset_

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """``-anomaly_score``: lower is stranger, as scikit-learn has it."""
        return -self.anomaly_score(X)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from new rows as well, and find anew what is usual; the first time as ``fit``.

        The model goes on training on these and on kept rows of those seen before, so that it does not forget them; one
        that was given fitted stays as it is. Thresholds are then those of all that is kept.
        """
        if not hasattr(self, "offset_"):
            return self.fit(X)
        examples = self._examples(X)
        if self.kept_ is None:
            raise ParameterError(
                f"{type(self.model_).__name__} does not tell what each value costs, and no rows are kept to go on "
                "from: fit anew on all rows"
            )
        known, held_out = self._split(examples)
        new = self._stored(known)
        together = torch.cat([self.kept_, new])
        if self.trained_:
            seed = derive(seed_of(self.random_state), INITIAL, self.rows_seen_)
            rows = Resident.of_stored(together, self.model_.schema_)
            self._trainer(len(together)).go_on(self.model_.autoencoder_, rows, seed=seed)
        self.rows_seen_ += len(known)
        mixed = self._mixed(self.kept_, new)
        later = None if held_out is None else self._stored(held_out)
        if later is not None and self.held_out_ is not None:
            later = torch.cat([self.held_out_, later])
        self._learn(mixed, later)
        return self

    # -- what one wants to know ----------------------------------------------------------------------

    def anomaly_score(self, X: Any) -> NDArray[np.float64]:
        """How strange each row is, ``[n]``: higher is stranger."""
        return self._scores(self._examples(X))

    def p_value(self, X: Any) -> NDArray[np.float64]:
        """For each row the share of known ones that are as strange: small where it does not belong.

        By rows held out, where ``false_alarm_rate`` is given (or training is ``"normal"``): then p is at most u for at
        most a share u of rows like those of ``fit``. Otherwise by the rows of ``fit`` themselves, and a description of
        these only.
        """
        return self.p_value_of(self.anomaly_score(X))

    def p_value_of(self, score: NDArray[np.floating]) -> NDArray[np.float64]:
        """The same, of anomaly scores."""
        check_is_fitted(self, "offset_")
        return conformal.p_values(self.calibration_scores_, np.asarray(score))

    def explain(self, X: Any) -> Explanation:
        """What each value adds to the score, beside what the model makes of it; frames where X is one.

        Raises ``ParameterError`` where the model does not tell what each value costs.
        """
        examples = self._examples(X)
        if self.strangeness_ is None:
            raise ParameterError(
                f"{type(self.model_).__name__} tells how likely a row is, and not what each value adds to it; models "
                "that do: AE, VAE, TrimmedEnsemble"
            )
        schema = self.model_.schema_
        adds = self.strangeness_.by_value(self._stored(examples))
        return Explanation(
            names=self._names(),
            values=np.asarray(schema.give_back(schema.known(examples), examples)).reshape(len(examples), -1),
            contributions=schema.numbers_back(adds.reshape(len(adds), *schema.user_shape), examples),
            expected=self.model_.reconstruct(examples),
        )

    @property
    def explains(self) -> bool:
        """Whether the model tells what each value costs, so that there are explanations and kept rows."""
        check_is_fitted(self, "offset_")
        return self.strangeness_ is not None

    @property
    def rule(self) -> str:
        """How the threshold was found, in words."""
        if self._rate is None:
            return f"contamination {self._contamination:g}"
        new = "" if self.trained_ else ", if the fitted model has not learnt these"
        return f"false alarms on {self._rate:.3g} of the rows, by {len(self.calibration_scores_):,} held out{new}"

    def alarms_expected(self, count: int, level: float = 0.95) -> tuple[int, int]:
        """Between how many of ``count`` rows like those held out will be called -1, with probability ``level``.

        Raises ``ParameterError`` where no rows are held out: contamination promises nothing of rows to come.
        """
        check_is_fitted(self, "offset_")
        rate = self._rate
        if rate is None:
            raise ParameterError("alarms_expected is for detectors with a false_alarm_rate; this one has contamination")
        return conformal.alarms_expected(len(self.calibration_scores_), count, rate, level)

    def drift(self, X: Any, level: float = 0.05) -> DriftReport:
        """Whether rows have drifted from those of ``fit``: each column and the score, by Kolmogorov and Smirnov.

        A column has also drifted where more or fewer of its values are missing, or new categories.

        The chance that anything is called drifted that has not is at most ``level`` (Holm), for rows that are drawn
        independently. Scores are compared with those held out, or where none are with those of ``fit``.
        """
        check("drift", (0 < level < 1, f"level is {level!r}; expected a probability in (0, 1)"))
        examples = self._examples(X).at_most(KEPT)
        kept = self.kept_
        return drift_of(
            np.empty((len(self.calibration_scores_), 0)) if kept is None else self._in_users_units(kept),
            np.empty((len(examples), 0)) if kept is None else self._in_users_units(self._stored(examples)),
            columns=() if kept is None else self._described(),
            known_scores=self.calibration_scores_,
            new_scores=self._scores(examples),
            level=level,
        )

    def against_baselines(self, X: Any, y: ArrayLike | None = None) -> Comparison:
        """Isolation forest, 5-NN distance and PCA on the same rows: is the autoencoder worth it here?

        They learn from the rows that are kept, at most 5000 of those of ``fit``, in the model's units. y: which rows do
        not belong (1, or -1 as scikit-learn's detectors say it), where that is known.
        """
        examples = self._examples(X)
        if self.kept_ is None:
            raise ParameterError(f"{type(self.model_).__name__} has no rows of numbers that others could learn from")
        began = time.perf_counter()
        scores = {type(self).__name__: self._scores(examples)}
        seconds = {type(self).__name__: self.seconds_ + time.perf_counter() - began}
        stored = self._stored(examples)
        known, new = (
            np.concatenate([flat(self.model_, batch) for batch in batches(self.model_, rows)])[: len(rows)]
            for rows in (self.kept_, stored)
        )
        for name, (found, took) in baselines(known, new, seed_of(self.random_state)).items():
            scores[name], seconds[name] = found, took
        return compared(scores, y, seconds)

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the detector to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path.

        The model lies in it as any other does, and the commands for models take it.
        """
        check_is_fitted(self, "offset_")
        return detector_files.write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The detector that was saved at ``path``; raises ``SavedModelError``."""
        return detector_files.read(cls, Path(path))

    # -- inside --------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "offset_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.sparse = True  # as the models' own
        return tags

    def _check_parameters(self) -> None:
        def share(value: Any) -> bool:
            number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            return number and 0 < value <= 0.5

        both = self.contamination is not None and self.false_alarm_rate is not None
        automatic = isinstance(self.calibration, str) and self.calibration == "auto"
        part = isinstance(self.calibration, numbers.Real) and 0 < self.calibration < 1
        kinds = wrong_types(AnomalyDetector.__init__, {"neighbours": self.neighbours})
        check(
            type(self).__name__,
            *((False, message) for message in kinds),
            (
                self.training in TRAININGS,
                f"training is {self.training!r}. {did_you_mean(str(self.training), TRAININGS)}",
            ),
            (
                self.contamination is None or share(self.contamination),
                f"contamination is {self.contamination!r}; expected a share in (0, 0.5], or None",
            ),
            (
                self.false_alarm_rate is None or share(self.false_alarm_rate),
                f"false_alarm_rate is {self.false_alarm_rate!r}; expected a share in (0, 0.5], or None",
            ),
            (
                not both,
                (
                    f"contamination is {self.contamination!r} and false_alarm_rate {self.false_alarm_rate!r}; expected "
                    "one of them: a share of the rows of fit, or of usual rows to come"
                ),
            ),
            (
                automatic or part,
                f"calibration is {self.calibration!r}; expected a share of the rows in (0, 1), or 'auto'",
            ),
            (bool(kinds) or self.neighbours >= 0, f"neighbours is {self.neighbours!r}; expected 0 or more"),
            (
                self.model is None or isinstance(self._given, Estimator),
                f"model is {self.model!r:.60}; expected a model of Isthmus, fitted or not, or None",
            ),
            (
                self.trainer is None or isinstance(self.trainer, Trainer),
                f"trainer is {self.trainer!r:.60}; expected a Trainer or None",
            ),
        )
        given = self._given
        if isinstance(given, Estimator) and not hasattr(given, "score_samples"):
            raise ParameterError(
                f"{type(self).__name__}: model is a {type(given).__name__}, which cannot say how likely a row is; "
                "expected one that can: AE, VAE, TrimmedEnsemble"
            )
        if isinstance(given, Estimator) and (given.conditional or given.supervised):
            raise ParameterError(
                f"{type(self).__name__}: model is a {type(given).__name__}, which wants y; expected one that learns "
                "from X alone: AE, VAE, TrimmedEnsemble"
            )

    @property
    def _given(self) -> Any:
        """The model that was given, out of what keeps it fitted."""
        return unfrozen(self.model)

    @property
    def _rate(self) -> float | None:
        """Of false alarms, where that decides."""
        if self.contamination is None and self.false_alarm_rate is None and self.training == "normal":
            return FALSE_ALARMS
        return self.false_alarm_rate

    @property
    def _contamination(self) -> float:
        return CONTAMINATION if self.contamination is None else float(self.contamination)

    def _split(self, examples: Examples) -> tuple[Examples, Examples | None]:
        """Rows to learn from, and rows to calibrate by where a false-alarm rate is asked for."""
        if self._rate is None:
            return examples, None
        count = len(examples)
        if isinstance(self.calibration, str):
            needed = conformal.fewest_rows(self._rate)
            held_out = min(max(round(HELD_OUT * count), needed), math.floor(MOST_HELD_OUT * count))
        else:
            held_out = min(max(1, round(float(self.calibration) * count)), count - 1)
        order = np.random.default_rng(derive(seed_of(self.random_state), ORDER)).permutation(count)
        return examples.take(np.sort(order[held_out:])), examples.take(np.sort(order[:held_out]))

    def _ensemble(self, examples: Examples) -> TrimmedEnsemble:
        """Narrow: at most half as many numbers in a code as there are values."""
        values = max(1, np.asarray(examples.values[:1]).size)
        return TrimmedEnsemble(
            max(1, min(WIDEST, values // 2)),
            members=MEMBERS,
            trim=self._trim,
            network={"hidden": (HIDDEN,), "activation": "tanh"},
            trainer=self._trainer(len(examples)),
            random_state=self.random_state,
        )

    @property
    def _trim(self) -> float:
        """The share that is left out of every step: twice what may be strange."""
        if self.training == "normal":
            return 0.0
        return TRIM if self.contamination is None else min(MOST_TRIM, TRIM / CONTAMINATION * float(self.contamination))

    def _trainer(self, count: int) -> Trainer:
        """The one that was given, or the usual one, short where it leaves things to the data."""
        trainer = Trainer() if self.trainer is None else clone(self.trainer)
        rows = min(count, max(BATCH, min(MOST_BATCH, count // STEPS)))  # so that many rows take no more steps
        batch_size = max(1, rows if trainer.batch_size == "auto" else int(trainer.batch_size))
        short = {
            "epochs": max(1, round(STEPS / max(1, count // batch_size))),
            "batch_size": batch_size,
            "learning_rate": RATE,
            "validation": 0,
            "mix": 0.0,
            "noise": 0.0,
        }
        return trainer.set_params(**{word: value for word, value in short.items() if getattr(trainer, word) == "auto"})

    def _learn(self, known: Tensor, held_out: Tensor | None) -> None:
        """What is usual, from rows as they are stored; the threshold, from those held out or from the same."""
        generator = self._generator()
        self.strangeness_ = Strangeness.learn(
            self.model_, known, neighbours=self.neighbours, trim=self._trim, generator=generator
        )
        self.kept_ = _some(known, KEPT, generator)
        self.held_out_ = None if held_out is None else _some(held_out, KEPT_HELD_OUT, generator)
        self._calibrate(self.strangeness_.scores(known if held_out is None else held_out))

    def _calibrate(self, scores: NDArray[np.float64]) -> None:
        """The threshold, from scores of known rows, or of rows held out."""
        self.calibration_scores_ = np.sort(scores)
        if self._rate is not None:
            self.offset_ = -conformal.threshold(scores, self._rate)
        else:
            self.offset_ = float(np.percentile(-scores, 100 * self._contamination))

    def _mixed(self, kept: Tensor, new: Tensor) -> Tensor:
        """Old and new rows by the numbers that they stand for, as many as are kept."""
        seen, generator = self.rows_seen_, self._generator()
        if len(kept) + len(new) <= KEPT and len(kept) + len(new) == seen:
            return torch.cat([kept, new])
        old = min(len(kept), round(KEPT * (seen - len(new)) / seen))
        return torch.cat([_some(kept, old, generator), _some(new, KEPT - old, generator)])

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng(derive(seed_of(self.random_state), SAMPLING, self.rows_seen_))

    def _examples(self, X: Any) -> Examples:
        check_is_fitted(self, "offset_")
        return read_as_in_fit(X, self.model_.schema_, type(self).__name__)

    def _scores(self, examples: Examples) -> NDArray[np.float64]:
        if self.strangeness_ is None:
            return -self.model_.score_samples(examples).astype(np.float64)
        pieces = (slice(start, start + AT_ONCE) for start in range(0, len(examples), AT_ONCE))
        return np.concatenate([self.strangeness_.scores(self._stored(examples.block(piece))) for piece in pieces])

    def _stored(self, examples: Examples) -> Tensor:
        return self.model_.schema_.store(examples)

    def _in_users_units(self, stored: Tensor) -> NDArray[np.float64]:
        """``[n, values]``, after the same rounding for all rows; NaN in gaps."""
        schema = self.model_.schema_
        values, valid = schema.from_model(schema.to_model(stored)), schema.valid(stored)
        if valid is not None:
            values = np.where(schema.by_column(valid.numpy().astype(np.int64)) > 0, values, np.nan)
        return np.asarray(values, dtype=np.float64).reshape(len(stored), -1)

    def _described(self) -> tuple[Column, ...]:
        """What the numbers of the user's values stand for."""
        described = self.model_.schema_.described()
        return described or tuple(Column(name=name, sort="number") for name in self._names())

    def _names(self) -> tuple[str, ...]:
        """Of the user's values: columns, or places."""
        schema = self.model_.schema_
        if schema.columns is not None:
            return tuple(schema.columns)
        if len(schema.user_shape) == 1:
            return tuple(f"x{i}" for i in range(schema.user_shape[0]))
        return tuple(str(list(place)) for place in np.ndindex(*schema.user_shape))


def _some(rows: Tensor, count: int, generator: np.random.Generator) -> Tensor:
    """A random choice, in order, where there are more."""
    if len(rows) <= count:
        return rows
    return rows[np.sort(generator.permutation(len(rows))[:count])]
