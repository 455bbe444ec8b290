"""Counts in tables: what is stored, refused and given back; sparse matrices and AnnData; models there and back."""

import json
import sys
import types

import numpy as np
import pandas
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import isthmus as im
from isthmus.data import mapped
from isthmus.data.reading import read
from isthmus.data.schema import schema_from_json
from isthmus.data.schemas.counts import CountsSchema
from isthmus.errors import DataError, MissingExtraError, ParameterError, SavedModelError, UnknownNameError
from isthmus.layers.log_counts import LogCounts

FORMATS = ("csr", "csc", "coo", "bsr", "lil", "dok", "dia")


def cells(count=120, genes=15, seed=0):
    """Counts of two sorts of cells, of very different depths."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(genes, 0.5), size=2)[np.arange(count) % 2]
    return rng.poisson(shares * rng.lognormal(4, 0.6, size=(count, 1)))


def quick(**changed):
    return im.Trainer(**{"epochs": 3, "validation": 0, "compile": False, **changed})


@pytest.fixture(scope="module")
def model():
    return im.VAE(2, likelihood="negative_binomial", trainer=quick(epochs=12)).fit(cells())


# -- the schema ----------------------------------------------------------------------------------------


@given(
    values=arrays.arrays(
        np.int64, st.tuples(st.integers(2, 7), st.integers(1, 5)), elements=st.integers(0, 10**6)
    ).filter(lambda values: values.any()),
    dtype=st.sampled_from(["int64", "uint32", "float32", "float64"]),
)
@settings(max_examples=60, deadline=None)
def test_counts_there_and_back(values, dtype):
    examples = read(values.astype(dtype))
    schema = CountsSchema.learn(examples)
    again = schema.from_model(schema.to_model(schema.store(examples)))
    assert np.array_equal(again, values)
    assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    ("high", "kind"), [(255, torch.uint8), (256, torch.int16), (2**15, torch.int32), (2**24 - 1, torch.int32)]
)
def test_small_counts_take_little_room(high, kind):
    schema = CountsSchema.learn(read(np.array([[1, 0], [0, 2]])))
    assert schema.store(read(np.array([[0, high]]))).dtype == kind  # of these rows, whatever was fitted on


def test_what_it_knows():
    frame = pandas.DataFrame({"a": [1, 3, 0], "b": [3, 5, 0], "never": [0, 0, 0]}, index=["x", "y", "z"])
    schema = CountsSchema.learn(read(frame))
    assert (schema.library, schema.high, schema.empty_columns) == (6.0, 5, ("never",))
    assert schema.describe()["columns without a count"] == "1: never"
    assert schema.log_volume == 0
    back = schema.give_back(schema.from_model(torch.ones(3, 3)), read(frame))
    assert list(back.columns) == ["a", "b", "never"]
    assert list(back.index) == ["x", "y", "z"]
    flat = schema.flat(read(frame))
    assert np.allclose(flat[:, 0], np.log1p([1 / 4 * 6, 3 / 8 * 6, 0]))
    with pytest.raises(DataError, match="takes levels, not counts"):
        _ = schema.levels


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, -2], [0, 1]], r"1 that is negative: row 0, position 1 \(-2\)\. Pass the counts as they were taken"),
        ([[1, 0.5], [2.25, -1]], r"1 that is negative and 2 that are not whole: row 0, position 1 \(0.5\), row 1"),
        ([[1, 2**24], [0, 1]], r"1 that is 2\^24 or more"),
        (np.full((4, 4), 0.5), "row 1, position 0 .* and 11 more"),
        ([[1, np.nan], [0, 1]], "1 NaN, at row 0, position 1"),
        (np.zeros((3, 2)), "All 2 counts are 0 in every row"),
        (np.ones((1, 2)), r"1 sample\(s\)"),
        (np.zeros((0, 2)), r"0 sample\(s\)"),
        (np.zeros((4, 8, 8), dtype=np.uint8), "pictures"),
    ],
)
def test_what_are_no_counts(values, message):
    with pytest.raises(DataError, match=message):
        im.VAE(likelihood="negative_binomial", trainer=quick()).fit(np.asarray(values))


def test_places_are_told_by_column_name():
    with pytest.raises(DataError, match=r"row 1, column 'GENE2' \(-3\)"):
        CountsSchema.learn(read(pandas.DataFrame({"GENE1": [1, 2], "GENE2": [4, -3]})))


def test_later_counts_must_be_alike(model):
    with pytest.raises(DataError, match="X has 3 features, but VAE is expecting 15"):
        model.transform(np.ones((2, 3)))
    with pytest.raises(DataError, match="not whole"):
        model.score_samples(np.full((2, 15), 0.5))
    named = im.VAE(2, likelihood="negative_binomial", trainer=quick()).fit(
        pandas.DataFrame(cells(), columns=[f"g{i}" for i in range(15)])
    )
    with pytest.raises(DataError, match="same order"):
        named.transform(pandas.DataFrame(cells(), columns=[f"g{i}" for i in reversed(range(15))]))


def test_broken_json_tells_everything():
    good = CountsSchema.learn(read(cells())).to_json()
    bad = {**good, "library": -1.0, "high": "many", "new": 1}
    del bad["count"]
    with pytest.raises(SavedModelError) as caught:
        schema_from_json(bad)
    for word in ("count is missing", "new is not known", "library is -1.0", "high is 'many'"):
        assert word in str(caught.value)
    with pytest.raises(SavedModelError, match="columns has 1 names for 15 columns"):
        schema_from_json({**good, "columns": ["a"]})


# -- sparse matrices and AnnData -----------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("sort", ["matrix", "array"])
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_sparse_is_read_as_dense_in_every_format(format_, sort):
    values = cells().astype(np.float64)
    found = read(getattr(scipy.sparse, f"csr_{sort}")(values).asformat(format_))
    assert np.array_equal(found.values, values)
    assert found.values.dtype == np.uint8
    assert found.kind == "table"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[0, 300], [1, 0]], "uint16"),
        ([[0.5, 0], [0, 1]], "float64"),
        ([[-1, 0], [0, 1]], "int64"),
        ([[0, 0]], "uint8"),
    ],
)
def test_the_smallest_type_that_holds_them(values, dtype):
    found = read(scipy.sparse.csr_array(np.array(values)))
    assert found.values.dtype == dtype
    assert np.array_equal(found.values, values)


def test_large_sparse_matrices_are_unrolled_into_a_file(monkeypatch):
    monkeypatch.setattr(mapped, "LARGE", 1000)
    values = scipy.sparse.csr_array(cells())
    found = read(values, mapped=True).values
    assert mapped.is_mapped(found)
    assert np.array_equal(found, cells())
    assert not mapped.is_mapped(read(values).values)
    fitted = im.VAE(2, likelihood="negative_binomial", trainer=quick()).fit(values)
    assert fitted.transform(values).shape == (120, 2)


@pytest.mark.parametrize("likelihood", ["negative_binomial", "zero_inflated_negative_binomial", "gaussian"])
def test_a_model_of_sparse_rows_is_that_of_dense_ones(likelihood):
    values = cells().astype(np.float64)
    dense, sparse = (
        im.AE(2, likelihood=likelihood, trainer=quick()).fit(x).transform(x)
        for x in (values, scipy.sparse.csc_matrix(values))
    )
    assert np.allclose(dense, sparse, atol=1e-4)


def test_sparse_vectors_are_no_tables():
    with pytest.raises(DataError, match="got 1D array instead"):
        read(scipy.sparse.coo_array(np.ones(4)))


class AnnData:
    """As much of anndata's class as is read."""

    def __init__(self, X, obs=None, genes=None, layers=None):
        n = len(layers["counts"]) if X is None else X.shape[0]
        self.X, self.layers = X, layers or {}
        self.obs = pandas.DataFrame(obs or {}, index=[f"cell{i}" for i in range(n)])
        self.obs_names, self.var_names = self.obs.index, pandas.Index(genes or [f"g{i}" for i in range(15)])


