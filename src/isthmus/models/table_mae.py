"""The masked autoencoder of tables: any columns from any others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.corruptions.column_drop import ColumnDrop
from isthmus.data.examples import Examples
from isthmus.data.schema import Schema
from isthmus.data.schemas.mixed import MixedSchema
from isthmus.estimator import ROWS, Estimator, check_count
from isthmus.records import Batch
from isthmus.search_ranges import Integers, Range
from isthmus.terms.order_agnostic import OrderAgnostic
from isthmus.training.defaults import MANY, defaults
from isthmus.training.random_stream import RandomStream
from isthmus.training.seeds import SAMPLING, SCORING, derive, seed_of
from isthmus.training.trainer import Trainer

ORDERS = 4  # in which a row is written, for score_samples
STEPS = 3  # times those of other models, of few rows


class TableMAE(Estimator):
    """Masked autoencoder of tables: hides any columns of a row and learns to tell them from the rest.

    So one model fills gaps (``impute``, with draws that say how sure it is), writes new rows column by column
    (``sample``) and scores rows by log p(x) (``score_samples``). Numbers are told as one of many bins, each of about
    equally many rows, so that no shape of distribution is assumed; categories, orders, truths and dates are welcome,
    and so are gaps. ``transform`` gives features of the whole row. No code of a row leads back to it: there is no
    ``inverse_transform``.

    Source: He et al. 2022, Masked autoencoders are scalable vision learners; for tables Du et al. 2024, ReMasker:
    imputing tabular data with masked autoencoding; writing in any order: Uria et al. 2014, A deep and tractable
    density estimator.

    Parameters
    ----------
    latent_dim : numbers between the two networks; as many features ``transform`` gives.
    network, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> import numpy as np
    >>> X = im.data.load("wine").values.copy()
    >>> X[::7, 3] = np.nan
    >>> model = im.TableMAE(8, trainer=im.Trainer(epochs=1)).fit(X)
    >>> int(np.isnan(model.impute(X)).sum()), len(model.impute(X, draws=2)), model.sample(3, random_state=0).shape
    (0, 2, (3, 13))
    """

    decodes: ClassVar[bool] = False
    blends: ClassVar[bool] = False
    imputes: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = ("table", "mixed")

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(32, 256, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 128,
        *,
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.network = latent_dim, network
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``visible columns -> encoder -> z -> decoder -> all columns``, judged by the hidden ones."""
        networks = make_networks(
            self.network,
            setting,
            latent_dim=self.latent_dim,
            features=self.latent_dim,
            linear_path="none",
            known={"sees_hidden": True},
        )
        parts = _mixed(setting.schema).parts
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[OrderAgnostic(first=tuple(part.start for part in parts))],
            corruption=ColumnDrop(widths=[part.width for part in parts]),
        )

    def sample(self, n: int = 1, condition: Any = None, random_state: int | None = None) -> Any:
        """``n`` new rows in the types, categories and ranges of X, written column by column in random orders."""
        check_is_fitted(self)
        check_count(n)
        made, seed = [], derive(seed_of(random_state), SAMPLING)
        with torch.no_grad(), RandomStream(seed, self._device):
            for start in range(0, n, ROWS):
                count = min(ROWS, n - start)
                nothing = torch.zeros(count, *self.schema_.shape, device=self._device)
                made.append(self._written(Batch(x=nothing, valid=torch.zeros_like(nothing, dtype=torch.bool))).cpu())
        return self.schema_.give_back(self.schema_.drawn_from_model(torch.cat(made), seed))

    def score_samples(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """A lower bound of log p(x) in nats for each row of X, of what is there; high is usual, low is odd.

        The mean over 4 orders of writing the row, the same for all rows; numbers count by the probability of their bin.
        """
        found = np.zeros(0)
        examples = self._examples(X)
        for number in range(ORDERS):
            generator = torch.Generator().manual_seed(derive(0, SCORING, number))
            order = torch.randperm(self._corruption.count, generator=generator).to(self._device)
            scores = self._by_batch(examples, condition, self._scoring(order)).double().numpy()
            found = scores if not number else found + scores
        return (found / ORDERS).astype(np.float32)

    def usual_trainer(self, rows: int) -> Trainer:
        """Of few rows three times the usual steps: with other columns hidden each time, not soon learnt by heart."""
        auto = defaults(rows)
        times = STEPS if rows < MANY else 1
        return Trainer(epochs=max(1, times * auto.steps * auto.batch_size // rows))

    # -- inside --------------------------------------------------------------------------------------

    @property
    def likelihood(self) -> str:
        """Always one for each column."""
        return "mixed_columns"

    def _wanted_likelihood(self, examples: Examples) -> Any:
        return self.likelihood

    def _learn_schema(self, examples: Examples, scaling: str) -> Schema:
        return MixedSchema.learn(examples, bins=True, owner=type(self).__name__)

    @property
    def _corruption(self) -> ColumnDrop:
        corruption = self.autoencoder_.corruption
        assert isinstance(corruption, ColumnDrop)
        return corruption

    def _expected(self, batch: Batch) -> Tensor:
        missing = _missing(batch)
        return self.autoencoder_.completed(self._corruption.view(batch, self._corruption.by_column(missing)))

    def _drawn_again(self, batch: Batch) -> Tensor:
        return self._written(batch)

    def _written(self, batch: Batch) -> Tensor:
        """x with its gaps drawn one by one, each row's in an order of its own, with torch's current stream."""
        corruption, x = self._corruption, batch.x
        open_columns = corruption.by_column(_missing(batch))
        rank = torch.rand(open_columns.shape, device=x.device).masked_fill(~open_columns, 2.0).argsort(1).argsort(1)
        for step in range(int(open_columns.sum(1).max())):
            view = corruption.view(Batch(x=x, condition=batch.condition), open_columns & (rank >= step))
            now = (open_columns & (rank == step))[:, corruption.column]
            x = torch.where(now, self._likelihood.sample(self.autoencoder_.output(view)), x)
        return x

    def _scoring(self, order: Tensor) -> Callable[[Batch, int], Tensor]:
        """log p of a batch, its columns written in an order."""
        rank = order.argsort()

        def log_probability(batch: Batch, _: int) -> Tensor:
            total = batch.x.new_zeros(len(batch))
            for step in range(len(rank)):
                view = self._corruption.view(batch, (rank >= step).expand(len(batch), -1))
                now = (rank == step)[self._corruption.column].expand_as(batch.x)
                counted = now if batch.valid is None else now & batch.valid
                total += self._likelihood.log_prob(self.autoencoder_.output(view), batch.x, counted)
            return total

        return log_probability


def _mixed(schema: Schema) -> MixedSchema:
    assert isinstance(schema, MixedSchema)
    return schema


def _missing(batch: Batch) -> Tensor:
    return torch.zeros_like(batch.x, dtype=torch.bool) if batch.valid is None else ~batch.valid
