"""Counts of 765 genes in 700 human blood cells, 10 types (Zheng et al. 2017, as in scanpy; only from ISTHMUS_DATA)."""

import numpy as np
from scipy.sparse import csr_array

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.sources.sparse import dense
from isthmus.data.splitting import fixed_split

FILE = RemoteFile(
    path="pbmc68k_reduced/pbmc68k_reduced.npz",
    sha256="6e461d385dab9a7666310259a1b67cb3643bf53a426ad2260001969680c83759",
)


def parts() -> Parts:
    """A fixed split; columns are genes, names are cells' barcodes, labels their types by the nearest sorted cells."""
    held = np.load(local(FILE), allow_pickle=False)
    given = (held["counts_data"], held["counts_indices"], held["counts_indptr"])
    examples = Examples(
        values=dense(csr_array(given, shape=tuple(held["shape"])), mapped_too=False, origin="pbmc68k-reduced"),
        kind="table",
        layout="rows",
        columns=tuple(map(str, held["genes"])),
        labels=held["bulk_labels"],
        names=tuple(map(str, held["cells"])),
    )
    return fixed_split(examples, by_label=True)
