"""Fashion-MNIST, 60000 + 10000 grey pictures of 28 x 28 in 10 classes (Xiao et al. 2017)."""

from pathlib import Path

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.sources.idx_file import read_idx

SITE = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
SHA256 = {
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
}


def parts() -> Parts:
    """Train and test as published."""
    return Parts(train=_part("train"), test=_part("t10k"))


def _part(name: str) -> Examples:
    images = read_idx(_file(f"{name}-images-idx3-ubyte.gz"))
    labels = read_idx(_file(f"{name}-labels-idx1-ubyte.gz"))
    return Examples(values=images, kind="image", layout="HW", labels=labels)


def _file(name: str) -> Path:
    return local(RemoteFile(path=f"fashion_mnist/{name}", url=f"{SITE}/{name}", sha256=SHA256[name]))
