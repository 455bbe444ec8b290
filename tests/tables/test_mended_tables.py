"""What a strict reader found, held for good."""

import numpy as np
import pandas
import pytest
import scipy.sparse
import torch

import isthmus as im
from isthmus import catalogue
from isthmus.cli import main
from isthmus.data.columns import coded
from isthmus.data.reading import read
from isthmus.data.schemas.mixed import AllDifferentWarning, MixedSchema
from isthmus.errors import DataError
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream


def quick():
    return im.Trainer(epochs=2, validation=0, compile=False)


def test_going_on_sees_gaps_as_gaps(monkeypatch):
    x = np.random.default_rng(0).normal(size=(300, 4))
    x[::2, 0] = np.nan
    detector = im.AnomalyDetector().fit(x)
    seen = []
    monkeypatch.setattr(im.Trainer, "go_on", lambda self, model, rows, seed: seen.append(rows.batch(slice(0, 4)).valid))
    detector.partial_fit(x[:50])
    assert seen[0].shape == (4, 4)
    assert not seen[0].all()


def test_a_column_that_no_row_has_keeps_what_was_known_of_it():
    columns = [{"coding": "number", "width": 1}, {"coding": "one_hot", "width": 3}]
    one = catalogue.make("likelihoods", "mixed_columns", {"columns": columns}).eval()
    one.calibrate(torch.randn(8, 1, 4), torch.zeros(8, 4), torch.zeros(8, 4, dtype=torch.bool))
    assert one.running_mse[0] == 1
    assert (one.temperature == 1).all()
    one.train().log_prob(torch.randn(8, 1, 4), torch.zeros(8, 4), torch.zeros(8, 4, dtype=torch.bool))
    assert one.running_mse[0] == 1


def test_how_sure_a_network_is_before_training_tells_nothing():
    columns = [{"coding": "one_hot", "width": 3}]
    one = catalogue.make("likelihoods", "mixed_columns", {"columns": columns}).eval()
    one.initialise(9 * torch.randn(50, 1, 3), torch.eye(3)[torch.arange(50) % 3])
    assert (one.temperature == 1).all()


def test_a_known_column_of_every_row_is_hidden_and_the_bound_is_of_known_ones():
    """Whatever is missing, the mean cost of rows whose values cost 1 nat each is how many they have."""
    drop = catalogue.make("corruptions", "column_drop", {"widths": [1] * 10})
    valid = torch.zeros(20_000, 10, dtype=torch.bool)
    valid[:, :3] = True
    with RandomStream(0):
        judged = drop(Batch(x=torch.ones(20_000, 10), valid=valid)).hidden[:, :3]
    assert judged.any(1).all()
    assert (judged.sum(1) * (3 / judged.sum(1))).mean() == 3
    assert np.allclose(judged.sum(1).bincount(minlength=4)[1:] / 20_000, 1 / 3, atol=0.02)


def test_zeros_and_ones_stay_zeros_and_ones_in_an_ensemble():
    x = (np.random.default_rng(0).random((60, 4)) < 0.4).astype(float)
    model = im.TrimmedEnsemble(2, members=2, likelihood="bernoulli", trainer=quick()).fit(x)
    assert (model.score_samples(x) < 0).all()


def test_far_values_stay_finite():
    frame = pandas.DataFrame({"a": -(np.random.default_rng(0).exponential(size=200) ** 3), "b": ["x", "y"] * 100})
    detector = im.AnomalyDetector().fit(frame)
    assert np.isfinite(detector.anomaly_score(pandas.DataFrame({"a": [1e9, -1e9], "b": ["x", "y"]}))).all()


def test_few_known_values_do_not_make_a_row_usual():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 20))
    x[rng.random(x.shape) < 0.1] = np.nan
    detector = im.AnomalyDetector().fit(x)
    row = np.full((1, 20), np.nan)
    row[0, :3] = [4.5, -4.5, 4.5]
    assert detector.predict(row) == -1
    with pytest.raises(DataError, match="1 row without any value: 0"):
        detector.anomaly_score(np.full((1, 20), np.nan))


