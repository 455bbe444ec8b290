"""What does not belong in a table of mixed columns, and why."""

import numpy as np
import pandas
import pytest

import isthmus as im

ROWS = 400


@pytest.fixture(scope="module")
def table():
    """The colour tells the size; a few sizes are missing."""
    rng = np.random.default_rng(0)
    red = rng.random(ROWS) < 0.5
    frame = pandas.DataFrame(
        {
            "colour": np.where(red, "red", "blue"),
            "size": np.where(red, 10, 2) + rng.normal(size=ROWS),
            "weight": rng.normal(size=ROWS),
            "sold": rng.random(ROWS) < 0.5,
        }
    )
    frame.loc[::17, "size"] = np.nan
    return frame


@pytest.fixture(scope="module")
def detector(table):
    return im.AnomalyDetector(random_state=0).fit(table)


def test_a_value_that_does_not_go_with_the_others_is_found_and_named(table, detector):
    strange = table.dropna().head(20).reset_index(drop=True)
    usual = detector.anomaly_score(strange)
    strange.loc[strange.colour == "red", "size"] = 2.0  # usual by itself
    strange.loc[strange.colour == "blue", "size"] = 10.0
    assert (detector.anomaly_score(strange) > usual).all()
    assert (detector.predict(strange) == -1).mean() > 0.8
    explained = detector.explain(strange)
    assert list(explained.contributions.columns) == list(table.columns)
    named = [explained.top(row, 1)[0].name for row in range(len(strange))]
    assert np.mean([name in ("colour", "size") for name in named]) >= 0.9
    assert np.allclose(explained.score, detector.anomaly_score(strange), atol=1e-5)
    reason = explained.top(0, 4)
    assert {type(each.value) for each in reason if each.name == "colour"} == {str}


def test_a_gap_adds_nothing_and_a_detector_survives_its_files(table, detector, tmp_path):
    row = table.dropna().head(1)
    holed = row.assign(size=np.nan)
    assert detector.explain(holed).contributions["size"].item() == pytest.approx(0, abs=0.3)  # its neighbours' part
    detector.save(tmp_path / "detector")
    assert np.array_equal(im.load(tmp_path / "detector").anomaly_score(table), detector.anomaly_score(table))


def test_drift_of_one_column_is_told_and_gaps_are_none(table, detector):
    assert detector.drift(table).drifted == ()
    moved = table.assign(weight=table["weight"] + 2)
    assert "weight" in detector.drift(moved).drifted
    assert "size" not in detector.drift(moved).drifted
