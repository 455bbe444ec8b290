"""An index finds what is there: itself first, prefixes, subsets, what was folded in; and says what is wrong."""

import sys

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator

import isthmus as im
from isthmus.errors import DataError, MissingExtraError, ParameterError
from isthmus.tasks.source_snapshot import SourceChangedWarning

quick = settings(max_examples=40, deadline=None)
CODES = ["exact", "binary", "product"]
small = arrays(np.float32, st.tuples(st.integers(2, 40), st.just(3)), elements=st.integers(-2, 2))  # with many ties


def index_of(x, codes="exact", **more):
    return im.SearchIndex(codes=codes, bits=16, **more)


def sorted_by_distance(x, query):
    return np.argsort(np.square(x.astype(float) - query).sum(1), kind="stable")


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    return (generator.normal(size=(300, 4)) @ generator.normal(size=(4, 12))).astype(np.float32)


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits").take(range(300))


@pytest.fixture(scope="module")
def model(digits):
    return im.AE(6, trainer=im.Trainer(epochs=2, compile=False)).fit(digits)


@quick
@given(small, st.data())
def test_exact_search_is_a_sort_of_all_distances(x, data):
    k = data.draw(st.integers(1, len(x)))
    hits = im.SearchIndex().fit(x).search(x, k)
    for row, found in enumerate(hits.indices):
        assert found.tolist() == sorted_by_distance(x, x[row])[:k].tolist()
    assert hits.distances == pytest.approx(np.linalg.norm(x[:, None] - x[hits.indices], axis=2))


@pytest.mark.parametrize("codes", CODES)
@quick
@given(x=small)
def test_an_item_is_its_own_nearest_neighbour(codes, x):
    index = index_of(x, codes).fit(x)
    for hits in (index.search(x, 1), index.search(item=list(range(len(x))), k=1)):
        if codes == "exact":
            assert (hits.distances == 0).all()
            assert (x[hits.indices[:, 0]] == x).all()
            assert (hits.indices[:, 0] <= np.arange(len(x))).all()  # ties by number
    hits = index.search(item=list(range(len(x))), k=1)
    assert hits.distances == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("more", [{}, {"codes": "binary"}, {"codes": "product"}, {"codes": "binary", "rerank": 30}])
@quick
@given(x=small, first=st.integers(1, 5), last=st.integers(6, 15))
def test_the_first_are_a_prefix_of_more(more, x, first, last):
    x = np.concatenate([x] * 8)
    index = im.SearchIndex(bits=16, **more).fit(x)
    fewer, further = index.search(x[:9], first), index.search(x[:9], last)
    assert (fewer.indices == further.indices[:, :first]).all()
    assert (fewer.distances == further.distances[:, :first]).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@quick
@given(x=small, data=st.data())
def test_a_filter_is_an_exact_search_in_the_subset(metric, x, data):
    kind = data.draw(arrays(np.int64, len(x), elements=st.integers(0, 2)))
    wanted = data.draw(st.sampled_from(sorted(set(kind.tolist()))))
    chosen = np.flatnonzero(kind == wanted)
    hits = im.SearchIndex(metric=metric).fit(x, metadata={"kind": kind}).search(x, len(x), where={"kind": wanted})
    alone = im.SearchIndex(metric=metric).fit(x[chosen]).search(x, len(chosen))
    assert (hits.indices == chosen[alone.indices]).all()
    assert (hits.distances == alone.distances).all()
    assert hits.matching == len(chosen)
    assert (hits.metadata["kind"] == wanted).all()


@pytest.mark.parametrize("codes", ["binary", "product"])
def test_a_filter_of_codes_too(rows, codes):
    index = index_of(rows, codes).fit(rows, metadata={"part": np.arange(300) % 5})
    found = index.search(rows[:20], 300).indices
    hits = index.search(rows[:20], 60, where={"part": 2})
    for whole, some in zip(found, hits.indices, strict=True):
        assert whole[whole % 5 == 2].tolist() == some.tolist()


