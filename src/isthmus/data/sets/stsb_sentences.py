"""Sentences of the English STS benchmark, 10536 + 2661 different ones, not paired (only from ISTHMUS_DATA)."""

from dataclasses import replace

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.reading import read


def parts() -> Parts:
    """Train as published; to test on, those of dev that are not in train. Each once, in the order of the pairs."""
    train = _sentences("stsb/stsb_en_train.csv.xz", known=[])
    return Parts(train=train, test=_sentences("stsb/stsb_en_dev.csv.xz", known=train.values))


def _sentences(path: str, known: np.ndarray | list[str]) -> Examples:
    first, second = (read(local(RemoteFile(path=path)), text=column) for column in ("sentence1", "sentence2"))
    pairs = np.stack([first.values, second.values], axis=1)
    unseen = dict.fromkeys(pairs.ravel())
    for sentence in known:
        unseen.pop(sentence, None)
    return replace(first, values=np.array(list(unseen), dtype=object))
