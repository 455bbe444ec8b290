"""CIFAR-10 as JPEG, 10 000 pictures: what a linear classifier makes of codes by Deep InfoMax, and by autoencoders."""

import statistics
import time
from collections.abc import Sequence

from sklearn.decomposition import PCA

import isthmus as im
from benchmarks.quality.cifar_masked import probes
from benchmarks.quality.result import Result, mean_sd
from isthmus.data import load

LATENT, GAIN = 64, 0.06
ENCODER = {"name": "conv", "channels": (32, 64, 128), "blocks": 0, "norm": "batch"}
EPOCHS, BATCH, RATE = 10, 128, 2e-3
MODELS = {  # all with the same encoder, but for what the last autoencoder has beside it
    "autoencoder": im.AE(LATENT, network={**ENCODER, "linear_path": "none"}),
    "Deep InfoMax, InfoNCE": im.DeepInfoMax(LATENT, network=ENCODER),
    "untrained": im.DeepInfoMax(LATENT, network=ENCODER),
    "autoencoder, with a straight road from PCA": im.AE(LATENT, network=ENCODER),
    "Deep InfoMax, Jensen-Shannon": im.DeepInfoMax(LATENT, network=ENCODER, bound="jensen_shannon"),
    "Deep InfoMax, Donsker-Varadhan": im.DeepInfoMax(LATENT, network=ENCODER, bound="donsker_varadhan"),
}


def run(seeds: Sequence[int]) -> Result:
    """Probes by logistic regression and by 20 neighbours, of 2000 pictures that nobody has seen."""
    train, test = load("cifar10-jpeg", "train"), load("cifar10-jpeg", "test")
    result = Result(
        name="cifar_information",
        target=f"linear probe of {LATENT} numbers by local Deep InfoMax (InfoNCE) at least {GAIN:.0%} above that of an "
        f"autoencoder with the same encoder that learns as long, with or without a straight road from PCA, in the mean",
        columns=["codes", "linear probe", "20 neighbours", "CPU seconds"],
    )
    pixels = [part.values.reshape(len(part), -1) / 255.0 for part in (train, test)]
    axes = PCA(LATENT, random_state=0).fit(pixels[0])
    result.add(f"PCA of pixels, {LATENT} numbers", *probes(*map(axes.transform, pixels), train.labels, test.labels), "")
    found: dict[str, list[float]] = {}
    for name, model in MODELS.items():
        values, times = [], []
        epochs, rate = (1, 1e-12) if name == "untrained" else (EPOCHS, RATE)
        for seed in seeds:
            began = time.process_time()
            trainer = im.Trainer(epochs=epochs, batch_size=BATCH, learning_rate=rate, validation=0, compile=False)
            model.set_params(trainer=trainer, random_state=seed).fit(train)
            times.append(time.process_time() - began)
            values.append(probes(model.transform(train), model.transform(test), train.labels, test.labels))
            print(name, seed, *values[-1], f"{times[-1]:.0f} s", flush=True)
        linear, near = zip(*values, strict=True)
        found[name] = list(linear)
        result.add(name, mean_sd(linear), mean_sd(near), mean_sd(times))
    means = {name: statistics.fmean(values) for name, values in found.items()}
    rival = max(value for name, value in means.items() if name.startswith("autoencoder"))
    result.met = means["Deep InfoMax, InfoNCE"] >= rival + GAIN
    result.note = f"Deep InfoMax is {means['Deep InfoMax, InfoNCE'] - rival:+.1%} from the better autoencoder."
    return result
