"""Rows that stay in their file are trained on as those in memory are."""

import dataclasses

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.data import mapped
from isthmus.data.reading import read
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.training import mapped_rows
from isthmus.training import step as step_module
from isthmus.training.mapped_rows import MappedRows, resident_or_mapped
from isthmus.training.resident import Resident


@pytest.fixture
def _all_are_large(monkeypatch):
    monkeypatch.setattr(mapped, "LARGE", 0)


@pytest.fixture
def _small_windows(monkeypatch):
    """Blocks of two rows of six floats, windows of ten."""
    monkeypatch.setattr(mapped_rows, "BLOCK", 48)
    monkeypatch.setattr(mapped_rows, "WINDOW", 240)


def rows(count=300, dtype=np.float32):
    return (255 * np.random.default_rng(0).random((count, 6))).astype(dtype)


def pictures(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def saved(tmp_path, values):
    np.save(tmp_path / "rows.npy", values)
    return str(tmp_path / "rows.npy")


def both(tmp_path, values, **told):
    """The same rows from the file and from memory."""
    from_file = read(saved(tmp_path, values), mapped=True)
    schema = NumericSchema.learn(read(values))
    return MappedRows(from_file, schema, **told), Resident.of(read(values), schema, **told)


@pytest.mark.usefixtures("_all_are_large")
@pytest.mark.parametrize(
    "values", [rows(), rows(dtype=np.uint8), pictures(20, 8, 8), pictures(20, 8, 8, 3), pictures(20, 3, 8, 8)]
)
def test_batches_are_those_in_memory(tmp_path, values):
    ours, theirs = both(tmp_path, values, condition=torch.arange(2.0 * len(values)).view(-1, 2))
    assert (len(ours), ours.shape, ours.wanted_shape) == (len(theirs), theirs.shape, theirs.wanted_shape)
    chosen = torch.tensor([7, 3, 11, 2])
    for a, b in ((ours, theirs), (ours.rows(chosen), theirs.rows(chosen))):
        for index in (slice(1, 3), torch.tensor([3, 0, 3])):
            for field in dataclasses.fields(a.batch(index)):
                found, wanted = (getattr(each.batch(index), field.name) for each in (a, b))
                assert (found is None and wanted is None) or torch.equal(found, wanted), field.name


@pytest.mark.usefixtures("_all_are_large")
def test_only_large_files_stay_where_they_are(tmp_path, monkeypatch):
    examples = read(saved(tmp_path, rows()), mapped=True)
    schema = NumericSchema.learn(examples)
    assert isinstance(resident_or_mapped(examples, schema), MappedRows)
    monkeypatch.setattr(mapped, "LARGE", examples.values.nbytes)
    assert isinstance(resident_or_mapped(examples, schema), Resident)
    assert isinstance(resident_or_mapped(read(rows()), schema), Resident)


@pytest.mark.usefixtures("_all_are_large", "_small_windows")
@pytest.mark.parametrize("count", [299, 300, 11, 1])
def test_every_row_comes_once_and_neighbours_share_a_window(tmp_path, count):
    ours = both(tmp_path, rows())[0].rows(torch.arange(count))
    orders = [ours.order(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert all(torch.equal(order.sort().values, torch.arange(count)) for order in orders)
    assert torch.equal(orders[0], orders[1])
    assert count == 1 or not torch.equal(orders[0], orders[2])
    windows = [set(window.tolist()) for window in orders[0][: count // 10 * 10].split(10)]
    torn = sum((row in window) != (row ^ 1 in window) for window in windows for row in window)
    assert torn <= 2 * len(windows)  # blocks at the ends of windows
    if count > 11:
        assert len({row // 50 for row in windows[0]}) > 1  # of different places in the file


@pytest.mark.usefixtures("_all_are_large")
@pytest.mark.parametrize("values", [rows(), rows(dtype=np.uint8), pictures(300, 8, 8)])
@pytest.mark.parametrize("settings", [{}, {"validation": 0.2}, {"average": 0.9, "mix": 0.3, "noise": 0.1}])
def test_models_are_those_of_rows_in_memory(tmp_path, values, settings):
    """What fits into a window comes in the same order."""
    trainer = im.Trainer(epochs=3, compile=False, **settings)
    models = [im.VAE(2, trainer=trainer).fit(X) for X in (saved(tmp_path, values), values)]
    losses = [model.history_.to_json()["epochs"] for model in models]
    assert losses[0] == losses[1]
    assert np.array_equal(*(model.transform(values) for model in models))


@pytest.mark.usefixtures("_all_are_large")
def test_conditions_and_classes_stay_with_their_rows(tmp_path):
    values = rows()
    y = (values[:, 0] // 100).astype(int)
    trainer = im.Trainer(epochs=5, compile=False)
    for kind in (im.CVAE(2, trainer=trainer), im.Classifier(trainer=trainer)):
        found = [kind.fit(X, y).history_.to_json()["epochs"] for X in (saved(tmp_path, values), values)]
        assert found[0] == found[1]


@pytest.mark.usefixtures("_all_are_large")
def test_what_is_mapped_by_the_user_stays_in_the_file(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(MappedRows, "fingerprint", lambda self: "")
    monkeypatch.setattr(MappedRows, "order", lambda self, generator: kept.append(len(self)) or torch.arange(len(self)))
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    im.AE(2, trainer=trainer).fit(np.load(saved(tmp_path, rows()), mmap_mode="r"))
    assert kept == [300]


@pytest.mark.usefixtures("_all_are_large", "_small_windows")
def test_a_stopped_run_goes_on_where_it_was(tmp_path, monkeypatch):
    file, take = saved(tmp_path, rows()), step_module.Step.take

    def model(checkpoint):
        trainer = im.Trainer(epochs=4, batch_size=32, validation=0.2, checkpoint=checkpoint, checkpoint_every=0)
        return im.VAE(2, trainer=trainer)

    def dying(self, *arguments):
        steps.append(1)
        if len(steps) == 10:
            raise InterruptedError
        take(self, *arguments)

    wanted, steps = model(tmp_path / "other").fit(file).transform(rows()), []
    monkeypatch.setattr(step_module.Step, "take", dying)
    with pytest.raises(InterruptedError):
        model(tmp_path / "stopped").fit(file)
    assert np.array_equal(model(tmp_path / "stopped").fit(file, resume=True).transform(rows()), wanted)
    assert len(steps) < 4 * (240 // 32) + 10


@pytest.mark.usefixtures("_all_are_large")
def test_a_fingerprint_tells_values_order_and_conditions(tmp_path):
    values = rows()
    told = torch.zeros(300, 1)
    ours = both(tmp_path, values, condition=told)[0]
    found = {
        ours.fingerprint(),
        ours.rows(torch.arange(299)).fingerprint(),
        ours.rows(299 - torch.arange(300)).fingerprint(),
    }
    assert both(tmp_path, values, condition=told)[0].fingerprint() in found
    values[299, 5] += 1
    found |= {both(tmp_path, values, condition=told)[0].fingerprint()}
    found |= {both(tmp_path, values, condition=told + 1)[0].fingerprint()}
    assert len(found) == 5


@pytest.mark.usefixtures("_all_are_large")
@pytest.mark.parametrize("settings", [{}, {"mix": 0.5, "noise": 0.1}])
def test_compiled_steps_are_those_of_plain_ones(tmp_path, monkeypatch, settings):
    """The batch is gathered before the function that is to be compiled, which is taken as it is."""
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    monkeypatch.setattr(step_module.Step, "_compile_pass", lambda self: pytest.fail("the whole step was not compiled"))
    found = []
    for wish in (False, True):
        trainer = im.Trainer(epochs=2, batch_size=32, compile=wish, **settings)
        found.append(im.VAE(2, trainer=trainer).fit(saved(tmp_path, rows())).transform(rows()))
    assert np.allclose(*found, atol=1e-4)
