"""Thinned counts are those of a shallower count."""

import numpy as np
import torch
from scipy import stats

from isthmus import catalogue
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream


def thinned(x, keep):
    with RandomStream(0):
        return catalogue.make("corruptions", "thinning", {"keep": keep})(Batch(x=x)).x


def test_what_is_left_is_binomial():
    left = thinned(torch.full((40_000, 1), 6.0), 0.3).numpy()
    found = np.bincount(left.astype(int).ravel(), minlength=7) / 40_000
    assert np.allclose(found, stats.binom.pmf(np.arange(7), 6, 0.3), atol=0.01)


def test_of_poissons_counts_poissons_are_left():
    x = torch.poisson(torch.full((40_000, 1), 5.0), generator=torch.Generator().manual_seed(1))
    left = thinned(x, 0.4).double()
    assert abs(left.mean().item() - 2) < 0.05
    assert abs(left.var().item() - 2) < 0.08
    assert abs(np.corrcoef(left[:, 0], (x - left)[:, 0])[0, 1]) < 0.02  # what is left tells nothing of what is not


def test_signs_and_parts_of_units_are_kept_or_lost():
    x = torch.tensor([[-3.0, 0.0, 0.25]]).expand(2000, 3)
    left = thinned(x, 0.5)
    assert set(left[:, 0].tolist()) == {-3.0, -2.0, -1.0, 0.0}
    assert set(left[:, 1].tolist()) == {0.0}
    assert set(left[:, 2].tolist()) == {0.0, 0.25}
