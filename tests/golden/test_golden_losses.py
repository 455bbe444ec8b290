"""Every model's losses on fixed data, as they were when somebody last looked: a change must be meant.

To accept new ones: python tests/golden/test_golden_losses.py
"""

import json
from pathlib import Path

import numpy as np
import pytest

import isthmus as im
from isthmus import catalogue

pytestmark = pytest.mark.filterwarnings("ignore::isthmus.errors.EmptyClustersWarning")  # of hardly trained models
FILE = Path(__file__).with_name("losses.json")
SMALL = {
    "stacked_ae": {"hidden": (8,), "pretrain_steps": 20},
    "categorical_vae": {"groups": 3, "classes": 4},
    "fsqvae": {"levels": (5, 3)},
    "cpc": {"nearest": 1, "farthest": 4},
    "vade": {"n_clusters": 3, "pretrain_steps": 20, "hold_steps": 20},
    "idec": {"n_clusters": 3, "pretrain_steps": 20},
    "cluster_vae": {"n_clusters": 3},
    "vqgan": {"network": {"name": "conv", "channels": (4, 4)}},
    "wae": {"scale": 10.0},  # of 16 rows the distance is mostly noise
}


def losses(name, precision="fp32"):
    """The training losses of the second of two epochs, nats per row by term."""
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 3, size=(96, 2))
    x = np.c_[t, np.sin(t), t[:, :1] * t[:, 1:]] + 0.05 * rng.normal(size=(96, 5))
    trainer = im.Trainer(epochs=2, batch_size=16, validation=0, compile=False, precision=precision, device="cpu")
    sizes = {"latent_dim": 2} if "latent_dim" in catalogue.parameters("models", name) else {}
    model = catalogue.find("models", name)(**sizes, trainer=trainer, random_state=0, **SMALL.get(name, {}))
    if model.pictures_only:
        x = (80 * np.abs(x[:, :1, None] * np.ones((1, 8, 8)) + np.linspace(0, 1, 8))).clip(0, 255).astype(np.uint8)
    texts = "text" in model.takes and "table" not in model.takes
    if "series" in model.takes and "table" not in model.takes:
        x = [np.resize(row, (8 + i % 9, 5)) + 0.1 * np.arange(8 + i % 9)[:, None] for i, row in enumerate(x)]
    elif texts:
        x = ["".join("abcd"[int(value)] for value in row.clip(0, 3)[: 1 + i % 5]) for i, row in enumerate(x)]
    model.fit(x, [text[::-1] for text in x] if texts and model.supervised else (t[:, 0] > 1.5).astype(int))
    return model.history_.epochs[-1]["training"]


@pytest.mark.parametrize("name", catalogue.names("models"))
def test_losses_are_what_they_were(name):
    known = json.loads(FILE.read_text())
    assert name in known, f"{name} has no golden losses yet: python {Path(__file__).name}"
    assert losses(name) == pytest.approx(known[name], rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("name", catalogue.names("models"))
def test_in_bf16_it_learns_as_well(name):
    for term, value in losses(name, "bf16").items():
        assert value == pytest.approx(json.loads(FILE.read_text())[name][term], rel=0.1, abs=0.05), term


if __name__ == "__main__":
    found = {name: losses(name) for name in catalogue.names("models")}
    FILE.write_text(json.dumps(found, indent=1) + "\n")
