"""scikit-learn's contract over an autoencoder and a trainer."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus import saving
from isthmus.abilities import (
    if_it_decodes,
    if_it_encodes,
    if_it_has_parts,
    if_it_imputes,
    if_it_scores,
    if_there_and_back,
)
from isthmus.architecture import Setting, likelihood_scaling, make_likelihood
from isthmus.argument_types import check_types, is_count
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.direction import Direction
from isthmus.code_prior import PriorScores, fit_code_prior
from isthmus.component import registered_name
from isthmus.data.examples import Examples
from isthmus.data.kinds import NUMBERS, check_kind, check_many
from isthmus.data.labels import Condition
from isthmus.data.learnt_schema import learn_schema, with_gaps_as_mixed
from isthmus.data.mapped import let_go
from isthmus.data.reading import read, read_and_tell, read_as_in_fit
from isthmus.data.scaling import are_intensities, kind_of_values
from isthmus.data.schema import Schema
from isthmus.errors import DataError, ParameterError, check, did_you_mean
from isthmus.layers.code_path import CodePath, between, check_path
from isthmus.layers.mean_of_places import mean_of_places
from isthmus.layers.onednn_products import evaluation
from isthmus.priors.standard_normal import StandardNormal
from isthmus.records import Batch, Code, View
from isthmus.search_ranges import Range
from isthmus.training.history import History
from isthmus.training.mapped_rows import resident_or_mapped
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident
from isthmus.training.rows import Rows
from isthmus.training.seeds import SAMPLING, SCORING, WEIGHTS, derive, seed_of
from isthmus.training.trainer import Trainer

ROWS = 1024  # rows at a time outside of training
MOST_OUTPUTS = 2**24  # numbers that a decoder gives at a time: 64 MiB
FEWEST_CODES = 20  # that a prior is learnt from
FILLED = 16  # batches are filled up to a multiple of this many rows
BLOCK = 256  # rows that share a stream of random numbers in score and log_prob, whatever the batches
DRAWS = 16  # draws from the posterior for score_samples


class Estimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):
    """What every model of the family can do; a model adds its parameters and ``build``.

    X is an array, a tensor, a data frame, a torch Dataset, a file or a folder: see ``isthmus.data.read``.
    Codes and scores are float32. Fitted: ``autoencoder_``, ``schema_``, ``condition_``, ``history_``.
    """

    conditional: ClassVar[bool] = False  # y is conditioned on
    supervised: ClassVar[bool] = False  # y is predicted
    imputes: ClassVar[bool] = False  # gaps can be filled, even where no code leads back to x
    encodes: ClassVar[bool] = True  # there is a way from x to a code
    decodes: ClassVar[bool] = True  # there is a way from a code to x
    pictures_only: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = NUMBERS  # kinds of examples
    pooled: ClassVar[bool] = False  # ``transform`` gives the mean of the features of all places
    code_parts: ClassVar[tuple[str, ...]] = ()  # named parts that its code is made of
    writes: ClassVar[bool] = False  # ``reconstruct`` writes texts again
    reads_prior: ClassVar[bool] = False  # ``predict`` does, so that it stays as it was learnt
    directions: ClassVar[tuple[str, ...]] = ()  # of those ``predict`` takes one
    in_order: ClassVar[bool] = False  # rows are learnt from by those next to them
    blends: ClassVar[bool] = True  # blended and noisy rows may stand in for more data
    search: ClassVar[Mapping[str, Range]] = {}  # where tuning looks for its parameters, by their names
    tuned_by: ClassVar[str | None] = None  # the score that tuning makes best; None: by what it can do
    automatic_likelihood: ClassVar[Any] = "gaussian"  # for data that are not binary: a name, or a mapping
    automatic_binary_likelihood: ClassVar[Any] = "gaussian"
    automatic_picture_likelihood: ClassVar[Any] = (
        None  # for pictures of intensities in [0, 1] or of 8 bits; None: as others
    )
    automatic_table_likelihood: ClassVar[Any] = "mixed_columns"  # for tables with gaps or columns that are no numbers

    latent_dim: int
    network: Any
    likelihood: Any
    trainer: Trainer | None
    random_state: Any

    @abstractmethod
    def build(self, setting: Setting) -> Autoencoder:
        """The composition for these data; drawn from torch's current random stream."""

    # -- scikit-learn's contract ---------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, *, resume: bool = False) -> Self:
        """Learn from X; y is what is conditioned on in conditional models, and not looked at in others.

        Rows of a large file stay there, and must not be changed meanwhile: see ``mapped`` in ``isthmus.data.read``.
        With ``resume=True`` training goes on from ``trainer.checkpoint``, bit-exactly on a CPU. Raises
        ``DataError``, ``ParameterError`` and ``TrainingError``.
        """
        self._check_parameters()
        check_many(X, self.takes, owner=type(self).__name__)
        examples = with_gaps_as_mixed(
            read_and_tell(X, mapped=True), likelihood_scaling(getattr(self, "likelihood", "auto"))
        )
        check_kind(examples, self.takes, owner=type(self).__name__)
        likelihood = self._wanted_likelihood(examples)
        schema = self._learn_schema(examples, likelihood_scaling(likelihood))
        told = self.conditional or self.supervised
        y = examples.labels if y is None and told else y  # a Dataset's, or the names of folders
        condition, target = self._learn_condition(y, examples), self._learn_target(y, schema)
        seed = seed_of(self.random_state)
        setting = Setting(
            schema=schema,
            rows=len(examples),
            likelihood=make_likelihood(likelihood, schema),
            condition_dim=0 if condition is None else condition.width,
            told_numbers=condition is not None and condition.classes is None,
            target=target,
        )
        with RandomStream(derive(seed, WEIGHTS)):
            model = self.build(setting)
        trainer = self._trainer(len(examples))
        rows = resident_or_mapped(
            examples,
            schema,
            condition=None if condition is None else condition.encode(self._given(y)),
            target=None if target is None else _stored_target(target, self._wanted(y)),
            in_order=self.in_order,
        )
        self.history_: History = trainer.fit(
            model,
            self._arranged(rows, examples, schema),
            seed=seed,
            may_blend=self._may_blend(model),
            resume=resume,
        )
        self.autoencoder_, self.schema_, self.condition_, self.target_ = model, schema, condition, target
        self.prior_condition_: Condition | None = None
        self.prior_history_: History | None = None
        self.prior_scores_: PriorScores | None = None
        self.metrics_: dict[str, Any] = {}
        self.n_features_in_ = math.prod(schema.user_shape)  # a text is one, a sequence too
        self._look_at(examples, y)
        if schema.columns is not None:
            self.feature_names_in_ = np.asarray(schema.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):  # of an earlier fit
            del self.feature_names_in_
        return self

    def transform(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """The codes of X, ``[n, numbers]``: the single best code of each row, without noise.

        A code with a grid (``autoencoder_.code_shape``) is laid out in a row.
        """
        return self._by_batch(
            self._examples(X), condition, lambda batch, _: self._laid_out(self.autoencoder_.encode(batch))
        ).numpy()

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """``fit``, then ``transform``: told y where the encoder is, and has always been."""
        fitted, encoder = self.fit(X, y), self.autoencoder_.encoder
        wanted = encoder is not None and encoder.told and not self.autoencoder_.answers_untold
        return fitted.transform(X, y if wanted else None)

    @available_if(if_it_decodes)
    def inverse_transform(self, Z: ArrayLike, condition: Any = None) -> Any:
        """The expected x of codes ``[n, numbers]``, in the units and layout that X had in ``fit``.

        A table of mixed columns is a data frame where X was one, otherwise an array of objects.
        """
        check_is_fitted(self)
        return self.schema_.give_back(self._decoded(self._codes(Z), condition))

    def _decoded(self, codes: Tensor, condition: Any) -> NDArray[Any]:
        made = []
        with evaluation(self.autoencoder_):
            for rows, given in self._parts(len(codes), condition):
                z = codes[rows].to(self._device)
                view = View(x=z, condition=given)
                made.append(self._likelihood.mean(self.autoencoder_.decode(Code(z=z), view)).cpu())
        return np.asarray(self.schema_.from_model(torch.cat(made)))

    @available_if(if_there_and_back)
    def reconstruct(self, X: Any, condition: Any = None) -> Any:
        """X, encoded and decoded; a data frame where X is one."""
        self._check_told(condition)
        examples = self._examples(X)
        return self.schema_.give_back(self.rebuilt(examples, condition).values, examples)

    @available_if(if_there_and_back)
    def rebuilt(self, examples: Examples, condition: Any = None) -> Examples:
        """``reconstruct`` as examples, numbers in the user's units: what metrics and pictures look at."""
        made = self.rebuilt_in_model(examples, condition)
        return replace(examples, values=self.schema_.from_model(made), described=self.schema_.described())

    @available_if(if_there_and_back)
    def rebuilt_in_model(self, examples: Examples, condition: Any = None) -> Tensor:
        """``reconstruct`` in the model's units, ``[n, *shape]``."""
        return self._by_batch(examples, condition, lambda batch, _: self.autoencoder_.rebuild(batch))

    @available_if(if_it_imputes)
    def impute(self, X: Any, *, draws: int | None = None, condition: Any = None, random_state: int = 0) -> Any:
        """X with its gaps filled: by what is expected (categories: the likeliest), or by each of so many draws.

        A table like X, or a list of ``draws`` tables, whose spread says how sure the model is (multiple imputation,
        Rubin 1987). What is known stays as it is. Raises ``ParameterError`` where the model knows no gaps.
        """
        examples = self._examples(X)
        found = self.imputed(examples, draws=draws, condition=condition, random_state=random_state)
        tables = [self.schema_.give_back(each, examples) for each in found]
        return tables[0] if draws is None else tables

    @available_if(if_it_imputes)
    def imputed(
        self, examples: Examples, *, draws: int | None = None, condition: Any = None, random_state: int = 0
    ) -> list[NDArray[Any]]:
        """``impute`` in numbers, as ``schema_.known`` has them: what is expected alone, or the draws."""
        known = self.schema_.described() is not None
        told = (
            f"the model was fitted on {self.schema_.kind} data without gaps, and takes none; fit it on rows with gaps"
        )
        check("impute", (known, told), (draws is None or is_count(draws), f"draws is {draws!r}; expected 1 or more"))
        if draws is None:
            expected = self._by_batch(examples, condition, lambda batch, _: self._expected(batch))
            return [self._filled(examples, self.schema_.from_model(expected))]

        seed = seed_of(random_state)

        def drawn(number: int) -> NDArray[Any]:
            def of_batch(batch: Batch, place: int) -> Tensor:
                with RandomStream(derive(seed, SAMPLING, number, place), self._device):
                    return self._drawn_again(batch)

            x = self._by_batch(examples, condition, of_batch)
            return self.schema_.drawn_from_model(x, derive(seed, SAMPLING, number))

        return [self._filled(examples, drawn(number)) for number in range(draws)]

    def _expected(self, batch: Batch) -> Tensor:
        """The expected x of rows with gaps."""
        return self.autoencoder_.rebuild(batch)

    def _drawn_again(self, batch: Batch) -> Tensor:
        """A draw of x of rows with gaps."""
        return self.autoencoder_.drawn_again(batch)

    def _filled(self, examples: Examples, values: NDArray[Any]) -> NDArray[Any]:
        """The user's rows, with the model's values in their gaps."""
        known = self.schema_.known(examples)
        return np.where(np.isnan(known), values, known)

    # -- likelihood ----------------------------------------------------------------------------------

    @available_if(if_there_and_back)
    def score_samples(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """A lower bound of log p(x) in nats for each row of X; high is usual, low is odd.

        The ELBO at beta = 1, with the same draws for every row. Where the code is not random it is
        log p(x | z): what the code costs is left out. For real data a density in the units of X.
        """
        self._check_told(condition)
        noise = self._noise(derive(0, SCORING), DRAWS)
        examples = self._examples(X)
        scores = self._by_batch(examples, condition, lambda batch, _: self.autoencoder_.log_bound(batch, noise))
        return self._in_users_units(scores, examples)

    @available_if(if_it_scores)
    def score(self, X: Any, y: Any = None) -> float:
        """The mean of ``score_samples``: what ``GridSearchCV`` makes as large as it can.

        Of a random code with draws of each row's own: those that all rows share are fair to each of them, but what
        they err by would not grow less with the number of rows.
        """
        return self._mean_score(X, y if self.conditional or self.prior_condition_ is not None else None)

    def _mean_score(self, X: Any, condition: Any = None) -> float:
        return float(self._own_scores(X, condition).mean(dtype=np.float64))

    def _own_scores(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """As ``score_samples``, with draws of each row's own: for means."""
        if not (self.autoencoder_.bottleneck.random and self.autoencoder_.prior is not None):
            return self.score_samples(X, condition)
        self._check_told(condition)
        examples, size, noise = self._examples(X), self._rows_in_block, self._own_draws()

        def bound(batch: Batch, number: int) -> Tensor:
            return self.autoencoder_.log_bound(batch, noise(number * size, len(batch)))

        return self._in_users_units(self._by_batch(examples, condition, bound, size), examples)

    @available_if(if_there_and_back)
    def log_prob(self, X: Any, samples: int = 100, condition: Any = None, random_state: int = 0) -> NDArray[np.float32]:
        """log p(x) in nats for each row of X, by importance sampling with ``samples`` draws of the code.

        Closer to the truth than ``score_samples``, from below, the more draws (Burda et al. 2016).
        """
        check("log_prob", (is_count(samples), f"samples is {samples!r}; expected a whole number, 1 or more"))
        self._check_told(condition)

        examples, size, noise = self._examples(X), self._rows_in_block, self._own_draws(samples, random_state)

        def likelihood(batch: Batch, number: int) -> Tensor:
            return self.autoencoder_.log_prob(batch, noise(number * size, len(batch)))

        return self._in_users_units(self._by_batch(examples, condition, likelihood, size), examples)

    # -- new data ------------------------------------------------------------------------------------

    @available_if(if_it_decodes)
    def sample(self, n: int = 1, condition: Any = None, random_state: int | None = None) -> Any:
        """``n`` new examples from the prior, in the units of X; ``condition``: one for all, or n of them.

        Of a table of mixed columns new rows, in its types, categories and ranges, a data frame where X was one.
        """
        check_is_fitted(self)
        return self._drawn(self.autoencoder_, n, condition, random_state)

    def _drawn(self, model: Autoencoder, n: int, condition: Any, random_state: int | None) -> Any:
        check_count(n)
        made, seed = [], derive(seed_of(random_state), SAMPLING)
        with evaluation(self.autoencoder_), RandomStream(seed, self._device):
            for rows, given in self._parts(n, condition):
                made.append(model.sample(rows.stop - rows.start, given).cpu())
        return self.schema_.give_back(self.schema_.drawn_from_model(torch.cat(made), seed))

    @available_if(if_there_and_back)
    def fit_prior(
        self,
        X: Any,
        y: Any = None,
        *,
        prior: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = None,
    ) -> Self:
        """Learn p(z) from the codes of X, the model staying as it is; then ``sample`` draws from it.

        Of random codes one is drawn for each row, so that it is the aggregate posterior that is learnt; then it is p(z)
        in ``score_samples`` and ``log_prob``, too. A fifth of the codes (at most 5000) is held out; by these
        ``prior_scores_`` compares the candidates, in nats, and ``prior="auto"`` chooses. Otherwise ``prior`` is a name
        (``isthmus parts``), a mapping with a name and arguments, or a Prior to copy. The choice is then fitted to all
        codes.

        ``y`` is what a conditional model is conditioned on; p(z) is not. ``trainer`` trains flows and the like; None:
        one that stops by an eighth of the codes. ``random_state`` None: that of the model. Places of a grid are drawn
        by themselves. Raises ``ParameterError`` and ``DataError``.

        Source: Ghosh et al. 2020, From variational to deterministic autoencoders, section 4 (density estimation
        afterwards).
        """
        self._check_may_learn_prior(trainer)
        model, examples = self.autoencoder_, self._examples(X)
        if len(examples) < FEWEST_CODES:
            raise DataError(
                f"fit_prior got {len(examples)} rows; expected {FEWEST_CODES} or more, of which a fifth is held out"
            )
        seed = seed_of(self.random_state if random_state is None else random_state)

        def drawn(batch: Batch, number: int) -> Tensor:
            code = model.encode(batch)
            if code.posterior is None:
                return code.z.float()
            return code.posterior.at(self._noise(derive(seed, SAMPLING, number), 1, len(batch))[0]).float()

        def seen(index: Tensor) -> View:
            some = self._resident(examples.take(index.numpy()), None if y is None else np.asarray(y)[index.numpy()])
            batch = some.to(self._device).batch(slice(None))
            return View(x=batch.x, valid=batch.valid, condition=batch.condition)

        codes = self._by_batch(examples, y, drawn).to(self._device)
        found = fit_code_prior(model, codes, seen, prior=prior, trainer=trainer, seed=seed)
        self.autoencoder_ = model.with_prior(found.prior).eval().to(self._device)
        self.prior_scores_, self.prior_history_, self.prior_condition_ = found.scores, found.history, None
        return self

    def _check_may_learn_prior(self, trainer: Any) -> None:
        check_is_fitted(self)
        model, name = self.autoencoder_, type(self).__name__
        if model.encoder is None or model.decoder is None:
            raise ParameterError("This model was loaded in part: fit_prior needs the whole of it")
        check(
            "fit_prior",
            (trainer is None or isinstance(trainer, Trainer), f"trainer is {trainer!r}; expected a Trainer or None"),
            (
                not self.reads_prior,
                f"{name} tells clusters by its prior, which it has learnt with its codes and keeps; a VAE takes others",
            ),
            (not model.bottleneck.levels, f"the codes of {name} are discrete; expected numbers"),
            (
                model.bottleneck.everywhere,
                f"the codes of {name} are on a part of space, for which there is no other prior",
            ),
            (
                not model.encoder.ragged,
                f"codes of {name} have padding where rows are short; expected an encoder that gives one (flatten=True)",
            ),
        )

    @available_if(if_there_and_back)
    def interpolate(self, a: Any, b: Any, steps: int = 8, condition: Any = None, *, path: CodePath = "line") -> Any:
        """``steps`` examples from a to b, both ends rebuilt: ``[steps, *example]``, by a ``path`` of codes.

        a and b are single examples, or equally many; ``condition`` is one for all, or one for each pair. ``path`` is
        ``"line"``, evenly spaced in the code, or ``"sphere"``, along an arc (White 2016), for codes with a standard
        normal prior. Of a table of mixed columns a list, with a table for each pair. ``im.interpolation`` says how much
        the steps are like real examples. Raises ``ParameterError``.
        """
        walks = self.codes_between(a, b, steps, condition, path=path)
        each = [condition] * len(walks) if np.ndim(condition) == 0 else [[wanted] * steps for wanted in condition]
        strips = [self.inverse_transform(codes, wanted) for codes, wanted in zip(walks, each, strict=True)]
        if len(strips) == 1:
            return strips[0]
        return strips if self.schema_.described() is not None else np.stack(strips)

    @available_if(if_there_and_back)
    def codes_between(
        self, a: Any, b: Any, steps: int = 8, condition: Any = None, *, path: CodePath = "line"
    ) -> NDArray[np.float32]:
        """The codes that ``interpolate`` decodes, ``[pairs, steps, numbers]``."""
        check("interpolate", (is_count(steps, least=2), f"steps is {steps!r}; expected a whole number, 2 or more"))
        check_is_fitted(self)
        self._check_path(path)
        first, last = (self.transform(self._one_or_many(each), condition) for each in (a, b))
        if len(first) != len(last):
            raise ParameterError(f"interpolate: a has {len(first)} examples, b has {len(last)}")
        return np.stack([between(start, end, steps, path) for start, end in zip(first, last, strict=True)])

    def _check_path(self, path: str) -> None:
        """Refuse arcs where 0 is not the middle of the codes."""
        check_path(path)
        model = self.autoencoder_
        if path == "line" or isinstance(model.prior, StandardNormal) or isinstance(model.bottleneck, Direction):
            return
        what = "are discrete" if model.bottleneck.levels else "have no standard normal prior"
        raise ParameterError(
            f"path is 'sphere', an arc about 0; the codes of this {type(self).__name__} {what}, so that nothing says "
            "0 is their middle: expected path='line', or a model such as VAE, AAE or ContrastiveAE"
        )

    # -- codes with parts ----------------------------------------------------------------------------

    @property
    def code_parts_(self) -> Mapping[str, slice]:
        """Which of the numbers at a place of the code each part has, as slices; empty where there are no parts."""
        check_is_fitted(self)
        return self.autoencoder_.bottleneck.parts

    @available_if(if_it_has_parts)
    def swap(self, a: Any, b: Any, part: str | Sequence[str], condition: Any = None) -> NDArray[np.float32]:
        """a, rebuilt with a part (or several) of b's code, in the units and layout that X had in ``fit``.

        a and b are single examples, or equally many; one b serves many a. ``condition`` is one for all, or one for
        each pair, by which a and b are read and the result is drawn: one b is then read anew for each a. Raises
        ``ParameterError``, which lists the parts there are.
        """
        named = part if isinstance(part, Iterable) and not isinstance(part, str) else [part]
        known, wanted = self.code_parts_, list(map(str, named))
        first, other = (read_and_tell(self._one_or_many(each)) for each in (a, b))
        check(
            "swap",
            (len(wanted) > 0, f"part is {part!r}; expected one or several of {', '.join(known)}"),
            *((name in known, f"there is no part {name!r}. {did_you_mean(str(name), known)}") for name in wanted),
            (
                len(other) in (1, len(first)),
                f"a has {len(first)} examples, b has {len(other)}; expected equally many, or one b for all of a",
            ),
        )
        if len(other) == 1 and np.ndim(condition) > 0:
            other = other.take([0] * len(first))
        grid = self.autoencoder_.code_shape
        codes, others = (np.array(self.transform(each, condition)).reshape(-1, *grid) for each in (first, other))
        for name in wanted:
            codes[..., known[name]] = others[..., known[name]]
        made = self.inverse_transform(codes.reshape(len(codes), -1), condition)
        return made[0] if np.ndim(a) == len(self.schema_.user_shape) else made

    # -- measuring -----------------------------------------------------------------------------------

    def judged(self, examples: Examples) -> Iterator[Batch]:
        """Batches with all that the terms of the loss judge them by; raises ``DataError`` where that is missing."""
        return self._judged_rows(self._examples(examples)).to(self._device).batches(self._rows_at_once)

    def _judged_rows(self, examples: Examples) -> Rows:
        """By default: what is conditioned on, the labels."""
        if self.condition_ is not None and examples.labels is None:
            raise DataError(f"{type(self).__name__} is conditional: the rows to measure on need labels")
        return self._resident(examples, None if self.condition_ is None else examples.labels)

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path, metrics: dict[str, Any] | None = None) -> Path:
        """Write the model to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path."""
        check_is_fitted(self)
        if self.autoencoder_.encoder is None:
            raise ParameterError("This model was loaded without its encoder: save the whole of it instead")
        content = {
            "model": registered_name(type(self)),
            "parameters": saving.plain_parameters(self),
            "autoencoder": self.autoencoder_.spec(),
            "data_schema": self.schema_.to_json(),
            "condition": _json(self.condition_),
            "target": _json(self.target_),
            "history": self.history_.to_json(),
            "metrics": self.metrics_ if metrics is None else metrics,
            "prior_condition": _json(self.prior_condition_),
            "prior_history": _json(self.prior_history_),
            "prior_scores": _json(self.prior_scores_),
        }
        saving.write(Path(path), self.autoencoder_.state_dict(), content)
        return Path(path)

    def set_params(self, **params: Any) -> Self:
        """As scikit-learn does; ``trainer__epochs=5`` works where no trainer was given, too."""
        if self.trainer is None and any(name.startswith("trainer__") for name in params):
            self.trainer = Trainer()
        return super().set_params(**params)

    # -- inside --------------------------------------------------------------------------------------

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.input_tags.allow_nan = "mixed" in self.takes
        tags.input_tags.sparse = "table" in self.takes
        tags.target_tags.required = self.conditional or self.supervised
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "autoencoder_")

    @property
    def _n_features_out(self) -> int:
        return self.autoencoder_.code_shape[-1] if self.pooled else math.prod(self.autoencoder_.code_shape)

    @property
    def _device(self) -> torch.device:
        return next((p.device for p in self.autoencoder_.parameters()), torch.device("cpu"))

    @property
    def _rows_at_once(self) -> int:
        """Fewer than usual where outputs are large: big pictures, texts with many different tokens."""
        likelihood = self.autoencoder_.likelihood
        written = self.target_ if isinstance(self.target_, Schema) else self.schema_
        numbers = math.prod(written.shape) * (1 if likelihood is None else likelihood.outputs)
        return FILLED * max(1, min(ROWS, MOST_OUTPUTS // numbers) // FILLED)

    @property
    def _rows_in_block(self) -> int:
        """So many that blocks are made up of whole batches."""
        return FILLED * 2 ** int(math.log2(min(BLOCK, self._rows_at_once) // FILLED))

    @property
    def _likelihood(self) -> Any:
        if self.autoencoder_.likelihood is None:
            raise ParameterError(f"This {type(self).__name__} has no decoder: it encodes, and cannot rebuild.")
        return self.autoencoder_.likelihood

    def _check_parameters(self) -> None:
        name = type(self).__name__
        check_types(name, type(self).__init__, self.get_params(deep=False))
        latent_dim = getattr(self, "latent_dim", 1)
        trainer = self.trainer is None or isinstance(self.trainer, Trainer)
        check(
            name,
            (
                is_count(latent_dim),
                f"latent_dim is {latent_dim!r}; expected 1 or more",
            ),
            (trainer, f"trainer is {self.trainer!r}; expected a Trainer or None"),
        )

    def _laid_out(self, code: Code) -> Tensor:
        """What ``transform`` tells of codes, ``[batch, numbers]`` float32. By default: all, in a row, or the mean."""
        return mean_of_places(code.z.float(), code.valid) if self.pooled else code.z.float().flatten(1)

    def _look_at(self, examples: Examples, y: Any) -> None:
        """What a fitted model notes about its own codes. By default: nothing."""

    def usual_trainer(self, rows: int) -> Trainer:
        """Where the user gives none. By default: everything by the number of rows."""
        return Trainer()

    def _trainer(self, rows: int) -> Trainer:
        """The user's, or the usual one."""
        return self.usual_trainer(rows) if self.trainer is None else self.trainer

    def _arranged(self, rows: Rows, examples: Examples, schema: Schema) -> Rows:
        """What is trained on. By default: the rows, each by itself."""
        return rows

    def _may_blend(self, model: Autoencoder) -> bool:
        """Whether blended and noisy rows are like data, and not spoilt twice."""
        spoilt = model.corruption is not None and model.corruption.spoils
        judged = len(model.critics) > 0  # by critics, who must not take blends for real
        return (
            self.blends
            and not spoilt
            and not judged
            and model.likelihood is not None
            and model.likelihood.continuous
            and model.likelihood.blends
        )

    def _wanted_likelihood(self, examples: Examples) -> Any:
        if examples.kind == "mixed":
            return self._wanted_for_columns()
        if not isinstance(self.likelihood, str) or self.likelihood != "auto":
            return self.likelihood
        if (
            self.automatic_picture_likelihood is not None
            and examples.kind == "image"
            and are_intensities(examples.values)
        ):
            return self.automatic_picture_likelihood
        binary = examples.values.size > 0 and kind_of_values(examples.values) == "binary"
        return self.automatic_binary_likelihood if binary else self.automatic_likelihood

    def _wanted_for_columns(self) -> Any:
        """A likelihood for each column."""
        name = self.likelihood.get("name") if isinstance(self.likelihood, Mapping) else self.likelihood
        chosen = "likelihood" in self.get_params(deep=False)
        if not chosen or (isinstance(name, str) and name == "auto"):
            return self.automatic_table_likelihood
        if name != "mixed_columns":
            raise ParameterError(
                f"{type(self).__name__}: likelihood is {self.likelihood!r:.100}; a table with gaps, or with columns "
                "that are not numbers, has one for each column: leave out likelihood=, or say 'mixed_columns'"
            )
        return self.likelihood

    def _learn_condition(self, y: Any, examples: Examples) -> Condition | None:
        if not self.conditional:
            return None
        if y is None:
            raise ParameterError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: it is what the model "
                "is conditioned on. For a model without, use VAE."
            )
        return Condition.learn(y, count=len(examples))

    def _learn_schema(self, examples: Examples, scaling: str) -> Schema:
        """How these data become tensors, and back."""
        return learn_schema(examples, scaling=scaling, owner=type(self).__name__)

    def _learn_target(self, y: Any, schema: Schema) -> Condition | Schema | None:
        """What y is, where it is to be predicted: classes, or examples, of a ``schema`` of their own or that of x.

        By default nothing but x is.
        """
        return None

    def _given(self, y: Any) -> Any:
        """What of y is conditioned on. By default: all."""
        return y

    def _wanted(self, y: Any) -> Any:
        """What of y is to be predicted. By default: all."""
        return y

    def _examples(self, X: Any) -> Examples:
        check_is_fitted(self)
        return read_as_in_fit(X, self.schema_, type(self).__name__)

    def _by_batch(
        self, examples: Examples, condition: Any, function: Callable[[Batch, int], Tensor], size: int | None = None
    ) -> Tensor:
        """``function(batch, number of the batch)`` over all rows, put together on the CPU.

        Batches are filled up to whole vector registers, so that rounding does not depend on companions. Of a mapped
        file no more than a batch is in memory.
        """
        encoder = self.autoencoder_.encoder
        if encoder is not None and encoder.told:
            self._check_told(condition)
        told, size = self._condition(condition, len(examples)), self._rows_at_once if size is None else size
        found: Tensor | None = None  # small pieces, kept among large ones, would leave holes that nothing fits into
        for number, start in enumerate(range(0, len(examples), size)):
            count = min(size, len(examples) - start)
            index = np.arange(start, start + math.ceil(count / FILLED) * FILLED).clip(max=len(examples) - 1)
            rows = Resident.of(
                examples.block(slice(start, start + count) if len(index) == count else index),
                self.schema_,
                condition=None if told is None else told[torch.from_numpy(index)],
            )
            with evaluation(self.autoencoder_):
                made = function(rows.to(self._device).batch(slice(None)), number)
            if found is None:
                found = torch.empty((len(examples), *made.shape[1:]), dtype=made.dtype)
            found[start : start + count] = made[:count]
            let_go(examples.values)
        assert found is not None  # no examples are refused when they are read
        return found

    def _resident(self, examples: Examples, condition: Any = None, target: Tensor | None = None) -> Rows:
        """Rows as the model takes them."""
        told = self._condition(condition, len(examples))
        return resident_or_mapped(examples, self.schema_, condition=told, target=target)

    def _batches(self, examples: Examples, condition: Any = None, target: Tensor | None = None) -> Iterator[Batch]:
        """All rows in order, on the model's device; as many at a time as its outputs allow."""
        return self._resident(examples, condition, target).to(self._device).batches(self._rows_at_once)

    def _blocks(
        self, examples: Examples, condition: Any = None, draws: int = DRAWS, seed: int = 0
    ) -> Iterator[tuple[Batch, Tensor]]:
        """All rows in order, each with the draws that ``score`` and ``log_prob`` take for it."""
        size, noise = self._rows_in_block, self._own_draws(draws, seed)
        for number, batch in enumerate(self._resident(examples, condition).to(self._device).batches(size)):
            yield batch, noise(number * size, len(batch))

    def _parts(self, count: int, condition: Any, size: int = ROWS) -> Iterator[tuple[slice, Tensor | None]]:
        """Rows so few at a time, and what they are conditioned on, for the decoder."""
        self._check_told(condition)
        wanted = self._condition(condition, count)
        for start in range(0, count, size):
            rows = slice(start, min(start + size, count))
            yield rows, None if wanted is None else wanted[rows]

    def _check_told(self, condition: Any) -> None:
        """Refuse to do without a condition what was never practised without one."""
        check_is_fitted(self)
        if condition is not None or self.condition_ is None or self.autoencoder_.answers_untold:
            return
        classes = self.condition_.classes
        known = f" Known: {', '.join(map(repr, classes[:20]))}." if classes else ""
        raise ParameterError(
            f"This {type(self).__name__} has always been told y in fit, and cannot answer without: pass condition=..., "
            "on the command line --condition or --labels; or fit with condition_dropout above 0, so that it practises "
            f"on rows whose y it does not know.{known}"
        )

    def _condition(self, condition: Any, count: int) -> Tensor | None:
        """``[count, width]``; all zeros, which means "not known", where none is given."""
        known = self.condition_ or self.prior_condition_
        if known is None:
            if condition is not None:
                later = self.autoencoder_.prior is not None and self.autoencoder_.prior.symbolic
                hint = "; the prior was fitted without y: fit_prior(X, y)" if later else ""
                raise ParameterError(f"{type(self).__name__} is not conditional: it takes no condition{hint}")
            return None
        if condition is None:
            return torch.zeros(count, known.width, device=self._device)
        wanted = known.encode(np.full(count, condition) if np.ndim(condition) == 0 else condition)
        if len(wanted) != count:
            raise ParameterError(f"condition has {len(wanted)} entries; expected one, or {count}")
        return wanted.to(self._device)

    def _codes(self, Z: ArrayLike) -> Tensor:
        try:
            codes = torch.as_tensor(np.asarray(Z, dtype=np.float32))
        except (TypeError, ValueError) as error:
            raise ParameterError(f"Codes are {Z!r:.60}; expected numbers, as transform gives") from error
        if codes.ndim != 2 or codes.shape[1] != self._n_features_out:
            raise ParameterError(
                f"Codes have shape {tuple(codes.shape)}; expected [n, {self._n_features_out}] as transform gives"
            )
        codes = codes.unflatten(1, self.autoencoder_.code_shape)
        if not bool(codes.isfinite().all()):
            raise ParameterError(f"Codes contain {int((~codes.isfinite()).sum())} NaN or infinite values")
        return codes

    def _noise(self, seed: int, draws: int, rows: int = 1) -> Tensor:
        """Standard-normal draws for codes: ``[draws, rows, *grid, latent_dim]``."""
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(draws, rows, *self.autoencoder_.code_shape, generator=generator).to(self._device)

    def _own_draws(self, draws: int = DRAWS, seed: int = 0) -> Callable[[int, int], Tensor]:
        """Of the first row and how many: noise for each one's own codes, ``[draws, rows, *grid, latent_dim]``.

        The rows are in one block; how many of it there are at a time changes nothing.
        """

        @lru_cache(maxsize=1)
        def of_block(number: int) -> Tensor:
            return self._noise(derive(seed, SCORING, number), draws, BLOCK)

        def of_rows(start: int, count: int) -> Tensor:
            return of_block(start // BLOCK)[:, start % BLOCK : start % BLOCK + count]

        return of_rows

    def _in_users_units(self, scores: Tensor, examples: Examples) -> NDArray[np.float32]:
        volume = self.schema_.log_volumes(examples) if self._likelihood.continuous else 0.0
        return (scores.double().cpu().numpy() + volume).astype(np.float32)

    def _one_or_many(self, example: Any) -> Any:
        """A single example becomes a batch of one."""
        values = np.asarray(example)
        return values[None] if values.ndim == len(self.schema_.user_shape) else example


# After scikit-learn has wrapped it for set_output, which would hide what it depends on.
Estimator.transform = available_if(if_it_encodes)(Estimator.transform)  # type: ignore[method-assign]
Estimator.fit_transform = available_if(if_it_encodes)(Estimator.fit_transform)  # type: ignore[method-assign]


def _stored_target(target: Condition | Schema, y: Any) -> Tensor:
    """What is to be predicted, as it is kept in memory: the number of a class, ``[n, 1]``, or an example."""
    return target.store(read(y)) if isinstance(target, Schema) else target.encode(y).argmax(1, keepdim=True)


def check_count(n: Any) -> None:
    """Refuse what is no number of examples to draw."""
    check("sample", (is_count(n), f"n is {n!r}; expected a whole number from 1 on"))


def _json(record: Condition | Schema | History | PriorScores | None) -> dict[str, Any] | None:
    return None if record is None else record.to_json()
