"""Items indexed and found again on the command line."""

import json

import numpy as np
import pandas
import pytest
from PIL import Image

import isthmus as im
from isthmus.cli import main

trainer = im.Trainer(epochs=1, compile=False)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Pictures in two folders, a table of vectors, and a model of each."""
    place = tmp_path_factory.mktemp("search")
    generator = np.random.default_rng(0)
    for name, grey in (("dark", 40), ("light", 200)):
        (place / "photos" / name).mkdir(parents=True)
        for i in range(6):
            picture = (grey + generator.integers(0, 30, (12, 10, 3))).astype(np.uint8)
            Image.fromarray(picture).save(place / "photos" / name / f"{i}.png")
    frame = pandas.DataFrame(generator.normal(size=(40, 4)), columns=list("abcd"))
    frame["kind"] = np.where(frame.a > 0, "up", "down")
    frame.to_csv(place / "table.csv", index=False)
    frame.drop(columns="kind").to_csv(place / "numbers.csv", index=False)
    pandas.DataFrame({"price": np.arange(40.0), "name": [f"n{i}" for i in range(40)]}).to_csv(
        place / "known.csv", index=False
    )
    im.AE(3, trainer=trainer).fit(str(place / "photos")).save(place / "faces")
    im.AE(2, trainer=trainer).fit(frame[list("abcd")]).save(place / "plant")
    im.AE(2, trainer=trainer, random_state=1).fit(frame[list("abcd")]).save(place / "other")
    return place


@pytest.fixture
def here(models, monkeypatch):
    monkeypatch.chdir(models)
    return models


def test_pictures_are_indexed_and_shown(here, tmp_path, capsys):
    (here / "photos" / "dark" / "broken.png").write_bytes(b"no picture")
    out = tmp_path / "index"
    assert main(["index", "faces", "photos", "--out", str(out), "--duplicates", "0"]) == 0
    told = capsys.readouterr()
    assert "12 items indexed" in told.out
    assert "0 items are near-duplicates" in told.out
    assert "dark/broken.png: is no picture" in told.err
    page = tmp_path / "hits.html"
    assert main(["search", str(out), "photos/light/3.png", "--k", "4", "--out", str(page)]) == 0
    assert "1  light/3.png  0" in capsys.readouterr().out
    text = page.read_text()
    assert text.count("<img") == 5
    assert "label light" in text
    assert main(["search", str(out), "--item", "dark/2.png", "-k", "3", "--where", "label=light", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["matching"] == 6
    assert set(found["hits"]["label"]) == {"light"}
    photos = here / "photos"
    photos.rename(here / "moved")
    try:  # pictures are then made from codes
        assert main(["search", str(out), "moved/light/3.png", "--out", str(page), "--force", "-k", "2"]) == 0
        assert page.read_text().count("<img") == 3
    finally:
        (here / "moved").rename(photos)


def test_rows_with_what_is_known_about_them(here, tmp_path, capsys):
    out, hits = str(tmp_path / "index"), str(tmp_path / "hits.csv")
    command = ["index", "plant", "numbers.csv", "--out", out, "--metadata", "known.csv", "--report"]
    assert main([*command, "--codes", "product", "--bits", "8", "--rerank", "30"]) == 0
    shown = capsys.readouterr().out
    assert "recall@10" in shown
    assert "40 items indexed" in shown
    asked = ["search", out, "numbers.csv", "--row", "3", "-k", "5", "--where", "price<20", "--where", "price>=3"]
    assert main([*asked, "--out", hits]) == 0
    assert "(of 17 items)" in capsys.readouterr().out
    found = pandas.read_csv(hits)
    assert list(found.columns) == ["query", "id", "rank", "item", "distance", "price", "name"]
    assert found["item"][0] == 3
    assert found["price"].between(3, 20, inclusive="left").all()
    assert found["distance"].is_monotonic_increasing
    assert main([*asked, "--out", str(tmp_path / "hits.html")]) == 0
    assert "<table>" in (tmp_path / "hits.html").read_text()
    assert main(["index", "plant", "numbers.csv", "--out", out, "--metadata", "known.csv", "--add"]) == 0
    assert "40 items added: 80 items indexed" in capsys.readouterr().out
    assert main(["search", out, "--item", "43", "-k", "2"]) == 0
    assert main(["index", "other", "numbers.csv", "--out", out, "--metadata", "known.csv", "--add"]) == 1
    assert "built with another model" in capsys.readouterr().err


def test_labels_and_vectors(here, tmp_path, capsys):
    out = str(tmp_path / "index")
    assert main(["index", "-", "table.csv", "--labels", "kind", "--out", out, "--codes", "binary", "--quiet"]) == 0
    assert main(["search", out, "numbers.csv", "--row", "0", "--where", "label=up", "-k", "3"]) == 0
    assert "label up" in capsys.readouterr().out
    assert main(["index", "-", "table.csv", "--labels", "kind", "--out", out, "--force", "--report"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["index", "plant", "numbers.csv", "--out", "made"], "holds an index: pass --add"),
        (["index", "plant", "numbers.csv", "--out", "photos"], "not an index; it is left alone"),
        (["index", "plant", "numbers.csv", "--out", "new", "--add"], "no index to add to"),
        (["index", "plant", "numbers.csv", "--out", "new", "--codes", "exakt"], "Did you mean 'exact'"),
        (["index", "plant", "nowhere.csv", "--out", "new"], "neither a file or folder"),
        (["index", "faces", "numbers.csv", "--out", "new"], "X"),
        (["index", "plant", "numbers.csv", "--out", "new", "--metadata", "photos"], "cannot be read as a table"),
        (["search", "made"], "expected QUERY"),
        (["search", "made", "numbers.csv", "--item", "3"], "expected QUERY"),
        (["search", "made", "photos/dark/1.png"], "expected (4,)"),
        (["search", "made", "numbers.csv", "--k", "41"], "k is 41, but the index holds 40 items"),
        (["search", "made", "numbers.csv", "--row", "40"], "has rows 0 to 39"),
        (["search", "made", "--item", "nobody"], "No item of the index is called 'nobody'"),
        (["search", "made", "numbers.csv", "--where", "label"], "COLUMN=VALUE"),
        (["search", "made", "numbers.csv", "--where", "label=1"], "nothing is known about the items"),
        (["search", "made", "numbers.csv", "--out", "hits.docx"], "ends in .csv, .parquet, .html"),
        (["search", "plant", "numbers.csv"], "not a saved index"),
    ],
)
def test_what_is_wrong_is_said(here, arguments, words, capsys):
    if not (here / "made").exists():
        assert main(["index", "plant", "numbers.csv", "--out", "made"]) == 0
    capsys.readouterr()
    assert main(arguments) in (1, 2)
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["index", "search"])
def test_help_has_an_example(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"isthmus {command}" in capsys.readouterr().out