@pytest.fixture
def annotated(monkeypatch):
    """A library called anndata, if it were installed."""
    module = types.ModuleType("anndata")
    module.AnnData = AnnData
    monkeypatch.setitem(sys.modules, "anndata", module)
    module.read_h5ad = lambda path: AnnData(scipy.sparse.csr_matrix(cells()))
    return module


def test_anndata_has_genes_cells_layers_and_labels(annotated):
    logs = np.log1p(cells())
    data = AnnData(logs, obs={"type": ["a", "b"] * 60}, layers={"counts": scipy.sparse.csr_matrix(cells())})
    found = read(data, labels="type", layer="counts")
    assert np.array_equal(found.values, cells())
    assert found.columns[:2] == ("g0", "g1")
    assert found.names[:2] == ("cell0", "cell1")
    assert found.labels[:2].tolist() == ["a", "b"]
    assert np.allclose(read(data).values, logs)
    assert read(data, drop=["g1"]).columns[:2] == ("g0", "g2")
    with pytest.raises(UnknownNameError, match="no layer 'count'. Did you mean 'counts'"):
        read(data, layer="count")
    with pytest.raises(UnknownNameError, match="obs has no column 'typ'. Did you mean 'type'"):
        read(data, labels="typ")
    with pytest.raises(UnknownNameError, match="no gene 'g99'"):
        read(data, drop=["g99"])
    with pytest.raises(DataError, match="layer='counts'"):
        im.VAE(likelihood="negative_binomial").fit(data)


def test_anndata_that_cannot_be_read(annotated):
    with pytest.raises(DataError, match=r"no X. Say which layer to read \(layer=...\); there are: 'counts'"):
        read(AnnData(None, layers={"counts": cells()}))
    with pytest.raises(DataError, match="1 of the names of the 15 genes .* more than once: g3"):
        read(AnnData(cells(), genes=[f"g{i if i != 7 else 3}" for i in range(15)]))
    with pytest.raises(DataError, match="has no layers"):
        read(cells(), layer="counts")


