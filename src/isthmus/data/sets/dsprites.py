"""dSprites, every 16th: 46080 binary pictures of 64 x 64, labelled by shape, with factors (only from ISTHMUS_DATA)."""

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.splitting import fixed_split


def parts() -> Parts:
    """A fixed split; pictures are 0 and 255, factors the numbers of their values, without the one colour."""
    held = np.load(local(RemoteFile(path="dsprites_sub/dsprites_downsampled.npz")), allow_pickle=False)
    images = held["imgs"] * np.uint8(255) if held["imgs"].max() <= 1 else held["imgs"]
    known = zip(map(str, held["latents_names"]), held["latents_classes"].T, strict=True)
    factors = {name: column for name, column in known if len(np.unique(column)) > 1}
    made = Examples(values=images, kind="image", layout="HW", labels=factors["shape"], factors=factors)
    return fixed_split(made, by_label=True)
