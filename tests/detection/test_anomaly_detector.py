"""The detector keeps scikit-learn's contract, explains what it says, and survives saving, cloning and new rows."""

import json

import numpy as np
import pandas
import pytest
from scipy.stats import binom
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import isthmus as im
from isthmus.data.schemas.mixed import UnseenCategoryWarning
from isthmus.errors import DataError, ParameterError, SavedModelError
from isthmus.tasks.strange_rows import strange_rows


def quick():
    return im.Trainer(epochs=3, compile=False)


@parametrize_with_checks([im.AnomalyDetector(trainer=im.Trainer(epochs=1, batch_size=64, compile=False))])
def test_scikit_learns_checks(estimator, check):
    if check.func.__name__ == "check_array_api_input":
        pytest.skip("data come as numpy arrays, tensors or frames, not by the array API")
    check(estimator)


@pytest.fixture(scope="module")
def rows():
    """A curve in five dimensions, and ten rows that are not on it, the first of all."""
    generator = np.random.default_rng(0)
    t = generator.uniform(-2, 2, size=(400, 1))
    x = np.concatenate([t, t**2, np.sin(2 * t), np.cos(2 * t), -t], axis=1) + 0.05 * generator.normal(size=(400, 5))
    x[:10] = generator.uniform(-3, 3, size=(10, 5))
    return x


@pytest.fixture(scope="module")
def frame(rows):
    return pandas.DataFrame(rows, columns=list("abcde"), index=[f"r{i}" for i in range(len(rows))])


@pytest.fixture(scope="module")
def detector(frame):
    return im.AnomalyDetector(contamination=0.025).fit(frame)


def test_it_finds_what_does_not_belong_among_the_rows_of_fit(detector, frame):
    found = np.flatnonzero(detector.predict(frame) == -1)
    assert len(found) == 10
    assert (found < 10).sum() >= 8
    assert (detector.decision_function(frame) < 0).sum() == 10
    assert detector.score_samples(frame) == pytest.approx(-detector.anomaly_score(frame))
    assert (detector.fit_predict(frame) == detector.predict(frame)).all()
    assert detector.p_value(frame)[:10].max() <= 0.2


def test_contributions_add_up_to_the_score_and_come_as_frames(detector, frame):
    explained = detector.explain(frame[:7])
    assert explained.contributions.shape == explained.expected.shape == (7, 5)
    assert list(explained.contributions.columns) == list(explained.expected.columns) == list("abcde")
    assert list(explained.contributions.index) == list(frame.index[:7])
    assert explained.score == pytest.approx(detector.anomaly_score(frame[:7]), rel=1e-5)
    assert (explained.adds >= 0).all()
    assert np.allclose(explained.expected, detector.model_.reconstruct(frame[:7]))
    first, second = explained.top(0, 2)
    assert first.adds >= second.adds
    assert first.value == frame[first.name].iloc[0]


def test_the_column_that_was_spoilt_comes_first(frame):
    spoilt = frame.copy()
    columns = np.random.default_rng(0).integers(0, 5, 20)
    for row, column in zip(range(50, 70), columns, strict=True):
        spoilt.iloc[row, column] = frame.iloc[:, column].mean() + 5 * frame.iloc[:, column].std()
    explained = im.AnomalyDetector().fit(spoilt).explain(spoilt[50:70])
    assert (explained.adds.argmax(1) == columns).mean() >= 0.9


def test_arrays_are_explained_in_arrays_with_names_by_number(rows):
    explained = im.AnomalyDetector(trainer=quick()).fit(rows).explain(rows[:2])
    assert isinstance(explained.contributions, np.ndarray)
    assert explained.names == ("x0", "x1", "x2", "x3", "x4")


def test_pictures_have_contributions_in_their_layout():
    pictures = np.random.default_rng(0).integers(100, 120, (40, 4, 6, 3)).astype(np.uint8)
    detector = im.AnomalyDetector(trainer=quick()).fit(pictures)
    explained = detector.explain(pictures[:2])
    assert explained.contributions.shape == explained.expected.shape == (2, 4, 6, 3)
    assert explained.names[1] == "[0, 0, 1]"
    bright = pictures[:1].copy()
    bright[0, 2, 3, 1] = 255
    added = detector.explain(bright).contributions[0]
    assert np.unravel_index(added.argmax(), (4, 6, 3)) == (2, 3, 1)


