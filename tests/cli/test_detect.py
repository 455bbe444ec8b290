"""isthmus detect: files in, files out, the same detector again, refusals in words."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas
import pytest

import isthmus as im
from isthmus.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    t = generator.normal(size=(300, 2))
    frame = pandas.DataFrame(
        np.c_[t, t @ [[1, 2], [3, -1]]] + 0.05 * generator.normal(size=(300, 4)), columns=list("abcd")
    )
    frame.iloc[:6] += 5 * generator.normal(size=(6, 4))
    frame.to_csv("rows.csv", index=False)
    frame.assign(bad=(np.arange(300) < 6).astype(int)).to_csv("told.csv", index=False)
    frame[6:200].to_csv("good.csv", index=False)
    frame[200:].to_csv("new.csv", index=False)
    return tmp_path


def read(path):
    return list(csv.DictReader(Path(path).read_text(encoding="utf8").splitlines()))


def test_scores_decisions_and_reasons_are_written(here, capsys):
    command = [
        "detect",
        "rows.csv",
        "--contamination",
        "0.02",
        "--top",
        "3",
        "--out",
        "s.csv",
        "--explanations",
        "why.csv",
    ]
    assert main(command) == 0
    told = capsys.readouterr()
    assert "6 of 300 rows do not belong" in told.out
    assert "IsolationForest" in told.out
    assert "training" in told.err
    scores = read("s.csv")
    assert [row["name"] for row in scores[:3]] == ["0", "1", "2"]
    strange = [int(row["name"]) for row in scores if row["decision"] == "-1"]
    assert len(strange) == 6
    assert len([row for row in strange if row < 6]) >= 5
    assert "expected" in scores[0]["why"]
    why = read("why.csv")
    total = [sum(map(float, row.values())) for row in why]
    assert np.allclose(total, [float(row["score"]) for row in scores], rtol=1e-4)


def test_a_detector_is_saved_and_looks_at_new_rows(here, capsys):
    command = [
        "detect",
        "good.csv",
        "--normal",
        "--new",
        "new.csv",
        "--false-alarm-rate",
        "0.1",
        "--save",
        "d",
        "--quiet",
    ]
    assert main([*command, "--out", "one.csv"]) == 0
    assert main(["detect", "new.csv", "--model", "d", "--out", "two.csv", "--quiet"]) == 0
    assert read("one.csv") == read("two.csv")
    assert "held out" in capsys.readouterr().out
    assert type(im.load("d")) is im.AnomalyDetector
    assert main(["detect", "new.csv", "--model", "d", "--contamination", "0.1"]) == 1
    assert "threshold of its own" in capsys.readouterr().err
    assert main(["encode", "d", "new.csv", "--out", "codes.csv"]) == 0  # a model as any
    assert main([*command]) == 1
    assert "--force" in capsys.readouterr().err


def test_a_fitted_model_is_used_as_it_is(here, capsys):
    quick = ["--set", "trainer.epochs=1", "--set", "trainer.validation=0", "--quiet", "--no-report"]
    assert main(["fit", "ae", "good.csv", "--latent-dim", "2", "--out", "m", *quick]) == 0
    assert main(["detect", "new.csv", "--model", "m", "--quiet", "--json"]) == 0
    out = capsys.readouterr().out
    found = json.loads(out[out.index("{") :])
    assert found["alarms"] == 10
    assert found["strangest"][0]["why"][0]["name"] in "abcd"
    assert found["comparison"][0]["auroc"] is None


def test_labels_measure_and_are_not_learnt(here, capsys):
    assert main(["detect", "told.csv", "--labels", "bad", "--quiet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["comparison"][0]["auroc"] > 0.9
    assert len(found["comparison"]) == 4


def test_the_report_shows_the_strangest_rows(here, capsys):
    assert main(["detect", "good.csv", "--new", "new.csv", "--top", "5", "--report", "page.html", "--quiet"]) == 0
    page = (here / "page.html").read_text(encoding="utf8")
    assert "Rows that do not belong" in page
    assert "Histogram of the anomaly scores" in page
    assert "100 rows not trained on" in page
    assert 'class="failed"' not in page
    assert main(["detect", "good.csv", "--top", "5", "--report", "same.html", "--quiet"]) == 0
    assert "194 rows that may have been learnt from" in (here / "same.html").read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--contamination", "0.7"], "contamination is 0.7"),
        (["--contamination", "0.1", "--false-alarm-rate", "0.1"], "expected one of them"),
        (["--false-alarm-rate", "0.001"], "at least 999 are needed"),
        (["--top", "0"], "--top is 0"),
        (["--out", "rows.csv", "--force"], "is what is read from"),
        (["--out", "scores.txt"], "expected a file that ends in"),
        (["--model", "nowhere"], "is not a saved model"),
        (["--new", "nowhere.csv"], "neither a file or folder here"),
        (["--save", "."], "is the working directory"),
    ],
)
def test_it_refuses_in_words_and_writes_nothing(here, capsys, options, told):
    before = sorted(path.name for path in here.iterdir())
    assert main(["detect", "rows.csv", "--quiet", *options]) == 1
    assert told in capsys.readouterr().err
    assert sorted(path.name for path in here.iterdir()) == before
