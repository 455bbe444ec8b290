"""Series as people have them, with gaps, doubles, dates out of order; and detectors of what is strange in them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import isthmus as im
from isthmus.errors import DataError, ParameterError
from isthmus.tasks.series_input import MendedSeriesWarning, ShortSeriesWarning, read_series
from isthmus.tasks.windows import (
    OverWindows,
    dominant_period,
    middle_window,
    near_strangest,
    strangest_window,
    threshold_for_alarms,
    threshold_of,
    window_length,
    windows_of,
)

DAYS = pd.date_range("2026-03-01", periods=600, freq="10min")


def frame(values=None, stamps=DAYS):
    return pd.DataFrame({"when": stamps, "load": np.arange(float(len(stamps))) if values is None else values})


def wave(count=600, period=50, seed=0):
    return np.sin(2 * np.pi * np.arange(count) / period) + 0.05 * np.random.default_rng(seed).normal(size=count)


# -- windows ---------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.integers(2, 9))
def test_a_point_scores_what_its_strangest_window_does(scores, length):
    found = strangest_window(np.array(scores), length)
    assert len(found) == len(scores) + length - 1
    for t, score in enumerate(found):
        assert score == max(scores[max(0, t - length + 1) : t + 1])
    assert len(middle_window(np.array(scores), length)) == len(found)


@given(st.integers(3, 30), st.integers(2, 3), st.integers(1, 3))
def test_the_mean_over_windows_of_a_series_is_the_series(count, length, features):
    values = np.random.default_rng(count).normal(size=(count, features))
    mean = OverWindows(count, length, features)
    windows = windows_of(values, length)
    mean.add(windows[:2])
    mean.add(windows[2:])
    assert mean.result() == pytest.approx(values)


def test_windows_hold_whole_periods():
    values = wave(period=50)[:, None]
    assert dominant_period(values) == 50
    assert window_length(values) == 150
    assert window_length(values[:300]) == 75  # at most a quarter
    both = np.concatenate([values, np.ones_like(values)], axis=1)
    assert dominant_period(both) == 50
    assert dominant_period(np.random.default_rng(0).normal(size=(500, 1))) >= 6


@given(st.lists(st.integers(0, 4), min_size=2, max_size=30).filter(lambda s: len(set(s)) > 1), st.floats(0.01, 0.5))
def test_a_threshold_marks_at_least_its_share(scores, share):
    values = np.array(scores, dtype=float)
    marked = (values > threshold_of(values, share)).mean()
    assert marked >= share - 1 / len(values) or values.min() == np.quantile(values, 1 - share, method="higher")


@given(st.lists(st.floats(-5, 5) | st.just(np.nan), min_size=1, max_size=30), st.integers(2, 9))
def test_the_middle_of_strange_windows_by_hand(scores, length):
    found = near_strangest(np.array(scores), length)
    for t, score in enumerate(found):
        held = [each for each in scores[max(0, t - length + 1) : t + 1] if not np.isnan(each)]
        expected = 0.99 * max(held) + 0.01 * np.mean(held) if held else np.nan
        assert score == pytest.approx(expected, nan_ok=True, abs=1e-9)


@given(st.lists(st.integers(0, 20) | st.just(np.nan), min_size=20, max_size=90), st.integers(1, 4))
def test_no_higher_threshold_gives_more_alarms(scores, most):
    values = np.array([0.0, *scores])
    judged = (~np.isnan(values)).sum()

    def kept(threshold):
        above = np.r_[False, values > threshold]
        return (above[1:] & ~above[:-1]).sum() <= most and above.sum() <= 0.05 * judged

    threshold = threshold_for_alarms(values, most)
    levels = np.unique(values[~np.isnan(values)])
    assert kept(threshold)
    assert all(kept(level) for level in levels[levels > threshold])
    below = levels[levels < threshold]
    assert not len(below) or not kept(below.max() - 0.5)


# -- what comes in ---------------------------------------------------------------------------------------


def test_series_of_all_kinds_are_one(tmp_path):
    table = frame()
    table.to_csv(tmp_path / "load.csv", index=False)
    kinds = [table, table.set_index("when"), pl.from_pandas(table), tmp_path / "load.csv", str(tmp_path / "load.csv")]
    for found in map(read_series, kinds):
        assert found.values[:, 0].tolist() == list(range(600))
        assert found.columns == ("load",)
        assert found.step == 600
        assert found.days == pytest.approx(600 / 144)
    for bare in (np.arange(600.0), np.arange(600.0)[:, None], list(range(600)), table["load"]):
        assert read_series(bare).values[:, 0].tolist() == list(range(600))
        assert read_series(bare).step is None


def test_rows_out_of_order_are_sorted_and_scores_are_the_users():
    table = frame().sample(frac=1, random_state=0)
    with pytest.warns(MendedSeriesWarning, match="out of order"):
        series = read_series(table)
    assert series.values[:, 0].tolist() == list(range(600))
    assert series.values[series.place, 0].tolist() == table["load"].tolist()


def test_rows_of_one_stamp_are_averaged():
    stamps = DAYS.to_series().reset_index(drop=True)
    stamps[7] = stamps[6]
    with pytest.warns(MendedSeriesWarning, match=r"1 row had a stamp for the second time.* 1 point of 600"):
        series = read_series(frame(stamps=stamps))
    assert series.values[6, 0] == 6.5
    assert series.values[7, 0] == pytest.approx((6.5 + 8) / 2)  # nobody was there any more
    assert len(series.place) == 600


def test_gaps_are_filled_and_said_or_refused_or_overlooked():
    table = frame().drop(index=range(100, 110))
    with pytest.warns(MendedSeriesWarning, match=r"10 points of 600, 600 s apart, were missing and have been filled"):
        assert read_series(table).values[:, 0] == pytest.approx(np.arange(600))
    with pytest.raises(DataError, match=r"gaps: stamps are 600 s apart, and 10 points missing.*after 2026-03-01T16:30"):
        read_series(table, gaps="refuse")
    assert len(read_series(table, gaps="ignore").values) == 590
    with pytest.raises(ParameterError, match="gaps is 'fil'. Did you mean 'fill'"):
        read_series(table, gaps="fil")


def test_missing_values_are_filled_and_said():
    values = np.arange(600.0)
    values[[0, 50]] = np.nan
    with pytest.warns(MendedSeriesWarning, match="2 values missing"):
        assert read_series(frame(values)).values[:, 0].tolist() == [1.0, *range(1, 600)]
    with pytest.raises(DataError, match="2 values missing, the first in 'load' at point 0"):
        read_series(frame(values), gaps="refuse")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            frame(
                stamps=pd.Timestamp("2026-03-01")
                + pd.to_timedelta(np.arange(600) // 10 * 86400 + np.arange(600) % 10, "s")
            ),
            "sampled irregularly",
        ),
        (frame(stamps=[*DAYS[:9].astype(str), "the 9th", *DAYS[10:].astype(str)]), "row 9: 'the 9th'"),
        (frame(stamps=[DAYS[0]] * 600), "all 600 rows have the same time stamp"),
        (frame(["x" if i == 17 else str(i) for i in range(600)]), "'load' holds 'x' in row 17"),
        (frame(np.full(600, np.nan)), "'load' holds nothing but missing values"),
        (frame(np.where(np.arange(600) == 5, np.inf, 0)), "1 infinite value, the first in row 5"),
        (np.zeros((3, 4, 5)), r"shape \(3, 4, 5\); expected a series"),
        ("no/such.csv", "There is no file 'no/such.csv'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than once: a"),
    ],
)
def test_what_is_no_series_is_refused_in_words(data, message):
    with pytest.raises(DataError, match=message):
        read_series(data)


def test_the_column_of_the_stamps_is_named():
    table = frame().assign(made=DAYS.astype(str))
    with pytest.raises(ParameterError, match="time is 'whem'. Did you mean 'when'"):
        read_series(table, time="whem")
    with pytest.raises(DataError, match="time stamps in 'load' are numbers"):
        read_series(table, time="load")
    with pytest.raises(ParameterError, match="no named columns"):
        read_series(np.arange(5.0), time="when")


# -- detectors -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flat_for_a_while():
    values = wave(1200)
    values[700:760] = values[700]
    return values


@pytest.fixture(scope="module")
def detector(flat_for_a_while):
    return im.SeriesDetector(window=50).fit(flat_for_a_while)


def test_what_does_not_belong_is_found_and_explained(detector, flat_for_a_while):
    scores = detector.anomaly_score(flat_for_a_while)
    assert 650 < scores.argmax() < 810
    (alarm,) = detector.alarms(flat_for_a_while)
    assert alarm.begin < 760
    assert alarm.end > 700
    assert (detector.predict(flat_for_a_while) == -1).sum() == alarm.end - alarm.begin
    told = detector.explain(flat_for_a_while)
    assert told.expected.shape == told.contributions.shape == (1200, 1)
    assert told.contributions[710:750].mean() > 5 * told.contributions[:600].mean()
    assert np.abs(told.expected - flat_for_a_while[:, None])[:600].mean() < 0.3


def test_it_scores_another_series_of_the_kind(detector):
    other = wave(400, seed=1)
    other[200:240] = 0
    assert 150 < detector.anomaly_score(other).argmax() < 290


def test_fits_of_one_seed_are_the_same_and_clones_unfitted(detector, flat_for_a_while):
    again = clone(detector)
    assert not hasattr(again, "offset_")
    assert (again.fit_predict(flat_for_a_while) == detector.predict(flat_for_a_while)).all()


def test_alarms_a_day_are_kept_to():
    values = wave(1440, period=144)
    values[[300, 700, 1100]] += 4
    table = frame(values, pd.date_range("2026-03-01", periods=1440, freq="10min"))
    found = im.SeriesDetector(window=20, alarms_per_day=0.2).fit(table).alarms(table)
    assert 1 <= len(found) <= 2  # in ten days
    assert any(abs(alarm.peak - spike) <= 20 for alarm in found for spike in (300, 700, 1100))
    assert str(found[0]).startswith("2026-03-")
    with pytest.raises(DataError, match="no time stamps"):
        im.SeriesDetector(alarms_per_day=1.0).fit(values)


@pytest.fixture(scope="module")
def stopped():
    """50 days, by the hour; the machine stands still for 15 of them."""
    values = wave(1200, period=24)
    values[700:715] = 0
    return frame(values, pd.date_range("2024-01-01", periods=1200, freq="h"))


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_alarms_are_not_few_because_they_have_grown_together(stopped, rate):
    fitted = im.SeriesDetector(alarms_per_day=rate).fit(stopped)
    found = fitted.alarms(stopped)
    assert 1 <= len(found) <= 50 * rate
    assert sum(alarm.end - alarm.begin for alarm in found) <= 60
    assert any(700 <= alarm.peak < 715 for alarm in found)


def test_alarms_are_as_wide_as_the_contamination_and_peak_in_the_fault(stopped):
    fitted = im.SeriesDetector().fit(stopped)
    (alarm,) = fitted.alarms(stopped)
    assert 700 <= alarm.begin < alarm.peak < alarm.end <= 715
    assert (fitted.predict(stopped) == -1).sum() == 12
    assert ((fitted.decision_function(stopped) < 0) == (fitted.predict(stopped) == -1)).all()
    assert alarm.score == fitted.anomaly_score(stopped)[alarm.peak]


@pytest.mark.parametrize("length", [20, 120])
@pytest.mark.parametrize("dropped", [True, False])
def test_gaps_are_not_what_is_strange(stopped, length, dropped):
    gap = np.arange(300, 300 + length)
    table = stopped.drop(index=gap) if dropped else stopped.assign(load=stopped["load"].where(~stopped.index.isin(gap)))
    with pytest.warns(MendedSeriesWarning, match="filled.* what was filled in is not judged"):
        fitted = im.SeriesDetector().fit(table)
    with pytest.warns(MendedSeriesWarning):
        (alarm,) = fitted.alarms(table)
    assert str(alarm.since) > "2024-01-30T03"
    assert str(alarm.until) < "2024-01-30T19"
    with pytest.warns(MendedSeriesWarning):
        scores, decided = fitted.anomaly_score(table), fitted.predict(table)
    assert np.isfinite(scores).all()
    if not dropped:
        assert (scores[gap] == scores.min()).all()
        assert (decided[gap] == 1).all()


def test_principal_components_do_not_find_gaps():
    values = wave(1200)
    values[700:760] += 2
    values[300:360] = np.nan
    for points in ("middle", "strangest"):
        with pytest.warns(MendedSeriesWarning, match="60 values missing and filled"):
            fitted = im.SubPCA(points=points).fit(values)
        with pytest.warns(MendedSeriesWarning):
            scores = fitted.anomaly_score(values)
        assert 650 < scores.argmax() < 810
        assert (scores[300:360] == scores.min()).all()


def test_values_missing_everywhere_leave_enough_to_judge():
    values = wave(1200)
    values[700:760] = 0
    values[np.random.default_rng(1).random(1200) < 0.1] = np.nan
    with pytest.warns(MendedSeriesWarning):
        fitted = im.SeriesDetector(window=50).fit(values)
    with pytest.warns(MendedSeriesWarning):
        assert all(690 <= alarm.peak < 775 for alarm in fitted.alarms(values))


def test_points_at_another_interval_are_refused(stopped, tmp_path):
    minutes = stopped.assign(when=pd.date_range("2024-03-01", periods=1200, freq="min"))
    fitted = im.SeriesDetector(window=24).fit(stopped)
    for one in (fitted, im.load(fitted.save(tmp_path / "d")), im.SubPCA().fit(stopped)):
        with pytest.raises(DataError, match="X has a point every 60 s; .* learnt from one every 3,600 s"):
            one.anomaly_score(minutes)
    assert len(fitted.anomaly_score(stopped["load"].to_frame())) == 1200  # no stamps, no interval


def test_too_little_to_learn_from_is_said():
    for kind in (im.SeriesDetector, im.SubPCA):
        with pytest.warns(ShortSeriesWarning, match="X has 10 points, too few to learn what is usual"):
            kind(window=2).fit(np.sin(np.arange(10) / 3))


def test_files_are_called_by_their_names(tmp_path):
    place = tmp_path / "load.csv"
    frame(np.where(np.arange(600) == 5, np.nan, 1.0)).to_csv(place, index=False)
    with pytest.warns(MendedSeriesWarning, match=r"load\.csv: 1 value missing"):
        read_series(place)
    frame(np.where(np.arange(600) == 5, np.inf, 1.0)).to_csv(place, index=False)
    with pytest.raises(DataError, match=r"load\.csv: 'load' holds 1 infinite value"):
        read_series(str(place))
    place.write_text("")
    with pytest.raises(DataError, match=r"load\.csv cannot be read as a \.csv file"):
        read_series(place)
    np.save(tmp_path / "load.npy", np.arange(9.0))
    assert read_series(tmp_path / "load.npy").values[:, 0].tolist() == list(range(9))


def test_several_features_and_any_model():
    both = np.stack([wave(600), wave(600, seed=1)], axis=1)
    both[300:330, 1] = 6
    model = im.AE(2, trainer=im.Trainer(epochs=5, validation=0))
    fitted = im.SeriesDetector(model, window=25).fit(both)
    told = fitted.explain(both)
    assert told.contributions[305:325].mean(0).argmax() == 1
    assert not hasattr(model, "autoencoder_")
    with pytest.raises(DataError, match="X has the columns x0; SeriesDetector learnt x0, x1"):
        fitted.anomaly_score(both[:, :1])


@pytest.mark.parametrize("points", ["middle", "strangest"])
def test_principal_components_of_windows(points):
    values = wave(1200)
    values[700:760] += 2
    fitted = im.SubPCA(points=points).fit(values)
    assert fitted.window_ == 50
    assert 650 < fitted.anomaly_score(values).argmax() < 810
    assert (fitted.predict(values)[680:780] == -1).any()
    assert (im.SubPCA().fit(np.ones(800)).anomaly_score(np.ones(800)) == 0).all()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"window": 1, "contamination": 0.7}, ParameterError, "window is 1.*\n.*contamination is 0.7"),
        ({"contamination": 0.1, "alarms_per_day": 1}, ParameterError, "expected one of them"),
        ({"alarms_per_day": 0}, ParameterError, "alarms_per_day is 0"),
        ({"model": "pca"}, ParameterError, "model is 'pca'"),
        ({"window": 200}, DataError, "has 600 points; windows of 200 want 800"),
    ],
)
def test_what_cannot_be_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        im.SeriesDetector(**given).fit(wave())


def test_a_series_too_short(detector):
    with pytest.raises(DataError, match="X has 20 points; expected a window's 50"):
        detector.anomaly_score(wave(20))
    with pytest.raises(DataError, match="The series has 5 points; windows of 2 want 8"):
        im.SeriesDetector().fit(np.arange(5.0))
