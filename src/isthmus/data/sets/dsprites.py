"""dSprites, every 16th: 46080 binary pictures of 64 x 64, labelled by shape (only from ISTHMUS_DATA)."""

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.splitting import fixed_split


def parts() -> Parts:
    """A fixed split; pictures are 0 and 255."""
    held = np.load(local(RemoteFile(path="dsprites_sub/dsprites_downsampled.npz")), allow_pickle=False)
    images = held["imgs"] * np.uint8(255) if held["imgs"].max() <= 1 else held["imgs"]
    shape = held["latents_classes"][:, list(held["latents_names"]).index("shape")]
    return fixed_split(Examples(values=images, kind="image", layout="HW", labels=shape), by_label=True)
