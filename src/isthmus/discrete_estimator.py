"""What models with discrete codes can do besides: symbols, the codebook's health, a prior fitted afterwards."""

from __future__ import annotations

import math
from abc import ABC
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.data.examples import Examples, chosen_rows
from isthmus.data.labels import Condition
from isthmus.errors import DataError, NotAvailableError, ParameterError, check
from isthmus.estimator import Estimator
from isthmus.metrics.codebook import CodebookHealth
from isthmus.records import Batch
from isthmus.symbol_prior import fit_symbol_prior
from isthmus.training.seeds import seed_of
from isthmus.training.trainer import Trainer

HEALTH_ROWS = 10_000  # that tell how a code is used
UNEXPLAINED_ROWS = 1000  # that tell how near its vectors are
PRIORS = ("auto", "autoregressive")  # over symbols
FEWEST = 2  # rows that a prior is learnt from
MOST_LEVELS = 2**16  # values of a symbol that a prior has scores for, each at every place
MOST_PLACES = 4096  # symbols of an example that a prior attends to


class DiscreteEstimator(Estimator, ABC):
    """An estimator whose codes are made of symbols. Fitted besides: ``codebook_``; after ``fit_prior``
    ``prior_condition_`` and ``prior_history_``.
    """

    advice: ClassVar[str] = ""  # to whom too many values lie idle

    def symbols(self, X: Any, condition: Any = None) -> NDArray[np.int64]:
        """The symbols of X, ``[n, *grid, symbols]`` int64: what a file would hold."""

        def encoded(batch: Batch, _: int) -> Tensor:
            symbols = self.autoencoder_.encode(batch).symbols
            assert symbols is not None
            return symbols

        return self._by_batch(self._examples(X), condition, encoded).numpy()

    def inverse_symbols(self, symbols: ArrayLike, condition: Any = None) -> NDArray[np.float32]:
        """The expected x of symbols as ``symbols`` gives them, in the units and layout that X had in ``fit``.

        Where the code is residual, the first symbols of each place alone give a coarser x.
        """
        check_is_fitted(self)
        bottleneck, given = self.autoencoder_.bottleneck, np.asarray(symbols)
        grid, most = self.autoencoder_.code_shape[:-1], len(bottleneck.levels)
        count = given.shape[-1] if given.ndim else 0
        enough = 1 <= count <= most if bottleneck.nested else count == most
        if given.size == 0:
            raise ParameterError(f"symbols have shape {given.shape}: there are none")
        if given.dtype.kind not in "iu" or given.shape[1:-1] != grid or given.ndim != len(grid) + 2 or not enough:
            wanted = ", ".join(str(size) for size in ("n", *grid, f"1 to {most}" if bottleneck.nested else most))
            raise ParameterError(f"symbols are {given.dtype}, {given.shape}; expected whole numbers, [{wanted}]")
        levels = bottleneck.levels[:count]
        if given.min() < 0 or (given >= np.array(levels)).any():
            raise ParameterError(f"symbols go from {given.min()} to {given.max()}; expected 0 or more, below {levels}")
        with torch.no_grad():
            z = bottleneck.look_up(torch.as_tensor(given.astype(np.int64), device=self._device))
        return self.inverse_transform(z.flatten(1).cpu().numpy(), condition)

    def score_symbols(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """log p(symbols of x) in nats for each row of X, by the prior that ``fit_prior`` has learnt.

        Minus this, over log 2, is how many bits a good coder needs for the symbols. Raises ``ParameterError`` before a
        prior is fitted.
        """
        check_is_fitted(self)
        prior = self.autoencoder_.prior
        if prior is None:
            raise ParameterError("There is no prior over the symbols yet: model.fit_prior(X)")
        if not prior.symbolic:
            raise ParameterError(
                f"{type(self).__name__} has had a prior of its codes from the start, which score_samples counts; "
                "score_symbols is for those that fit_prior learns"
            )

        def scored(batch: Batch, _: int) -> Tensor:
            symbols = self.autoencoder_.encode(batch).symbols
            assert symbols is not None
            return prior.log_prob(symbols, batch.condition).flatten(1).sum(1)

        return self._by_batch(self._examples(X), condition, scored).numpy()

    @property
    def codebook_(self) -> CodebookHealth:
        """How the code was used by the rows of ``fit`` (at most 10 000 of them)."""
        codebook = self.history_.codebook if hasattr(self, "history_") else None
        if codebook is None:  # an AttributeError, so that hasattr and scikit-learn's pictures of estimators work
            raise NotAvailableError(f"This {type(self).__name__} has no codebook_: it is not fitted")
        return CodebookHealth.from_json(codebook)

    def codebook_health(self, symbols: NDArray[np.int64]) -> CodebookHealth:
        """How the code is used by some rows, told from their ``symbols``."""
        check_is_fitted(self)
        return CodebookHealth.measure(symbols, self.autoencoder_.bottleneck.levels, self.advice)

    def sample(
        self,
        n: int = 1,
        condition: Any = None,
        random_state: int | None = None,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
    ) -> NDArray[np.float32]:
        """``n`` new examples from the prior, in the units of X; ``condition``: one for all, or n of them.

        A prior of ``fit_prior`` draws at a ``temperature`` (below 1: safer, less varied) and, if wanted, among the
        ``top_k`` likeliest values of each symbol only.
        """
        check_is_fitted(self)
        model = self.autoencoder_
        if temperature == 1 and top_k is None:
            return self._drawn(model, n, condition, random_state)
        if model.prior is None:
            raise ParameterError("temperature and top_k are for priors that fit_prior has learnt; here is none")
        sharper = model.with_prior(model.prior.sharpened(temperature, top_k)).eval()
        return self._drawn(sharper, n, condition, random_state)

    def fit_prior(
        self,
        X: Any,
        y: Any = None,
        *,
        prior: Any = "auto",
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.1,
        trainer: Trainer | None = None,
        random_state: Any = None,
    ) -> Self:
        """Learn a prior over the symbols of X; then ``sample`` works.

        A causal transformer (``width``, ``depth``, ``heads``, ``dropout``) that tells each symbol from those before:
        ``prior="autoregressive"``, the one there is. With y, classes or numbers, it is conditional. ``score_samples``
        then counts what the symbols cost. ``random_state`` None: that of the model. Raises ``ParameterError`` where the
        codes have a prior of their own, or too many symbols for a transformer.

        Source: van den Oord et al. 2017, Neural discrete representation learning, section 3.3.
        """
        self._check_takes_prior(prior)
        model, examples = self.autoencoder_, self._examples(X)
        if len(examples) < FEWEST:
            raise DataError(f"fit_prior got {len(examples)} rows; expected {FEWEST} or more")
        if not (trainer is None or isinstance(trainer, Trainer)):
            raise ParameterError(f"trainer is {trainer!r}; expected a Trainer or None")
        if self.conditional and y is None:
            raise ParameterError(f"{type(self).__name__} is conditional: fit_prior needs y, as fit did")
        condition = self.condition_ or (None if y is None else Condition.learn(y, count=len(examples)))
        found = fit_symbol_prior(
            torch.from_numpy(self.symbols(examples, y if self.conditional else None)),
            max(model.bottleneck.levels),
            condition=None if condition is None else condition.encode(y),
            width=width,
            depth=depth,
            heads=heads,
            dropout=dropout,
            trainer=Trainer() if trainer is None else trainer,
            seed=seed_of(self.random_state if random_state is None else random_state),
        )
        self.autoencoder_ = model.with_prior(found.prior).eval().to(self._device)
        self.prior_history_, self.prior_condition_ = found.history, condition
        return self

    # -- inside --------------------------------------------------------------------------------------

    def _look_at(self, examples: Examples, y: Any) -> None:
        """The codebook's health."""
        some = chosen_rows(len(examples), HEALTH_ROWS)
        symbols = self.symbols(examples.take(some), np.asarray(y)[some] if self.conditional else None)
        unexplained = self._unexplained(examples, y)
        levels = self.autoencoder_.bottleneck.levels
        health = CodebookHealth.measure(symbols, levels, self.advice, unexplained)
        self.history_.codebook = health.to_json()

    def _unexplained(self, examples: Examples, y: Any) -> float | None:
        """What vectors leave over of the features of some rows."""
        model, some = self.autoencoder_, chosen_rows(len(examples), UNEXPLAINED_ROWS)
        condition = np.asarray(y)[some] if self.conditional else None
        features = self._by_batch(examples.take(some), condition, lambda batch, _: model.features(batch))
        with torch.no_grad():
            return model.bottleneck.unexplained(features.to(self._device))

    def _check_takes_prior(self, prior: Any) -> None:
        check_is_fitted(self)
        model, name = self.autoencoder_, type(self).__name__
        if prior not in PRIORS:
            raise ParameterError(
                f"prior is {prior!r:.100}; the codes of {name} are symbols, expected 'autoregressive' or 'auto'"
            )
        if model.prior is not None and not model.prior.symbolic:
            raise ParameterError(f"{name} has a prior from the start: sample() works without fit_prior")
        if model.encoder is None or model.decoder is None:
            raise ParameterError("This model was loaded in part: fit_prior needs the whole of it")
        levels = model.bottleneck.levels
        places = math.prod(model.code_shape[:-1]) * len(levels)
        check(
            name,
            (
                max(levels) <= MOST_LEVELS,
                f"a symbol has {max(levels)} values; a prior tells {MOST_LEVELS} apart. Use more symbols of fewer",
            ),
            (places <= MOST_PLACES, f"an example has {places} symbols; a prior takes up to {MOST_PLACES}"),
        )
