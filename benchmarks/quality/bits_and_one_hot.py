"""MNIST, 10 bits against one of 1024: which code rebuilds digits of classes that it has never seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import isthmus as im
from benchmarks.result import Result
from isthmus.data import load
from isthmus.data.examples import Examples
from isthmus.report.figures import figure, show_picture

UNSEEN = ((4, 7), (3, 8), (2, 9))  # by seed
BITS, EPOCHS = 10, 20
ESTIMATORS = {
    "straight_through": "straight_through",
    "gumbel_softmax, hard": {"name": "gumbel_softmax", "draw_as": "hard"},
    "gumbel_softmax, soft": {"name": "gumbel_softmax", "draw_as": "soft"},
}
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "bits_and_one_hot.png"


def run(seeds: Sequence[int]) -> Result:
    """Both have the same networks (784-512 and 512-784) and tell 1024 codes apart; test pictures of both kinds."""
    result = Result(
        name="bits_and_one_hot",
        target="bits rebuild unseen classes better, every seed and estimator, with a hundredth of the weights",
        columns=["seed", "unseen classes", "estimator", "code", "weights at the code", "MSE, unseen", "MSE, seen"],
    )
    train, test = load("mnist", "train"), load("mnist", "test")
    better = []
    for seed in seeds:
        unseen = UNSEEN[seed % len(UNSEEN)]
        seen_rows = train.take(np.flatnonzero(~np.isin(train.labels, unseen)))
        new = test.take(np.flatnonzero(np.isin(test.labels, unseen)))
        old = test.take(np.flatnonzero(~np.isin(test.labels, unseen)))
        for estimator, given in ESTIMATORS.items():
            shown, errors, weights = [], [], []
            for model in models(seed, given):
                model.fit(seen_rows)
                errors.append(error(model, new))
                weights.append(2 * 512 * model.autoencoder_.bottleneck.latent_dim)
                shown.append(model.reconstruct(new.take(range(24))))
                name = f"{BITS} bits" if isinstance(model, im.BernoulliVAE) else f"one of {2**BITS}"
                pair = f"{unseen[0]} and {unseen[1]}"
                result.add(seed, pair, estimator, name, weights[-1], errors[-1], error(model, old))
            better.append(errors[0] < errors[1] and weights[1] >= 100 * weights[0])
            if seed == 0 and estimator == "straight_through":
                draw(new, shown)
    result.met = all(better)
    return result


def models(seed: int, estimator: object) -> tuple[im.Estimator, im.Estimator]:
    common = {
        "estimator": estimator,
        "network": {"name": "mlp", "hidden": (512,)},
        "likelihood": "gaussian",
        "trainer": im.Trainer(epochs=EPOCHS, validation=0),
        "random_state": seed,
    }
    return im.BernoulliVAE(BITS, **common), im.CategoricalVAE(1, 2**BITS, **common)


def error(model: im.Estimator, rows: Examples) -> float:
    """Per pixel, pixels in [0, 1]."""
    return float(np.square((model.reconstruct(rows) - rows.values) / 255.0).mean())


def draw(rows: Examples, shown: Sequence[np.ndarray]) -> None:
    """The pictures, and what each code makes of them."""
    made = figure(12, 1.9)
    for line, values in enumerate([rows.values[:24], *shown]):
        for i, picture in enumerate(values):
            axes = made.add_subplot(3, 24, line * 24 + i + 1)
            axes.set_axis_off()
            show_picture(axes, np.clip(picture / 255.0, 0, 1))
    PICTURE.parent.mkdir(exist_ok=True)
    made.savefig(PICTURE)
