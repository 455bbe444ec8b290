"""Chemical analyses of 178 wines, 13 columns, 3 classes (comes with scikit-learn)."""

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts
from isthmus.data.splitting import fixed_split


def parts() -> Parts:
    """Train and test, a fixed split."""
    from sklearn.datasets import load_wine

    found = load_wine()
    examples = Examples(
        values=found.data,
        kind="table",
        layout="rows",
        columns=tuple(str(name) for name in found.feature_names),
        labels=found.target,
    )
    return fixed_split(examples, by_label=True)
