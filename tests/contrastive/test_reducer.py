"""Maps: what graph, layout and model keep of the data, and what they refuse."""

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.bottlenecks.places import Places
from isthmus.data.neighbour_graph import NeighbourGraph, coordinates, shares
from isthmus.data.neighbour_layout import _pull, _push, neighbour_layout
from isthmus.data.reading import read
from isthmus.errors import DataError, IsthmusError, ParameterError
from isthmus.metrics.neighbours import knn_accuracy, trustworthiness
from isthmus.records import Batch, Trace, View
from isthmus.training.placed_rows import PlacedRows
from isthmus.training.resident import Resident


def quick(epochs=2):
    return im.Trainer(epochs=epochs, validation=0, mix=0.0, compile=False)


@pytest.fixture(scope="module")
def blobs():
    generator = np.random.default_rng(0)
    centres = 6 * generator.normal(size=(4, 7))
    y = np.repeat(np.arange(4), 50)
    return centres[y] + generator.normal(size=(200, 7)), y


def test_neighbours_are_the_nearest_other_rows_and_shares_sum_to_1(blobs):
    x, _ = blobs
    graph = NeighbourGraph.of(x, 6)
    apart = np.linalg.norm(x[:, None] - x, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (np.sort(graph.nearest, 1) == np.sort(np.argsort(apart, 1)[:, :6], 1)).all()
    assert np.allclose(graph.shares.sum(1), 1)
    assert (np.diff(graph.shares, axis=1) <= 1e-12).all()  # the nearest counts most


def test_the_width_of_a_row_makes_kernels_sum_to_log2_of_neighbours():
    distances = np.array([[1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 9.0]])
    found = shares(distances)
    assert (found / found[:, :1]).sum() == pytest.approx(3.0, rel=1e-6)
    assert np.allclose(shares(7 * distances), found)  # whatever the unit
    assert np.allclose(shares(np.ones((1, 4))), 0.25)


def test_the_gradients_of_a_layout_are_those_of_its_loss():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(10, 2, generator=generator, dtype=torch.float64).requires_grad_()
    kernel = 1 / (1 + (z[:, None] - z).square().sum(-1))
    (kernel.sum(1) - 1).log().sum().backward()
    pushed = -_push(z.detach(), torch.Generator().manual_seed(1))
    assert torch.allclose(-pushed, z.grad, atol=1e-9)
    z.grad = None
    nearest = torch.arange(10).roll(-1)[:, None]
    (1 + (z - z[nearest[:, 0]]).square().sum(1)).log().sum().backward()
    pulled = _pull(z.detach(), nearest, torch.ones(10, 1), generator)
    assert torch.allclose(pulled, z.grad, atol=1e-9)


def test_a_layout_keeps_neighbours_better_than_pca_and_is_the_same_again(blobs):
    x = im.data.load("digits").values[:400].reshape(400, -1)
    graph = NeighbourGraph.of(x, 10)
    z = neighbour_layout(x, graph, 2)
    centred = x - x.mean(0)
    pca = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    assert trustworthiness(x, z) > trustworthiness(x, pca) + 0.1
    assert (z == neighbour_layout(x, graph, 2)).all()
    assert (z != neighbour_layout(x, graph, 2, seed=1)).any()
    assert neighbour_layout(x, graph, 3).shape == (400, 3)


def test_many_values_are_seen_in_their_leading_coordinates():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(50, 3)) @ generator.normal(size=(3, 200))
    model = im.Reducer(neighbours=5, trainer=quick(1)).fit(x)
    found = coordinates(read(x), model.schema_)
    assert found.shape == (50, 50)
    flat = model.schema_.flat(read(x))
    assert np.allclose(
        np.linalg.norm(found[:, None] - found, axis=2), np.linalg.norm(flat[:, None] - flat, axis=2), atol=1e-3
    )


def traced(bottleneck, features, places):
    batch = Batch(x=torch.zeros(len(features), 3), reference=places)
    view = View(x=batch.x)
    return Trace(batch=batch, view=view, features=features, code=bottleneck(features, view))


