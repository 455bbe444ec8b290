"""Bounds of mutual information against what Gaussians have, which is known: -log(1 - r^2) / 2 for each pair."""

import math

import pytest
import torch
from torch import nn

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.mutual_information import BOUNDS, in_groups, information_bound
from isthmus.records import Batch, Code, Trace, View
from isthmus.training.random_stream import RandomStream

DIM = 4


def pairs(correlation, count, seed=0):
    """x, y ``[count, DIM]``, each pair of coordinates with that correlation."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, DIM, generator=generator)
    noise = torch.randn(count, DIM, generator=generator)
    return x, correlation * x + math.sqrt(1 - correlation**2) * noise


def information(correlation):
    return -DIM / 2 * math.log(1 - correlation**2)


def best_scores(x, y, correlation):
    """log p(y given x) - log p(y) of every pair, ``[n, n]``: no scores make a bound larger."""
    spread = 1 - correlation**2
    away = (y[None] - correlation * x[:, None]).square() / spread
    return 0.5 * (y.square()[None] - away).sum(-1) - DIM / 2 * math.log(spread)


def estimates(bound, correlation, shift=0.0, count=256, repeats=60):
    """The bound with the best scores, on fresh pairs: its mean and the standard error of that."""
    found = torch.stack(
        [
            information_bound(best_scores(*pairs(correlation, count, seed), correlation) + shift, bound).mean()
            for seed in range(repeats)
        ]
    )
    return found.mean().item(), found.std().item() / math.sqrt(repeats)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_the_best_scores_find_the_information_of_gaussians(correlation):
    for bound in ("info_nce", "donsker_varadhan"):
        mean, error = estimates(bound, correlation)
        assert mean == pytest.approx(information(correlation), abs=4 * error + 0.02)


def test_info_nce_stays_below_the_log_of_what_is_compared():
    """At a correlation of .99 there are 7.8 nats; among 64 rows at most log 64 = 4.16 can be told."""
    mean, _ = estimates("info_nce", 0.99, count=64)
    assert 3.8 < mean <= math.log(64)
    few, _ = estimates("info_nce", 0.99, count=16)
    assert few < mean


@pytest.mark.parametrize("bound", ["info_nce", "donsker_varadhan"])
def test_a_constant_added_to_all_scores_changes_nothing(bound):
    scores = best_scores(*pairs(0.6, 50), 0.6)
    moved = information_bound(scores + 7.0, bound)
    assert torch.allclose(moved, information_bound(scores, bound), atol=1e-4)


@pytest.mark.parametrize("bound", BOUNDS)
def test_the_best_scores_are_best(bound):
    """Scores that are twice or half as sharp, or moved (Jensen-Shannon), bound no better."""
    best, error = estimates(bound, 0.6)
    x_y = [pairs(0.6, 256, seed) for seed in range(60)]
    for worse in (0.5, 2.0):
        found = torch.stack([information_bound(worse * best_scores(x, y, 0.6), bound).mean() for x, y in x_y])
        assert found.mean().item() < best + 2 * error
    if bound == "jensen_shannon":
        assert estimates(bound, 0.6, shift=2.0)[0] < best


def test_jensen_shannon_is_its_formula_by_hand():
    scores = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    softplus = nn.functional.softplus
    wanted = [
        -softplus(torch.tensor(-1.0)) - softplus(torch.tensor(-2.0)),
        -softplus(torch.tensor(-3.0)) - softplus(torch.tensor(0.5)),
    ]
    assert torch.allclose(information_bound(scores, "jensen_shannon"), torch.stack(wanted))


@pytest.mark.parametrize("bound", BOUNDS)
def test_further_places_are_averaged(bound):
    scores = torch.randn(6, 6, 3, generator=torch.Generator().manual_seed(0))
    whole = information_bound(scores, bound)
    each = torch.stack([information_bound(scores[..., place], bound) for place in range(3)])
    assert whole.shape == (6,)
    assert torch.allclose(whole.mean(), each.mean(), atol=1e-5)


def test_groups_share_out_all_rows_evenly():
    for count in range(2, 60):
        groups = in_groups(count, 8)
        rows = [row for group in groups for row in range(count)[group]]
        assert rows == list(range(count))
        sizes = [len(range(count)[group]) for group in groups]
        assert 2 <= min(sizes) <= max(sizes) <= min(8, min(sizes) + 1)
    assert in_groups(5, 2) == [slice(0, 2), slice(2, 5)]


@pytest.mark.parametrize("bound", BOUNDS)
def test_one_row_alone_tells_nothing(bound):
    scores = torch.ones(1, 1, 3, requires_grad=True)
    assert information_bound(scores, bound).tolist() == [0.0]
    assert torch.autograd.grad(information_bound(scores, bound).sum(), scores)[0].eq(0).all()


def test_an_unknown_bound_is_named():
    with pytest.raises(ParameterError, match="No bound is called 'info_nse'. Did you mean 'info_nce'"):
        information_bound(torch.eye(3), "info_nse")


@pytest.mark.parametrize("bound", ["info_nce", "donsker_varadhan"])
def test_the_term_learns_the_information_between_code_and_features(bound):
    """Perceptrons that are trained on fresh pairs come near to what there is, and not above it."""
    with RandomStream(0):
        term = catalogue.make(
            "terms", "info_max", {"name": "local", "latent_dim": DIM, "features_dim": DIM, "bound": bound, "width": 32}
        )

    def cost(seed, count):
        x, y = pairs(0.8, count, seed)
        trace = Trace(batch=Batch(x=x), view=View(x=x), features=x, code=Code(z=x), maps=(y[..., None],))
        return term(trace, {}).mean()

    optimiser = torch.optim.Adam(term.parameters(), lr=3e-3)
    for step in range(400):
        optimiser.zero_grad()
        cost(1000 + step, 128).backward()
        optimiser.step()
    with torch.no_grad():
        found = torch.stack([-cost(seed, 1024) for seed in range(20)])
    assert 0.75 * information(0.8) < found.mean().item() < information(0.8) + 0.1