@pytest.mark.parametrize(
    "given", [{}, {"false_alarm_rate": 0.1}, {"neighbours": 0}, {"model": im.AE(2, trainer=quick())}]
)
def test_saved_and_loaded_it_is_the_same(rows, tmp_path, given):
    detector = im.AnomalyDetector(**{"trainer": quick(), **given}).fit(rows)
    loaded = im.load(detector.save(tmp_path / "detector"))
    assert type(loaded) is im.AnomalyDetector
    assert (loaded.anomaly_score(rows) == detector.anomaly_score(rows)).all()
    assert (loaded.predict(rows) == detector.predict(rows)).all()
    assert (loaded.p_value(rows) == detector.p_value(rows)).all()
    assert (loaded.explain(rows[:3]).contributions == detector.explain(rows[:3]).contributions).all()
    assert loaded.drift(rows[50:]) == detector.drift(rows[50:])
    ours, theirs = detector.get_params(deep=False), loaded.get_params(deep=False)
    assert {**ours, "model": None, "trainer": None} == {**theirs, "model": None, "trainer": None}
    assert loaded.rule == detector.rule
    more = loaded.partial_fit(rows[:100])
    assert (more.anomaly_score(rows) == detector.partial_fit(rows[:100]).anomaly_score(rows)).all()
    again = im.load(detector.save(tmp_path / "detector"))  # in its own place
    assert (again.anomaly_score(rows) == detector.anomaly_score(rows)).all()


def test_the_model_of_a_saved_detector_is_a_model_as_any(detector, frame, tmp_path):
    from isthmus.loading import load

    model = load(detector.save(tmp_path / "detector"))
    assert (model.transform(frame) == detector.model_.transform(frame)).all()
    encoder = im.load(tmp_path / "detector", part="encoder")
    assert (encoder.transform(frame) == model.transform(frame)).all()


def test_a_changed_file_is_refused(detector, tmp_path):
    path = detector.save(tmp_path / "detector")
    (path / "task.safetensors").write_bytes(b"something else")
    with pytest.raises(SavedModelError, match="is not the file that was saved with this anomaly_detector"):
        im.load(path)
    path = detector.save(tmp_path / "detector")
    content = json.loads((path / "task.json").read_text())
    wrong = {**content, "state": {**content["state"], "offset": "low", "code": "import os"}}
    (path / "task.json").write_text(json.dumps(wrong))
    with pytest.raises(SavedModelError, match=r"(?s)offset.*code|code.*offset"):
        im.load(path)


@pytest.mark.parametrize("wrong", [{"nonsense": 1}, {"trainer": {"nonsense": 1}}, {"trainer": "long"}])
def test_wrong_parameters_in_a_file_are_refused(detector, tmp_path, wrong):
    path = detector.save(tmp_path / "detector")
    content = json.loads((path / "task.json").read_text())
    (path / "task.json").write_text(json.dumps({**content, "parameters": {**content["parameters"], **wrong}}))
    with pytest.raises(SavedModelError, match="no parameter"):
        im.load(path)


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_false_alarms_are_as_many_as_were_asked_for(rate):
    """On many rows that belong, by a detector with many held out, so that the spread is small."""
    generator = np.random.default_rng(0)
    usual = generator.normal(size=(4000, 3)) @ generator.normal(size=(3, 6))
    detector = im.AnomalyDetector(training="normal", false_alarm_rate=rate, trainer=quick()).fit(usual[:2000])
    assert len(detector.calibration_scores_) == 500
    alarms = (detector.predict(usual[2000:]) == -1).sum()
    low, high = detector.alarms_expected(2000, 0.999)
    assert low <= alarms <= high
    assert low < binom.interval(0.95, 2000, rate)[0]
    assert np.mean(detector.p_value(usual[2000:]) <= rate) == pytest.approx(alarms / 2000, abs=1e-3)
    assert "held out" in detector.rule


def test_with_strange_rows_held_out_there_are_fewer_false_alarms(rows):
    detector = im.AnomalyDetector(false_alarm_rate=0.05, trainer=quick()).fit(rows)
    assert (detector.predict(rows[10:]) == -1).mean() <= 0.06


def test_normal_training_alone_asks_for_false_alarms(rows):
    detector = im.AnomalyDetector(training="normal", trainer=quick()).fit(rows[10:])
    assert "false alarms" in detector.rule
    assert detector.model_.trim == 0
    assert "contamination" in im.AnomalyDetector(trainer=quick()).fit(rows).rule


def test_few_rows_are_held_out_as_needed_or_refused(rows):
    detector = im.AnomalyDetector(false_alarm_rate=0.01, trainer=quick()).fit(rows[:160])
    assert len(detector.calibration_scores_) == 99
    with pytest.raises(ParameterError, match="at least 99 are needed"):
        im.AnomalyDetector(false_alarm_rate=0.01, trainer=quick()).fit(rows[:120])
    some = im.AnomalyDetector(false_alarm_rate=0.1, calibration=0.5, trainer=quick()).fit(rows[:100])
    assert len(some.calibration_scores_) == 50


