"""isthmus compare, rate-distortion, and the options of evaluate."""

import json

import numpy as np
import pytest

from isthmus.cli.application import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("compare")
    rng = np.random.default_rng(0)
    grid = np.indices((3, 4)).reshape(2, -1).T.repeat(12, axis=0)
    rows = np.c_[grid @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(144, 5)), grid]
    np.savetxt(place / "rows.csv", rows, delimiter=",", header="a,b,c,d,e,size,place", comments="", fmt="%.5g")
    np.savetxt(place / "factors.csv", grid, delimiter=",", header="size,place", comments="", fmt="%d")
    return place


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


DATA = ["rows.csv", "--drop", "place", "--drop", "size"]


def test_a_table_a_page_and_json(here, capsys):
    given = ["compare", "rows.csv", "--label", "size", "--drop", "place", "--models", "ae, vae", "--latent-dim", "2"]
    quick = ["--epochs", "2", "--seeds", "2", "--set", "trainer.validation=0", "--no-samples"]
    assert main([*given, *quick, "--out", "page.html"]) == 0
    out, err = capsys.readouterr()
    assert "scaled units" in out
    assert "PCA" in out
    assert "2 seeds" in out
    assert "vae, seed 1: MSE" in err
    page = (here / "page.html").read_text()
    assert page.count("<img") == 1  # bars; one model with a rate has its point, too
    assert "Every fit" in page
    assert main([*given, *quick, "--out", "page.html"]) == 1
    assert "exists; pass --force" in capsys.readouterr().err
    assert main([*given, *quick, "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert [each["name"] for each in json.loads(out)["models"]] == ["ae", "vae", "PCA"]
    assert not err


def test_a_table_in_which_no_model_has_a_number_is_a_failure(here, capsys, monkeypatch):
    monkeypatch.setattr("isthmus.models.ae.AE.transform", lambda *_, **__: 1 / 0)
    assert main(["compare", *DATA, "--models", "ae", "--epochs", "1", "--seeds", "1", "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert "failed: ae, seed 0: ZeroDivisionError" in out
    assert "No model could be fitted" in err


def test_curves(here, capsys):
    given = ["rate-distortion", *DATA, "--codes", "gaussian,fsq", "--beta", "0.1,1", "--latent-dim", "1,2"]
    assert main([*given, "--epochs", "1", "--out", "curves.png", "--quiet"]) == 0
    assert "picture  curves.png" in capsys.readouterr().out
    assert (here / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert main([*given, "--epochs", "1", "--out", "new/curves.png", "--quiet"]) == 0
    assert (here / "new" / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["compare", *DATA, "--models", "vea,vqgan"], "Did you mean 'vae'"),
        (["compare", *DATA, "--models", "vea,vqgan"], "vqgan takes pictures"),
        (["compare", *DATA, "--set", "beta=3"], "--set is for the trainer here"),
        (["compare", *DATA, "--set", "trainer.epoch=3"], "Did you mean 'epochs'"),
        (["compare", *DATA, "--test-share", "2"], "--test-share is 2"),
        (["compare", *DATA, "--seed", "-1"], "--seed is -1"),
        (["compare", *DATA, "--network", "foo"], "no network is called 'foo'"),
        (["compare", "rows.cvs"], "Did you mean 'rows.csv'"),
        (["compare", *DATA, "--out", "page.txt"], "expected a file that ends in .html"),
        (["rate-distortion", *DATA, "--beta", "one"], "--beta is 'one'; expected numbers"),
        (["rate-distortion", *DATA, "--codes", "fsk"], "Did you mean 'fsq'"),
    ],
)
def test_mistakes_are_told_in_words(here, capsys, given, told):
    assert main([*given, "--quiet"]) == 1
    err = capsys.readouterr().err
    assert told in err
    assert "defect" not in err


def test_evaluate_reaches_factors_draws_and_the_page(here, capsys):
    fit = ["fit", "vae", *DATA, "--latent-dim", "2", "--epochs", "2", "--out", "m", "--no-report", "--quiet"]
    assert main(fit) == 0
    capsys.readouterr()
    asked = ["evaluate", "m", "rows.csv", "--factors", "size,place", "--report", "r.html", "--json"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    numbers = {each["name"]: each for each in found["evaluation"]["measured"]}
    assert found["elbo"] == numbers["ELBO at beta = 1"]["value"]
    assert numbers["MIG"]["rows"] == 144
    assert found["evaluation"]["details"]["disentanglement"]["factors"] == {"size": 3, "place": 4}
    page = (here / "r.html").read_text()
    assert 'id="evaluation"' in page
    assert "could not be made" not in page
    assert main(["evaluate", "m", "rows.csv", "--factors", "factors.csv"]) == 0
    text = capsys.readouterr().out
    assert f"{numbers['MIG']['value']:.4g}" in text
    assert "sample quality: not asked for" in text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--factors", "size"], "there is no DATA"),
        (["rows.csv", "--factors", "sise"], "Did you mean 'size'"),
        (["rows.csv", "--factors", "a,size"], "the model has learnt from a"),
        (["rows.csv", "--importance-samples", "0"], "importance_samples is 0"),
    ],
)
def test_mistakes_in_evaluate_are_told_in_words(here, capsys, given, told):
    if not (here / "m").exists():
        assert main(["fit", "vae", *DATA, "--latent-dim", "2", "--epochs", "2", "--out", "m", "--no-report"]) == 0
        capsys.readouterr()
    assert main(["evaluate", "m", *given]) == 1
    err = capsys.readouterr().err
    assert told in err
    assert "defect" not in err
