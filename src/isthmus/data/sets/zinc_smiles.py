"""Molecules as SMILES, 24445 + 5000: valid and test of ZINC-250k, without its train (only from ISTHMUS_DATA)."""

from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.reading import read


def parts() -> Parts:
    """To train on: ZINC-250k's valid; to test on: its test (Jin et al. 2018)."""
    train = read(local(RemoteFile(path="zinc_smiles/zinc250k_valid.smi.xz")))
    return Parts(train=train, test=read(local(RemoteFile(path="zinc_smiles/zinc250k_test.smi.xz"))))
