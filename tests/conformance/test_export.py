"""Every model's graphs say what the model says, for 1, 7 and 1000 rows: all of them, most with the slow ones."""

import warnings

import numpy as np
import pytest

import isthmus as im
from isthmus import catalogue
from isthmus.export.agreement import BATCHES, TOLERANCE
from isthmus.export.folder import to_onnx

NAMES = catalogue.names("models")
FEW = {"vae", "vqvae"}  # the fast ones of this suite; tests/export has other kinds of data
SMALL = {"latent_dim": 2, "levels": (5, 5), "classes": 2, "hidden": (16, 8), "pretrain_steps": 3, "members": 2}
SMALL |= {"hold_steps": 3, "condition_dropout": 0.1, "tokeniser": "characters"}
TEXTS = ["anna", "hanna", "hannah", "susanna", "johanna", "bo"] * 8


def quick():
    return im.Trainer(epochs=2, validation=0, compile=False)


def fitted(name):
    """A tiny model, and rows to check it with, and what to tell it."""
    kind, known = catalogue.find("models", name), catalogue.parameters("models", name)
    small = {key: value for key, value in SMALL.items() if key in known}
    small |= {"groups": 1} if {"classes", "groups"} <= set(known) else {}
    rng = np.random.default_rng(0)
    if kind.takes == ("text",):
        model = kind(**small, network={"width": 8}, trainer=quick())
        return (model.fit(TEXTS, TEXTS[::-1]) if kind.supervised else model.fit(TEXTS)), TEXTS, None
    if "table" not in kind.takes:
        waves = [np.sin(np.arange(count) / 3)[:, None] * [1, 2] for count in range(20, 50)]
        return kind(4, local_dim=2, network={"width": 8}, trainer=quick()).fit(waves), waves, None
    if kind.pictures_only:
        rows = rng.integers(0, 255, size=(40, 16, 16, 3), dtype=np.uint8)
        return kind(**small, trainer=quick()).fit(rows), rows, None
    rows = rng.normal(size=(60, 5))
    y = (rows[:, 0] > 0).astype(int)
    model = kind(**small, trainer=quick()).fit(rows, y)
    return model, rows, y if kind.conditional else None


CASES = [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


@pytest.mark.parametrize("name", CASES)
def test_the_graphs_are_the_model(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what tiny models warn of when they are fitted
        model, rows, condition = fitted(name)
    found = to_onnx(model, tmp_path / "graphs", rows, condition).description
    there = {"encode": model.encodes, "decode": model.decodes}
    there["reconstruct"] = (model.encodes and model.decodes) or hasattr(model, "reconstruct")
    assert set(found.graphs) == {graph for graph, is_there in there.items() if is_there}
    for graph_name, graph in found.graphs.items():
        print(name, graph_name, f"{graph.largest_difference:.1e} of {graph.scale:.4g}", graph.ties)  # with pytest -s
        assert graph.batches == BATCHES == (1, 7, 1000)
        assert graph.largest_difference <= TOLERANCE * graph.scale
        assert graph.ties <= 1
