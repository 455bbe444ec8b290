"""MNIST, 60000 + 10000 handwritten digits of 28 x 28 grey pixels (LeCun et al. 1998)."""

import os
from pathlib import Path

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import FOLDER, Parts, RemoteFile, local
from isthmus.data.sources.idx_file import read_idx

SITE = "https://ossci-datasets.s3.amazonaws.com/mnist"
SHA256 = {  # of what the files hold
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def parts() -> Parts:
    """Train and test as published; also from ``mnist/mnist.npz`` as Keras has it."""
    archive = Path(os.environ.get(FOLDER, "")) / "mnist" / "mnist.npz"
    if archive.is_file():
        held = np.load(archive, allow_pickle=False)
        return Parts(train=_examples(held["x_train"], held["y_train"]), test=_examples(held["x_test"], held["y_test"]))
    return Parts(train=_part("train"), test=_part("t10k"))


def _part(name: str) -> Examples:
    return _examples(read_idx(_file(f"{name}-images-idx3-ubyte.gz")), read_idx(_file(f"{name}-labels-idx1-ubyte.gz")))


def _examples(images: np.ndarray, labels: np.ndarray) -> Examples:
    return Examples(values=images, kind="image", layout="HW", labels=labels)


def _file(name: str) -> Path:
    return local(RemoteFile(path=f"mnist/{name}", url=f"{SITE}/{name}", sha256=SHA256[name]))
