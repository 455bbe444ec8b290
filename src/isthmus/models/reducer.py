"""The autoencoder for maps: near is near, and each place can be looked at."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from isthmus.architecture import Setting, make_networks, make_view
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.places import Places
from isthmus.data.examples import Examples
from isthmus.data.neighbour_graph import NeighbourGraph, check_neighbours, coordinates
from isthmus.data.neighbour_layout import neighbour_layout
from isthmus.data.schema import Schema
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.search_ranges import PURPOSE, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.placed_rows import PlacedRows
from isthmus.training.rows import Rows
from isthmus.training.seeds import WEIGHTS, derive, seed_of
from isthmus.training.trainer import Trainer

WARP = {"name": "warp", "shift": 0.035, "turn": 7.5, "stretch": 0.075, "slant": 0.1}  # no further than neighbours are


class Reducer(Estimator):
    """Maps of the data, two numbers a row by default: rows that are near each other are so on the map.

    A layout that keeps the graph of nearest rows, as t-SNE's and UMAP's do, is found first (``neighbour_layout``);
    then an autoencoder learns to place the rows there, and to rebuild them: a mixture of places is learnt, of which the
    likeliest is taken (``Places``). Unlike t-SNE it places new rows (``transform``), it has a way back
    (``inverse_transform``), and it is saved like any other model. ``fit`` raises ``DataError`` where there are no more
    rows than neighbours, or all rows are equal. Texts have no distances: reduce the codes of a model of texts.

    Source: Espadoto, Hirata & Telea 2020, Deep learning multidimensional projections; Bishop 1994, Mixture density
    networks; Damrich, Böhm, Hamprecht & Kobak 2023, From t-SNE to UMAP with contrastive learning; with a decoder:
    Sainburg, McInnes & Gentner 2021, Parametric UMAP embeddings for representation and semisupervised learning.

    Parameters
    ----------
    latent_dim : numbers in the code: the dimensions of the map.
    neighbours : rows that each row is near: few show detail, many the whole.
    exaggeration : how much neighbours pull each other; larger values make tighter clusters, further apart.
    rebuilding : weight of the reconstruction, for each value of x: small, neighbours shape the map; large, both do.
    corruption : what the encoder sees of a row in training; ``"auto"``: pictures a little warped, so that new ones are
        placed as well as known ones, and everything else as it is; None.
    network, likelihood, random_state : as for ``AE``.
    trainer : a Trainer; None: one that chooses everything by the data's size, and blends no rows.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> reducer = im.Reducer(neighbours=5, trainer=im.Trainer(epochs=1, validation=0)).fit(X)
    >>> reducer.transform(X).shape, reducer.inverse_transform([[0.0, 0.0]]).shape
    ((100, 2), (1, 64))
    """

    tuned_by: ClassVar[str | None] = "trustworthiness"
    search: ClassVar[Mapping[str, Range]] = {
        "neighbours": Integers(5, 50, log=True, told_by=PURPOSE),
        "exaggeration": Numbers(0.5, 4.0, log=True, told_by=PURPOSE),
        "rebuilding": Numbers(0.001, 0.1, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 2,
        *,
        neighbours: int = 15,
        exaggeration: float = 1.0,
        rebuilding: float = 0.01,
        corruption: Any = "auto",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.neighbours, self.exaggeration = latent_dim, neighbours, exaggeration
        self.rebuilding, self.corruption = rebuilding, corruption
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z -> x``, and the place of z among the codes of others."""
        check(
            "Reducer",
            *(
                (value > 0, f"{name} is {value!r}; expected a positive number")
                for name, value in (("exaggeration", self.exaggeration), ("rebuilding", self.rebuilding))
            ),
        )
        check_neighbours(setting.rows, self.neighbours, "Reducer")
        bottleneck = Places(self.latent_dim)
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=bottleneck.in_dim, linear_path="none"
        )
        values = math.prod(setting.schema.shape)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=bottleneck,
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            corruption=make_view(self.corruption, setting, "Reducer", automatic=WARP),
            terms=[Reconstruction(self.rebuilding / values), CodeCost("placement")],
        )

    def usual_trainer(self, rows: int) -> Trainer:
        """No blends: half-way between two rows is seldom half-way on the map."""
        return Trainer(mix=0.0)

    def _arranged(self, rows: Rows, examples: Examples, schema: Schema) -> Rows:
        """With the place of each on a map that keeps the graph of neighbours."""
        x = coordinates(examples, schema)
        graph = NeighbourGraph.of(x, self.neighbours, owner=type(self).__name__)
        seed = derive(seed_of(self.random_state), WEIGHTS)
        places = neighbour_layout(x, graph, self.latent_dim, exaggeration=self.exaggeration, seed=seed)
        spread = max(float(places.std()), 1e-12)  # codes of order 1, as networks like them
        return PlacedRows(rows, torch.from_numpy(places / spread))
