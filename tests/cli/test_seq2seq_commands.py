"""Pairs of texts on the command line: fitted, measured by what is written, used."""

import json

import pandas
import pytest

import isthmus as im
from isthmus.cli import main

QUICK = ["--set", "trainer.epochs=1", "--set", "trainer.validation=0", "--quiet", "--no-report", "--latent-dim", "8"]
NETWORK = ["--set", "network.width=16", "--set", "network.depth=1", "--set", "tokeniser=characters"]
WORDS = [f"{first}{middle}{last}" for first in "abcd" for middle in ("nn", "l", "rr", "ss", "i") for last in "aei"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    pandas.DataFrame({"small": WORDS, "large": [word.upper() for word in WORDS]}).to_csv(folder / "p.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        command = ["fit", "seq2seq", "p.csv", "--text", "small", "--labels", "large", "--out", "m"]
        assert main([*command, *QUICK, *NETWORK, "--set", "trainer.epochs=60", "--set", "max_length=8"]) == 0
    return folder


@pytest.fixture
def here(fitted, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(fitted)
    capsys.readouterr()
    return tmp_path


def test_pairs_are_measured_by_what_is_written_and_not_as_classes(here, capsys):
    assert main(["evaluate", "m", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 <= found["accuracy"] <= 1
    assert found["knn"] is None
    assert found["probe"] is None


def test_texts_are_written_for_new_ones(here, capsys):
    (here / "new.txt").write_text("\n".join(WORDS[:5]) + "\n")
    assert main(["predict", "m", str(here / "new.txt"), "--out", str(here / "out.txt")]) == 0
    assert "5 texts" in capsys.readouterr().out
    written = (here / "out.txt").read_text().splitlines()
    assert written == im.load("m").predict(WORDS[:5]).tolist()
    assert all(text.isupper() for text in written)
    assert main(["predict", "m", "p.csv", "--out", str(here / "out.jsonl")]) == 0  # the column as in fit
    assert len((here / "out.jsonl").read_text().splitlines()) == len(WORDS)


def test_texts_go_into_no_table_of_numbers(here, capsys):
    assert main(["predict", "m", "p.csv", "--out", str(here / "out.npy")]) != 0
    assert ".txt, .csv, .jsonl" in capsys.readouterr().err
    assert main(["fit", "seq2seq", "p.csv", "--text", "small", "--out", str(here / "n"), *QUICK]) != 0
    assert "requires y to be passed" in capsys.readouterr().err