@quick
@given(small, small)
def test_folding_in_is_indexing_at_once(first, second):
    grown, whole = im.SearchIndex().fit(first).add(second), im.SearchIndex().fit(np.concatenate([first, second]))
    one, other = grown.search(second, 2), whole.search(second, 2)
    assert (one.indices == other.indices).all()
    assert (one.distances == other.distances).all()
    assert (one.ids == other.ids).all()


@pytest.mark.parametrize("codes", ["binary", "product"])
def test_folding_in_uses_the_codes_that_were_learnt(rows, codes):
    index = index_of(rows, codes).fit(rows[:200])
    learnt = index.store_.coder
    index.add(rows[200:])
    assert index.store_.coder is learnt
    assert (index.store_.codes == learnt.encode(rows)).all()


@pytest.mark.parametrize("more", [{}, {"codes": "binary"}, {"codes": "product"}, {"codes": "product", "rerank": 50}])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_hits_do_not_depend_on_companions_and_their_order(rows, more, metric):
    index = im.SearchIndex(bits=16, metric=metric, **more).fit(rows)
    together = index.search(rows[:50], 7)
    order = np.random.default_rng(0).permutation(50)
    shuffled = index.search(rows[order], 7)
    assert (shuffled.indices == together.indices[order]).all()
    for row in range(0, 50, 9):
        alone = index.search(rows[row], 7)
        assert (alone.indices[0] == together.indices[row]).all()
        assert (alone.distances[0] == together.distances[row]).all()


def test_candidates_in_order_are_nearer_to_exact_search(rows):
    truth = im.SearchIndex().fit(rows).search(rows, 10).indices
    plain = index_of(rows, "binary").fit(rows).search(rows, 10).indices
    measured = index_of(rows, "binary", rerank=100).fit(rows).search(rows, 10)

    def shared(found):
        return np.mean([len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True)]) / 10

    assert shared(measured.indices) > 0.95 > shared(plain)
    assert (measured.indices[:, 0] == np.arange(300)).all()


def test_cosine_is_one_minus_the_cosine(rows):
    hits = im.SearchIndex(metric="cosine").fit(rows).search(rows[:5] * 3, 300)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    true = 1 - np.einsum("qd,qkd->qk", unit[:5], unit[hits.indices])
    assert hits.distances == pytest.approx(true, abs=1e-5)


# -- models, queries, names --------------------------------------------------------------------------


def test_codes_of_a_model_and_queries_of_all_sorts(model, digits, tmp_path):
    index = im.SearchIndex(model).fit(digits)
    truth = index.search(digits, 3).indices
    assert (truth[:, 0] == np.arange(300)).all()
    assert (index.search(digits.values[17], 3).indices == truth[17:18]).all()
    np.save(tmp_path / "query.npy", digits.values[17:19])
    assert (index.search(str(tmp_path / "query.npy"), 3).indices == truth[17:19]).all()
    assert (index.search(item=17, k=3).indices == truth[17:18]).all()
    assert (index.search(item="17", k=3).indices == truth[17:18]).all()
    assert (index.search(item=[17, 4], k=3).indices == truth[[17, 4]]).all()
    assert (index.search(digits, 3, where={"label": 7}).metadata["label"] == 7).all()
    assert index.decoded(17).shape == (1, 64)
    assert index.decoded([1, 2]) == pytest.approx(model.reconstruct(digits.values[1:3]), abs=1e-4)


def test_transformers_of_scikit_learn(rows):
    pca = PCA(3).fit(rows)
    index = im.SearchIndex(pca).fit(rows)
    assert (index.search(rows[4], 1).indices == 4).all()
    frozen = clone(im.SearchIndex(FrozenEstimator(pca))).fit(rows)
    assert (frozen.search(rows, 3).indices == index.search(rows, 3).indices).all()


