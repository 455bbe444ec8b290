"""The ground that models are compared on: rows, units, features, all the same for all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from isthmus.data.examples import Examples
from isthmus.data.learnt_schema import learn_schema
from isthmus.data.schema import Schema
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import DataError, IsthmusError
from isthmus.estimator import Estimator
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.neighbours import knn_accuracy
from isthmus.metrics.reconstruction import bits_per_dim, mean_squared_error, psnr
from isthmus.metrics.rows import LIKELIHOOD_ROWS, made_as_numbers
from isthmus.metrics.scorecard import code_size, has_classes, likelihoods
from isthmus.metrics.symbol_rate import numbered, symbol_rate
from isthmus.tasks.sample_judge import SampleJudge
from isthmus.tasks.sample_report import conditions

Numbers = NDArray[np.float64]
MOST_LEVELS = 2**16  # of a symbol, that are counted one by one
AFTERWARDS = "full_gaussian"  # the prior of codes that have none: as PCA has one


@dataclass(frozen=True, kw_only=True)
class SameRows:
    """``train`` is learnt from, ``test`` measured on, in the units of ``schema``; of enough rows draws are judged.

    >>> import isthmus as im
    >>> digits = im.data.load("digits")
    >>> ground = SameRows.of(digits.take(range(600)), digits.take(range(600, 800)), samples=False)
    >>> sorted(ground.components(8))
    ['code', 'knn', 'log_prob', 'mse', 'parameters', 'seconds']
    """

    train: Examples
    test: Examples
    schema: Schema
    judge: SampleJudge | None
    unjudged: str  # why draws are not judged; empty where they are
    seed: int

    @classmethod
    def of(
        cls, train: Examples, test: Examples, *, samples: bool = True, extractor: Any = None, seed: int = 0
    ) -> SameRows:
        """Learn the units, and the features that draws are judged by, from ``train``."""
        schema = learn_schema(train, owner="compare")
        judge, why = None, "" if samples else "draws are not looked at: samples=False"
        if samples and not isinstance(schema, NumericSchema):
            why = "draws of tables of mixed columns are not judged by a Frechet distance"
        elif samples and isinstance(schema, NumericSchema):
            try:
                judge = SampleJudge.of(test, train, schema=schema, extractor=extractor, seed=seed)
            except DataError as error:
                why = f"draws are not judged: {error}"
        return cls(train=train, test=test, schema=schema, judge=judge, unjudged=why, seed=seed)

    @property
    def classed(self) -> bool:
        """Whether neighbours can be asked for classes."""
        return has_classes(self.train) and has_classes(self.test)

    def told(self, model: Estimator, examples: Examples) -> Mapping[str, Any]:
        """The keyword that conditional models want."""
        return {} if model.condition_ is None else {"condition": examples.labels}

    # -- a model -------------------------------------------------------------------------------------

    def of_model(self, model: Estimator) -> dict[str, float]:
        """All that can be measured of a fitted model, by the keys of ``isthmus.metrics.comparison.COLUMNS``."""
        parameters = float(sum(p.numel() for p in model.autoencoder_.parameters()))
        found = {"parameters": parameters, "seconds": model.history_.seconds}
        if model.encodes:
            found |= self._of_codes(model)
        if model.encodes and model.decodes:
            found |= self._of_rebuilt(model) | self._of_likelihood(model)
        if self.judge is not None and model.decodes:
            found |= self._of_draws(model, self.judge)
        return found

    def _of_codes(self, model: Estimator) -> dict[str, float]:
        codes = [np.asarray(model.transform(part, **self.told(model, part))) for part in (self.train, self.test)]
        flat = [each.reshape(len(each), -1) for each in codes]
        found = {"code": float(code_size(flat[1]))}
        if self.classed and model.condition_ is None:
            found["knn"] = self._knn(flat[0], flat[1])
        usage = usage_of(model, self.test.at_most(LIKELIHOOD_ROWS))
        if usage is not None:
            found["rate"] = float(usage.kl.sum())
            if not usage.discrete:
                found["active"] = float(usage.active_units)
        elif isinstance(model, DiscreteEstimator):
            found["rate"] = rate_of_symbols(model, self.train, self.test)
        return found

    def _of_rebuilt(self, model: Estimator) -> dict[str, float]:
        rebuilt = model.rebuilt(self.test, **self.told(model, self.test))
        x, made = self.numbers(self.test), self.numbers(rebuilt, gaps_of=self.test)
        return {"mse": mean_squared_error(x, made)} | self._of_pictures(x, made)

    def _of_likelihood(self, model: Estimator) -> dict[str, float]:
        elbo, log_prob = likelihoods(model, self.test, seed=self.seed)
        found = {} if elbo is None else {"elbo": elbo}
        return found if log_prob is None else found | {"log_prob": log_prob} | self._bits(log_prob)

    def _of_draws(self, model: Estimator, judge: SampleJudge) -> dict[str, float]:
        prior = model.autoencoder_.prior
        if prior is None and model.encodes and not isinstance(model, DiscreteEstimator):
            try:
                model.fit_prior(self.train, self.train.labels if model.conditional else None, prior=AFTERWARDS)
            except IsthmusError:
                return {}
        elif prior is None:
            return {}
        told = conditions(model, self.test, judge.rows, self.seed)
        made = model.sample(judge.rows, condition=told, random_state=self.seed)
        return {"frechet": judge.draws(np.asarray(made_as_numbers(self.schema, made, self.test), dtype=float)).frechet}

    # -- PCA -----------------------------------------------------------------------------------------

    def components(self, size: int) -> dict[str, float]:
        """The same of so many principal components; log p(x) is exact, that of probabilistic PCA.

        Source: Tipping & Bishop 1999, Probabilistic principal component analysis.
        """
        x, new = self.numbers(self.train), self.numbers(self.test)
        began = time.perf_counter()
        pca = PCA(min(size, *x.shape), random_state=0).fit(x)
        seconds = time.perf_counter() - began
        codes, made = pca.transform(new), pca.inverse_transform(pca.transform(new))
        found = {"mse": mean_squared_error(new, made), "code": float(pca.n_components_), "seconds": seconds}
        found |= {"parameters": float(pca.components_.size + pca.mean_.size)} | self._of_pictures(new, made)
        if self.classed:
            found["knn"] = self._knn(pca.transform(x), codes)
        if isinstance(self.schema, NumericSchema) and pca.noise_variance_ > 0:
            chosen = self.test.at_most(LIKELIHOOD_ROWS)
            log_prob = float(pca.score(self.numbers(chosen))) + self.schema.log_volume
            found |= {"log_prob": log_prob} | self._bits(log_prob)
        if self.judge is not None:
            rng = np.random.default_rng(self.seed)
            z = rng.normal(size=(self.judge.rows, pca.n_components_)) * np.sqrt(pca.explained_variance_)
            found["frechet"] = self.judge.draws(pca.inverse_transform(z)).frechet
        return found

    # -- units ---------------------------------------------------------------------------------------

    def numbers(self, examples: Examples, gaps_of: Examples | None = None) -> Numbers:
        """Rows in the common units, ``[n, numbers]``; where ``gaps_of`` has gaps nothing tells what was there."""
        if gaps_of is not None and gaps_of.kind == "mixed":
            examples = replace(examples, values=np.where(np.isnan(gaps_of.values), np.nan, examples.values))
        return np.asarray(self.schema.flat(examples), dtype=np.float64)

    def _knn(self, known: NDArray[Any], new: NDArray[Any]) -> float:
        return knn_accuracy(known, np.asarray(self.train.labels), new, np.asarray(self.test.labels))

    def _of_pictures(self, x: Numbers, made: Numbers) -> dict[str, float]:
        if not isinstance(self.schema, NumericSchema) or self.schema.kind != "image":
            return {}
        reach = (255.0 if self.schema.dtype == "uint8" else self.schema.high - self.schema.low) / self.schema.scale[0]
        return {"psnr": psnr(x, made, reach)} if reach > 0 else {}

    def _bits(self, log_prob: float) -> dict[str, float]:
        if self.schema.kind != "image":
            return {}
        return {"bits_per_dim": bits_per_dim(log_prob, int(np.prod(self.schema.shape)))}


def rate_of_symbols(model: DiscreteEstimator, train: Examples, test: Examples) -> float:
    """Nats for the code of a held-out row by frequencies in ``train``: by symbols, or number by number, if cheaper."""
    told = [part.labels if model.condition_ is not None else None for part in (train, test)]
    symbols = [made.reshape(len(made), -1) for made in map(model.symbols, (train, test), told)]
    levels = model.autoencoder_.bottleneck.levels
    codes = [model.transform(part, each) for part, each in zip((train, test), told, strict=True)]
    rates = [symbol_rate(*numbered(codes[0], codes[1]))]
    if max(levels) <= MOST_LEVELS:
        rates.append(symbol_rate(symbols[0], symbols[1], levels * (symbols[0].shape[1] // len(levels))))
    return min(rates)
