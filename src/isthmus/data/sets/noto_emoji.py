"""Google's Noto emoji, 1688 colour pictures of 64 x 64 on white, with names (only from ISTHMUS_DATA)."""

from dataclasses import replace

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.splitting import fixed_split


def parts() -> Parts:
    """A fixed split; the names of the rows are the emoji's."""
    held = np.load(local(RemoteFile(path="noto_emoji/noto_emoji64.npz")), allow_pickle=False)
    examples = Examples(values=held["imgs"], kind="image", layout="HWC")
    return fixed_split(replace(examples, names=tuple(held["names"].tolist())), by_label=False)
