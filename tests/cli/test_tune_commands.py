"""isthmus tune: a search from the command line, its files, and what it refuses."""

import json

import numpy as np
import pytest

import isthmus as im
from isthmus.cli import main
from isthmus.cli.ranges import wanted
from isthmus.errors import ParameterError
from isthmus.search_ranges import Choices, Integers, Numbers

QUICK = ["--epochs", "1", "--set", "trainer.validation=0.1", "--set", "trainer.batch_size=32", "--quiet"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.csv"
    digits = im.data.load("digits").take(range(150))
    head = ",".join([*(f"x{i}" for i in range(64)), "digit"])
    np.savetxt(path, np.c_[digits.values, digits.labels], delimiter=",", header=head, comments="", fmt="%d")
    return path


def test_a_search_its_model_and_its_page(table, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["tune", "beta-vae", str(table), "--labels", "digit", *QUICK, "--trials", "3", "--study", "a.journal"]
    arguments += ["--set", "beta=0.5..4 log", "--set", "latent_dim=4", "--out", "best", "--report", "page.html"]
    assert main(arguments) == 0, capsys.readouterr().err
    said = capsys.readouterr()
    assert "3 trials" in said.out
    assert "beta" in said.out
    assert not said.err
    assert "What mattered" in (tmp_path / "page.html").read_text()
    model = im.load("best")
    assert model.latent_dim == 4
    assert 0.5 <= model.beta <= 4
    assert main(["evaluate", "best"]) == 0
    capsys.readouterr()

    assert main(["fit", "--config", "best/config.yaml", "--out", "again", "--quiet", "--no-report"]) == 0
    rows = im.data.load("digits").values[:5]
    assert np.array_equal(im.load("again").transform(rows), model.transform(rows))
    capsys.readouterr()

    assert main([*arguments, "--json"]) == 1  # there is a model
    assert "--force" in capsys.readouterr().err
    assert main([*arguments, "--json", "--force"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["trials"]) == 3  # those that were there
    assert told["best_params"]["beta"] == pytest.approx(model.beta)
    assert told["study"] == "a.journal"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--set", "betta=1..2"], "Did you mean 'beta'"),
        (["--set", "betta=1"], "Did you mean 'beta'"),
        (["--set", "beta"], "name=range or name=value"),
        (["--set", "beta=a..2"], "LOW..HIGH"),
        (["--set", "beta=1..2 lin"], "LOW..HIGH"),
        (["--set", "beta=4..2"], "goes from 4 down to 2"),
        (["--set", "beta=0..2 log"], "no logarithm"),
        (["--trials", "0"], "trials is 0"),
        (["--score", "knn"], "--labels"),
        (["--score", "elbow"], "score is 'elbow'"),
        (["--held-out", "0.7"], "held_out is 0.7"),
    ],
)
def test_mistakes_are_told_in_words(table, given, said, capsys):
    assert main(["tune", "beta-vae", str(table), "--drop", "digit", *QUICK, *given]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_file_that_is_no_study(table, capsys):
    assert main(["tune", "ae", str(table), *QUICK, "--study", str(table)]) == 1
    assert "no study of isthmus tune" in capsys.readouterr().err


def test_ctrl_c_before_there_is_anything(table, capsys, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("isthmus.tuning.tune.begin", stopped)
    assert main(["tune", "ae", str(table), *QUICK]) == 130
    assert "Nothing was kept" in capsys.readouterr().err


def test_ranges_and_values_in_words():
    found = wanted(["a=1..8", "b=1..8 log", "c=0.1..2", "d=1e-4..1e-2 log", "e=ema|gradient", "f=[64]|[64, 64]", "g=1"])
    assert found.ranges == {
        "a": Integers(1, 8),
        "b": Integers(1, 8, log=True),
        "c": Numbers(0.1, 2.0),
        "d": Numbers(1e-4, 1e-2, log=True),
        "e": Choices("ema", "gradient"),
        "f": Choices((64,), (64, 64)),
        "g": None,
    }
    assert found.values == ["g=1"]


def test_a_value_of_a_part_keeps_all_of_it():
    found = wanted(["sparsity.k=8", "network.hidden=[8]", "trainer.epochs=3"])
    assert found.ranges == {"sparsity": None, "network.hidden": None, "trainer.epochs": None}


def test_what_is_no_range():
    with pytest.raises(ParameterError, match="LOW..HIGH"):
        wanted(["a=.."])


def test_nothing_is_saved_where_the_last_fits_failed(table, tmp_path, capsys, monkeypatch):
    def broken(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("isthmus.tuning.last_fit.fitted", broken)
    assert main(["tune", "ae", str(table), *QUICK, "--trials", "1", "--out", str(tmp_path / "best")]) == 1
    told = capsys.readouterr()
    assert "failed: as given, seed 0: RuntimeError: out of memory" in told.out
    assert "Nothing is saved in" in told.err
    assert not (tmp_path / "best").exists()
