"""Fashion-MNIST, 32 numbers, convolutional networks: test error per pixel, and seconds."""

from collections.abc import Sequence

import isthmus as im
from benchmarks.quality.fashion_mlp import measure
from benchmarks.result import Result


def run(seeds: Sequence[int]) -> Result:
    network = {"name": "conv", "channels": (32, 64)}
    return measure("fashion_conv", network, 0.0075, 600, seeds, im.Trainer(epochs=10))