def test_texts(tmp_path):
    names = ["anna", "hanna", "susanna", "peter", "petra"] * 4
    model = im.SequenceAE(3, network={"width": 8}, trainer=im.Trainer(epochs=1, compile=False)).fit(names)
    index = im.SearchIndex(model).fit(names)
    assert index.search("petra", 4).indices.tolist() == [[4, 9, 14, 19]]
    assert index.search(["petra", "anna"], 1).indices.tolist() == [[4], [0]]


def test_a_data_frame_names_its_items(rows):
    frame = pandas.DataFrame(rows, index=[f"r{i}" for i in range(300)])
    frame.columns = [f"c{i}" for i in range(12)]
    index = im.SearchIndex().fit(frame, metadata=pandas.DataFrame({"price": np.arange(300.0)}))
    hits = index.search(frame.iloc[[3]], 2, where=("price", "<", 10))
    assert hits.ids[0, 0] == "r3"
    assert hits.metadata["price"][0, 0] == 3
    assert hits.frame()["id"][0] == "r3"
    assert "r3" in hits.as_text()


def test_frames_of_mixed_columns():
    frame = pandas.DataFrame({"kind": ["a", "b"] * 20, "size": np.r_[np.arange(39.0), np.nan]})
    model = im.AE(2, trainer=im.Trainer(epochs=1, compile=False)).fit(frame)
    index = im.SearchIndex(model).fit(frame, metadata=frame)
    assert index.search(frame.iloc[[5]], 1).indices.tolist() == [[5]]
    assert index.search(frame.iloc[5], 1).indices.tolist() == [[5]]
    assert index.search(item=5, k=3, where={"kind": "b"}).metadata["kind"].tolist() == [["b"] * 3]


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for name, grey in (("dark", 40), ("light", 200)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(6):
            picture = (grey + generator.integers(0, 30, (12, 10))).astype(np.uint8)
            Image.fromarray(picture).save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


def test_a_folder_of_pictures(folder):
    model = im.AE(3, trainer=im.Trainer(epochs=1, compile=False)).fit(str(folder))
    (folder / "dark" / "broken.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"1 input .* could not be used|left out"):
        index = im.SearchIndex(model).fit(str(folder))
    assert [each.name for each in index.quarantined_] == ["dark/broken.png"]
    assert len(index) == 12
    hits = index.search(str(folder / "light" / "3.png"), 4)
    assert hits.ids[0, 0] == "light/3.png"
    assert set(hits.metadata["label"][0]) == {"light"}
    assert hits.names == ("3.png",)
    large = Image.open(folder / "light" / "3.png").convert("RGB").resize((100, 120), Image.Resampling.NEAREST)
    large.save(folder.parent / "large.jpg")
    assert (index.search(folder.parent / "large.jpg", 4).metadata["label"] == "light").all()


def test_a_folder_that_changes_meanwhile_is_said(folder, monkeypatch):
    model = im.AE(3, trainer=im.Trainer(epochs=1, compile=False)).fit(str(folder))
    true = type(model).transform

    def transform(self, X):
        (folder / "dark" / "0.png").unlink(missing_ok=True)
        Image.new("L", (10, 12)).save(folder / "new.png")
        return true(self, X)

    monkeypatch.setattr(type(model), "transform", transform)
    with pytest.warns(
        SourceChangedWarning, match=r"(?s)was changed while it was indexed.*1 file added: new.png.*removed"
    ):
        index = im.SearchIndex(model).fit(str(folder))
    assert len(index) == 12
    assert index.changes_ == ("1 file added: new.png", "1 file removed: dark/0.png")


# -- near-duplicates, report -------------------------------------------------------------------------


@quick
@given(small, st.sampled_from([0.0, 1.0, 1.5, 2.0]))
def test_near_duplicates_are_all_pairs_within(x, threshold):
    found = im.SearchIndex().fit(x).near_duplicates(threshold)
    apart = np.linalg.norm(x[:, None].astype(float) - x, axis=2)
    true = {(i, j) for i in range(len(x)) for j in range(i + 1, len(x)) if apart[i, j] <= threshold}
    assert set(map(tuple, found.pairs.tolist())) == true
    assert (found.distances <= threshold).all()
    assert {i for group in found.groups for i in group.tolist()} == {i for pair in true for i in pair}


def test_near_duplicates_of_bits_and_their_groups(rows):
    index = index_of(rows, "binary").fit(np.concatenate([rows, rows[:3], rows[:1]]))
    found = index.near_duplicates(0)
    assert [0, 300, 303] in [group.tolist() for group in found.groups]
    assert "near-duplicates" in found.as_text()


def test_a_report_of_all_codes(rows):
    report = im.SearchIndex(bits=16).fit(rows).report(rows[:30])
    by_name = {row.codes: row for row in report.rows}
    assert by_name["exact"].recall == 1
    assert by_name["exact"].bytes_per_item == 48
    assert by_name["binary, 16 bits"].bytes_per_item == 2
    assert by_name["product, 16 bits"].bytes_per_item == 2
    assert by_name["product, 16 bits, 200 measured"].recall > 0.9
    assert all(row.queries_per_second > 0 for row in report.rows)
    assert "recall@10" in report.as_text()
    with pytest.raises(ParameterError, match="rerank=100"):
        index_of(rows, "binary").fit(rows).report(rows)


# -- faiss and LanceDB -------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["hnsw", "ivf"])
def test_faiss_proposes_and_filters_of_few_are_exact(rows, engine):
    pytest.importorskip("faiss")
    index = im.SearchIndex(engine=engine).fit(rows, metadata={"part": np.arange(300) % 20})
    exact = im.SearchIndex().fit(rows, metadata={"part": np.arange(300) % 20})
    truth = exact.search(rows, 5)
    found = index.search(rows, 5)
    assert np.mean(found.indices == truth.indices) > 0.9
    assert (found.indices[:, 0] == np.arange(300)).all()
    for where in ({"part": 3}, ("part", "<", 10)):
        few, true = index.search(rows, 5, where=where), exact.search(rows, 5, where=where)
        assert np.mean(few.indices == true.indices) >= (1 if where == {"part": 3} else 0.9)
    assert (index.search(rows, 100).indices == exact.search(rows, 100).indices).all()  # more than are proposed
    index.add(rows[:3] + 0.001, metadata={"part": [0, 1, 2]})
    assert index.search(rows[:3] + 0.001, 1).indices.ravel().tolist() == [300, 301, 302]


def test_a_missing_library_names_the_line_that_brings_it(rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match=r"isthmus\[search\]"):
        im.SearchIndex(engine="hnsw").fit(rows).search(rows, 2)
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(MissingExtraError, match=r"isthmus\[searchdb\]"):
        im.SearchIndex(engine="lance", store="no-such-place").fit(rows)


# -- errors ------------------------------------------------------------------------------------------


def test_wrong_parameters_all_at_once(rows):
    with pytest.raises(ParameterError) as told:
        im.SearchIndex(codes="exakt", bits=12, metric="manhattan", rerank=-1, engine="scann").fit(rows)
    for words in ("Did you mean 'exact'?", "bits is 12", "manhattan", "rerank is -1", "Did you mean 'scan'?"):
        assert words in str(told.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"rerank": 5}, "in order already"),
        ({"codes": "binary", "engine": "hnsw"}, "which is for codes='exact'"),
        ({"engine": "lance"}, "needs the folder"),
        ({"store": "x"}, "no other takes one"),
        ({"codes": "product", "bits": 800}, "at most 96"),
        ({"model": im.AE(2)}, "fit it first"),
        ({"model": 3}, "no transform"),
        ({"model": im.WGANGP(2)}, "no (transform|way)"),
        ({"bits": "8"}, "expected a whole number"),
    ],
)
def test_a_wrong_parameter(rows, more, words):
    with pytest.raises(ParameterError, match=words):
        im.SearchIndex(**more).fit(rows)


