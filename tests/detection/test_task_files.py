"""Detectors of series and of pictures are the same after saving, and files that are not whole are refused."""

import json

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import SavedModelError


@pytest.fixture(scope="module")
def series():
    return np.stack([np.sin(np.arange(400) / 4), np.cos(np.arange(400) / 4)], axis=1)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 255, size=(30, 16, 16)).astype(np.uint8)


@pytest.fixture
def saved(series, tmp_path):
    return im.SeriesDetector(window=20, contamination=0.05).fit(series).save(tmp_path / "series")


def test_a_detector_of_series_comes_back(series, tmp_path):
    detector = im.SeriesDetector(window=20, contamination=0.05).fit(series)
    loaded = im.load(detector.save(tmp_path / "series"))
    assert isinstance(loaded, im.SeriesDetector)
    assert loaded.get_params() == detector.get_params()
    assert (loaded.anomaly_score(series) == detector.anomaly_score(series)).all()
    assert (loaded.predict(series) == detector.predict(series)).all()
    assert loaded.save(tmp_path / "series").is_dir()  # over the old one


def test_a_detector_of_pictures_comes_back(pictures, tmp_path):
    model = im.AE(2, trainer=im.Trainer(epochs=1, validation=0))
    detector = im.PatchDetector(model, patch=8, false_alarm_rate=0.2).fit(pictures)
    loaded = im.load(detector.save(tmp_path / "pictures"))
    assert isinstance(loaded, im.PatchDetector)
    assert (loaded.heat_map(pictures) == detector.heat_map(pictures)).all()
    assert (loaded.p_value(pictures) == detector.p_value(pictures)).all()
    with pytest.raises(SavedModelError, match="holds a patch_detector, and no series_detector"):
        im.SeriesDetector.load(tmp_path / "pictures")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "eval"}, "holds a 'eval', which this Isthmus does not know"),
        ({"task": "../sub_pca"}, "task"),
        ({"task": "windows"}, "which this Isthmus does not know"),
        ({"task_format": 2}, "has the format 2; this Isthmus reads 1"),
        ({"state": {"window": 20, "columns": ["x0", "x1"]}}, "offset"),
        ({"state": {"offset": -1.0, "window": 1, "columns": ["x0", "x1"]}}, "window"),
        ({"parameters": {"widow": 3}}, r"SeriesDetector has no parameter \['widow'\]"),
        ({"sha256": "0" * 64}, "is not the file that was saved"),
        ({"model_sha256": "0" * 64}, "another model was saved in its place"),
        ({"more": 1}, "more"),
    ],
)
def test_what_was_changed_is_refused(change, message, saved):
    file = saved / "task.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(SavedModelError, match=message):
        im.load(saved)


def test_what_is_missing_is_refused(saved, tmp_path):
    (saved / "task.safetensors").unlink()
    with pytest.raises(SavedModelError, match="it is missing"):
        im.load(saved)
    with pytest.raises(SavedModelError, match="is no saved task"):
        im.PatchDetector.load(tmp_path)


def test_a_model_in_its_place_is_a_model(series, saved):
    """The files of the task that was there go with it."""
    im.AE(1, trainer=im.Trainer(epochs=1)).fit(series).save(saved)
    assert isinstance(im.load(saved), im.AE)


def test_what_was_there_survives_a_failure(series, saved, monkeypatch):
    before = im.load(saved).anomaly_score(series)
    other = im.SeriesDetector(window=30, contamination=0.05).fit(series)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("isthmus.tasks.task_files.save", full)
    with pytest.raises(SavedModelError, match=r"No space left on device.*what was there is untouched"):
        other.save(saved)
    assert (im.load(saved).anomaly_score(series) == before).all()
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
