"""Models of texts on the command line: every command, every kind of file, and refusals in words."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas
import pytest

import isthmus as im
from isthmus.cli import main
from isthmus.metrics.scorecard import Scorecard

QUICK = ["--set", "trainer.epochs=1", "--set", "trainer.validation=0", "--set", "network.width=16", "--quiet"]
SMALL = [*QUICK, "--latent-dim", "4", "--no-report"]
WORDS = [f"{first}{middle}{last}" for first in "abcd" for middle in ("nn", "l", "rr", "ss", "i") for last in "aei"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "names.txt").write_text("\n".join(WORDS) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["fit", "sequence-vae", "names.txt", "--out", "m", *QUICK, "--latent-dim", "4"]) == 0
        assert main(["fit", "vae", _table(folder), "--latent-dim", "2", "--out", "vae", "--no-report", *QUICK[:4]]) == 0
    return folder


def _table(folder):
    numbers = np.random.default_rng(0).normal(size=(40, 3))
    pandas.DataFrame(numbers, columns=list("abc")).to_csv(folder / "numbers.csv", index=False)
    return "numbers.csv"


@pytest.fixture
def here(fitted, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(fitted)
    capsys.readouterr()
    return tmp_path


def told(capsys):
    return capsys.readouterr()


def test_fit_measures_what_matters_for_texts_and_writes_a_report(here, capsys):
    out = str(here / "again")
    assert main(["fit", "sequence-vae", "names.txt", "--out", out, "--no-report", *QUICK, "--latent-dim", "4"]) == 0
    said = told(capsys).out
    for wanted in ("12 held-out rows", "written again exactly", "perplexity", "ELBO, nats per token", "KL, nats"):
        assert wanted in said
    assert "MSE" not in said
    page = Path("m/report.html").read_text()
    assert "could not be made" not in page
    assert "copies of a training text" in page


def test_posterior_collapse_is_told_after_fit_with_a_remedy(here, capsys):
    command = ["fit", "sequence-vae", "names.txt", "--out", str(here / "c"), *SMALL, "--set", "free_bits=0"]
    assert main([*command, "--set", "trainer.epochs=40", "--set", "symbol_dropout=0"]) == 0
    said = told(capsys).out
    assert "posterior collapse: 0 of 4 dimensions are active" in said
    assert "raise free_bits or symbol_dropout, or warm the KL up (warmup)" in said


@pytest.mark.parametrize("ending", [".txt", ".csv", ".jsonl"])
def test_there_and_back_in_every_kind_of_file(here, capsys, ending):
    codes, decoded, rebuilt = here / "codes.csv", here / f"decoded{ending}", here / f"rebuilt{ending}"
    assert main(["encode", "m", "names.txt", "--out", str(codes)]) == 0
    assert pandas.read_csv(codes).shape == (60, 4)
    assert main(["decode", "m", str(codes), "--out", str(decoded)]) == 0
    assert main(["reconstruct", "m", "names.txt", "--out", str(rebuilt)]) == 0
    assert decoded.read_text() == rebuilt.read_text()
    assert "60 examples" in told(capsys).out
    estimator = im.load("m")
    assert _texts_in(rebuilt) == estimator.reconstruct(WORDS).tolist()


def _texts_in(path):
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return [row["text"] for row in csv.DictReader(file)]
    lines = path.read_text().splitlines()
    return lines if path.suffix == ".txt" else [json.loads(line)["text"] for line in lines]


def test_columns_and_keys_are_read_as_in_fit(here, capsys):
    table = pandas.DataFrame({"word": WORDS, "n": range(60), "kind": [word[0] for word in WORDS]})
    table.to_csv(here / "data.csv", index=False)
    table.drop(columns=["n", "kind"]).to_csv(here / "bare.csv", index=False)
    table.to_json(here / "data.jsonl", orient="records", lines=True)
    table.rename(columns={"word": "text"}).to_csv(here / "other.csv", index=False)
    model, codes = str(here / "m"), str(here / "codes.npy")
    fit = ["fit", "sequence-ae", str(here / "data.csv"), "--text", "word", "--labels", "kind", "--out", model]
    assert main([*fit, *SMALL]) == 0
    said = told(capsys).out
    assert "5-NN accuracy of codes" in said
    assert "bag of tokens, PCA-4" in said
    assert "ELBO" not in said
    for name, more in (("data.csv", []), ("bare.csv", []), ("data.jsonl", []), ("other.csv", ["--text", "text"])):
        assert main(["encode", model, str(here / name), "--out", codes, "--force", *more]) == 0
        assert np.load(codes).shape == (60, 4)
    assert main(["encode", model, "names.txt", "--out", codes, "--force"]) == 0  # a text on each line needs no column
    assert main(["evaluate", model]) == 0
    assert main(["interpolate", model, "0", "3", "--data", str(here / "data.jsonl")]) == 0
    again = ["fit", "--config", f"{model}/config.yaml", "--out", str(here / "again"), "--no-report", "--quiet"]
    assert main(again) == 0
    assert (
        main(["fit", "sequence-ae", str(here / "data.jsonl"), "--text", "word", "--out", str(here / "j"), *SMALL]) == 0
    )


def test_samples_are_printed_or_written(here, capsys):
    assert main(["sample", "m", "-n", "3"]) == 0
    printed = told(capsys).out
    assert printed.count("\n") == 3
    out = here / "new.txt"
    assert main(["sample", "m", "-n", "3", "--out", str(out)]) == 0
    assert out.read_text() == printed
    wanted = im.load("m").sample(3, random_state=5, temperature=0.7, top_k=4, top_p=0.9)
    drawing = ["--seed", "5", "--temperature", "0.7", "--top-k", "4", "--top-p", "0.9", "--force"]
    assert main(["sample", "m", "-n", "3", "--out", str(out), *drawing]) == 0
    assert out.read_text().splitlines() == wanted.tolist()
    likeliest = im.load("m").sample(3, random_state=0, temperature=0, beams=2)
    assert main(["sample", "m", "-n", "3", "--out", str(out), "--temperature", "0", "--beams", "2", "--force"]) == 0
    assert out.read_text().splitlines() == likeliest.tolist()


def test_interpolation_between_texts_and_rows(here, capsys):
    estimator = im.load("m")
    assert main(["interpolate", "m", "anna", "dia", "--steps", "4"]) == 0
    assert told(capsys).out.splitlines() == estimator.interpolate("anna", "dia", 4).tolist()
    assert main(["interpolate", "m", "0", "dia", "--data", "names.txt", "--out", str(here / "walk.jsonl")]) == 0
    assert _texts_in(here / "walk.jsonl") == estimator.interpolate(WORDS[0], "dia").tolist()
    capsys.readouterr()
    assert main(["interpolate", "m", "12", "dia"]) == 0  # without --data a number is a text
    err = told(capsys).err
    assert "2 of 2 tokens (100.0%) are not in the vocabulary of fit" in err


def test_evaluate_info_and_report(here, capsys):
    assert main(["evaluate", "m", "--json"]) == 0
    card = json.loads(told(capsys).out)
    assert card["mse"] is None
    assert card["text"]["rows"] == 12
    assert card["elbo"] == card["text"]["elbo"]
    assert main(["info", "m"]) == 0
    said = told(capsys).out
    assert "characters, 10 different ones" in said
    assert "measured: text perplexity" in said
    assert main(["report", "m", "names.txt", "--out", str(here / "r.html")]) == 0
    assert "written again" in (here / "r.html").read_text()
    assert "60 of the 60" not in told(capsys).err


def test_unknown_tokens_are_one_line_on_standard_error(here, capsys):
    (here / "odd.txt").write_text("änna\nöla\nanna\n")
    for command in (["encode", "--out", "c.csv"], ["reconstruct", "--out", "r.txt"], ["evaluate"], ["report"]):
        name, *out = command
        out = ["--out", str(here / "odd.html")] if name == "report" else [str(here / o) if "." in o else o for o in out]
        assert main([name, "m", str(here / "odd.txt"), *out]) == 0
        err = told(capsys).err
        lines = [line for line in err.splitlines() if "overlap" not in line and "trained on" not in line]
        told_of = "are not in the vocabulary of fit and are taken as unknown: 'ä' (1), 'ö' (1)"
        assert lines == [f"2 of 11 tokens (18.2%) {told_of}"]


def test_texts_too_long_to_be_measured_are_left_out_and_told(here, capsys):
    (here / "long.txt").write_text("anna\nannaannaannaanna\ndia\n")
    assert main(["evaluate", "m", str(here / "long.txt")]) == 0
    out, err = told(capsys)
    assert "2 rows of" in out
    assert "1 of the 3 texts to measure on are longer than the model takes, 14 tokens, and are left out" in err
    assert main(["report", "m", str(here / "long.txt"), "--out", str(here / "long.html")]) == 0
    rows = ["--test", str(here / "long.txt"), "--out", str(here / "n")]
    assert main(["fit", "sequence-ae", "names.txt", *rows, *SMALL]) == 0
    out, err = told(capsys)
    assert "2 held-out rows" in out
    assert "are left out" in err
    assert main(["encode", "m", str(here / "long.txt"), "--out", str(here / "c.csv")]) == 1
    assert "row 1 (16 tokens)" in told(capsys).err


def test_what_holds_line_breaks_goes_to_other_files(here, capsys, monkeypatch):
    verses = ["one\ntwo", 'said "so, then"', "", "漢字"]
    monkeypatch.setattr(
        "isthmus.sequence_estimator.SequenceEstimator.sample", lambda *_, **__: np.array(verses, object)
    )
    assert main(["sample", "m", "--out", str(here / "v.txt")]) == 1
    err = told(capsys).err
    assert "1 of 4 texts hold line breaks (the first is number 0" in err
    assert ".jsonl or .csv" in err
    assert not any(here.iterdir())
    for ending in (".csv", ".jsonl"):
        assert main(["sample", "m", "--out", str(here / f"v{ending}")]) == 0
        assert im.data.read(here / f"v{ending}", text="text").values.tolist() == verses
    capsys.readouterr()
    assert main(["sample", "m"]) == 0
    assert told(capsys).out == 'one\\ntwo\nsaid "so, then"\n\n漢字\n'


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["fit", "sequence-vae", "nams.txt"], "Did you mean 'names.txt'"),
        (["fit", "sequence-vae", "numbers.csv"], "takes texts"),
        (["fit", "sequence-vae", "numbers.csv", "--text", "d"], "no column 'd'"),
        (["fit", "sequence-vae", "numbers.csv", "--text", "a"], "are no texts"),
        (["fit", "sequence-vae", "numbers.csv", "--text", "a", "--labels", "a"], "text and labels are both 'a'"),
        (["fit", "sequence-vae", "names.txt", "--text", "word"], "has no columns, but text='word' names one"),
        (["fit", "vae", "names.txt"], "takes numbers"),
        (["fit", "sequence-vae", "names.txt", "--set", "tokeniser=words"], "words"),
        (["fit", "sequence-vae", "names.txt", "--set", "max_length=2"], "longer than max_length, 2 tokens"),
        (["encode", "m", "numbers.csv", "--out", "HERE/c.csv"], "was fitted on texts"),
        (["sample", "m", "--out", "HERE/s.npy"], "the examples are texts; name a file that ends in .txt, .csv, .jsonl"),
        (["sample", "m", "--out", "HERE/s"], "the examples are texts"),
        (["reconstruct", "m", "names.txt", "--out", "HERE/s.parquet"], "the examples are texts"),
        (["reconstruct", "m", "names.txt", "--out", "names.txt", "--force"], "is what is read from"),
        (["sample", "m", "--out", "names.txt"], "--force"),
        (["sample", "m", "--beams", "3"], "take --temperature 0 with it"),
        (["sample", "m", "--temperature", "0", "--top-p", "0.5"], "take a --temperature above 0"),
        (["sample", "m", "--top-k", "0"], "top_k is 0; expected 1 or more"),
        (["sample", "m", "--top-p", "2"], "top_p is 2.0"),
        (["sample", "vae", "--top-p", "0.5", "--out", "HERE/s.csv"], "are for models of texts; vae is of type VAE"),
        (
            ["sample", "vae", "--top-k", "3", "--out", "HERE/s.csv"],
            "priors over symbols (fit-prior); vae is of type VAE",
        ),
        (["sample", "vae", "--out", "HERE/s.txt"], ".csv, .npy, .parquet, or a folder for pictures"),
        (["interpolate", "m", "", "anna"], "are empty"),
        (["interpolate", "m", "99", "anna", "--data", "names.txt"], "There is no row 99; there are 60"),
        (["interpolate", "m", "annannannannannanna", "anna"], "longer than the model takes"),
    ],
)
def test_errors_are_words_and_exit_code_1(here, capsys, command, message):
    placed = [part.replace("HERE", str(here)) for part in command]
    quick = [*SMALL, "--out", str(here / "new")] if command[0] == "fit" else []
    assert main([*placed, *quick]) == 1
    err = told(capsys).err
    assert message in err
    assert "Traceback" not in err
    assert not any(here.iterdir())


@pytest.mark.parametrize("command", [["sample", "vae"], ["interpolate", "vae", "0", "1"]])
def test_other_models_still_need_a_place(here, capsys, command):
    assert main(command) == 2
    assert "Missing option '--out'." in told(capsys).err


def test_the_scorecard_is_that_of_the_library(here, capsys):
    assert main(["evaluate", "m", "names.txt", "--json"]) == 0
    card = json.loads(told(capsys).out)
    rows = im.data.read("names.txt")
    assert card["text"] == Scorecard.measure(im.load("m"), rows, rows).to_json()["text"]


def test_gaps_are_filled_on_the_command_line(here, capsys):
    model = str(here / "language")
    assert main(["fit", "masked-lm", "names.txt", "--out", model, "--set", "tokeniser=characters", *SMALL]) == 0
    told(capsys)
    assert main(["fill", model, "a[MASK]na", "--candidates", "3"]) == 0
    filled, gap = told(capsys).out.splitlines()
    assert len(filled) == 4
    assert gap.startswith(f"gap 1: {filled[1]} 0.")
    assert gap.count(",") == 2
    assert main(["fill", model, "anna"]) == 1
    assert "no gap '[MASK]'" in told(capsys).err
    assert main(["fill", "m", "a[MASK]na"]) == 1
    assert "which fills no gaps" in told(capsys).err
