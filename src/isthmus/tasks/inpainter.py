"""Hidden parts of rows filled in, by codes that fit what is seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.argument_types import is_count
from isthmus.data.examples import Examples
from isthmus.data.kinds import check_kind, check_many
from isthmus.data.reading import read_and_tell, read_as_in_fit
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import DataError, NotAvailableError, check, counted
from isthmus.estimator import Estimator
from isthmus.metrics.inpainting import InpaintingComparison
from isthmus.metrics.traversals import check_movable
from isthmus.models.vae import VAE
from isthmus.records import Batch, Code, View
from isthmus.tasks import task_files
from isthmus.tasks.completions import Completions
from isthmus.tasks.factor_noise import FactorNoise, FactorsGiven
from isthmus.tasks.given_model import check_of_amounts, fitted_model, unfrozen
from isthmus.tasks.hidden_parts import blanked, hidden_mask, rows_and_mask, users_mask
from isthmus.tasks.inpainting_baselines import compared
from isthmus.tasks.users_values import limits_of, users_values
from isthmus.training.seeds import ORDER, SAMPLING, derive, seed_of
from isthmus.training.trainer import Trainer

KINDS = ("table", "image", "array")
LATENT_DIM = 32
SHARE, FEWEST, ENOUGH = 1 / 8, 10, 2000  # of the rows, that the model does not learn, to see what it leaves over
MOST_KNOWN, FEWEST_KNOWN = 5000, 640  # rows that codes start from; of large ones fewer
LIKE = 32  # rows that are like one
MOST_NUMBERS = 2**22  # of known rows
AT_ONCE, NUMBERS_AT_ONCE = 256, 2**20  # rows whose codes are looked for together; numbers of them
RATE, LAST = 0.1, 0.01  # of the steps of a code, in spreads of codes; share of it in the end


class Inpainter(BaseEstimator):
    """Fills hidden parts of rows in: of a model's codes it looks for those that fit what is seen.

    From rows that look alike where they are seen, and from the joint Gaussian, codes are moved for some steps towards
    where log p(x seen | z) + log p(z) is higher: p(z) is a Gaussian of the codes of ``fit``, p(x | z) one of what the
    model leaves over of rows that it has not learnt, value by value and together. So what a code leaves over where x is
    seen goes on into what is hidden. What is expected is the mean of these completions, weighted by a tenth of their
    log densities. A draw is that mean with what such a mean missed of another row, one of the 32 that are the most
    alike where x is seen, of rows of which nothing was learnt. It keeps, and saves, up to 6,000 of the rows of ``fit``.

    Source: codes by descent: Yeh et al. 2017, Semantic image inpainting with deep generative models; a mean of several
    codes in place of the best one: Mattei & Frellsen 2018, Leveraging the exact likelihood of deep latent variable
    models.

    Parameters
    ----------
    model : None: a ``VAE`` with 32 numbers; or any model of the library with continuous codes and a way back. One that
        is fitted is used as it is; X must then be rows that it has not learnt, for of those it leaves over too little.
    starts : codes that are begun with.
    steps : by which each is moved; few keep it near where it has begun.
    trainer : of the usual model; None: chosen from the size of the data.
    random_state : seed of everything random in ``fit``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values.reshape(-1, 8, 8) / 16
    >>> hidden = np.zeros((8, 8), dtype=bool)
    >>> hidden[5:] = True
    >>> inpainter = im.Inpainter(trainer=im.Trainer(epochs=20)).fit(X[:1500])
    >>> whole = inpainter.inpaint(X[1500:], hidden)
    >>> bool((whole[:, :5] == X[1500:, :5]).all())
    True
    >>> ours, means, *_ = inpainter.against_baselines(X[1500:], hidden).rows
    >>> ours.error < 0.7 * means.error
    True
    """

    def __init__(
        self,
        model: Estimator | FrozenEstimator | None = None,
        *,
        starts: int = 10,
        steps: int = 30,
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.model, self.starts, self.steps = model, starts, steps
        self.trainer, self.random_state = trainer, random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn whole rows; y is not looked at.

        X: an array, a tensor, a data frame, a file: see ``isthmus.data.read``. Raises ``DataError``,
        ``ParameterError``, and ``NotAvailableError`` for models that have no continuous code or no way back.
        """
        self._check_parameters()
        examples = read_and_tell(X, mapped=True)
        check_kind(examples, KINDS, owner=type(self).__name__)
        if len(examples) < 3 * FEWEST:
            raise DataError(f"X has {counted(len(examples), 'sample')}; expected {3 * FEWEST} or more whole ones")
        seed = seed_of(self.random_state)
        order = np.random.default_rng(derive(seed, ORDER) % 2**32).permutation(len(examples))
        enough = min(ENOUGH, max(FEWEST_KNOWN // 4, MOST_NUMBERS // examples.values[0].size))
        count = min(enough, max(FEWEST, round(SHARE * len(examples))))
        parts = np.split(order, [count, count + max(FEWEST, count // 2)])
        kept, other, learnt = (examples.take(np.sort(part)) for part in parts)
        usual = partial(VAE, LATENT_DIM, trainer=self.trainer, random_state=self.random_state)
        self.model_ = cast(Estimator, fitted_model(unfrozen(self.model), usual, learnt, type(self).__name__))
        check_movable(self.model_, type(self).__name__)
        check_of_amounts(self.model_, type(self).__name__)
        self.n_features_in_ = self.model_.n_features_in_
        some = learnt.at_most(max(FEWEST_KNOWN, min(MOST_KNOWN, MOST_NUMBERS // self._size)))
        self.known_, self.other_ = self._flat(some.values), self._flat(other.values)
        self.joint_ = FactorNoise.learn(self.known_.double().numpy())
        rebuilt = self.model_.rebuilt_in_model(kept).flatten(1).float()
        self.residual_ = FactorNoise.learn((self._flat(kept.values) - rebuilt).double().numpy())
        codes = torch.from_numpy(self.model_.transform(some)).double()
        self.codes_mean_, spread = codes.mean(0).float(), torch.cov(codes.T).reshape(codes.shape[1], -1)
        tiny = 1e-6 * spread.diagonal().mean() + 1e-12
        self.codes_precision_ = (
            torch.linalg.inv(spread + tiny * torch.eye(len(spread), dtype=torch.double)).float().contiguous()
        )
        return self

    # -- filling in ----------------------------------------------------------------------------------

    def inpaint(self, X: Any, hidden: Any, draws: int | None = None, random_state: int = 0) -> Any:
        """X with what is hidden filled in, in the units and layout of X; what is seen stays as it is.

        ``hidden``: booleans, True where X is not known, ``[height, width]`` or ``[columns]`` for all rows, or
        ``[n, ...]``, such for each row; of tables also names of columns. What X holds there is not looked at, NaN
        too. An array, or a data frame where X is one.
        With ``draws`` a list of so many completions of X, whose spread says how sure it is. Raises ``DataError``,
        ``ParameterError``.
        """
        check("inpaint", (draws is None or is_count(draws, 1), f"draws is {draws!r:.60}; expected 1 or more"))
        examples, mask = self._hidden(X, hidden)
        rng = np.random.default_rng(derive(seed_of(random_state), SAMPLING) % 2**32)
        made: list[list[NDArray[Any]]] = [[] for _ in range(1 if draws is None else draws)]
        together = max(1, min(AT_ONCE, NUMBERS_AT_ONCE // self._size))
        for start in range(0, len(examples), together):
            rows = slice(start, start + together)
            values, covered = examples.values[rows], mask if len(mask) == 1 else mask[rows]
            x, seen = self._flat(blanked(values, covered, self._schema)), self._seen(covered)
            expected = self._completions(x, seen).expected()
            missed = [torch.zeros_like(x)] if draws is None else self._missed(x, seen, draws, rng)
            for place, filled in zip(made, (expected - each for each in missed), strict=True):
                shape = (len(values), *self._schema.shape)
                users = users_values(self._schema, filled.double().numpy().reshape(shape), self._limits, values)
                place.append(np.where(users_mask(covered, self._schema), users, values))
        tables = [self._schema.give_back(np.concatenate(parts), examples) for parts in made]
        return tables[0] if draws is None else tables

    def covered(self, X: Any, hidden: Any) -> NDArray[np.bool_]:
        """Where rows of X are hidden, in the layout of X: ``[n or 1, ...]``; ``hidden`` as ``inpaint`` takes it."""
        examples, covered = self._hidden(X, hidden)
        mask = users_mask(covered, self._schema)
        return np.array(np.broadcast_to(mask, (len(mask), *examples.values.shape[1:])))

    def against_baselines(self, X: Any, hidden: Any) -> InpaintingComparison:
        """The usual ways beside it, on whole rows X that it has not learnt, with parts hidden: see ``inpaint``."""
        examples = self._examples(X)
        return compared(self, examples, hidden_mask(hidden, self._schema, len(examples)))

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the inpainter to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path."""
        check_is_fitted(self, "residual_")
        records = {name: getattr(self, f"{name}_") for name in _RECORDS}
        arrays = {f"{name}.{f.name}": getattr(each, f.name) for name, each in records.items() for f in fields(each)}
        arrays |= {name: getattr(self, f"{name}_") for name in _ARRAYS}
        return task_files.write(self, Path(path), state=task_files.TaskState(), arrays=arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The inpainter that was saved at ``path``; raises ``SavedModelError``."""
        names = [f"{name}.{field.name}" for name in _RECORDS for field in fields(FactorNoise)]
        saved = task_files.read(cls, Path(path), task_files.TaskState, *names, *_ARRAYS)
        found = cls(**saved.parameters)
        found.model_, found.n_features_in_ = saved.model, saved.model.n_features_in_
        for name in _ARRAYS:
            setattr(found, f"{name}_", saved.arrays[name])
        for name in _RECORDS:
            own = {field.name: saved.arrays[f"{name}.{field.name}"] for field in fields(FactorNoise)}
            setattr(found, f"{name}_", FactorNoise(**own))
        return found

    # -- inside --------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "residual_")

    @property
    def _schema(self) -> NumericSchema:
        return cast(NumericSchema, self.model_.schema_)

    @property
    def _size(self) -> int:
        """Values of a row."""
        return math.prod(self._schema.shape)

    @property
    def _limits(self) -> tuple[float, float] | None:
        return limits_of(self._schema, cut=self._schema.kind == "image")

    def _completions(self, x: Tensor, seen: Tensor) -> Completions:
        """Of rows ``[n, values]`` whose hidden values mean nothing; ``seen [n or 1, values]`` is 1 or 0."""
        joint, residual = self.joint_.given(seen), self.residual_.given(seen)
        ways = [self._completed(x, torch.where(seen > 0, x, other), residual) for other in self._starts(x, seen, joint)]
        rows, densities = map(torch.stack, zip(*ways, strict=True))
        return Completions(rows=rows, densities=densities)

    def _missed(self, x: Tensor, seen: Tensor, draws: int, rng: np.random.Generator) -> Iterator[Tensor]:
        """What is missed of other rows that look like x where it is seen, so many times, ``[n, values]`` each."""
        near = _nearest(x, seen, self.other_, LIKE)  # [n, like]
        whole = self._completions(self.other_, seen).expected() - self.other_ if len(seen) == 1 else None
        for _ in range(draws):
            drawn = near[torch.arange(len(x)), torch.from_numpy(rng.integers(near.shape[1], size=len(x)))]
            rows = self.other_[drawn]
            yield (self._completions(rows, seen).expected() - rows) if whole is None else whole[drawn]

    def _starts(self, x: Tensor, seen: Tensor, joint: FactorsGiven) -> Iterator[Tensor]:
        """Whole rows like x where it is seen: what the joint Gaussian expects, and known ones, the nearest first."""
        yield joint.expected(x)
        if self.starts > 1:
            for column in _nearest(x, seen, self.known_, self.starts - 1).T:
                yield self.known_[column]

    def _completed(self, x: Tensor, start: Tensor, residual: FactorsGiven) -> tuple[Tensor, Tensor]:
        """The rows of the best code near that of ``start``, and log p(x seen, z) but for a constant, ``[n]``."""
        model = self.model_.autoencoder_
        with torch.no_grad():
            shaped = start.reshape(-1, *self._schema.shape).to(self.model_._device)
            z = model.encode(Batch(x=shaped)).z.flatten(1).float().cpu()
        spread = self.codes_precision_.diagonal().rsqrt()
        moved = torch.zeros_like(z, requires_grad=True)
        optimiser = torch.optim.Adam([moved], RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, int(self.steps), RATE * LAST)
        for _ in range(int(self.steps)):
            (gradient,) = torch.autograd.grad(-self._density(x, z + spread * moved, residual)[0].sum(), moved)
            moved.grad = gradient
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            density, rebuilt = self._density(x, z + spread * moved, residual)
            return rebuilt + residual.expected(x - rebuilt), density

    def _density(self, x: Tensor, z: Tensor, residual: FactorsGiven) -> tuple[Tensor, Tensor]:
        """log p(x seen | z) + log p(z) ``[n]`` but for a constant, and what z is decoded to ``[n, values]``."""
        model = self.model_.autoencoder_
        code = z.to(self.model_._device)
        output = model.decode(Code(z=code.unflatten(1, model.code_shape)), View(x=code))
        rebuilt = self.model_._likelihood.mean(output).flatten(1).cpu()
        apart = z - self.codes_mean_
        return residual.log_density(x - rebuilt) - 0.5 * ((apart @ self.codes_precision_) * apart).sum(1), rebuilt

    def _flat(self, values: NDArray[Any]) -> Tensor:
        """In the model's units, ``[n, values]``."""
        return torch.from_numpy(self._schema.scaled(values).reshape(len(values), -1)).float()

    def _seen(self, covered: NDArray[np.bool_]) -> Tensor:
        """1 where values are seen, in the model's order: ``[n or 1, values]``."""
        shape = self._schema.shape
        spread = covered[:, None] if self._schema.kind == "image" else covered
        whole = np.broadcast_to(spread, (len(covered), *shape))
        return torch.from_numpy(~whole.reshape(len(covered), -1)).float()

    def _hidden(self, X: Any, hidden: Any) -> tuple[Examples, NDArray[np.bool_]]:
        """Rows and their mask; what is hidden may be anything, also no number."""
        check_is_fitted(self, "residual_")
        owner = type(self).__name__
        check_many(X, self._schema.kinds, owner=owner)
        return rows_and_mask(read_and_tell(X, mapped=True), hidden, self._schema, owner)

    def _examples(self, X: Any) -> Examples:
        check_is_fitted(self, "residual_")
        return read_as_in_fit(X, self.model_.schema_, type(self).__name__)

    def _check_parameters(self) -> None:
        given = unfrozen(self.model)
        check(
            type(self).__name__,
            (
                given is None or isinstance(given, Estimator),
                f"model is {self.model!r:.60}; expected a model of Isthmus, fitted or not, or None",
            ),
            (is_count(self.starts, 1), f"starts is {self.starts!r:.60}; expected 1 or more"),
            (is_count(self.steps, 1), f"steps is {self.steps!r:.60}; expected 1 or more"),
            (
                self.trainer is None or isinstance(self.trainer, Trainer),
                f"trainer is {self.trainer!r:.60}; expected a Trainer or None",
            ),
            (
                self.trainer is None or self.model is None,
                "trainer is for the usual model; set that of the model that is given: model.set_params(trainer=...)",
            ),
        )
        if isinstance(given, Estimator) and (not (given.encodes and given.decodes) or given.conditional):
            raise NotAvailableError(
                f"Inpainter: {type(given).__name__} does not lead from x alone to a code and back. AE, VAE and AAE do."
            )


def _nearest(x: Tensor, seen: Tensor, rows: Tensor, count: int) -> Tensor:
    """Which of ``rows`` are the nearest to x ``[n, values]`` where it is seen, the nearest first: ``[n, count]``."""
    apart = seen @ rows.square().T - 2 * (seen * x) @ rows.T  # but for what is the same for all of them
    return apart.topk(min(count, len(rows)), largest=False).indices


_RECORDS = ("joint", "residual")
_ARRAYS = ("known", "other", "codes_mean", "codes_precision")
