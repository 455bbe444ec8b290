"""Spoken digits, 2000 recordings by four speakers, as log-mel frames (Free Spoken Digit Dataset)."""

import itertools

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.log_mel import log_mel
from isthmus.data.series_values import checked_series

FILE = RemoteFile(path="fsdd/fsdd.npz", sha256="0254eb3639b8668a5af4e56fc1d6e34775908710803038fc3acb452b322de351")
TESTED = 5  # the first recordings of each digit by each speaker, as its publishers split it


def parts() -> Parts:
    """Labels are the digits; names are ``digit_speaker_number``, so that the speaker can be read off them."""
    held = np.load(local(FILE), allow_pickle=False)
    samples, ends, rate = held["samples"], held["offsets"], int(held["sample_rate"])
    frames = [log_mel(samples[begin:end], rate) for begin, end in itertools.pairwise(ends)]
    told = zip(held["digit"], held["speaker"], held["take"], strict=True)
    examples = Examples(
        values=checked_series(frames, told="spoken-digits"),
        kind="series",
        layout="frames",
        rate=rate,
        labels=held["digit"].astype(np.int64),
        names=tuple(f"{digit}_{speaker}_{take}" for digit, speaker, take in told),
    )
    test = held["take"] < TESTED
    return Parts(train=examples.take(np.flatnonzero(~test)), test=examples.take(np.flatnonzero(test)))