@pytest.mark.parametrize(
    "model", [im.AE(2, trainer=quick()), im.VAE(2, trainer=quick()), im.TrimmedAE(2, trainer=quick())]
)
def test_any_model_can_be_the_detector(rows, model):
    detector = im.AnomalyDetector(model, contamination=0.1).fit(rows)
    assert type(detector.model_) is type(model)
    assert not hasattr(model, "autoencoder_")  # a copy was fitted
    assert (detector.predict(rows) == -1).sum() == 40
    assert detector.explain(rows[:3]).score == pytest.approx(detector.anomaly_score(rows[:3]), rel=1e-5)


def test_a_fitted_model_is_used_as_it_is_and_stays_so_in_copies_where_frozen(rows):
    model = im.AE(2, trainer=quick()).fit(rows[100:])
    detector = im.AnomalyDetector(model).fit(rows)
    assert detector.model_ is model
    before = model.transform(rows)
    assert (detector.partial_fit(rows[:50]).model_.transform(rows) == before).all()
    frozen = clone(im.AnomalyDetector(FrozenEstimator(model))).fit(rows)
    assert frozen.model_ is model
    assert clone(im.AnomalyDetector(model)).fit(rows).model_ is not model
    with pytest.raises(DataError, match="4 features"):
        im.AnomalyDetector(model).fit(rows[:, :4])


def test_models_that_tell_no_costs_of_values_still_score(rows):
    detector = im.AnomalyDetector(im.MAE(4, trainer=quick())).fit(rows)
    assert detector.anomaly_score(rows) == pytest.approx(-detector.model_.score_samples(rows))
    assert detector.drift(rows).columns == ()
    assert not detector.explains
    for job in (detector.explain, detector.partial_fit, detector.against_baselines):
        with pytest.raises(ParameterError, match="MAE"):
            job(rows)
    assert strange_rows(detector, rows, 3).rows[0].reasons == ()


def test_new_rows_are_learnt_and_old_ones_not_forgotten(rows):
    generator = np.random.default_rng(1)
    other = np.array([5.0, -5, 5, -5, 5]) + 0.3 * generator.normal(size=(400, 5))
    detector = im.AnomalyDetector(contamination=0.05).fit(rows)
    before_old, before_new = detector.anomaly_score(rows[10:]), detector.anomaly_score(other)
    assert np.median(before_new) > np.quantile(before_old, 0.99)
    detector.partial_fit(other[:200]).partial_fit(other[200:300])
    assert detector.rows_seen_ == 700
    new = detector.anomaly_score(other[300:])
    assert np.median(new) < np.median(before_new) - 1
    assert (detector.predict(other[300:]) == 1).mean() > 0.85
    assert (detector.predict(rows[10:]) == 1).mean() > 0.85


def test_kept_rows_stay_a_fair_sample(rows, monkeypatch):
    from isthmus.tasks import anomaly_detector

    monkeypatch.setattr(anomaly_detector, "KEPT", 100)
    detector = im.AnomalyDetector(trainer=quick()).fit(rows[:300])
    assert len(detector.kept_) == 100
    for _ in range(3):
        detector.partial_fit(rows[:100] + 100)
    assert len(detector.kept_) == 100
    late = (detector.kept_.mean(1) > 5).sum()
    assert 35 <= late <= 65  # half of all rows


def test_the_first_partial_fit_is_a_fit(rows):
    one, other = im.AnomalyDetector(trainer=quick()), im.AnomalyDetector(trainer=quick())
    assert (one.partial_fit(rows).anomaly_score(rows) == other.fit(rows).anomaly_score(rows)).all()


def test_drift_is_told_by_column(detector, frame):
    assert detector.drift(frame[200:]).drifted == ()
    moved = frame[200:].assign(c=frame["c"][200:] + 1)
    assert "c" in detector.drift(moved).drifted
    assert detector.drift(moved).columns[0].name == "c"
    with pytest.raises(ParameterError, match="level is 2"):
        detector.drift(frame, level=2)


def test_a_column_that_vanishes_or_changes_its_categories_has_drifted():
    generator = np.random.default_rng(0)
    frame = pandas.DataFrame({"x": generator.normal(size=300), "kind": generator.choice(["ant", "bee"], 300)})
    found = im.AnomalyDetector(training="normal", trainer=quick()).fit(frame)
    assert found.drift(frame).drifted == ()
    assert "x" in found.drift(frame.assign(x=np.nan)).drifted
    with pytest.warns(UnseenCategoryWarning):
        told = found.drift(frame.assign(kind="zebra"))
    assert "kind" in told.drifted
    kind = next(each for each in told.columns if each.name == "kind")
    assert (kind.then in ("ant", "bee"), kind.now, kind.missing_now) == (True, None, 1.0)


