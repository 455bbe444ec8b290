"""Data sets by name: found, cached, fetched with a checksum, or a refusal that says where to put them."""

import hashlib
import os
from pathlib import Path

import pytest

from isthmus.data import load, loading, names
from isthmus.errors import DataError, ParameterError, UnknownNameError

LOCAL = os.environ.get("ISTHMUS_DATA")


@pytest.mark.parametrize("name", ["digits", "wine", "breast-cancer", "diabetes"])
def test_sets_that_come_with_scikit_learn(name):
    train, test, whole = load(name, "train"), load(name, "test"), load(name)
    assert len(train) + len(test) == len(whole)
    assert len(whole.labels) == len(whole)
    assert (load(name, "test").values == test.values).all()


@pytest.mark.skipif(not LOCAL, reason="ISTHMUS_DATA names no folder of data sets")
@pytest.mark.parametrize(
    ("name", "count", "shape"),
    [
        ("mnist", 70_000, (28, 28)),
        ("fashion-mnist", 70_000, (28, 28)),
        ("cifar10-jpeg", 12_000, (32, 32, 3)),
        ("noto-emoji", 1688, (64, 64, 3)),
        ("omniglot-small", 2720, (105, 105)),
        ("dsprites", 46_080, (64, 64)),
    ],
)
def test_sets_of_pictures(name, count, shape):
    examples = load(name)
    assert examples.values.shape == (count, *shape)
    assert examples.kind == "image"
    assert examples.values.dtype == "uint8"
    assert examples.values.max() == 255
    assert examples.names is None or len(examples.names) == count


def test_unknown_names():
    with pytest.raises(UnknownNameError, match="Did you mean 'fashion-mnist'"):
        load("fashion_mnist")
    with pytest.raises(ParameterError, match="split is 'validation'"):
        load("digits", "validation")


def test_every_set_has_a_line_about_it():
    assert all(len(about) > 20 for about in names().values())


@pytest.fixture
def remote(tmp_path, monkeypatch):
    """A file behind a URL, and an empty cache."""
    source = tmp_path / "source.bin"
    source.write_bytes(b"content")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ISTHMUS_DATA", raising=False)
    digest = hashlib.sha256(b"content").hexdigest()
    return loading.RemoteFile(path="set/file.bin", url=source.as_uri(), sha256=digest)


def test_a_file_is_fetched_once_and_checked(remote, capsys):
    assert loading.local(remote).read_bytes() == b"content"
    assert "fetching" in capsys.readouterr().err
    assert loading.local(remote).read_bytes() == b"content"
    assert "fetching" not in capsys.readouterr().err


def test_a_wrong_checksum_is_refused_and_not_kept(remote):
    wrong = loading.RemoteFile(path=remote.path, url=remote.url, sha256="0" * 64)
    with pytest.raises(DataError, match="not the known file"):
        loading.local(wrong)
    assert not (loading.cache_folder() / remote.path).exists()


def test_no_network_says_where_to_put_the_file(remote):
    gone = loading.RemoteFile(path=remote.path, url=remote.url + ".gone", sha256=remote.sha256)
    with pytest.raises(DataError, match=r"cannot be reached.*put it at .*set/file.bin.*ISTHMUS_DATA"):
        loading.local(gone)
    with pytest.raises(DataError, match="no public address"):
        loading.local(loading.RemoteFile(path="set/file.bin"))


def test_the_folder_of_the_user_wins(remote, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    (folder / "set").mkdir(parents=True)
    (folder / "set" / "file.bin").write_bytes(b"mine")
    monkeypatch.setenv("ISTHMUS_DATA", str(folder))
    assert loading.local(remote) == Path(folder / "set" / "file.bin")
