"""Large files are looked at in parts: the same codes, and little memory."""

import multiprocessing
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

import isthmus as im
from isthmus.data import mapped
from isthmus.data.checks import check_finite
from isthmus.data.mapped import blocks
from isthmus.data.reading import read
from isthmus.errors import DataError


@pytest.fixture
def _all_are_large(monkeypatch):
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped, "BYTES", 64)


def rows(count=40):
    return np.random.default_rng(0).random((count, 6)).astype(np.float32)


@pytest.mark.usefixtures("_all_are_large")
@pytest.mark.parametrize("values", [255 * rows(), (255 * rows()).astype(np.uint8), 255 * rows(1)])
def test_codes_are_those_of_the_array(tmp_path, values):
    model = im.AE(2, trainer=im.Trainer(epochs=1, validation=0, compile=False)).fit((255 * rows()).astype(values.dtype))
    np.save(tmp_path / "rows.npy", values)
    assert isinstance(read(str(tmp_path / "rows.npy"), mapped=True).values.base, np.memmap)
    assert np.array_equal(model.transform(str(tmp_path / "rows.npy")), model.transform(values))
    assert np.array_equal(model.reconstruct(str(tmp_path / "rows.npy")), model.reconstruct(values))


@pytest.mark.usefixtures("_all_are_large")
def test_fitting_on_a_file_leaves_it_as_it_was(tmp_path):
    np.save(tmp_path / "rows.npy", rows())
    before = (tmp_path / "rows.npy").read_bytes()
    trainer = im.Trainer(epochs=1, compile=False)
    fitted = [im.VAE(2, trainer=trainer).fit(X) for X in (str(tmp_path / "rows.npy"), rows())]
    assert (tmp_path / "rows.npy").read_bytes() == before
    assert np.array_equal(*(model.transform(rows()) for model in fitted))


def read_and_check(file):
    check_finite(read(str(file), mapped=True).values, None)


@pytest.mark.usefixtures("_all_are_large")
@pytest.mark.parametrize(("spoilt", "said"), [(np.nan, "1 NaN, at row 31, position 2"), (1e35, "numbers beyond 1e")])
def test_what_is_wrong_in_a_later_part_is_found(tmp_path, spoilt, said):
    values = rows()
    values[31, 2] = spoilt
    np.save(tmp_path / "rows.npy", values)
    np.save(tmp_path / "whole.npy", rows())
    model = im.AE(2, trainer=im.Trainer(epochs=1, compile=False)).fit(str(tmp_path / "whole.npy"))
    with pytest.raises(DataError, match=said):
        model.transform(str(tmp_path / "rows.npy"))
    with pytest.raises(DataError, match=said):
        read_and_check(tmp_path / "rows.npy")


@pytest.mark.usefixtures("_all_are_large")
def test_what_users_read_is_theirs(tmp_path):
    np.save(tmp_path / "rows.npy", rows())
    examples = read(str(tmp_path / "rows.npy"))
    np.save(tmp_path / "rows.npy", rows(1))
    assert np.array_equal(examples.values, rows())


def test_parts_are_all_rows_in_order():
    values = np.arange(50).reshape(25, 2)
    assert np.array_equal(np.concatenate(list(blocks(values))), values)


def growth(work, *arguments) -> float:
    """MiB by which the peak of this process grows in the work, once it has done it on little."""
    if sys.platform != "linux":
        pytest.skip("reads what the kernel says of the process")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (work, *arguments))


def measured(work, small, large, *arguments) -> float:
    work(small, *arguments)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    work(large, *arguments)
    return status("VmHWM") - before


def status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def file_of(path, count, width, dtype=np.uint8):
    """Rows of small whole numbers that are not all the same."""
    values = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(count, width))
    some = np.random.default_rng(0).integers(0, 7, (1000, width), dtype=np.uint8)
    for start in range(0, count, 1000):
        values[start : start + 1000] = some[: count - start]
    values.flush()
    return str(path)


NETWORK = {"name": "mlp", "hidden": (8,), "linear_path": "none"}


def encode(file, model):
    im.load(model).transform(file)


def fit(file, likelihood):
    trainer = im.Trainer(epochs=1, batch_size=1024, compile=False)
    im.VAE(2, likelihood=likelihood, network=NETWORK, trainer=trainer).fit(file)


def test_memory_does_not_grow_with_the_file(tmp_path):
    small, large = (file_of(tmp_path / f"{count}.npy", count, 1024) for count in (2048, 200_000))  # 195 MiB
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    im.VAE(2, likelihood="bernoulli", network=NETWORK, trainer=trainer).fit(small).save(tmp_path / "model")
    assert growth(encode, small, large, str(tmp_path / "model")) < 100


@pytest.mark.parametrize(
    ("dtype", "likelihood"), [pytest.param(np.uint8, "bernoulli", marks=pytest.mark.slow), (np.float32, "auto")]
)
def test_memory_of_a_fit_does_not_grow_with_the_file(tmp_path, dtype, likelihood):
    bytes_each = np.dtype(dtype).itemsize
    small = file_of(tmp_path / "small.npy", 20_000, 256, dtype)
    large = file_of(tmp_path / "large.npy", 1_600_000 // bytes_each, 256, dtype)  # 390 MiB
    assert growth(fit, small, large, likelihood) < 300


def look_through(path):
    examples = read(path, mapped=True)
    check_finite(examples.values, None)


@pytest.mark.slow
def test_memory_of_tables_and_pictures_does_not_grow_with_them(tmp_path):
    """390 MiB of numbers, which pyarrow reads with pools of its own; 290 MiB of pixels."""
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)).resize((1024, 1024))
    for name, count in (("small", 1), ("large", 290)):
        frame = {str(i): np.arange(count * 1000, dtype=np.float32) for i in range(353)}
        parquet.write_table(pyarrow.table(frame), tmp_path / f"{name}.parquet", row_group_size=20_000)
        (tmp_path / name).mkdir()
        for i in range(count):
            grey.save(tmp_path / name / f"{i}.jpg")
    for ending, most in (("", 150), (".parquet", 350)):
        assert growth(look_through, str(tmp_path / f"small{ending}"), str(tmp_path / f"large{ending}")) < most


def test_the_row_that_is_too_far_away_is_named_by_its_own_number():
    X = np.random.default_rng(0).random((5000, 3))
    model = im.AE(2, trainer=im.Trainer(epochs=1, validation=0)).fit(X)
    X[4321, 1] = 0.9e30
    with pytest.raises(DataError, match=r"^Row 4321 is"):
        model.transform(X)
