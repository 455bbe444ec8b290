"""What every panel of a report reads: the model, the rows, and what is computed from them once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.data.schemas.text import TextSchema
from isthmus.data.shown_pictures import pictures_of, reach_of
from isthmus.estimator import Estimator
from isthmus.metrics.latent_usage import LatentUsage, usage_of
from isthmus.metrics.rows import made_as_numbers
from isthmus.metrics.scorecard import Scorecard

MOST_ROWS = 2000  # held-out rows in maps and curves
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Context:
    """A fitted model with training and held-out rows; ``command`` made it."""

    estimator: Estimator
    train: Examples
    test: Examples
    command: str = ""
    seed: int = 0
    findings: tuple[object, ...] = ()  # records of what a job with this model found among the held-out rows

    def finding(self, kind: type[Found]) -> Found | None:
        """What a job found, where it was this one."""
        return next((each for each in self.findings if isinstance(each, kind)), None)

    @property
    def there_and_back(self) -> bool:
        """Whether there is a way from x to a code, and one back."""
        return self.estimator.encodes and self.estimator.decodes

    @property
    def textual(self) -> bool:
        """Whether examples are texts."""
        return isinstance(self.estimator.schema_, TextSchema)

    @cached_property
    def some(self) -> Examples:
        """Held-out rows, at most as many as can be shown."""
        if len(self.test) <= MOST_ROWS:
            return self.test
        return self.test.take(np.random.default_rng(self.seed).permutation(len(self.test))[:MOST_ROWS])

    @cached_property
    def codes(self) -> NDArray[np.float32]:
        """Codes of ``some``, one row each."""
        codes = self.estimator.transform(self.some, **self.condition(self.some))
        return codes.reshape(len(codes), -1)

    @cached_property
    def rebuilt(self) -> NDArray[Any]:
        """Reconstructions of ``some``."""
        return self.estimator.rebuilt(self.some, **self.condition(self.some)).values

    @cached_property
    def scorecard(self) -> Scorecard:
        """The model beside PCA."""
        return Scorecard.measure(self.estimator, self.train, self.test)

    @cached_property
    def usage(self) -> LatentUsage | None:
        """KL by dimension, where the code is random."""
        return usage_of(self.estimator, self.some)

    @cached_property
    def ranked(self) -> NDArray[np.int64]:
        """Dimensions of the code, the most informative first: by KL, or by variance."""
        weight = self.codes.var(0) if self.usage is None else self.usage.kl
        return np.argsort(-weight)

    def condition(self, examples: Examples) -> dict[str, Any]:
        """The keyword that conditional models want."""
        conditional = self.estimator.condition_ is not None and examples.labels is not None
        return {"condition": examples.labels} if conditional else {}

    def conditions(self, count: int) -> dict[str, Any]:
        """The same for ``count`` new examples: as often as each is among the held-out rows."""
        spread = np.linspace(0, len(self.test) - 1, count).astype(int)
        order = np.arange(len(self.test)) if self.test.labels is None else np.argsort(self.test.labels, kind="stable")
        return self.condition(self.test.take(order[spread]))

    def flat(self, values: Any) -> NDArray[np.float64]:
        """Examples, or values of them as the model gives them, as rows of numbers in its units, ``[n, numbers]``."""
        schema = self.estimator.schema_
        return schema.flat(values) if isinstance(values, Examples) else made_as_numbers(schema, values, self.test)

    @property
    def reach(self) -> tuple[float, float]:
        """The lowest and the highest value, where examples are numbers; 0 and 1 where they are not."""
        return reach_of(self.estimator.schema_)

    def pictures(self, values: NDArray[Any]) -> NDArray[np.float64] | None:
        """Values of examples as pictures in [0, 1], ``[n, height, width(, 3)]``; None if they are none."""
        return pictures_of(self.estimator.schema_, values)
