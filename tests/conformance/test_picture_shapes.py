"""Every model of pictures takes them in grey and in colour, of any of the usual sizes, with its own networks."""

import numpy as np
import pytest

import isthmus as im
from isthmus import catalogue

pytestmark = pytest.mark.filterwarnings("ignore::isthmus.errors.EmptyClustersWarning")  # of hardly trained models
MODELS = [
    name
    for name in catalogue.names("models")
    if "image" in catalogue.find("models", name).takes and name != "cpc"  # a picture is frames to it, its own suite's
]
ROWS, CLASSES = 24, 2
SMALL = {"members": 1, "neighbours": 5, "n_clusters": CLASSES, "pretrain_steps": 2, "hold_steps": 2}
SMALL |= {"perceptual": None}  # features are learnt in 300 steps, by a suite of their own
SHAPES = {
    "grey 28": (28, 28),
    "colour 32": (32, 32, 3),
    "colour 64": (64, 64, 3),
    "grey 96": (96, 96),
}
LARGE = ("colour 64", "grey 96")  # checked by `make test-slow`


def pictures(shape):
    """Of two kinds, in bytes, dark and bright ones with a gradient and some noise."""
    rng = np.random.default_rng(0)
    y = np.arange(ROWS) % CLASSES
    ramp = np.linspace(40, 120, shape[1]).reshape(1, 1, -1, *[1] * (len(shape) - 2))
    x = ramp + 60 * y.reshape(-1, *[1] * len(shape)) + rng.uniform(0, 40, size=(ROWS, *shape))
    return x.astype(np.uint8), y


@pytest.mark.parametrize(
    "shape",
    [pytest.param(SHAPES[told], id=told, marks=[pytest.mark.slow] if told in LARGE else []) for told in SHAPES],
)
@pytest.mark.parametrize("name", MODELS)
def test_pictures_go_in_and_come_out(name, shape, tmp_path):
    x, y = pictures(shape)
    kind, known = catalogue.find("models", name), catalogue.parameters("models", name)
    model = kind(
        trainer=im.Trainer(epochs=1, batch_size=12, validation=0, compile=False),
        **{key: value for key, value in SMALL.items() if key in known},
    ).fit(x, y)
    given = {"condition": y} if model.conditional else {}
    if kind.encodes:
        codes = model.transform(x, **given)
        assert len(codes) == ROWS
        assert np.isfinite(codes).all()
        model.save(tmp_path / "model")
        assert np.allclose(im.load(tmp_path / "model").transform(x, **given), codes, atol=1e-5)
    if kind.encodes and kind.decodes:
        again = model.inverse_transform(codes, **given)
        assert again.shape == x.shape
        assert np.isfinite(model.score_samples(x, **given)).all()
    if model.autoencoder_.prior is not None or not kind.encodes:
        drawn = model.sample(2, random_state=0, **({"condition": y[:2]} if model.conditional else {}))
        assert drawn.shape == (2, *shape)
