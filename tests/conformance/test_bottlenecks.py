"""Every bottleneck acts on the last axis only, names its costs, and keeps its state to itself."""

import pytest
import torch
from examples import BATCH, LATENT, features, make, parts, view
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize("name", parts("bottlenecks"))
PRIOR = catalogue.make("priors", "standard_normal", {})


def run(bottleneck, given, seed=0):
    with RandomStream(seed):
        return bottleneck(given, view(), PRIOR)


@ALL
@pytest.mark.parametrize("grid", [(), (3,), (2, 3)])
def test_codes_are_channels_last_on_any_grid(name, grid):
    bottleneck = make("bottlenecks", name)
    code = run(bottleneck, features(bottleneck.in_dim, grid))
    assert code.z.shape == (BATCH, *grid, bottleneck.latent_dim)
    for cost in code.costs.values():
        assert cost.shape in ((BATCH,), ())
        assert bool(cost.isfinite().all())


@ALL
def test_positions_of_the_grid_do_not_see_each_other(name):
    bottleneck = make("bottlenecks", name).eval()
    given = features(bottleneck.in_dim, (6,))
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(
        bottleneck.mode(given, view()).z[:, order], bottleneck.mode(given[:, order], view()).z, atol=1e-6
    )


@ALL
def test_the_mode_is_deterministic_and_changes_no_state(name):
    bottleneck = make("bottlenecks", name)
    given = features(bottleneck.in_dim)
    before = {key: value.clone() for key, value in bottleneck.state_dict().items()}
    assert torch.equal(bottleneck.mode(given, view()).z, bottleneck.mode(given, view()).z)
    bottleneck.eval()
    run(bottleneck, given)
    assert all(torch.equal(before[key], value) for key, value in bottleneck.state_dict().items())


@ALL
def test_randomness_comes_from_the_current_stream(name):
    bottleneck = make("bottlenecks", name)
    given = features(bottleneck.in_dim)
    before = torch.random.get_rng_state()
    assert torch.equal(run(bottleneck.eval(), given, 1).z, run(bottleneck, given, 1).z)
    assert torch.equal(before, torch.random.get_rng_state())


@ALL
def test_gradients_reach_the_features_and_all_weights(name):
    bottleneck = make("bottlenecks", name).train()
    given = (2 * features(bottleneck.in_dim, count=64)).requires_grad_()
    with RandomStream(0):
        code = bottleneck(given, view(64), PRIOR)
    (code.z.square().sum() + sum(cost.sum() for cost in code.costs.values())).backward()
    assert bool(given.grad.isfinite().all())
    assert bool((given.grad != 0).any())
    for key, parameter in bottleneck.named_parameters():
        assert parameter.grad is not None, key
        assert bool((parameter.grad != 0).any()), key


@ALL
def test_a_posterior_is_a_distribution(name):
    bottleneck = make("bottlenecks", name).eval()
    posterior = run(bottleneck, features(bottleneck.in_dim)).posterior
    if posterior is None:
        pytest.skip("the code is not random")
    draws = torch.stack([posterior.at(torch.randn(LATENT)) for _ in range(4000)])
    assert torch.allclose(draws.mean(0), posterior.mean, atol=0.2)
    # the entropy by draws is that of a Gaussian with the draws' variance
    entropy = -torch.stack([posterior.log_prob(z) for z in draws]).mean(0)
    wanted = 0.5 * (2 * torch.pi * torch.e * draws.var(0)).log()
    assert torch.allclose(entropy, wanted, atol=0.1)


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("bottlenecks", name)
    given = features(part.in_dim)
    assert torch.equal(run(part, given).z, run(copy, given).z)


def test_top_k_keeps_exactly_the_k_largest():
    given = torch.tensor([[3.0, 1.0, 2.0, 2.0]])
    z = make("bottlenecks", "top_k").mode(given, view()).z
    assert (z != 0).sum() == 2
    assert z.max() == 3
    assert z.sum() == 5


def test_free_bits_stop_the_gradient_of_dimensions_that_carry_less():
    bottleneck = catalogue.make("bottlenecks", "gaussian", {"latent_dim": 1, "free_bits": 10.0}).train()
    given = features(2).requires_grad_()
    run(bottleneck, given).costs["kl"].sum().backward()
    assert not given.grad.any()
    assert torch.allclose(run(bottleneck, features(2)).costs["kl"], torch.tensor(10.0))
    assert not torch.allclose(run(bottleneck.eval(), features(2)).costs["kl"], torch.tensor(10.0))


def test_dead_units_are_counted_once_a_training_step_and_pulled_back():
    bottleneck = make("bottlenecks", "top_k").train()
    given = torch.tensor([[5.0, 4.0, -1.0, -2.0]]).repeat(BATCH, 1).requires_grad_()
    for _ in range(4):
        code = run(bottleneck, given)
    assert bottleneck.activity.idle.tolist() == [0, 0, 4, 4]
    code.costs["dead"].sum().backward()
    assert (given.grad[0, 2:] < 0).all()  # larger features would cost less
    assert not given.grad[0, :2].any()


def test_the_threshold_learns_through_its_kernel():
    """Equations 11 and 12 of the paper, by hand."""
    bottleneck = catalogue.make("bottlenecks", "threshold", {"latent_dim": 1, "threshold": 1.0, "bandwidth": 0.5})
    given = torch.tensor([[1.1], [0.9], [2.0], [0.0]])
    code = bottleneck(given, view(), None)
    code.costs["l0"].sum().backward()
    # two of four are within half a bandwidth: each gives -1 / 0.5, times d theta / d log theta = 1
    assert bottleneck.log_threshold.grad.item() == pytest.approx(-4.0)
    bottleneck.log_threshold.grad = None
    bottleneck(given, view(), None).z.sum().backward()
    assert bottleneck.log_threshold.grad.item() == pytest.approx(-4.0)  # times theta = 1


def test_kl_sparse_is_the_divergence_of_mean_activities():
    bottleneck = catalogue.make("bottlenecks", "kl_sparse", {"latent_dim": 1, "rho": 0.2}).eval()
    given = torch.logit(torch.tensor([[0.3], [0.5]]))
    mean = torch.tensor(0.4)
    wanted = 0.2 * torch.log(0.2 / mean) + 0.8 * torch.log(0.8 / (1 - mean))
    assert bottleneck(given, view(), None).costs["kl_sparse"].item() == pytest.approx(wanted.item(), rel=1e-5)
