"""Handwritten digits, 1797 rows of 8 x 8 pixels with 17 levels, 10 classes (comes with scikit-learn)."""

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts
from isthmus.data.splitting import fixed_split


def parts() -> Parts:
    """Train and test, a fixed split."""
    from sklearn.datasets import load_digits

    found = load_digits()
    examples = Examples(
        values=found.data,
        kind="table",
        layout="rows",
        columns=tuple(str(name) for name in found.feature_names),
        labels=found.target,
    )
    return fixed_split(examples, by_label=True)
