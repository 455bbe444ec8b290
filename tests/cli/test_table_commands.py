"""Tables of mixed columns on the command line."""

import numpy as np
import pandas
import pytest

import isthmus as im
from isthmus.cli import main

QUICK = ["--set", "trainer.epochs=1", "--set", "trainer.validation=0", "--quiet"]


def quick_trainer():
    return im.Trainer(epochs=1, validation=0, compile=False)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    kind = rng.choice(["up", "down"], 80)
    frame = pandas.DataFrame(
        {"kind": kind, "size": np.where(kind == "up", 5, 1) + rng.normal(size=80).round(2), "count": np.arange(80)}
    )
    frame.loc[::9, "size"] = np.nan
    frame.loc[4::11, "kind"] = None
    frame.to_csv("table.csv", index=False)
    return tmp_path


@pytest.fixture
def model(here):
    frame = pandas.read_csv("table.csv")
    trainer = im.Trainer(epochs=2, validation=0, compile=False)
    return im.TableMAE(4, trainer=trainer).fit("table.csv").save("m") if len(frame) else None


def test_fit_takes_such_a_table_and_the_rest_of_the_commands_do(here, capsys):
    assert main(["fit", "vae", "table.csv", "--latent-dim", "2", "--out", "v", *QUICK]) == 0
    assert "MSE / PCA's" in capsys.readouterr().out
    page = (here / "v" / "report.html").read_text()
    assert "table of mixed columns" in page
    assert 'class="failed"' not in page
    assert main(["sample", "v", "-n", "5", "--out", "new.csv"]) == 0
    new = pandas.read_csv("new.csv")
    assert set(new["kind"]) <= {"up", "down"}
    assert new["count"].dtype.kind == "i"
    assert main(["reconstruct", "v", "table.csv", "--out", "again.csv"]) == 0
    assert pandas.read_csv("again.csv").shape == (80, 3)
    assert main(["encode", "v", "table.csv", "--out", "codes.csv"]) == 0
    assert main(["evaluate", "v", "table.csv"]) == 0
    assert main(["sample", "v", "--out", "new.npy"]) == 1
    assert "mixed columns is no array of numbers" in capsys.readouterr().err


def test_impute_fills_gaps_and_tells_how_many(model, here, capsys):
    before = pandas.read_csv("table.csv")
    assert main(["impute", "table.csv", "--model", "m", "--out", "filled.csv", "--interval", "0.8"]) == 0
    out = capsys.readouterr().out
    assert "16 gaps in 80 rows: kind 7, size 9" in out
    filled = pandas.read_csv("filled.csv")
    assert list(filled.columns) == ["kind", "size", "count", "size_low", "size_high"]
    assert filled.notna().all(axis=None)
    for name in before:
        known = before[name].notna()
        assert (filled[name][known] == before[name][known]).all()
    gaps = before["size"].isna()
    assert (filled["size_low"][gaps] < filled["size_high"][gaps]).all()
    assert (filled["size_low"][~gaps] == filled["size_high"][~gaps]).all()


def test_reports_of_detectors_and_of_gaps_are_whole(here, monkeypatch):
    monkeypatch.setattr(im.TableMAE, "usual_trainer", lambda self, rows: quick_trainer())
    assert main(["detect", "table.csv", "--report", "d.html", "--quiet"]) == 0
    assert main(["impute", "table.csv", "--out", "f.csv", "--report", "i.html", "--quiet"]) == 0
    for page, title in (("d.html", "Rows that do not belong"), ("i.html", "Missing values")):
        text = (here / page).read_text()
        assert f"<h2>{title}</h2>" in text
        assert 'class="failed"' not in text


def test_draws_are_files_of_their_own(model, here):
    assert main(["impute", "table.csv", "--model", "m", "--out", "filled.parquet", "--draws", "2"]) == 0
    first, second = (pandas.read_parquet(f"filled-{number}.parquet") for number in (1, 2))
    assert first.notna().all(axis=None)
    assert not first.equals(second)


def test_without_a_model_the_table_itself_is_learnt(here, capsys, monkeypatch):
    monkeypatch.setattr(im.TableMAE, "usual_trainer", lambda self, rows: quick_trainer())
    assert main(["impute", "table.csv", "--out", "filled.csv", "--save", "m", "--quiet"]) == 0
    assert isinstance(im.load("m"), im.TableMAE)
    assert pandas.read_csv("filled.csv").notna().all(axis=None)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["impute", "table.csv", "--out", "table.csv"], "is what is read from"),
        (["impute", "table.csv", "--out", "filled.npy"], "expected a file that ends in .csv, .parquet"),
        (["impute", "table.csv", "--out", "f.csv", "--interval", "2", "--model", "m"], "--interval is 2"),
        (["impute", "table.csv", "--out", "f.csv", "--interval", ".5", "--draws", "2"], "leave out --draws"),
        (["impute", "tables.csv", "--out", "f.csv"], "Did you mean 'table.csv'"),
    ],
)
def test_user_errors_are_words(model, capsys, command, message):
    assert main(command) == 1
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
