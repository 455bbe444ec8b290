"""Counts of 20670 genes in 2100 cells of mouse bladder, 16 types (Han et al. 2018; only from ISTHMUS_DATA)."""

import numpy as np
from scipy.sparse import csr_array

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.sources.sparse import dense
from isthmus.data.splitting import fixed_split

FILE = RemoteFile(
    path="mouse_bladder_2100/mouse_bladder_2100.npz",
    sha256="201b1bae341680e24f09af37fbbe3a375fb40924094a79bf1e7fff393f69638b",
)


def parts() -> Parts:
    """A fixed split; labels are the types by number, as scDeepCluster's authors give them (Tian et al. 2019)."""
    held = np.load(local(FILE), allow_pickle=False)
    counts = csr_array((held["data"], held["indices"], held["indptr"]), shape=tuple(held["shape"]))
    examples = Examples(
        values=dense(counts, mapped_too=False, origin="mouse-bladder"),
        kind="table",
        layout="rows",
        labels=held["label"].astype(np.int64),
    )
    return fixed_split(examples, by_label=True)
