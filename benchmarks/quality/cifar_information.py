"""CIFAR-10 as JPEG, 10 000 pictures: what a linear classifier makes of codes by Deep InfoMax, and by autoencoders."""

import statistics
from collections.abc import Sequence

from sklearn.base import clone

import isthmus as im
from benchmarks import cifar
from benchmarks.result import Result
from benchmarks.untrained import untrained

LATENT, GAIN = 64, 0.06
ENCODER = {"name": "conv", "channels": (32, 64, 128), "blocks": 0, "norm": "batch"}
TRAINER = im.Trainer(epochs=10, batch_size=128, learning_rate=2e-3, validation=0, compile=False)
INFO_MAX = im.DeepInfoMax(LATENT, network=ENCODER, trainer=TRAINER)
MODELS = {  # all with the same encoder, but for what the last autoencoder has beside it
    "autoencoder": im.AE(LATENT, network={**ENCODER, "linear_path": "none"}, trainer=TRAINER),
    "Deep InfoMax, InfoNCE": INFO_MAX,
    "untrained": untrained(INFO_MAX),
    "autoencoder, with a straight road from PCA": im.AE(LATENT, network=ENCODER, trainer=TRAINER),
    "Deep InfoMax, Jensen-Shannon": clone(INFO_MAX).set_params(bound="jensen_shannon"),
    "Deep InfoMax, Donsker-Varadhan": clone(INFO_MAX).set_params(bound="donsker_varadhan"),
}


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="cifar_information",
        target=f"linear probe of {LATENT} numbers by local Deep InfoMax (InfoNCE) at least {GAIN:.0%} above that of an "
        f"autoencoder with the same encoder that learns as long, with or without a straight road from PCA, in the mean",
        columns=cifar.COLUMNS,
    )
    _, found = cifar.rows(result, MODELS, LATENT, seeds)
    means = {name: statistics.fmean(linear for linear, _ in values) for name, values in found.items()}
    rival = max(value for name, value in means.items() if name.startswith("autoencoder"))
    result.met = means["Deep InfoMax, InfoNCE"] >= rival + GAIN
    result.note = f"Deep InfoMax is {means['Deep InfoMax, InfoNCE'] - rival:+.1%} from the better autoencoder."
    return result