@pytest.mark.parametrize(
    ("query", "more", "words"),
    [
        (0, {"k": 0}, "k is 0"),
        (0, {"k": 301}, "k is 301, but the index holds 300 items"),
        (0, {"item": 3}, "one of them"),
        (None, {}, "one of them"),
        (None, {"item": 300}, "items 0 to 299"),
        (None, {"item": "nobody"}, "No item of the index is called 'nobody'"),
        (None, {"item": [1, "2"]}, "several of a sort"),
        (0, {"where": {"prize": 3}}, "no column is called 'prize'. Did you mean 'price'"),
        (0, {"where": ("price", "=<", 3)}, "no comparison is called '=<'"),
        (0, {"where": ("price", "<", "cheap")}, "holds numbers"),
        (0, {"where": {"kind": 3}}, "holds texts"),
        (0, {"where": ("price", "in", 3)}, "takes a list"),
        (0, {"where": ("price", "<", [3])}, "takes a single value"),
        (0, {"where": "price < 3"}, "expected {"),
        (0, {"where": {"price": 1e9}}, "No item of the index meets"),
    ],
)
def test_a_wrong_question(rows, query, more, words):
    index = im.SearchIndex().fit(rows, metadata={"price": np.arange(300.0), "kind": ["a"] * 300})
    with pytest.raises(ParameterError) as told:
        index.search(None if query is None else rows[query], **more)
    assert words in str(told.value)


