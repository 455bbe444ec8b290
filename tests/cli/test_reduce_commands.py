"""isthmus reduce: a map, what is said of it, and what is refused."""

import csv
import json

import numpy as np
import pytest

import isthmus as im
from isthmus.cli.application import main


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    generator = np.random.default_rng(0)
    y = np.repeat([0, 1], 20)
    place = tmp_path_factory.mktemp("reduce") / "rows.csv"
    rows = np.c_[5 * y[:, None] + generator.normal(size=(40, 4)), y]
    np.savetxt(place, rows, delimiter=",", header="a,b,c,d,kind", comments="", fmt="%.5g")
    return place


@pytest.fixture(scope="module")
def made(table):
    folder = table.parent
    given = [str(table), "--labels", "kind", "--neighbours", "5", "--out", str(folder / "map.csv")]
    more = ["--save", str(folder / "model"), "--report", str(folder / "map.html"), "--quiet"]
    assert main(["reduce", *given, *more]) == 0
    return folder


def test_a_map_a_model_and_a_page(made, table, capsys):
    with (made / "map.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["label", "z0", "z1"]
    assert len(rows) == 41
    places = np.array([row[1:] for row in rows[1:]], dtype=float)
    model = im.load(made / "model")
    assert np.allclose(model.transform(np.loadtxt(table, delimiter=",", skiprows=1)[:, :4]), places, atol=1e-4)
    page = (made / "map.html").read_text()
    for told in ("Maps beside each other", "t-SNE", "trustworthiness", "Reducer"):
        assert told in page
    assert "could not be made" not in page


def test_a_saved_model_places_rows_and_the_scores_come_as_json(made, table, capsys):
    given = [str(table), "--labels", "kind", "--model", str(made / "model"), "--out", str(made / "again.csv")]
    assert main(["reduce", *given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["embeddings"][0]["name"] == "Reducer"
    assert told["embeddings"][0]["knn"] > 0.9
    assert (made / "again.csv").read_text() == (made / "map.csv").read_text()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--dims", "0"], "--dims is 0"),
        (["--neighbours", "99"], "X has 40 samples"),
        (["--out", "map.txt"], "expected a file that ends in"),
        (["--model", "nowhere"], "nowhere"),
    ],
)
def test_mistakes_are_told_in_words(table, tmp_path, monkeypatch, capsys, given, told):
    monkeypatch.chdir(tmp_path)
    words = ["reduce", str(table), "--out", "new.csv", "--quiet", *given]
    assert main(words) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "new.csv").exists()
