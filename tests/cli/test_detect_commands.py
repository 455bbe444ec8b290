"""Series and pictures that do not belong, on the command line."""

import warnings

import numpy as np
import pandas
import pytest

from isthmus.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(600) / 5) + 0.02 * rng.normal(size=600)
    values[300:330] = 0
    when = pandas.date_range("2024-01-01", periods=600, freq="h")
    pandas.DataFrame({"when": when, "level": values}).to_csv("readings.csv", index=False)
    pictures = rng.integers(90, 110, (60, 16, 16), dtype=np.uint8)
    np.save("good.npy", pictures)
    pictures[7, 4:9, 4:9] = 255
    np.save("new.npy", pictures[:20])
    return tmp_path


def test_a_series_and_its_alarms(here, capsys):
    command = ["detect-series", "readings.csv", "--out", "scores.csv", "--picture", "strange.png", "--save", "d"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "1 alarm in 600 rows" in out
    assert "2024-01-14" in out  # what is at 300 to 329
    assert "threshold" in out
    assert "Sub-PCA" in out
    found = pandas.read_csv("scores.csv")
    assert len(found) == 600
    assert 150 < found["score"].idxmax() < 480
    assert (found["decision"] == -1).sum() == (found["decision"][300:330] == -1).sum() == 6
    assert found["time"][1] == "2024-01-01T01:00:00.000"
    assert set(found["decision"]) == {1, -1}
    assert (here / "strange.png").stat().st_size > 5000
    assert main(["detect-series", "readings.csv", "--model", "d"]) == 0
    assert "1 alarm in 600 rows" in capsys.readouterr().out
    assert main(["detect-series", "readings.csv", "--model", "d", "--alarms-per-day", "1"]) == 1
    assert "leave out --alarms-per-day" in capsys.readouterr().err
    assert main(command) == 1
    assert "exists; pass --force" in capsys.readouterr().err


def test_what_is_wrong_with_a_series_is_said_of_its_file(here, capsys):
    table = pandas.read_csv("readings.csv")
    table.drop(index=range(100, 120)).to_csv("gap.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["detect-series", "gap.csv", "--window", "31"]) == 0
    told = capsys.readouterr()
    assert told.err.startswith("gap.csv: 20 points of 600, 3600 s apart, were missing")
    assert "20 points of 600 filled in, or between such, and not judged" in told.out
    table.rename(columns={"level": "height"}).to_csv("other.csv", index=False)
    assert main(["detect-series", "readings.csv", "--new", "other.csv"]) == 1
    assert capsys.readouterr().err.startswith("other.csv has the columns height")


def test_pictures_and_their_heat_maps(here, capsys):
    command = ["detect-pictures", "good.npy", "--new", "new.npy", "--out", "s.csv", "--heat-maps", "h.png"]
    assert main([*command, "--save", "d", "--top", "3"]) == 0
    assert "the strangest:\n  7: score" in capsys.readouterr().out
    assert pandas.read_csv("s.csv")["score"].idxmax() == 7
    assert (here / "h.png").stat().st_size > 3000
    assert main(["detect-pictures", "new.npy", "--model", "d", "--top", "1"]) == 0
    assert "7: score" in capsys.readouterr().out
    assert main(["detect-pictures", "readings.csv"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_detectors_are_not_taken_for_each_other(here, capsys):
    assert main(["detect-series", "readings.csv", "--save", "d"]) == 0
    assert main(["detect-pictures", "new.npy", "--model", "d"]) == 1
    assert "expected a detector of pictures" in capsys.readouterr().err
