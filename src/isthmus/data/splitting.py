"""A fixed split for sets that their publishers did not split."""

from __future__ import annotations

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts

TEST_SHARE = 0.3


def fixed_split(examples: Examples, *, by_label: bool) -> Parts:
    """30 % for testing, the same rows always; ``by_label``: the same share of each class.

    >>> examples = Examples(values=np.zeros((10, 1)), kind="table", layout="rows")
    >>> parts = fixed_split(examples, by_label=False)
    >>> len(parts.train), len(parts.test)
    (7, 3)
    """
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(examples))
    strata = examples.labels if by_label else None
    train, test = train_test_split(rows, test_size=TEST_SHARE, random_state=0, stratify=strata)
    return Parts(train=examples.take(np.sort(train)), test=examples.take(np.sort(test)))
