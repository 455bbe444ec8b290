"""isthmus interpolate, traverse and edit: files in and out, and what is told."""

import json

import numpy as np
import pandas
import pytest
from PIL import Image

import isthmus as im
from isthmus.cli.application import main


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Models of digits and of a table with an attribute beside it, fitted by the command."""
    folder = tmp_path_factory.mktemp("edit")
    rng = np.random.default_rng(0)
    kind = rng.choice(["up", "down"], 400)
    height = rng.standard_normal(400) + (kind == "up")
    table = pandas.DataFrame({"a": height, "b": -height + 0.1 * rng.standard_normal(400)})
    table["c"] = rng.standard_normal(400)
    table.to_csv(folder / "plain.csv", index=False)
    table.assign(kind=kind, height=height).to_csv(folder / "known.csv", index=False)
    quick = ["--latent-dim", "3", "--set", "trainer.epochs=5", "--no-report", "--quiet"]
    digits = im.VAE(3, trainer=im.Trainer(epochs=5), random_state=0).fit(im.data.load("digits", "train"))
    digits.save(folder / "pictures")
    assert main(["fit", "vae", str(folder / "plain.csv"), "--out", str(folder / "table"), *quick]) == 0
    return folder


@pytest.fixture
def here(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


def test_walks_as_strips_gifs_and_tables(here, capsys):
    for out in ("walk.gif", "walk.png", "walk.npy"):
        assert (
            main(
                [
                    "interpolate",
                    "pictures",
                    "0",
                    "1",
                    "--data",
                    "digits",
                    "--path",
                    "sphere",
                    "--steps",
                    "5",
                    "--out",
                    out,
                ]
            )
            == 0
        )
        told = capsys.readouterr().out
        assert "code, sphere" in told
        assert "straight line" in told
        assert "least between" in told
    with Image.open("walk.gif") as moving, Image.open("walk.png") as strip:
        assert moving.n_frames == 8
        assert strip.size == (150, 30)
    assert np.load("walk.npy").shape == (5, 64)
    assert main(["interpolate", "pictures", "0", "1", "--data", "digits", "--out", "walk.gif"]) == 1
    assert "--force" in capsys.readouterr().err
    assert (
        main(["interpolate", "pictures", "0", "1", "--data", "digits", "--path", "circle", "--out", "other.gif"]) == 1
    )
    assert "'line' or 'sphere'" in capsys.readouterr().err
    assert main(["interpolate", "table", "0", "1", "--out", "other.gif"]) == 1
    assert "no pictures" in capsys.readouterr().err
    assert main(["interpolate", "table", "0", "1", "--out", "walk.csv"]) == 0
    assert list(pandas.read_csv("walk.csv").columns) == ["a", "b", "c"]


def test_traversals_as_strips_gifs_and_tables(here, capsys):
    for out in ("all.gif", "all.png"):
        assert main(["traverse", "pictures", "--data", "digits", "--top", "2", "--steps", "4", "--out", out]) == 0
        assert "KL, nats" in capsys.readouterr().out
    with Image.open("all.gif") as moving, Image.open("all.png") as strip:
        assert moving.n_frames == 6
        assert strip.size == (120, 60)
    assert main(["traverse", "table", "--top", "2", "--steps", "4", "--data", "plain.csv", "--out", "all.csv"]) == 0
    walks = pandas.read_csv("all.csv")
    assert list(walks.columns) == ["number", "at", "a", "b", "c"]
    assert len(walks) == 8
    assert main(["traverse", "table", "--data", "prior"]) == 0
    assert "effect, nats" in capsys.readouterr().out
    for command, message in (
        (["traverse", "table", "--out", "x.png"], "no pictures"),
        (["traverse", "table", "--out", "x.txt"], "ends in"),
        (["traverse", "table", "--out", "folder"], "ends in"),
        (["traverse", "table", "--top", "0"], "top is 0"),
    ):
        assert main(command) == 1
        assert message in capsys.readouterr().err


def test_edits_learnt_from_a_labelled_table(here, capsys):
    command = ["edit", "table", "known.csv", "--attribute", "height+=1", "--attribute", "kind"]
    assert main([*command, "--out", "taller.csv", "--save", "editor"]) == 0
    assert "held-out rows" in capsys.readouterr().out
    plain, taller = im.load("table").reconstruct("plain.csv"), pandas.read_csv("taller.csv")
    assert list(taller.columns) == ["a", "b", "c"]
    assert (taller["a"].to_numpy() - np.asarray(plain)[:, 0]).mean() > 0.3
    assert main(["edit", "editor", "plain.csv", "--attribute", "kind=up", "--out", "up.npy"]) == 0
    assert np.load("up.npy").shape == (400, 3)
    assert main(["edit", "editor", "plain.csv", "--remove", "kind", "--strength", "0.5", "--out", "none.npy"]) == 0
    capsys.readouterr()
    learn = ["edit", "table", "plain.csv", "--learn", "known.csv", "--attribute", "height=2", "--json"]
    assert main([*learn, "--out", "two.npy"]) == 0
    assert json.loads(capsys.readouterr().out)["effects"][0]["attribute"] == "height"


def test_labels_of_a_data_set(here, capsys):
    assert main(["edit", "pictures", "digits", "--attribute", "label=3", "--out", "threes.npy"]) == 0
    assert "label" in capsys.readouterr().out
    assert np.load("threes.npy").shape == (1797, 64)


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["edit", "table", "known.csv", "--attribute", "heigth=1", "--out", "x.csv"], 1, "Did you mean 'height'"),
        (["edit", "table", "known.csv", "--attribute", "kind=sideways", "--out", "x.csv"], 1, "expected one of down"),
        (["edit", "table", "known.csv", "--attribute", "kind+=much", "--out", "x.csv"], 1, "'much' is no number"),
        (["edit", "table", "known.csv", "--attribute", "=3", "--out", "x.csv"], 1, "expected COLUMN"),
        (["edit", "table", "known.csv", "--attribute", "height=1"], 2, "--out"),
        (["edit", "table", "known.csv", "--attribute", "height", "--out", "x.csv"], 2, "nothing to change"),
        (["edit", "table", "known.csv"], 2, "--attribute"),
        (["edit", "table", "known.csv", "--attribute", "height=1", "--out", "x.gif"], 1, "ends in"),
        (["edit", "table", "known.csv", "--attribute", "label=1", "--out", "x.csv"], 1, "label"),
    ],
)
def test_wrong_usage(here, capsys, command, code, message):
    assert main(command) == code
    assert message in capsys.readouterr().err
    assert not (here / "x.csv").exists()