def test_models_take_anndata_and_its_files(annotated, tmp_path):
    fitted = im.VAE(2, likelihood="negative_binomial", trainer=quick()).fit(AnnData(cells()))
    assert fitted.feature_names_in_[0] == "g0"
    path = tmp_path / "cells.h5ad"
    path.touch()
    assert np.array_equal(fitted.transform(str(path)), fitted.transform(AnnData(cells())))


def test_without_anndata_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "anndata", None)  # not to be imported
    (tmp_path / "cells.h5ad").touch()
    with pytest.raises((MissingExtraError, ImportError)):
        read(str(tmp_path / "cells.h5ad"))


# -- models --------------------------------------------------------------------------------------------


def test_networks_see_logarithms_of_shares():
    layer, x = LogCounts(4), torch.poisson(torch.full((200, 4), 9.0))
    layer.start(x)
    seen = layer(x)
    assert torch.allclose(seen.mean(0), torch.zeros(4), atol=1e-5)
    assert torch.allclose(seen.std(0, correction=0), torch.ones(4), atol=1e-4)
    assert torch.allclose(layer(3 * x), seen, atol=1e-4)
    assert bool(layer(torch.tensor([[10.0**6, 0, 0, 0], [0, 0, 0, 0]])).abs().max() <= 10)


def test_expected_counts_add_up_to_the_library_size(model):
    x = cells(40, seed=1)
    x[:20] *= 5
    assert np.allclose(model.reconstruct(x).sum(1), x.sum(1), rtol=1e-4)
    typical = model.inverse_transform(model.transform(x))
    assert np.allclose(typical.sum(1), np.median(cells().sum(1)), rtol=1e-4)
    assert np.allclose(model.transform(x[:20]), model.transform(x[:20] // 5), atol=1e-4)


def test_new_rows_are_counts(model):
    drawn = model.sample(300, random_state=0)
    assert np.array_equal(drawn, drawn.round())
    assert np.corrcoef(drawn.mean(0), cells(5000).mean(0))[0, 1] > 0.9
    assert np.median(drawn.sum(1)) == pytest.approx(np.median(cells().sum(1)), rel=0.3)


def test_scores_are_log_probabilities_in_nats(model):
    x = cells(50, seed=2)
    bound, exact = model.score_samples(x), model.log_prob(x, samples=200)
    assert (exact >= bound - 0.1).all()
    assert (bound < 0).all()
    mixed = np.random.default_rng(0).permuted(x, axis=1)  # the same counts, of other genes
    assert model.score(x) > model.score(mixed) + 10


@pytest.mark.parametrize("likelihood", ["negative_binomial", {"name": "zero_inflated_negative_binomial"}])
@pytest.mark.parametrize("dispersion", ["learned", "per_value"])
def test_saved_and_loaded_it_is_the_same(likelihood, dispersion, tmp_path):
    given_ = {"name": likelihood} if isinstance(likelihood, str) else likelihood
    fitted = im.VAE(2, likelihood={**given_, "dispersion": dispersion}, trainer=quick()).fit(cells())
    loaded = im.load(fitted.save(tmp_path / "model"))
    for job in ("transform", "score_samples", "reconstruct"):
        assert np.array_equal(getattr(loaded, job)(cells()), getattr(fitted, job)(cells()))
    assert np.array_equal(loaded.sample(3, random_state=0), fitted.sample(3, random_state=0))
    assert loaded.schema_ == fitted.schema_


@pytest.mark.parametrize("name", ["AE", "DAE", "SAE", "BetaVAE", "MAE", "VQVAE", "BernoulliVAE", "AAE"])
def test_other_models_take_counts_too(name):
    given_ = {"DAE": {"corruption": {"name": "thinning"}}, "SAE": {"network": "mlp"}}.get(name, {})
    fitted = getattr(im, name)(likelihood="negative_binomial", trainer=quick(), **given_).fit(cells())
    assert np.isfinite(fitted.transform(cells())).all()
    assert np.isfinite(fitted.score_samples(cells())).all()


def test_networks_that_take_no_counts_are_refused():
    with pytest.raises(ParameterError, match="network 'conv' does not take counts. Choose network='mlp'"):
        im.AE(2, network="conv", likelihood="negative_binomial", trainer=quick()).fit(cells())


def test_cells_without_a_count_change_nothing_for_others():
    x = cells()
    x[5] = 0
    fitted = im.VAE(2, likelihood="negative_binomial", trainer=quick()).fit(x)
    assert np.isfinite(fitted.score_samples(x)).all()
    assert np.isfinite(fitted.transform(x)).all()


def test_it_tells_cells_of_two_sorts_apart_whatever_their_depth():
    x = cells(400, 40, seed=3)
    fitted = im.VAE(2, likelihood="negative_binomial", trainer=quick(epochs=20)).fit(x[:300])
    codes = fitted.transform(x[300:])
    first, second = codes[::2], codes[1::2]
    direction = first.mean(0) - second.mean(0)
    assert (first @ direction).min() > (second @ direction).max()
    assert abs(np.corrcoef((first @ direction), np.log(x[300::2].sum(1)))[0, 1]) < 0.5
