"""Omniglot small 1, 2720 handwritten characters of 105 x 105, labelled by alphabet (only from ISTHMUS_DATA)."""

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.splitting import fixed_split


def parts() -> Parts:
    """A fixed split; pictures are 0 and 255."""
    held = np.load(local(RemoteFile(path="omniglot_small1/omniglot_small1.npz")), allow_pickle=False)
    width = int(held["shape"][2])
    images = np.unpackbits(held["imgs_packed"], axis=-1)[..., :width] * np.uint8(255)
    examples = Examples(values=images, kind="image", layout="HW", labels=held["alphabet"])
    return fixed_split(examples, by_label=True)
