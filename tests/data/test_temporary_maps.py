"""What is too large for memory is read once, into a temporary file, and is the same; nothing of it stays."""

import gc
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

import isthmus as im
from isthmus.data import mapped
from isthmus.data.mapped import is_mapped
from isthmus.data.reading import read
from isthmus.data.sources import numpy_shards
from isthmus.data.temporary_map import temporary_map
from isthmus.errors import DataError


@pytest.fixture(autouse=True)
def _all_are_large(monkeypatch):
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped, "BYTES", 300)


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path, monkeypatch):
    """Nothing is left in it by any test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert [path.name for path in folder.iterdir() if "torchinductor" not in path.name] == []


def same(source, **options):
    """The examples from the map, which are those in memory."""
    found, wanted = read(source, mapped=True, **options), read(source, **options)
    assert is_mapped(found.values)
    assert not is_mapped(wanted.values)
    assert not found.values.flags.writeable
    assert np.array_equal(found.values, wanted.values)
    for name in ("kind", "layout", "columns", "names", "container", "origin"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert [each.name for each in found.quarantined] == [each.name for each in wanted.quarantined]
    assert (found.labels is None and wanted.labels is None) or np.array_equal(found.labels, wanted.labels)
    return found


# -- pictures ------------------------------------------------------------------------------------------


def photos(folder, count=9, size=(12, 10), modes=("L", "RGB"), ending="png"):
    generator = np.random.default_rng(0)
    for i in range(count):
        mode = modes[i % len(modes)]
        values = generator.integers(0, 256, size if mode == "L" else (*size, 3), dtype=np.uint8)
        path = folder / "abc"[i % 3] / f"{i}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
    return folder


@pytest.mark.parametrize("modes", [("L",), ("L", "RGB")])
@pytest.mark.parametrize("options", [{}, {"size": (4, 6)}, {"mode": "L"}, {"mode": "RGB"}])
def test_folders_of_pictures(tmp_path, modes, options):
    found = same(str(photos(tmp_path / "photos", modes=modes)), **options)
    assert len(found) == 9
    assert sorted(set(found.labels)) == ["a", "b", "c"]


@pytest.mark.parametrize("ending", ["jpg", "gif"])
def test_pictures_of_other_formats_in_a_zip(tmp_path, ending):
    folder = photos(tmp_path / "photos", modes=("L",), ending=ending)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder))
    assert len(same(str(tmp_path / "photos.zip"))) == 9


def test_broken_pictures_are_listed(tmp_path):
    folder = photos(tmp_path / "photos")
    (folder / "a" / "0.png").write_bytes(b"no picture")
    cut_off = folder / "b" / "4.png"
    cut_off.write_bytes(cut_off.read_bytes()[:-60])  # whose header is whole
    found = same(str(folder))
    assert len(found) == 7
    assert [each.name for each in found.quarantined] == ["a/0.png", "b/4.png"]
    assert "is no picture" in found.quarantined[0].reason
    assert "truncated" in found.quarantined[1].reason


@pytest.mark.parametrize(("mode", "size"), [("RGB", (10, 12)), ("L", (9, 9))])
def test_a_broken_picture_has_no_say_in_how_the_others_are_read(tmp_path, mode, size):
    folder = photos(tmp_path / "photos", modes=("L",))
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(folder / "other.png")
    (folder / "other.png").write_bytes((folder / "other.png").read_bytes()[:-60])
    found = same(str(folder))
    assert found.values.shape == (9, 12, 10)
    assert [each.name for each in found.quarantined] == ["other.png"]


def test_pictures_of_several_sizes_are_refused_before_any_is_decoded(tmp_path):
    folder = photos(tmp_path / "photos")
    Image.new("RGB", (5, 5)).save(folder / "other.png")
    with pytest.raises(DataError, match=r"2 sizes .* 9 of 12x10, 1 of 5x5.* size=\(12, 10\)"):
        read(str(folder), mapped=True)


def test_where_nothing_can_be_read_it_is_said(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="holds no images that can be read"):
        read(str(tmp_path / "photos"), mapped=True)


def test_large_photographs_are_decoded_small_and_look_the_same(tmp_path):
    up, across = np.mgrid[0:256, 0:320]
    values = (128 + 60 * np.sin(up / 19) + 60 * np.cos(across / 23)).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "photo.jpg", quality=95)
    whole = Image.open(tmp_path / "photo.jpg").resize((20, 16), Image.Resampling.LANCZOS)
    found = same(str(tmp_path / "photo.jpg"), size=(16, 20)).values[0].astype(int)
    assert np.abs(found - np.asarray(whole)).max() <= 3


def test_models_of_pictures_in_a_temporary_file_are_those_in_memory(tmp_path):
    folder, trainer = str(photos(tmp_path / "photos", count=40, size=(8, 8))), im.Trainer(epochs=2, compile=False)
    models = [im.VAE(2, trainer=trainer).fit(X) for X in (folder, read(folder))]
    assert np.array_equal(*(model.transform(folder) for model in models))


# -- tables --------------------------------------------------------------------------------------------


def table(path, rows=40, **columns):
    values = np.random.default_rng(0).random((rows, 3)).astype(np.float32)
    frame = pandas.DataFrame(values, columns=["a", "b", "c"]).assign(**columns)
    frame.to_parquet(path, index=False, row_group_size=11)
    return str(path)


def test_tables(tmp_path):
    kinds = [f"kind {i % 3}" for i in range(40)]
    path = table(tmp_path / "table.parquet", whole=np.arange(40), kinds=kinds)
    assert same(path, labels="kinds").columns == ("a", "b", "c", "whole")
    assert same(path, drop=["kinds", "whole"]).values.dtype == np.float32


@pytest.mark.parametrize("first", [20240110, 1_700_000_000, 2**40 + 0.5])
def test_tables_are_not_rounded(tmp_path, first):
    assert len(np.unique(same(table(tmp_path / "table.parquet", when=first + np.arange(40))).values[:, 3])) == 40


def test_gaps_in_a_table_are_named_by_their_row_where_there_were_none_in_fit(tmp_path):
    gaps = [None if i == 33 else i for i in range(40)]
    model = im.AE(2, trainer=im.Trainer(epochs=1, compile=False)).fit(
        table(tmp_path / "whole.parquet", d=np.arange(40.0))
    )
    with pytest.raises(DataError, match="1 NaN, at row 33, column 'd'"):
        model.transform(table(tmp_path / "table.parquet", d=gaps))


def test_gaps_in_a_large_table_are_learnt_with(tmp_path):
    gaps = [None if i == 33 else i for i in range(40)]
    trainer = im.Trainer(epochs=1, compile=False, validation=0)
    mapped = im.AE(2, trainer=trainer).fit(table(tmp_path / "table.parquet", d=gaps))
    assert [part.gaps for part in mapped.schema_.parts] == [0, 0, 0, 1]
    assert np.isfinite(mapped.transform(str(tmp_path / "table.parquet"))).all()


def test_columns_of_words_are_read_whole_whatever_their_part_of_the_file(tmp_path):
    words = ["first"] * 20 + ["second"] * 20
    examples = read(table(tmp_path / "table.parquet", d=words), mapped=True)
    assert examples.described[-1].levels == ("first", "second")
    assert examples.values[:, -1].tolist() == [0.0] * 20 + [1.0] * 20


def test_a_table_that_is_cut_off_is_refused(tmp_path):
    path = Path(table(tmp_path / "table.parquet"))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"table.parquet cannot be read as Parquet"):
        read(str(path), mapped=True)


# -- arrays --------------------------------------------------------------------------------------------


def shards(folder, *arrays):
    folder.mkdir()
    for i, values in enumerate(arrays):
        np.save(folder / f"{i}.npy", values)
    return folder


def test_several_files_are_one(tmp_path):
    X = np.random.default_rng(0).random((30, 4)).astype(np.float32)
    folder = shards(tmp_path / "rows", X[:5], X[5:6], X[6:])
    for given in (str(folder), sorted(folder.glob("*.npy")), (folder / "0.npy", folder / "1.npy", folder / "2.npy")):
        assert np.array_equal(same(given).values, X)
    assert np.array_equal(read(folder).values, X)
    assert np.array_equal(read([folder / "1.npy", folder / "0.npy"]).values, X[[5, 0, 1, 2, 3, 4]])


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts the files that are open")
def test_files_are_open_one_after_another(tmp_path, monkeypatch):
    open_files, opened = [], numpy_shards.opened

    def counting(*given, **options):
        found = opened(*given, **options)
        open_files.append(len(list(Path("/proc/self/fd").iterdir())))
        return found

    monkeypatch.setattr(numpy_shards, "opened", counting)
    folder = shards(tmp_path / "rows", *np.zeros((30, 2, 3)))
    assert len(same(str(folder))) == 60
    assert max(open_files) - min(open_files) <= 4


def test_pictures_in_several_files(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (9, 6, 6, 3), dtype=np.uint8)
    assert same(str(shards(tmp_path / "pictures", X[:4], X[4:]))).layout == "HWC"


def test_files_of_other_rows_are_refused(tmp_path):
    folder = shards(tmp_path / "rows", np.zeros((5, 4)), np.zeros((5, 3)), np.zeros((5, 4), dtype=np.float32))
    with pytest.raises(
        DataError, match=r"(?s)0.npy have shape \(4,\), float64.*1.npy: .*\(3,\).*2.npy: .*float32.*leave"
    ):
        read(folder, mapped=True)


@pytest.mark.parametrize("as_shards", [False, True])
@pytest.mark.parametrize("cut", [100, 3])
def test_files_that_are_cut_off_are_refused(tmp_path, as_shards, cut):
    folder = shards(tmp_path / "rows", np.zeros((50, 4)))
    path = folder / "0.npy"
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError, match=r"0.npy cannot be read: .*shorter than its header tells: copy or write it"):
        im.AE(2).fit(folder if as_shards else path)


def test_what_is_no_file_of_numpys_is_said_to_be_none(tmp_path):
    (tmp_path / "a.npy").write_text("no array")
    with pytest.raises(DataError, match=r"a.npy is no file of numpy's"):
        read(str(tmp_path / "a.npy"))


def test_arrays_that_lie_by_columns_are_laid_out_by_rows(tmp_path):
    X = np.random.default_rng(0).random((30, 4))
    np.save(tmp_path / "rows.npy", np.asfortranarray(X))
    assert np.array_equal(same(str(tmp_path / "rows.npy")).values, X)
    found = read(np.load(tmp_path / "rows.npy", mmap_mode="r"), mapped=True).values
    assert found.flags.c_contiguous
    assert np.array_equal(found, X)


def test_a_copy_of_what_is_mapped_is_in_memory(tmp_path):
    np.save(tmp_path / "rows.npy", np.zeros((30, 4)))
    values = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert is_mapped(values[3:])
    assert not any(is_mapped(copy) for copy in (values.astype(np.float32), values.copy(), values + 1))


def test_many_rows_of_what_is_mapped_are_mapped_again(tmp_path):
    X = np.random.default_rng(0).random((30, 4))
    np.save(tmp_path / "rows.npy", X)
    found = read(str(tmp_path / "rows.npy"), mapped=True)
    for chosen in (np.arange(29, 3, -1), X[:, 0] < 0.9):
        some = found.take(chosen)
        assert is_mapped(some.values)
        assert np.array_equal(some.values, X[chosen])


# -- the file ------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="reads what the kernel says of the process")
def test_the_file_is_gone_with_the_last_that_refers_to_it():
    values = temporary_map((1000, 1000), np.uint8, "here")
    part = values[10:]
    del values
    gc.collect()
    assert "(deleted)" in Path("/proc/self/maps").read_text()
    part[0, 0] = 3
    maps = Path("/proc/self/maps").read_text().count("(deleted)")
    del part
    gc.collect()
    assert Path("/proc/self/maps").read_text().count("(deleted)") == maps - 1


def test_where_there_is_no_room_it_is_said_how_to_make_some(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    folder = shards(tmp_path / "rows", np.zeros((2**17, 1)), np.ones((2**17, 1)))
    with pytest.raises(DataError, match=r"rows is too large for memory, and its 2 MiB .*No space left.*set TMPDIR"):
        read(folder, mapped=True)
