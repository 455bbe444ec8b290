"""The autoencoder whose codes say what kind of thing a row is."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isthmus.architecture import Setting, make_networks, make_view
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.direction import Direction
from isthmus.data.examples import Examples
from isthmus.data.neighbour_graph import NeighbourGraph, check_neighbours, coordinates
from isthmus.data.schema import Schema
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.search_ranges import PURPOSE, Integers, Numbers, Range
from isthmus.terms.neighbour_contrast import NeighbourContrast
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.neighbour_pairs import NeighbourPairs
from isthmus.training.rows import Rows
from isthmus.training.trainer import Trainer

STEPS, BATCH, RATE = 1000, 512, 1e-3  # of training


class ContrastiveAE(Estimator):
    """Codes are directions, those of rows that are near each other alike, of others not: made to be clustered.

    Each row is pulled to its nearest neighbours and pushed from the other rows of its batch; pictures are seen a little
    shifted, turned and stretched, so that this does not count. A decoder leads back, so that clusters can be looked at.

    Source: Dwibedi et al. 2021, With a little help from my friends: nearest-neighbor contrastive learning of visual
    representations; Chen et al. 2020, A simple framework for contrastive learning of visual representations.

    Parameters
    ----------
    latent_dim : numbers in the code, 2 or more; its length is 1.
    neighbours : nearest rows that each row is pulled to.
    temperature : how alike codes must be to count as such; small ones tell smaller groups apart.
    corruption : what the encoder sees of a row; ``"auto"``: pictures a little warped, everything else as it is; None.
    rebuilding : weight of the reconstruction, per value of x.
    network, likelihood, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> im.ContrastiveAE(4, trainer=im.Trainer(epochs=1)).fit(X).transform(X).shape
    (100, 4)
    """

    blends: ClassVar[bool] = False  # a blend of two rows is near neither's neighbours

    tuned_by: ClassVar[str | None] = "knn"
    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(8, 128, log=True, told_by=PURPOSE),
        "neighbours": Integers(2, 30, log=True, told_by=PURPOSE),
        "temperature": Numbers(0.1, 1.0, log=True, told_by=PURPOSE),
        "rebuilding": Numbers(0.01, 1.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 32,
        *,
        neighbours: int = 5,
        temperature: float = 0.5,
        corruption: Any = "auto",
        rebuilding: float = 0.1,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.neighbours, self.temperature = latent_dim, neighbours, temperature
        self.corruption, self.rebuilding = corruption, rebuilding
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> corruption -> encoder -> z -> decoder``, and the angle of z to the codes of others."""
        check("ContrastiveAE", (self.rebuilding > 0, f"rebuilding is {self.rebuilding!r}; expected a positive number"))
        check_neighbours(setting.rows, self.neighbours, "ContrastiveAE")
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="none"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Direction(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            corruption=make_view(self.corruption, setting, "ContrastiveAE"),
            terms=[
                Reconstruction(self.rebuilding / math.prod(setting.schema.shape)),
                NeighbourContrast(self.temperature),
            ],
        )

    def usual_trainer(self, rows: int) -> Trainer:
        """A thousand steps of large batches: what a row is told from are the others of its batch."""
        batch = max(1, min(BATCH, rows // 4))
        return Trainer(
            epochs=max(1, math.ceil(STEPS * batch / rows)), batch_size=batch, learning_rate=RATE, validation=0
        )

    def _arranged(self, rows: Rows, examples: Examples, schema: Schema) -> Rows:
        """With a neighbour of each row."""
        return self._paired(rows, coordinates(examples, schema), self.neighbours)

    def _judged_rows(self, examples: Examples) -> Rows:
        """With neighbours among the rows to be judged; of few rows fewer."""
        x = coordinates(examples, self.schema_)
        return self._paired(self._resident(examples), x, min(self.neighbours, len(x) - 1))

    def _paired(self, rows: Rows, x: NDArray[np.floating], neighbours: int) -> Rows:
        return NeighbourPairs.of(rows, NeighbourGraph.of(x, neighbours, owner=type(self).__name__))