def test_queries_of_the_wrong_kind(model, digits, rows, folder):
    index = im.SearchIndex(model).fit(digits)
    with pytest.raises(DataError, match="12 features"):
        index.search(rows)
    with pytest.raises(DataError, match="holds text"):
        index.search(["seven"])
    with pytest.raises(DataError):
        index.search(str(folder))
    with pytest.raises(DataError, match="no file or folder"):
        index.search("no/such/file.npy")
    plain = im.SearchIndex().fit(rows)
    with pytest.raises(DataError, match="have 5 numbers; those of the index have 12"):
        plain.search(np.zeros(5))
    with pytest.raises(DataError, match="1 of 2 vectors contain NaN"):
        plain.search(np.full((2, 12), [[0.0], [np.nan]]))
    with pytest.raises(DataError, match="no file 'seven'"):
        plain.search("seven")
    with pytest.raises(DataError, match="expected numbers"):
        plain.fit(np.array([["a"]]))


def test_wrong_metadata(rows):
    with pytest.raises(DataError, match="has 3 entries"):
        im.SearchIndex().fit(rows, metadata={"a": [1, 2, 3]})
    with pytest.raises(DataError, match="expected a data frame"):
        im.SearchIndex().fit(rows, metadata=[1, 2, 3])
    with pytest.raises(DataError, match="300 items, but 1 ids"):
        im.SearchIndex().fit(rows, ids=["a"])
    index = im.SearchIndex().fit(rows, metadata={"a": np.arange(300)})
    with pytest.raises(DataError, match="'a' is missing"):
        index.add(rows)
    with pytest.raises(DataError, match="holds texts, in fit it held numbers"):
        index.add(rows, metadata={"a": ["b"] * 300})
    assert len(index) == 300


def test_what_is_refused_leaves_the_index_as_it_was(rows):
    index = im.SearchIndex().fit(rows, metadata={"a": np.arange(300)})
    before = (index.sources_, len(index))
    with pytest.raises(DataError):
        index.add(rows)
    assert (index.sources_, len(index)) == before


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_vectors_of_any_size(metric):
    x = np.array([[1e17, 0.0], [0.0, -1e17], [1e-17, 1e-17], [0.0, 0.0]])
    hits = im.SearchIndex(metric=metric).fit(x).search(x, 1)
    assert hits.distances == pytest.approx(0 if metric == "euclidean" else hits.distances)
    assert hits.indices.ravel().tolist() == [0, 1, 2, 3]
    with pytest.raises(DataError, match="scale them first"):
        im.SearchIndex().fit(x * 100)


def test_candidates_must_suffice_for_k(rows):
    with pytest.raises(ParameterError, match="larger rerank"):
        index_of(rows, "binary", rerank=5).fit(rows).search(rows[0], 6)