def test_a_placement_costs_what_the_mixture_says_of_the_place():
    bottleneck = Places(2, components=2, width=5.0)
    bottleneck.centres.data = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    features = torch.tensor([3.0, 1.0]).log()
    trace = traced(bottleneck, torch.cat([features, torch.zeros(4)])[None], torch.zeros(1, 2))
    expected = -np.log(0.75 + 0.25 * 2**-1.5)  # Cauchy: (1 + d^2 / width^2)^-1.5
    assert bottleneck.hindsight(trace)["placement"].item() == pytest.approx(expected, rel=1e-5)
    assert trace.code.z.tolist() == [[0.0, 0.0]]  # the likeliest, not the mean
    bare = Trace(batch=Batch(x=trace.batch.x), view=trace.view, features=trace.features, code=trace.code)
    assert bottleneck.hindsight(bare) == {}


def test_of_two_places_one_is_chosen_and_never_what_lies_between():
    """x tells nothing, and rows lie at -1 or at 1, three of four at 1."""
    torch.manual_seed(0)
    bottleneck, features = Places(1, components=6), torch.zeros(12, requires_grad=True)
    places = torch.tensor([[-1.0], [1.0], [1.0], [1.0]])
    optimiser = torch.optim.Adam([features, *bottleneck.parameters()], lr=0.05)
    for _ in range(400):
        optimiser.zero_grad()
        trace = traced(bottleneck, features.expand(4, -1), places)
        bottleneck.hindsight(trace)["placement"].mean().backward()
        optimiser.step()
    assert traced(bottleneck, features[None], places[:1]).code.z.item() == pytest.approx(1.0, abs=0.05)


def test_places_go_with_their_rows():
    rows = PlacedRows(Resident(torch.arange(6.0)[:, None]), torch.arange(6.0)[:, None] * 10)
    some = rows.rows(torch.tensor([5, 1, 3]))
    for index in some.in_turn(torch.tensor([2, 0, 1]), 2, 0):
        batch = some.gathered(index)
        assert torch.equal(batch.reference, 10 * batch.x)
    assert rows.fingerprint() != PlacedRows(Resident(torch.arange(6.0)[:, None]), torch.zeros(6, 1)).fingerprint()


def test_new_rows_go_where_their_like_is_and_each_place_can_be_rebuilt(blobs, tmp_path):
    x, y = blobs
    model = im.Reducer(trainer=quick(60)).fit(x[::2])
    known, new = model.transform(x[::2]), model.transform(x[1::2])
    assert knn_accuracy(known, y[::2], new, y[1::2]) > 0.95
    rebuilt = model.inverse_transform(new)
    assert np.square(rebuilt - x[1::2]).mean() < 0.3 * x.var(0).mean()
    loaded = im.load(model.save(tmp_path / "map"))
    assert (loaded.transform(x) == model.transform(x)).all()
    assert (loaded.inverse_transform(new) == rebuilt).all()


def test_too_few_rows_and_rows_that_are_equal_are_refused_in_words():
    generator = np.random.default_rng(0)
    with pytest.raises(DataError, match="X has 10 samples.*neighbours=9 or fewer"):
        im.Reducer(trainer=quick()).fit(generator.normal(size=(10, 3)))
    with pytest.raises(IsthmusError, match="the same in every row"):
        im.Reducer(trainer=quick()).fit(np.ones((30, 3)))
    with pytest.raises(DataError, match="all 30 rows of X are equal"):
        NeighbourGraph.of(np.ones((30, 3)), 5)
    for name, value in (("neighbours", 0), ("exaggeration", -1.0), ("rebuilding", 0.0)):
        with pytest.raises(ParameterError, match=f"{name} is"):
            im.Reducer(**{name: value}, trainer=quick()).fit(generator.normal(size=(30, 3)))
    with pytest.raises(DataError, match="text"):
        im.Reducer(trainer=quick()).fit(["anna", "hanna", "susanna"] * 10)


def test_constant_columns_pictures_and_mixed_tables_are_mapped():
    pandas = pytest.importorskip("pandas")
    generator = np.random.default_rng(0)
    x = np.c_[generator.normal(size=(40, 3)), np.full(40, 7.0)]
    assert im.Reducer(neighbours=5, trainer=quick()).fit_transform(x).shape == (40, 2)
    pictures = generator.integers(0, 255, size=(40, 6, 6), dtype=np.uint8)
    model = im.Reducer(3, neighbours=5, trainer=quick()).fit(pictures)
    assert model.inverse_transform(model.transform(pictures)).shape == (40, 6, 6)
    table = pandas.DataFrame({"kind": ["a", "b"] * 20, "size": x[:, 0]})
    table.loc[3, "size"] = np.nan
    assert im.Reducer(neighbours=5, trainer=quick()).fit_transform(table).shape == (40, 2)
