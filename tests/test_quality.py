"""What the README promises, measured anew: minutes of training."""

import os

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("ISTHMUS_DATA"), reason="ISTHMUS_DATA names no folder of data sets"),
]


@pytest.mark.parametrize(
    "name", ["digits", "digits_likelihood", "never_worse_than_pca", "fashion_mlp", "sparse_features"]
)
def test_the_target_is_met(name, monkeypatch):
    import importlib

    module = importlib.import_module(f"benchmarks.quality.{name}")
    assert module.run(range(3)).met  # targets are of means
