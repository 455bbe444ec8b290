"""isthmus denoise and inpaint: files in and out, what is told, and what is refused."""

import json

import numpy as np
import pandas
import pytest
from PIL import Image

import isthmus as im
from isthmus.cli.application import main


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Clean and noisy digits, a small denoiser and a small inpainter of them, a table."""
    folder = tmp_path_factory.mktemp("denoise")
    digits = np.round(im.data.load("digits").values.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    quick = im.Trainer(epochs=3)
    denoiser = im.Denoiser(trainer=quick, refining_steps=5).fit(digits[:400])
    denoiser.save(folder / "denoiser")
    im.Inpainter(trainer=quick, steps=5).fit(digits[:400]).save(folder / "inpainter")
    im.AE(4, trainer=quick, random_state=0).fit(digits[:400]).save(folder / "plain")
    np.save(folder / "clean.npy", digits[400:520])
    np.save(folder / "noisy.npy", denoiser.with_noise(digits[520:560], 40.0))
    mask = np.zeros((8, 8), dtype=np.uint8)
    mask[5:] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    rng = np.random.default_rng(0)
    cause = rng.normal(size=(150, 1))
    table = pandas.DataFrame(cause + 0.1 * rng.normal(size=(150, 3)), columns=list("abc"))
    table.to_csv(folder / "table.csv", index=False)
    im.AE(1, trainer=quick, random_state=0).fit(table).save(folder / "of_table")
    return folder


@pytest.fixture
def here(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


def run(*words):
    return main([str(word) for word in words])


def test_a_saved_denoiser_writes_pictures_arrays_json_and_a_page(here, capsys):
    assert run("denoise", "noisy.npy", "--model", "denoiser", "--out", "better.npy", "--report", "page.html") == 0
    told = capsys.readouterr().out
    assert "40 rows with noise of" in told
    assert np.load("better.npy").dtype == np.uint8
    assert "Noise taken out" in (here / "page.html").read_text()
    assert run("denoise", "noisy.npy", "--model", "denoiser", "--out", "pictures", "--level", "each", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["levels"]) == 40
    assert len(list((here / "pictures").glob("*.png"))) == 40
    assert run("denoise", "noisy.npy", "--model", "denoiser", "--out", "told.npy", "--level", "40") == 0
    assert "noise of 40\n" in capsys.readouterr().out


def test_clean_rows_are_learnt_with_a_fitted_model_and_filters_stand_beside_it(here, capsys):
    words = ["--model", "plain", "--clean", "clean.npy", "--out", "own.npy", "--save", "own", "--quiet", "--force"]
    words += ["--refining-steps", "5"]
    assert run("denoise", "noisy.npy", *words) == 0
    told = capsys.readouterr().out
    assert "rows kept aside, with noise of" in told
    assert "non-local means" in told
    assert run("denoise", "noisy.npy", "--model", "own", "--out", "again.npy") == 0
    assert (np.load("own.npy") == np.load("again.npy")).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "x.npy"], "name clean rows, --clean, or a saved denoiser, --model"),
        (["--out", "x.npy", "--model", "plain"], "holds AE, no denoiser"),
        (["--out", "x.npy", "--model", "denoiser", "--clean", "clean.npy"], "leave out --clean"),
        (["--out", "x.npy", "--model", "denoiser", "--level", "much"], "--level is 'much'"),
        (["--out", "x.npy", "--model", "denoiser", "--level", "4000"], "the strongest noise that was practised"),
        (["--out", "noisy.npy", "--model", "denoiser", "--force"], "is what is read from"),
        (["--out", "x.doc", "--model", "denoiser"], "expected a file that ends in"),
        (["--out", "x.npy", "--model", "nothing"], "nothing"),
    ],
)
def test_denoise_refuses_without_a_traceback(here, capsys, words, told):
    assert run("denoise", "noisy.npy", *words) == 1
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert not (here / "x.npy").exists()


def test_hidden_parts_by_mask_box_and_columns(here, capsys):
    model = ["--model", "inpainter", "--force"]
    assert (
        run("inpaint", "clean.npy", "--mask", "mask.png", "--out", "whole.npy", "--report", "whole.html", *model) == 0
    )
    assert "120 rows with 38 % of their values hidden were filled in" in capsys.readouterr().out
    whole, given = np.load("whole.npy"), np.load("clean.npy")
    assert (whole[:, :5] == given[:, :5]).all()
    assert "Hidden parts filled in" in (here / "whole.html").read_text()
    assert run("inpaint", "clean.npy", "--box", "5,0,3,8", "--out", "box.npy", *model) == 0
    assert (np.load("box.npy") == whole).all()
    assert run("inpaint", "clean.npy", "--box", "5,0,3,8", "--out", "way.npy", "--draws", "2", "--json", *model) == 0
    assert '"ways": 2' in capsys.readouterr().out
    assert (here / "way-1.npy").exists()
    assert (here / "way-2.npy").exists()
    words = ["--columns", "b", "--clean", "table.csv", "--model", "of_table", "--out", "b.csv", "--force"]
    assert run("inpaint", "table.csv", *words) == 0
    assert "joint Gaussian" in capsys.readouterr().out
    assert pandas.read_csv("b.csv")["a"].to_numpy() == pytest.approx(pandas.read_csv("table.csv")["a"].to_numpy())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "inpainter"], "what is hidden is told by nothing"),
        (["--model", "inpainter", "--box", "0,0,3,3", "--columns", "a"], "told by --box and --columns"),
        (["--model", "inpainter", "--box", "0,0,3"], "--box is '0,0,3'; expected TOP,LEFT,HEIGHT,WIDTH"),
        (["--model", "inpainter", "--box", "0,0,9,9"], "within pictures of 8 x 8"),
        (["--model", "inpainter", "--mask", "none.png"], "there is no such file"),
        (["--model", "inpainter", "--mask", "table.csv"], "cannot be read"),
        (["--model", "inpainter", "--mask", "clean.npy"], "hidden is uint8"),
        (["--model", "inpainter", "--box", "0,0,8,8"], "nothing is seen"),
        (["--model", "inpainter", "--box", "0,0,3,3", "--draws", "-1"], "--draws is -1"),
        (["--model", "inpainter", "--box", "0,0,3,3", "--clean", "clean.npy"], "leave out --clean"),
        (["--model", "plain", "--box", "0,0,3,3"], "holds AE, no inpainter"),
        (["--box", "0,0,3,3"], "name whole rows"),
    ],
)
def test_inpaint_refuses_without_a_traceback(here, capsys, words, told):
    assert run("inpaint", "noisy.npy", "--out", "x.npy", *words) == 1
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert not (here / "x.npy").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["denoise", "noisy.npy", "--out", "x.txt"], "expected a file that ends in"),
        (["denoise", "table.csv", "--out", "x.npy"], "each example has shape (3,); expected (8, 8)"),
        (["denoise", "holes.csv", "--clean", "table.csv", "--out", "x.csv"], "NaN"),
        (["inpaint", "noisy.npy", "--mask", "mask7.npy", "--out", "x.npy"], r"hidden is bool, (7,)"),
        (["inpaint", "table.csv", "--clean", "table.csv", "--columns", "z", "--out", "x.csv"], "no column z"),
        (["inpaint", "noisy.npy", "--mask", "empty.npy", "--out", "x.npy"], "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_learnt(here, capsys, monkeypatch, words, told):
    def learn(*_, **__):
        raise AssertionError("it has begun to learn")

    monkeypatch.setattr(im.Denoiser, "fit", learn)
    monkeypatch.setattr(im.Inpainter, "fit", learn)
    holes = pandas.read_csv("table.csv")
    holes.loc[3, "b"] = np.nan
    holes.to_csv("holes.csv", index=False)
    np.save("mask7.npy", np.arange(7) < 3)
    (here / "empty.npy").write_bytes(b"")
    clean = [] if "--clean" in words else ["--clean", "clean.npy"]
    assert run(*words, *clean, "--quiet") == 1
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_pictures_keep_their_names_also_where_one_cannot_be_read(here, capsys):
    folder = here / "scans"
    folder.mkdir()
    for i, picture in enumerate(np.load("noisy.npy")[:5]):
        Image.fromarray(picture).save(folder / f"scan-{i}.png")
    (folder / "scan-2.png").write_bytes(b"cut short")
    assert run("denoise", "scans", "--model", "denoiser", "--out", "mended") == 0
    assert sorted(path.name for path in (here / "mended").iterdir()) == [f"scan-{i}.png" for i in (0, 1, 3, 4)]
    assert "scan-2.png" in capsys.readouterr().err


def test_gaps_that_are_hidden_are_filled(here):
    holes = pandas.read_csv("table.csv")
    holes["b"] = np.nan
    holes.to_csv("gone.csv", index=False)
    words = ["--columns", "b", "--clean", "table.csv", "--model", "of_table", "--out", "gone-b.csv", "--force"]
    assert run("inpaint", "gone.csv", *words) == 0
    filled = pandas.read_csv("gone-b.csv")
    assert filled["b"].notna().all()
    assert filled["a"].to_numpy() == pytest.approx(pandas.read_csv("gone.csv")["a"].to_numpy(), rel=1e-6)


def test_rows_that_a_model_has_learnt_are_no_rows_to_try_it_on(here, capsys):
    words = ["--latent-dim", "1", "--epochs", "1", "--out", "learnt", "--quiet", "--no-report"]
    assert run("fit", "ae", "table.csv", *words) == 0
    assert (
        run("inpaint", "table.csv", "--columns", "b", "--clean", "table.csv", "--model", "learnt", "--out", "c.csv")
        == 0
    )
    assert "rows were trained on: what is measured on them is too good" in capsys.readouterr().err