def test_reasons_are_values_that_are_not_as_expected(frame):
    generator = np.random.default_rng(0)
    table = pandas.DataFrame({"a": generator.normal(size=200), "same": 7.0, "ok": True, "size": "M"})
    table.loc[5, "a"] = 30.0
    told = strange_rows(im.AnomalyDetector(trainer=quick()).fit(table), table, top=3)
    assert told.rows[0].name == "5"
    assert [reason.name for reason in told.rows[0].reasons] == ["a"]
    few = strange_rows(im.AnomalyDetector(trainer=quick()).fit(table), table[:4], top=1)
    assert few.comparison is None


def test_a_row_that_is_not_there_cannot_be_explained(detector, frame):
    with pytest.raises(ParameterError, match="row is 5; expected one of 0 to 2"):
        detector.explain(frame[:3]).top(5)


def test_baselines_stand_beside_it(detector, frame):
    truth = np.arange(400) < 10
    found = detector.against_baselines(frame, truth)
    assert [row.name for row in found.rows] == ["AnomalyDetector", "IsolationForest", "5-NN distance", "PCA"]
    assert found.rows[0].auroc > 0.95
    assert len(found.to_frame()) == 4
    signs = detector.against_baselines(frame, np.where(truth, -1, 1))
    assert signs.rows[0].auroc == found.rows[0].auroc


def test_the_strangest_are_told_with_reasons(detector, frame):
    found = strange_rows(detector, frame, 4)
    assert found.alarms == 10
    assert [row.score for row in found.rows] == sorted((row.score for row in found.rows), reverse=True)
    assert len(found.rows[0].reasons) == 5
    assert "expected" in found.as_text()


def test_all_mistakes_are_told_at_once(rows):
    with pytest.raises(ParameterError) as told:
        im.AnomalyDetector(3, training="odd", contamination=0.7, calibration=2, neighbours=-1, trainer=1).fit(rows)
    for word in (
        "model is 3",
        "training is 'odd'",
        "contamination is 0.7",
        "calibration is 2",
        "neighbours is -1",
        "trainer is 1",
    ):
        assert word in str(told.value)


@pytest.mark.parametrize("value", [0, -0.1, 0.51, True, "auto", float("nan")])
@pytest.mark.parametrize("word", ["contamination", "false_alarm_rate"])
def test_shares_are_checked(rows, word, value):
    with pytest.raises(ParameterError, match=rf"{word} is .*expected a share in \(0, 0.5\]"):
        im.AnomalyDetector(**{word: value}).fit(rows)


def test_two_thresholds_are_one_too_many(rows):
    with pytest.raises(ParameterError, match="expected one of them"):
        im.AnomalyDetector(contamination=0.1, false_alarm_rate=0.1).fit(rows)


def test_models_that_want_y_are_refused(rows):
    with pytest.raises(ParameterError, match="which wants y"):
        im.AnomalyDetector(im.CVAE(2)).fit(rows)


def test_models_that_cannot_score_are_refused(rows):
    with pytest.raises(ParameterError, match="WGANGP, which cannot say how likely"):
        im.AnomalyDetector(im.WGANGP(2)).fit(rows)


def test_wrong_rows_are_refused_in_words(detector, frame):
    with pytest.raises(DataError, match="feature names should match"):
        detector.predict(frame.rename(columns={"a": "z"}))
    with pytest.raises(DataError, match="NaN"):
        detector.predict(frame.assign(b=np.nan))
    with pytest.raises(ParameterError, match="has contamination"):
        detector.alarms_expected(10)
    with pytest.raises(DataError):
        im.AnomalyDetector().fit(frame.assign(b=np.nan))


def test_nothing_is_told_before_fit(rows):
    for job in ("predict", "anomaly_score", "p_value", "explain", "drift", "save"):
        with pytest.raises(Exception, match="not fitted"):
            getattr(im.AnomalyDetector(), job)(rows if job != "save" else "nowhere")


def test_it_works_at_the_end_of_a_pipeline(rows):
    pipeline = make_pipeline(StandardScaler(), im.AnomalyDetector(contamination=0.1, trainer=quick()))
    assert (pipeline.fit(rows).predict(rows) == -1).sum() == 40


def test_the_same_seed_gives_the_same_scores(rows):
    one, two, other = (im.AnomalyDetector(trainer=quick(), random_state=seed).fit(rows) for seed in (1, 1, 2))
    assert (one.anomaly_score(rows) == two.anomaly_score(rows)).all()
    assert (one.anomaly_score(rows) != other.anomaly_score(rows)).any()
