"""The commands do what they say, refuse in words, and keep exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

import isthmus as im
from isthmus import catalogue
from isthmus.cli import main
from isthmus.errors import TrainingError
from isthmus.training.run import Run

QUICK = ["--set", "trainer.epochs=1", "--set", "trainer.validation=0", "--quiet"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(60, 4)), columns=list("abcd"))
    frame["kind"] = np.where(frame.a > 0, "up", "down")
    frame.to_csv("table.csv", index=False)
    frame.drop(columns="kind").to_csv("numbers.csv", index=False)
    return tmp_path


@pytest.fixture
def model(here, capsys):
    assert main(["fit", "vae", "numbers.csv", "--latent-dim", "2", "--out", "m", "--no-report", *QUICK]) == 0
    capsys.readouterr()
    return here / "m"


def told(capsys):
    return capsys.readouterr()


def test_fit_tells_what_it_measured_and_where_things_are(here, capsys):
    assert main(["fit", "ae", "table.csv", "--labels", "kind", "--latent-dim", "2", "--out", "m", *QUICK]) == 0
    out = told(capsys).out
    assert "12 held-out rows" in out
    assert "MSE / PCA's" in out
    assert "5-NN accuracy" in out
    assert {path.name for path in (here / "m").iterdir()} == {
        "model.safetensors",
        "model.json",
        "config.yaml",
        "metrics.jsonl",
        "report.html",
    }


def test_fit_as_json_is_one_object(here, capsys):
    assert main(["fit", "vae", "numbers.csv", "--json", "--no-report", *QUICK]) == 0
    content = json.loads(told(capsys).out)
    assert content["scorecard"]["test_rows"] == 12
    assert content["model"] == "models/vae"


def test_columns_are_dropped(here, capsys):
    command = [
        "fit",
        "ae",
        "table.csv",
        "--drop",
        "kind",
        "--drop",
        "a",
        "--latent-dim",
        "2",
        "--out",
        "m",
        "--no-report",
    ]
    assert main([*command, *QUICK]) == 0
    assert main(["encode", "m", "table.csv", "--out", "codes.csv"]) == 0  # reads as fit did
    assert main(["evaluate", "m", "table.csv"]) == 0
    pandas.read_csv("table.csv")[["b", "c", "d"]].to_csv("new.csv", index=False)
    assert main(["encode", "m", "new.csv", "--out", "new_codes.csv"]) == 0  # what was dropped need not be there
    assert main(["fit", "ae", "table.csv", "--drop", "kid"]) == 1
    assert "no column 'kid'. Did you mean 'kind'" in told(capsys).err


def test_the_saved_configuration_repeats_the_fit(model, here, capsys):
    assert main(["fit", "--config", "m/config.yaml", "--out", "again", "--no-report", "--quiet"]) == 0
    first, second = (json.loads((here / f / "model.json").read_text()) for f in ("m", "again"))
    assert first["sha256"] == second["sha256"]


def test_options_win_over_the_file_and_set_over_options(here, capsys):
    (here / "c.yaml").write_text("model: beta_vae\ndata: numbers.csv\nseed: 5\nparameters: {beta: 2, latent_dim: 3}\n")
    command = ["fit", "--config", "c.yaml", "--latent-dim", "2", "--set", "beta=7.5", "--out", "m", "--no-report"]
    assert main([*command, *QUICK]) == 0
    saved = json.loads((here / "m" / "model.json").read_text())["parameters"]
    assert (saved["beta"], saved["latent_dim"], saved["random_state"]) == (7.5, 2, 5)


def test_encode_decode_and_back(model, here, capsys):
    assert main(["encode", "m", "numbers.csv", "--out", "codes.csv"]) == 0
    assert main(["decode", "m", "codes.csv", "--out", "back.csv"]) == 0
    assert main(["reconstruct", "m", "numbers.csv", "--out", "rebuilt.parquet"]) == 0
    back, rebuilt = pandas.read_csv("back.csv"), pandas.read_parquet("rebuilt.parquet")
    assert list(back.columns) == list("abcd")
    assert np.allclose(back, rebuilt, atol=1e-4)


def test_sample_interpolate_evaluate_report_info(model, here, capsys):
    assert main(["sample", "m", "-n", "5", "--seed", "1", "--out", "new.npy"]) == 0
    assert np.load("new.npy").shape == (5, 4)
    assert main(["interpolate", "m", "0", "3", "--steps", "4", "--out", "walk.csv"]) == 0
    assert pandas.read_csv("walk.csv").shape == (4, 4)
    assert main(["evaluate", "m"]) == 0
    assert main(["report", "m", "--out", "r.html"]) == 0
    assert (here / "r.html").read_text().startswith("<!doctype html>")
    capsys.readouterr()
    assert main(["evaluate", "m", "numbers.csv", "--json"]) == 0
    assert json.loads(told(capsys).out)["test_rows"] == 60
    assert main(["info", "m", "--json"]) == 0
    assert json.loads(told(capsys).out)["model"] == "models/vae"
    assert main(["info", "m"]) == 0
    lines = told(capsys).out.splitlines()
    assert any(line.startswith("rows in fit") for line in lines)
    (seconds,) = (line.split()[-1] for line in lines if "encode_seconds" in line)
    assert seconds == f"{float(seconds):.4g}"


def test_a_folder_of_pictures_there_and_back(here, capsys):
    rng = np.random.default_rng(0)
    (here / "photos").mkdir()
    for i in range(30):
        Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).save(here / "photos" / f"{i:02d}.png")
    (here / "photos" / "broken.jpg").write_bytes(b"no")
    assert main(["fit", "vae", "photos", "--latent-dim", "2", "--out", "m", *QUICK]) == 0
    assert "broken.jpg" in told(capsys).err
    assert main(["sample", "m", "-n", "3", "--out", "new"]) == 0
    with Image.open(here / "new" / "0002.png") as picture:
        assert picture.size == (8, 6)
    assert main(["interpolate", "m", "photos/00.png", "photos/01.png", "--out", "walk"]) == 0
    assert len(list((here / "walk").iterdir())) == 8


def test_a_part_of_one_picture_for_that_of_another(here, capsys):
    np.save("photos.npy", np.random.default_rng(0).integers(0, 255, (30, 8, 8), dtype=np.uint8))
    network = ["--set", "network.name=content_style", "--set", "network.channels=[4,4]"]
    assert main(["fit", "content_style_ae", "photos.npy", "--out", "m", "--no-report", *network, *QUICK]) == 0
    assert main(["swap", "m", "0", "2", "--data", "photos.npy", "--out", "new.npy"]) == 0
    photos, model = np.load("photos.npy"), im.load("m")
    assert np.allclose(np.load("new.npy")[0], model.swap(photos[0], photos[2], "style"), atol=1)
    assert main(["swap", "m", "0", "2", "--data", "photos.npy", "--part", "style, content", "--out", "b"]) == 0
    assert main(["swap", "m", "0", "2", "--part", "voice", "--data", "photos.npy", "--out", "c.npy"]) == 1
    assert "no part 'voice'" in told(capsys).err


def test_a_conditional_model_is_told_its_labels(here, capsys):
    command = ["fit", "cvae", "table.csv", "--labels", "kind", "--latent-dim", "2", "--out", "m", "--no-report"]
    assert main([*command, *QUICK]) == 0
    assert main(["sample", "m", "-n", "2", "--condition", "up", "--out", "up.csv"]) == 0
    assert main(["sample", "m", "-n", "2", "--condition", "sideways", "--out", "s.csv"]) == 1
    assert "Known: 'down', 'up'" in told(capsys).err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["fit", "vea", "numbers.csv"], "Did you mean 'vae'"),
        (["fit", "vae", "nubmers.csv"], "Did you mean 'numbers.csv'"),
        (["fit", "vae"], "Missing: data"),
        (["fit", "vae", "numbers.csv", "--set", "bta=3", "--set", "trainer.epoch=1"], "trainer has no setting 'epoch'"),
        (["fit", "vae", "numbers.csv", "--set", "beta"], "key=value"),
        (["fit", "vae", "numbers.csv", "--latent-dim", "0"], "latent_dim is 0; expected 1 or more"),
        (["fit", "vae", "numbers.csv", "--test-share", "1.5"], "test_share is 1.5"),
        (["fit", "vae", "numbers.csv", "--size", "big", *QUICK], "HEIGHTxWIDTH"),
        (["fit", "--config", "nothing.yaml"], "cannot be read as a configuration"),
        (["encode", "m", "numbers.csv", "--out", "codes.csv"], "not a saved model"),
        (["models", "vea"], "Did you mean 'vae'"),
        (["parts", "bottleneck"], "Did you mean 'bottlenecks'"),
    ],
)
def test_user_errors_are_words_and_exit_code_1(here, capsys, command, message):
    assert main(command) == 1
    err = told(capsys).err
    assert message in err
    assert "Traceback" not in err


def test_wrong_usage_is_exit_code_2(capsys):
    assert main(["fit", "--no-such-option"]) == 2
    assert main(["fits"]) == 2


def test_nothing_is_replaced_unasked(model, here, capsys):
    assert main(["fit", "vae", "numbers.csv", "--out", "m", *QUICK]) == 1
    assert "holds a model already" in told(capsys).err
    for force in ([], ["--force"]):
        assert main(["encode", "m", "numbers.csv", "--out", "numbers.csv", *force]) == 1
        assert "is what is read from" in told(capsys).err
    (here / "codes.csv").write_text("mine")
    assert main(["encode", "m", "numbers.csv", "--out", "codes.csv"]) == 1
    assert "--force" in told(capsys).err
    assert main(["encode", "m", "numbers.csv", "--out", "codes.txt"]) == 1
    assert ".csv, .npy, .parquet" in told(capsys).err
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.tex").write_text("years")
    assert main(["fit", "vae", "numbers.csv", "--out", "thesis", "--force", *QUICK]) == 1
    assert (here / "thesis" / "chapter.tex").exists()


def test_an_unexpected_error_is_a_line_and_a_way_to_report_it(here, capsys, monkeypatch):
    def broken(*args, **named):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("isthmus.cli.rows.split_rows", broken)
    monkeypatch.setattr("isthmus.cli.commands.fit.split_rows", broken)
    assert main(["fit", "vae", "numbers.csv"]) == 1
    assert "This is a defect of Isthmus" in told(capsys).err


def test_listings(capsys):
    assert main(["models", "--json"]) == 0
    listed = json.loads(told(capsys).out)["models"]
    assert {"ae", "vae", "sae"} <= {entry["name"] for entry in listed}
    assert all(entry["source"] for entry in listed)
    assert main(["models", "beta-vae"]) == 0
    assert "beta = 4.0" in told(capsys).out
    assert main(["parts"]) == 0
    assert f"bottlenecks: {', '.join(catalogue.names('bottlenecks'))}\n" in told(capsys).out
    assert main(["parts", "encoders", "mlp", "--json"]) == 0
    assert json.loads(told(capsys).out)["parameters"]["activation"] == "silu"
    assert main(["data"]) == 0
    assert "digits" in told(capsys).out
    assert main(["doctor", "--json"]) == 0
    assert "torch" in json.loads(told(capsys).out)
    assert main(["--version"]) == 0
    assert main([]) in (0, 2)


INTERRUPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from isthmus.training import run
plain = run.Run._take_step
def step(self, order):
    plain(self, order)
    if self.settings.checkpoint is not None and self.steps == 5:
        signal.raise_signal(signal.SIGINT)
run.Run._take_step = step
import isthmus as im
from isthmus.cli import main
from isthmus.errors import TrainingError
from isthmus.training.run import Run
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_says_how_to_go_on_and_that_works(here, capsys):
    command = ["fit", "vae", "numbers.csv", "--out", "m", "--no-report", "--quiet", "--set", "trainer.epochs=20"]
    command += ["--set", "trainer.batch_size=16"]
    stopped = subprocess.run(
        [sys.executable, "-c", INTERRUPT, *command], capture_output=True, text=True, env=dict(os.environ), check=False
    )
    assert stopped.returncode == 130, stopped.stderr
    assert "isthmus fit --config m/config.yaml --out m --resume" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert (here / "m" / "checkpoint.safetensors").exists()
    before = (here / "m" / "checkpoint.safetensors").read_bytes()
    assert main(command) == 1  # without --resume
    assert "holds the checkpoint of a fit that was stopped; pass --resume to go on" in told(capsys).err
    assert (here / "m" / "checkpoint.safetensors").read_bytes() == before
    assert main(["fit", "--config", "m/config.yaml", "--out", "m", "--resume", "--no-report", "--quiet"]) == 0
    assert not (here / "m" / "checkpoint.safetensors").exists()
    command[command.index("m")] = "whole"
    assert main(command) == 0
    hashes = [json.loads((here / f / "model.json").read_text())["sha256"] for f in ("m", "whole")]
    assert hashes[0] == hashes[1]


def test_empty_cells_of_a_column_of_labels_are_no_class(here, capsys):
    frame = pandas.read_csv("table.csv")
    frame.loc[20:, "kind"] = None
    frame.to_csv("few.csv", index=False)
    given = ["few.csv", "--labels", "kind", "--no-report", *QUICK]
    assert main(["fit", "semi-supervised-vae", *given, "--out", "few"]) == 0
    assert main(["predict", "few", "few.csv", "--out", "classes.csv"]) == 0
    assert "60 rows, 2 classes" in told(capsys).out
    assert set(pandas.read_csv("classes.csv")["class"]) <= {"up", "down"}
    assert main(["fit", "cvae", *given, "--out", "all"]) == 1
    assert re.search(r"y contains 3\d NaN or missing values; leave these rows out", told(capsys).err)
    assert main(["fit", "ae", *given, "--out", "plain"]) == 0
    assert "5-NN" not in told(capsys).out


def test_several_columns_are_the_concepts_of_a_causal_model(here, capsys):
    for labels in (["--labels", "a", "--labels", "b"], ["--labels", "a, b"]):
        given = ["fit", "causal-vae", "numbers.csv", *labels, "--out", "c", "--no-report", "--force", *QUICK]
        assert main(given) == 0
        assert main(["intervene", "c", "numbers.csv", "--do", "a=1", "--do", "b=0", "--out", "new.csv", "--force"]) == 0
        assert "a: " in told(capsys).out
    assert list(pandas.read_csv("new.csv").columns) == ["c", "d"]
    assert main(["fit", "cvae", "numbers.csv", "--labels", "a,b", "--out", "cv", *QUICK]) == 1
    assert "CVAE is told one column; several are concepts of a CausalVAE" in told(capsys).err
    assert not (here / "cv").exists()
    assert main(["fit", "causal-vae", "numbers.csv", "--labels", "a,kindd", "--out", "cv", *QUICK]) == 1
    assert "no column 'kindd'" in told(capsys).err


def test_a_fit_that_fails_leaves_the_model_that_was_there(here, monkeypatch, capsys):
    command = ["fit", "ae", "numbers.csv", "--out", "m", "--quiet", "--epochs", "2"]
    assert main([*command, "--set", "latent_dim=1"]) == 0
    before = {path.name: path.read_bytes() for path in (here / "m").iterdir()}
    assert "report.html" in before
    (here / "m" / "notes.txt").write_text("mine")

    def broken(self, *arguments, **named):
        raise TrainingError("no")

    with monkeypatch.context() as patch:
        patch.setattr(Run, "fit", broken)
        assert main([*command, "--force"]) == 1
    assert {name: (here / "m" / name).read_bytes() for name in before} == before
    assert main([*command, "--set", "latent_dim=2", "--force", "--no-report"]) == 0
    assert not (here / "m" / "report.html").exists()  # it was of the other model
    assert (here / "m" / "notes.txt").read_text() == "mine"
    assert not (here / "m.partial").exists()
    assert im.load(here / "m").latent_dim == 2
    capsys.readouterr()


def test_a_model_that_cannot_be_measured_is_saved_all_the_same(here, monkeypatch):
    def broken(*arguments):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("isthmus.metrics.scorecard.Scorecard.measure", broken)
        assert main(["fit", "ae", "numbers.csv", "--out", "m", "--quiet", "--epochs", "2"]) != 0
    assert im.load(here / "m").transform(np.zeros((2, 4))).shape[0] == 2


@pytest.fixture
def conditional(here, capsys):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, 200)
    values = rng.normal(size=(200, 3)) * 0.1 + 3.0 * kind[:, None]
    frame = pandas.DataFrame(values, columns=list("abc"))
    frame["kind"] = np.where(kind, "hot", "cold")
    frame.to_csv("kinds.csv", index=False)
    frame.drop(columns="kind").to_csv("bare.csv", index=False)
    options = ["--labels", "kind", "--latent-dim", "1", "--out", "cv", "--quiet", "--no-report", "--epochs", "20"]
    assert main(["fit", "cvae", "kinds.csv", *options]) == 0
    capsys.readouterr()
    return frame


def test_a_conditional_model_is_told_the_labels(conditional, capsys):
    assert main(["reconstruct", "cv", "kinds.csv", "--out", "own.csv"]) == 0
    assert "without knowing" not in told(capsys).err
    estimator = im.load("cv")
    wanted = estimator.reconstruct(conditional[["a", "b", "c"]], conditional.kind)
    assert np.allclose(pandas.read_csv("own.csv"), wanted, atol=1e-4)
    assert main(["reconstruct", "cv", "kinds.csv", "--out", "hot.csv", "--condition", "hot"]) == 0
    assert not np.allclose(pandas.read_csv("hot.csv"), wanted, atol=1e-2)
    conditional.drop(columns="kind").to_csv("bare.csv", index=False)
    assert main(["encode", "cv", "bare.csv", "--out", "codes.csv"]) == 0
    assert "without knowing it. Known: cold, hot" in told(capsys).err
    assert main(["decode", "cv", "codes.csv", "--out", "x.csv"]) == 0
    assert "without knowing it" in told(capsys).err
    assert main(["evaluate", "cv", "bare.csv"]) == 1
    assert "need labels" in told(capsys).err
    conditional.assign(kind="warm").to_csv("warm.csv", index=False)
    assert main(["encode", "cv", "warm.csv", "--out", "warm_codes.csv"]) == 1
    assert "'warm'" in told(capsys).err


def test_a_model_that_must_know_the_class_says_so(conditional, capsys):
    options = ["--labels", "kind", "--latent-dim", "1", "--out", "fader", "--no-report", *QUICK]
    assert main(["fit", "fader-network", "kinds.csv", *options]) == 0
    assert main(["encode", "fader", "bare.csv", "--out", "codes.csv"]) == 0
    assert "without knowing" not in told(capsys).err
    for command in (["sample", "fader"], ["decode", "fader", "codes.csv"], ["interpolate", "fader", "3", "7"]):
        assert main([*command, "--out", "x.csv"]) == 1
        assert "--condition" in told(capsys).err
        assert main([*command, "--out", "x.csv", "--condition", "hot"]) == 0
        Path("x.csv").unlink()


def test_what_is_measured_is_not_what_was_trained_on(model, here, capsys):
    assert main(["evaluate", "m"]) == 0
    assert "12 held-out rows" in told(capsys).out
    assert main(["evaluate", "m", "numbers.csv"]) == 0
    out, err = told(capsys)
    assert "60 rows of numbers.csv" in out
    assert "48 of the 60 rows are among those to learn from" in out
    assert not err
    with (here / "numbers.csv").open("a") as file:
        file.write("1,2,3,4\n")
    assert main(["evaluate", "m"]) == 1
    assert "has been changed since" in told(capsys).err
    assert main(["fit", "ae", "numbers.csv", "--test", "numbers.csv", "--out", "n", "--no-report", *QUICK]) == 0
    assert "61 of the 61 rows were trained on" in told(capsys).err


def test_rows_are_numbered_as_in_the_file(here, capsys):
    frame = pandas.read_csv("numbers.csv")
    frame.loc[41, "b"] = np.inf
    frame.to_csv("gaps.csv", index=False)
    assert main(["fit", "ae", "gaps.csv", "--out", "gaps", *QUICK]) == 1
    assert "row 41, column 'b'" in told(capsys).err
    assert not (here / "gaps").exists()


def test_a_seed_below_zero_is_refused(here, capsys):
    assert main(["fit", "ae", "numbers.csv", "--seed", "-1", *QUICK]) == 1
    assert "seed is -1" in told(capsys).err


def test_nothing_held_out_is_said(here, capsys):
    assert main(["fit", "ae", "numbers.csv", "--test-share", "0", "--no-report", *QUICK]) == 0
    assert "nothing is measured" in told(capsys).out


def test_a_close_file_name_is_suggested_and_not_the_whole_folder(model, here, capsys):
    assert main(["encode", "m", "number.csv", "--out", "c.csv"]) == 1
    assert "Did you mean 'numbers.csv'?" in told(capsys).err
    assert main(["fit", "ae", "numbers.csv", "--set", "traner.epochs=2", *QUICK]) == 1
    assert "Did you mean 'trainer'" in told(capsys).err


def test_a_report_of_new_rows_needs_the_old_ones_for_pca_only(model, here, capsys):
    assert main(["report", "m", "numbers.csv", "--train", "numbers.csv", "--out", "r.html"]) == 0
    assert main(["report", "m", "numbers.csv", "--train", "numbers.csv", "--out", "r.html"]) == 1
    assert "--force" in told(capsys).err


def pictures(folder, count):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(count):
        Image.fromarray(rng.integers(0, 255, (8, 8), dtype=np.uint8)).save(folder / f"photo{i}.png")


def test_pictures_of_an_earlier_run_do_not_stay(here, capsys):
    pictures(here / "photos", 30)
    (here / "photos" / "broken.png").write_text("no")
    assert main(["fit", "vae", "photos", "--out", "p", "--latent-dim", "2", "--no-report", *QUICK]) == 0
    err = told(capsys).err
    assert "1 input could not be read" in err
    assert err.count("broken.png") == 1
    assert main(["sample", "p", "-n", "9", "--out", "new"]) == 0
    assert main(["sample", "p", "-n", "4", "--out", "new", "--force"]) == 0
    assert len(list((here / "new").iterdir())) == 4
    (here / "new" / "notes.txt").write_text("mine")
    assert main(["sample", "p", "-n", "2", "--out", "new", "--force"]) == 1
    assert "holds more than pictures" in told(capsys).err
    assert len(list((here / "new").iterdir())) == 5


def test_codes_of_pictures_keep_their_names(here, capsys):
    pictures(here / "photos", 30)
    assert main(["fit", "vae", "photos", "--out", "p", "--latent-dim", "2", "--no-report", *QUICK]) == 0
    assert main(["encode", "p", "photos", "--out", "codes.csv"]) == 0
    table = pandas.read_csv("codes.csv")
    assert list(table.columns) == ["name", "z0", "z1"]
    assert table.name[0] == "photo0.png"
    assert main(["decode", "p", "codes.csv", "--out", "back"]) == 0
    assert len(list((here / "back").iterdir())) == 30


def test_one_example_is_one(model, here, capsys):
    assert main(["interpolate", "m", "0", "numbers.csv", "--out", "walk.csv"]) == 1
    assert "has 60 rows; expected one" in told(capsys).err


def test_large_symbols_are_written_whole_or_not_at_all(here, capsys):
    pandas.DataFrame(np.random.default_rng(0).normal(size=(80, 4)), columns=list("abcd")).to_csv("t.csv", index=False)
    for bits, out in ((40, "symbols.csv"), (60, "symbols.npy")):
        fit = ["fit", "lfqvae", "t.csv", "--latent-dim", str(bits), "--out", "wide", "--force", "--no-report", *QUICK]
        assert main(fit) == 0
        assert main(["encode", "wide", "t.csv", "--symbols", "--out", out]) == 0
        assert main(["decode", "wide", out, "--symbols", "--out", "rebuilt.csv", "--force"]) == 0
        assert main(["reconstruct", "wide", "t.csv", "--out", "direct.csv", "--force"]) == 0
        assert np.allclose(pandas.read_csv("rebuilt.csv"), pandas.read_csv("direct.csv"), atol=1e-5)
    capsys.readouterr()
    assert main(["encode", "wide", "t.csv", "--symbols", "--out", "lossy.csv"]) == 1
    assert "exact in a .npy file only" in told(capsys).err


def test_a_prior_is_fitted_afterwards_and_then_there_are_samples(here, capsys):
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    frame["kind"] = np.where(frame.a > 0, "up", "down")
    frame.to_csv("kinds.csv", index=False)
    frame.drop(columns="kind").to_csv("bare.csv", index=False)
    options = ["--labels", "kind", "--latent-dim", "4", "--out", "q", "--no-report", *QUICK]
    assert main(["fit", "vqvae", "kinds.csv", *options]) == 0
    capsys.readouterr()
    assert main(["sample", "q", "--out", "new.csv"]) == 1
    assert "isthmus fit-prior" in told(capsys).err
    small = ["--width", "8", "--depth", "1", "--heads", "2", "--epochs", "2", "--quiet"]
    assert main(["fit-prior", "q", "--conditional", *small, "--json"]) == 0
    assert json.loads(told(capsys).out)["bits_per_dim"] > 0
    assert main(["sample", "q", "-n", "5", "--condition", "up", "--out", "new.csv"]) == 0
    sharpened = ["--temperature", "0.5", "--top-k", "2", "--force"]
    assert main(["sample", "q", "-n", "5", "--condition", "up", "--out", "new.csv", *sharpened]) == 0
    assert main(["encode", "q", "bare.csv", "--symbols", "--out", "symbols.csv"]) == 0
    assert main(["decode", "q", "symbols.csv", "--symbols", "--out", "rebuilt.csv"]) == 0
    assert main(["reconstruct", "q", "bare.csv", "--out", "direct.csv"]) == 0
    assert np.allclose(pandas.read_csv("rebuilt.csv"), pandas.read_csv("direct.csv"), atol=1e-5)
    assert main(["fit-prior", "q", "bare.csv", "--labels", "zz", *small]) == 1
    assert "has no column 'zz'; its columns are" in told(capsys).err
    assert main(["fit-prior", "q", "--labels", "kind", *small]) == 1
    assert "names a column of DATA, and there is no DATA" in told(capsys).err
    assert main(["info", "q"]) == 0
    assert "codebook: perplexity" in told(capsys).out
    assert len(pandas.read_csv("new.csv")) == 5
    assert main(["evaluate", "q"]) == 0
    assert "ELBO" in told(capsys).out
    assert main(["report", "q"]) == 0
    assert main(["fit-prior", "q", "bare.csv", "--conditional", *small]) == 1
    assert "no labels to condition on" in told(capsys).err
    assert main(["fit", "ae", "bare.csv", "--out", "plain", "--no-report", *QUICK]) == 0
    assert main(["fit-prior", "plain", *small]) == 1
    assert "not discrete" in told(capsys).err


def test_numbers_as_codes_get_a_prior_afterwards_too(here, capsys):
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(120, 4)), columns=list("abcd")).assign(kind=np.arange(120) % 2)
    frame.to_csv("kinds.csv", index=False)
    frame.drop(columns="kind").to_csv("bare.csv", index=False)
    assert main(["fit", "ae", "bare.csv", "--latent-dim", "2", "--out", "plain", "--no-report", *QUICK]) == 0
    capsys.readouterr()
    assert main(["sample", "plain", "--out", "new.csv"]) == 1
    assert "isthmus fit-prior MODEL" in told(capsys).err
    quick = ["--epochs", "1", "--quiet"]
    assert main(["fit-prior", "plain", *quick]) == 0
    out = told(capsys).out
    assert "full_gaussian" in out
    assert "chosen: " in out
    assert "next    isthmus sample plain" in out
    assert main(["sample", "plain", "-n", "5", "--out", "new.csv"]) == 0
    assert len(pandas.read_csv("new.csv")) == 5
    capsys.readouterr()
    assert main(["fit-prior", "plain", "bare.csv", "--prior", "coupling_flow", "--seed", "3", *quick, "--json"]) == 0
    scores = json.loads(told(capsys).out)["prior_scores"]
    assert (scores["chosen"], scores["seed"]) == ("coupling_flow", 3)
    assert main(["fit-prior", "plain", "--prior", "couplingflow", *quick]) == 1
    assert "Did you mean 'coupling_flow'" in told(capsys).err
    assert main(["evaluate", "plain"]) == 0
    assert main(["report", "plain"]) == 0
    fit = ["fit", "cvae", "kinds.csv", "--labels", "kind", "--latent-dim", "2", "--out", "c", "--no-report", *QUICK]
    assert main(fit) == 0
    assert main(["fit-prior", "c", "--prior", "full_gaussian", *quick]) == 0  # told what the rows of fit were
    assert main(["sample", "c", "-n", "2", "--condition", "1", "--out", "told.csv"]) == 0


def test_a_fit_that_is_refused_leaves_nothing(here, capsys):
    assert main(["fit", "vqvae", "numbers.csv", "--set", "groups=four", "--out", "x", *QUICK]) == 1
    assert "groups is 'four'" in told(capsys).err
    assert not (here / "x").exists()
    (here / "own").mkdir()
    (here / "own" / "config.yaml").write_text("model: vqvae\ndata: numbers.csv\nparameters: {groups: four}\n")
    assert main(["fit", "--config", "own/config.yaml", "--out", "own", *QUICK]) == 1
    assert (here / "own" / "config.yaml").exists()  # the user's stays


def test_a_generator_alone_on_the_command_line(here, capsys):
    assert main(["fit", "wgangp", "numbers.csv", "--latent-dim", "4", "--out", "g", *QUICK]) == 0
    assert (here / "g" / "report.html").exists()
    assert main(["sample", "g", "-n", "3", "--out", "new.csv"]) == 0
    capsys.readouterr()
    assert main(["encode", "g", "numbers.csv", "--out", "codes.csv"]) == 1
    assert "is a generator alone" in told(capsys).err
    assert main(["evaluate", "g"]) == 1
    assert "is a generator alone" in told(capsys).err


@pytest.mark.parametrize("name", ["aae", "vaegan", "bigan", "bernoulli-vae", "fsqvae"])
def test_every_kind_of_code_is_measured_and_reported(here, capsys, name):
    size = [] if name == "fsqvae" else ["--latent-dim", "2"]
    assert main(["fit", name, "numbers.csv", *size, "--out", "m", *QUICK]) == 0
    out = told(capsys).out
    assert ("ELBO" in out) == (name in ("vaegan", "bernoulli-vae"))
    assert "could not be made" not in (here / "m" / "report.html").read_text()


def test_a_conditional_prior_takes_whole_numbers_too(here, capsys):
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(100, 4)), columns=list("abcd")).assign(kind=np.arange(100) % 3)
    frame.to_csv("kinds.csv", index=False)
    frame.drop(columns="kind").to_csv("bare.csv", index=False)
    options = ["--labels", "kind", "--latent-dim", "4", "--out", "q", "--no-report", *QUICK]
    assert main(["fit", "vqvae", "kinds.csv", *options]) == 0
    small = ["--width", "8", "--depth", "1", "--heads", "2", "--epochs", "1", "--quiet"]
    assert main(["fit-prior", "q", "--conditional", *small]) == 0
    assert main(["sample", "q", "-n", "5", "--condition", "1", "--out", "new.csv"]) == 0
    capsys.readouterr()
    assert main(["sample", "q", "-n", "5", "--out", "any.csv"]) == 0
    assert "without knowing it. Known: 0, 1, 2" in told(capsys).err


def test_a_masked_model_and_a_classifier_that_goes_on_from_it(here, capsys):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, 120)
    rows = np.c_[rng.normal(size=(120, 3)), kind + 0.1 * rng.normal(size=120)].round(4)
    table = pandas.DataFrame(rows, columns=list("abcd")).assign(kind=np.where(kind, "yes", "no"))
    table.to_csv("kinds.csv", index=False)
    assert main(["fit", "mae", "kinds.csv", "--labels", "kind", "--latent-dim", "4", "--out", "mae", *QUICK]) == 0
    assert "accuracy of a linear classifier" in told(capsys).out
    assert main(["reconstruct", "mae", "kinds.csv", "--out", "filled.csv"]) == 0
    assert pandas.read_csv("filled.csv").shape == (120, 4)
    assert "Filled in, in every row:" in told(capsys).err
    assert main(["reconstruct", "mae", "kinds.csv", "--hidden", "b, d", "--out", "filled.csv", "--force"]) == 0
    assert "Filled in, in every row: b, d." in told(capsys).err
    assert np.allclose(pandas.read_csv("filled.csv")["a"], table["a"], atol=1e-4)
    for wrong, said in (("e", "there is no column e"), ("1.5", "to be hidden is 1.5; expected a number in (0, 1)")):
        assert main(["reconstruct", "mae", "kinds.csv", "--hidden", wrong, "--out", "filled.csv", "--force"]) == 1
        assert said in told(capsys).err
    assert main(["swap", "mae", "0", "1", "--out", "x.npy"]) == 1
    assert "has no named parts" in told(capsys).err
    for command in (["sample", "mae", "-n", "3"], ["interpolate", "mae", "0", "1"]):
        assert main([*command, "--out", "x.npy"]) == 1
        assert "nothing leads from them back to x" in told(capsys).err
    fit = [
        "fit",
        "classifier",
        "kinds.csv",
        "--labels",
        "kind",
        "--set",
        "pretrained=mae",
        "--out",
        "c",
        "--epochs",
        "40",
    ]
    assert main([*fit, "--quiet"]) == 0
    said = told(capsys).out
    assert "accuracy" in said
    assert "isthmus predict c kinds.csv" in said
    assert main(["predict", "c", "kinds.csv", "--out", "told.csv"]) == 0
    found = pandas.read_csv("told.csv")
    assert list(found.columns) == ["class", "p(no)", "p(yes)"]
    assert (found["class"] == table["kind"]).mean() > 0.9
    assert main(["predict", "mae", "kinds.csv", "--out", "y.csv"]) == 1
    assert "which predicts nothing" in told(capsys).err
    assert main(["predict", "c", "kinds.csv", "--out", "y.csv", "--direction", "next"]) == 1
    assert "--direction is 'next'; c is of type Classifier, which has none" in told(capsys).err
    assert main(["fit", "classifier", "kinds.csv", "--drop", "kind", "--out", "d", *QUICK]) == 1
    assert "requires y" in told(capsys).err