def test_entries_of_sparse_matrices_that_come_twice_are_sums():
    doubled = scipy.sparse.csr_matrix((np.array([200.0, 200.0, 1.0]), [0, 0, 0], [0, 2, 3]), shape=(2, 1))
    assert read(doubled).values.tolist() == [[400], [1]]


def test_a_model_in_the_place_of_a_detector_is_a_model(tmp_path):
    x = np.sin(np.arange(400) / 5)
    im.SeriesDetector().fit(x).save(tmp_path / "m")
    im.AE(2, trainer=quick()).fit(x.reshape(-1, 4)).save(tmp_path / "m")
    assert isinstance(im.load(tmp_path / "m"), im.AE)


def test_categories_that_look_like_numbers_are_known_again():
    frame = pandas.DataFrame({"code": ["007", "abc", "1.0"] * 20, "x": np.arange(60.0)})
    model = im.AE(2, trainer=quick()).fit(frame)
    known = model.schema_.known(read(pandas.DataFrame({"code": ["007"], "x": [1.0]})))
    assert known[0, 0] == 0
    assert model.schema_.known(read(pandas.DataFrame({"code": [1.0], "x": [1.0]})))[0, 0] == 1


def test_dates_with_zones_are_dates_and_keep_theirs():
    when = pandas.Series(pandas.date_range("2024-01-01", periods=50, freq="D", tz="Europe/Rome"))
    frame = pandas.DataFrame({"when": when, "x": np.arange(50.0)})
    assert coded("when", np.array(["2020-01-01T00:00:00Z"], dtype=object)).column.sort == "date"
    model = im.VAE(2, trainer=quick()).fit(frame)
    assert model.schema_.parts[0].sort == "date"
    holed = frame.assign(when=when.where(frame.index != 3))
    filled = model.impute(holed)
    assert filled["when"].dtype == when.dtype
    assert (filled["when"][4:] == when[4:]).all()


def test_levels_keep_their_type_and_days_stay_days():
    frame = pandas.DataFrame(
        {
            "rooms": pandas.Categorical([1, 2, 3] * 20),
            "day": pandas.Timestamp("2024-01-01") + pandas.to_timedelta(np.arange(60), unit="D"),
        }
    )
    model = im.VAE(2, trainer=quick()).fit(frame)
    new = model.sample(9, random_state=0)
    assert new["rooms"].dtype.categories.dtype == np.int64
    assert (new["day"] == new["day"].dt.normalize()).all()


def test_ordered_levels_that_are_very_many_are_categories():
    levels = [f"{i:03d}" for i in range(100)]
    column = pandas.Categorical(np.random.default_rng(0).choice(levels, 300), categories=levels, ordered=True)
    part = MixedSchema.learn(read(pandas.DataFrame({"a": column, "b": np.arange(300.0)}))).parts[0]
    assert (part.sort, part.coding) == ("category", "one_hot")


def test_a_mistyped_column_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pandas.DataFrame({"a": np.arange(60.0), "label": [0, 1] * 30}).to_csv("t.csv", index=False)
    assert main(["detect", "t.csv", "--labels", "Label", "--quiet"]) == 1
    assert "Did you mean 'label'" in capsys.readouterr().err
    assert main(["impute", "t.csv", "--drop", "lable", "--out", "f.csv", "--quiet"]) == 1
    assert "Did you mean 'label'" in capsys.readouterr().err


def test_texts_that_differ_in_every_row_are_said():
    table = pandas.DataFrame({"a": np.arange(100.0), "note": [f"text {i}" for i in range(100)]})
    with pytest.warns(AllDifferentWarning, match=r"'note' \(100 categories in 100 rows\).*--drop NAME"):
        im.TableMAE(4, trainer=im.Trainer(epochs=1)).fit(table)
    im.TableMAE(4, trainer=im.Trainer(epochs=1)).fit(table.assign(note=["x", "y"] * 50))  # no warning


def test_lists_in_a_column_are_refused():
    table = pandas.DataFrame({"a": np.arange(10.0), "l": [[1]] * 10})
    with pytest.raises(DataError, match=r"Column 'l' holds a list in row 0 and 9 others"):
        im.VAE(2).fit(table)
