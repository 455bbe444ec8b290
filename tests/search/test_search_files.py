"""An index survives a restart, is never half written, and says what is wrong with its files."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA

import isthmus as im
from isthmus.errors import ParameterError, SavedModelError
from isthmus.tasks.model_fingerprint import fingerprint
from isthmus.tasks.search_index import SearchIndex
from isthmus.tasks.write_lock import write_lock

AGAIN = """
import sys
sys.modules["faiss"] = sys.modules["lancedb"] = None
import numpy as np, isthmus as im
hits = im.load(sys.argv[1]).search(np.load(sys.argv[2]), 5, where={"part": [1, 2]})
np.savez(sys.argv[3], indices=hits.indices, distances=hits.distances)
"""
WAYS = [{}, {"codes": "binary"}, {"codes": "product", "rerank": 40}, {"metric": "cosine"}]


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits").take(range(200))


@pytest.fixture(scope="module")
def model(digits):
    return im.AE(6, trainer=im.Trainer(epochs=2, compile=False)).fit(digits)


@pytest.fixture(scope="module")
def known():
    return {
        "part": np.arange(200) % 4,
        "name": [None if i % 7 == 0 else f"n{i}" for i in range(200)],
        "when": np.datetime64("2024-01-01") + np.arange(200),
        "new": np.arange(200) % 2 == 0,
        "size": np.where(np.arange(200) % 5 == 0, np.nan, np.arange(200.0)),
    }


def same(one, other, X):
    for where in (None, {"part": 2}, ("when", "<", "2024-02-01"), {"name": ["n1", "n2"]}, ("size", ">", 50)):
        a, b = one.search(X, 4, where=where), other.search(X, 4, where=where)
        assert (a.indices == b.indices).all()
        assert (a.distances == b.distances).all()
        assert (a.ids == b.ids).all()
        for name, column in a.metadata.items():
            assert column.dtype.kind == b.metadata[name].dtype.kind
            assert np.array_equal(column.astype(str), b.metadata[name].astype(str))


@pytest.mark.parametrize("more", WAYS)
def test_saved_and_loaded(model, digits, known, more, tmp_path):
    index = im.SearchIndex(model, bits=16, **more).fit(digits, metadata=known)
    loaded = im.load(index.save(tmp_path / "index"))
    assert isinstance(loaded, SearchIndex)
    assert loaded.get_params(deep=False).keys() == index.get_params(deep=False).keys()
    same(index, loaded, digits.values[:9])
    same(index.add(digits, metadata=known), loaded.add(digits, metadata=known), digits.values[:9])
    loaded.save(tmp_path / "index")  # over itself
    same(im.load(tmp_path / "index"), index, digits.values[:9])
    assert [file.name for file in tmp_path.iterdir()] == ["index"]


@pytest.mark.slow
def test_the_same_answers_in_a_new_process_without_optional_libraries(model, digits, known, tmp_path):
    index = im.SearchIndex(model, codes="product", bits=16, rerank=40).fit(digits, metadata=known)
    index.save(tmp_path / "index")
    np.save(tmp_path / "q.npy", digits.values[:20])
    places = [str(tmp_path / name) for name in ("index", "q.npy", "a.npz")]
    done = subprocess.run([sys.executable, "-c", AGAIN, *places], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    hits = index.search(digits.values[:20], 5, where={"part": [1, 2]})
    with np.load(tmp_path / "a.npz") as again:
        assert (again["indices"] == hits.indices).all()
        assert (again["distances"] == hits.distances).all()


def test_an_index_with_another_model(model, digits, tmp_path):
    other = im.AE(6, trainer=im.Trainer(epochs=1, compile=False), random_state=1).fit(digits)
    assert fingerprint(model) != fingerprint(other)
    path = im.SearchIndex(model).fit(digits).save(tmp_path / "index")
    assert fingerprint(im.load(path / "model")) == fingerprint(model)
    with pytest.raises(SavedModelError, match="built with another model than the AE that was given"):
        SearchIndex.load(path, model=other)
    other.save(path / "model")
    with pytest.raises(SavedModelError, match="built with another model than the model in"):
        im.load(path)


def test_a_transformer_is_given_again(digits, tmp_path):
    pca, other = PCA(3).fit(digits.values), PCA(3).fit(digits.values[:100])
    path = im.SearchIndex(pca).fit(digits.values).save(tmp_path / "index")
    with pytest.raises(SavedModelError, match="give the same"):
        im.load(path)
    with pytest.raises(SavedModelError, match="built with another model"):
        SearchIndex.load(path, model=other)
    assert SearchIndex.load(path, model=pca).search(digits.values, 1).indices.ravel().tolist() == list(range(200))
    plain = im.SearchIndex().fit(digits.values).save(tmp_path / "plain")
    with pytest.raises(SavedModelError, match="it has no model"):
        SearchIndex.load(plain, model=pca)


@pytest.fixture
def saved(digits, tmp_path):
    return im.SearchIndex(codes="binary").fit(digits.values).save(tmp_path / "index")


def test_corrupt_files(saved):
    for name in ("index.safetensors", "items.json"):
        whole = (saved / name).read_bytes()
        (saved / name).write_bytes(whole[:-1])
        with pytest.raises(SavedModelError, match=r"was changed or cut short"):
            im.load(saved)
        (saved / name).unlink()
        with pytest.raises(SavedModelError, match=r"no whole index"):
            im.load(saved)
        (saved / name).write_bytes(whole)
    im.load(saved)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("index_format", 99, "update it"),
        ("count", "many", "count"),
        ("count", 7, "does not hold what"),
        ("spare", 1, "spare"),
        ("parameters", {"codes": "exakt"}, "Did you mean 'exact'"),
        ("parameters", {"codes": "product"}, "does not hold what"),
        ("parameters", {"colour": 1}, "no parameter"),
        ("columns", [{"name": "a", "sort": "text"}], "does not hold what"),
        ("columns", [{"name": "a", "sort": "pickle"}], "columns"),
    ],
)
def test_a_description_that_is_wrong(saved, field, value, words):
    content = json.loads((saved / "index.json").read_text())
    content[field] = value
    (saved / "index.json").write_text(json.dumps(content))
    with pytest.raises(SavedModelError, match=words):
        im.load(saved)


def test_what_is_no_index_is_left_alone(saved, digits, tmp_path):
    (saved / "index.json").write_text("{")
    with pytest.raises(SavedModelError, match="not a saved index"):
        im.load(saved)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_text("mine")
    with pytest.raises(SavedModelError, match="not an index; it is left alone"):
        im.SearchIndex().fit(digits.values).save(tmp_path / "photos")
    assert (tmp_path / "photos" / "a.png").read_text() == "mine"


def test_a_full_disk_loses_nothing(saved, digits, monkeypatch):
    def full(self, *given, **named):
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(SavedModelError, match="untouched"):
        im.SearchIndex().fit(digits.values).save(saved)
    monkeypatch.undo()
    assert im.load(saved).codes == "binary"
    assert [file.name for file in saved.parent.iterdir()] == ["index"]


def test_a_locked_index(saved, digits):
    index = im.load(saved)
    with write_lock(saved), pytest.raises(SavedModelError, match=f"is locked.*process {os.getpid()}"):
        index.save(saved)
    index.save(saved)
    finished = subprocess.Popen([sys.executable, "-c", ""])
    finished.wait()
    lock = saved.with_name(".index.lock")
    lock.write_text(f"{finished.pid} {socket.gethostname()}")  # left by a process that was killed
    index.save(saved)
    assert not lock.exists()


# -- LanceDB -----------------------------------------------------------------------------------------


def test_a_store_on_disk(model, digits, known, tmp_path):
    pytest.importorskip("lancedb")
    path = tmp_path / "index"
    index = im.SearchIndex(model, engine="lance", store=str(path)).fit(digits, metadata=known)
    exact = im.SearchIndex(model).fit(digits, metadata=known)
    same(index, exact, digits.values[:5])
    assert index.search(item="3", k=1).indices.tolist() == [[3]]
    index.save(path)
    loaded = im.load(path)
    same(loaded, exact, digits.values[:5])
    loaded.add(digits, metadata=known)
    same(loaded, exact.add(digits, metadata=known), digits.values[:5])
    assert len(im.load(path)) == 400  # items are on disk at once
    index.save(tmp_path / "copy")
    assert len(im.load(tmp_path / "copy")) == 400
    with pytest.raises(ParameterError, match="in memory"):
        loaded.near_duplicates(0)
    with pytest.raises(ParameterError, match="compares what cannot be compared"):
        loaded.search(item=0, where=("part", "<", "1 OR 1=1"))
    with write_lock(path), pytest.raises(SavedModelError, match="is locked"):
        loaded.add(digits, metadata=known)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").touch()
    with pytest.raises(SavedModelError, match="not an index"):
        im.SearchIndex(engine="lance", store=str(tmp_path / "photos")).fit(digits.values)
    files = [file for file in (path / "items.lance").rglob("*") if file.is_file()]
    for file in files:
        file.write_bytes(b"spoilt")
    with pytest.raises(SavedModelError, match="no store of items that can be read"):
        im.load(path)
