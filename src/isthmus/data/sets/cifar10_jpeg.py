"""CIFAR-10 as JPEG, 10000 + 2000 colour pictures of 32 x 32 in 10 classes (only from ISTHMUS_DATA)."""

from dataclasses import replace

import numpy as np

from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.reading import read


def parts() -> Parts:
    """Train and test as published; compressed, so not comparable with numbers for the lossless original."""
    both = read(str(local(RemoteFile(path="cifar10_jpeg/cifar10_jpeg.zip"))))
    names = both.names or ()
    folders = np.array([name.split("/")[-3:-1] for name in names])  # "train", "airplane"
    both = replace(both, labels=folders[:, 1])
    return Parts(
        train=both.take(np.flatnonzero(folders[:, 0] == "train")),
        test=both.take(np.flatnonzero(folders[:, 0] == "test")),
    )
