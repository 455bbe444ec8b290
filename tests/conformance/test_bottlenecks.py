"""Every bottleneck acts on the last axis only, names its costs, and keeps its state to itself."""

import copy

import pytest
import torch
from examples import BATCH, LATENT, features, make, parts, streamed, view
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.stations import DiscretePosterior
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
def test_an_example_does_not_depend_on_its_companions(name):
    bottleneck = make("bottlenecks", name).eval()
    given = features(bottleneck.in_dim, (3,))
    whole = bottleneck.mode(given, view()).z
    alone = torch.cat([bottleneck.mode(one[None], view(1)).z for one in given])
    assert torch.allclose(whole, alone, atol=1e-6)
    costs = run(bottleneck, given).costs
    others = run(bottleneck, torch.cat([given[:1], given[1:] + 1.0])).costs
    for word, cost in costs.items():
        assert cost.ndim == 0 or torch.allclose(cost[0], others[word][0], atol=1e-5), word


@ALL
def test_costs_are_summed_over_positions_and_units(name):
    """Nats of an example: the sum over its positions, as over those of one position by itself."""
    bottleneck = make("bottlenecks", name).eval()
    wake(bottleneck)
    given = features(bottleneck.in_dim, (3,))
    whole, again = run(bottleneck, given, 0).costs, run(bottleneck, given, 1).costs
    apart = [run(bottleneck, given[:, i]).costs for i in range(3)]
    for word, cost in whole.items():
        if cost.ndim == 1 and torch.equal(cost, again[word]):  # a cost by Monte Carlo is not compared
            assert torch.allclose(cost, sum(costs[word] for costs in apart), atol=1e-4), word
            assert bool((cost != 0).any()), word


def wake(bottleneck):
    """Count every unit as long idle, so that what pulls at dead ones has something to say."""
    for key, buffer in bottleneck.named_buffers():
        if key.endswith("idle"):
            buffer.fill_(1000.0)


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
@pytest.mark.parametrize("training", [True, False])
def test_randomness_comes_from_the_current_stream(name, training):
    given = torch.ones(BATCH, 3, make("bottlenecks", name).in_dim)  # all positions of all examples alike
    codes = streamed(lambda: make("bottlenecks", name).train(training)(given, view(), PRIOR).z, 1, 1, 2)
    assert torch.equal(codes[0], codes[1])
    if not torch.equal(codes[0], codes[2]):  # random: then each example draws for itself
        assert max(len(z.unique(dim=0)) for z in codes) > 1
    posterior = make("bottlenecks", name)(given, view(), PRIOR).posterior
    if posterior is not None:  # and each position: all differ, unless there are only so many codes
        several = BATCH * 3 if not isinstance(posterior, DiscretePosterior) else 2
        assert len(codes[0].flatten(0, 1).unique(dim=0)) >= several


@ALL
def test_only_a_code_with_a_posterior_is_random_when_judged(name):
    bottleneck = make("bottlenecks", name).eval()
    given = features(bottleneck.in_dim)
    one, other, best = run(bottleneck, given, 1), run(bottleneck, given, 2), bottleneck.mode(given, view())
    assert bottleneck.random == (one.posterior is not None)
    if bottleneck.in_dim == 0:
        pytest.skip("takes nothing: what it gives is the prior's")
    if one.posterior is None:
        assert torch.equal(one.z, other.z)
        assert torch.equal(one.z, best.z)
    else:
        assert not torch.equal(one.z, other.z)
        discrete = isinstance(best.posterior, DiscretePosterior)
        assert torch.equal(best.z, best.posterior.harden(best.posterior.logits) if discrete else best.posterior.mean)


@ALL
@pytest.mark.parametrize("training", [True, False])
def test_under_autocast_codes_and_state_stay_sound(name, training):
    """Features come as bfloat16 from a network under autocast; costs are judged in float32 all the same."""
    bottleneck = make("bottlenecks", name).train(training)
    wake(bottleneck)
    given = features(bottleneck.in_dim, (300,)).bfloat16().requires_grad_()
    if bottleneck.in_dim == 0:
        pytest.skip("takes nothing")
    with torch.autocast("cpu", torch.bfloat16):
        code = run(bottleneck, given)
    (code.z.float().square().sum() + sum(cost.sum() for cost in code.costs.values())).backward()
    assert bool(given.grad.isfinite().all())
    assert all(bool(value.isfinite().all()) for value in bottleneck.state_dict().values())
    assert {word: cost.dtype for word, cost in code.costs.items() if cost.dtype != torch.float32} == {}


@ALL
def test_gradients_reach_the_features_and_all_weights(name):
    bottleneck = make("bottlenecks", name).train()
    if bottleneck.in_dim == 0:
        pytest.skip("takes nothing")
    given = (2 * features(bottleneck.in_dim, count=64)).requires_grad_()
    with RandomStream(0):
        code = bottleneck(given, view(64), PRIOR)
    (code.z.square().sum() + sum(cost.sum() for cost in code.costs.values())).backward()
    assert bool(given.grad.isfinite().all())
    assert bool((given.grad != 0).any())
    for key, parameter in bottleneck.named_parameters():
        assert parameter.grad is not None, key
        assert bool(parameter.grad.isfinite().all()), key
        assert bool((parameter.grad != 0).any()), key


@ALL
def test_a_posterior_is_a_distribution(name):
    bottleneck = make("bottlenecks", name).eval()
    posterior = run(bottleneck, features(bottleneck.in_dim)).posterior
    if posterior is None or isinstance(posterior, DiscretePosterior):
        pytest.skip("the code is not random" if posterior is None else "see test_discrete_posteriors")
    if not isinstance(posterior, DiagonalGaussian):
        pytest.skip("see closed_form/test_posteriors.py")
    draws = torch.stack([posterior.at(torch.randn(LATENT)) for _ in range(4000)])
    assert torch.allclose(draws.mean(0), posterior.mean, atol=0.2)
    # the entropy by draws is that of a Gaussian with the draws' variance
    entropy = -torch.stack([posterior.log_prob(z) for z in draws]).mean(0)
    wanted = 0.5 * (2 * torch.pi * torch.e * draws.var(0)).log()
    assert torch.allclose(entropy, wanted, atol=0.1)


@ALL
@pytest.mark.parametrize("grid", [(), (3,), (2, 3)])
def test_symbols_stand_for_their_codes(name, grid):
    bottleneck = make("bottlenecks", name).eval()
    code = bottleneck.mode(features(bottleneck.in_dim, grid), view())
    if code.symbols is None:
        assert bottleneck.levels == ()
        with pytest.raises(ParameterError, match="not discrete"):
            bottleneck.look_up(torch.zeros(1, 1, dtype=torch.int64))
        return
    assert code.symbols.dtype == torch.int64
    assert code.symbols.shape == (BATCH, *grid, len(bottleneck.levels))
    assert bool((code.symbols >= 0).all())
    assert bool((code.symbols < torch.tensor(bottleneck.levels)).all())
    assert torch.allclose(bottleneck.look_up(code.symbols), code.z, atol=1e-6)
    drawn = run(bottleneck, features(bottleneck.in_dim, grid))
    assert torch.allclose(bottleneck.look_up(drawn.symbols), drawn.z, atol=1e-5)


@ALL
def test_a_discrete_code_has_its_exact_value_in_training_too(name):
    """The gradient may be anybody's guess; the value is the codebook's."""
    bottleneck = make("bottlenecks", name, **({"dropout": 0.0} if name == "residual_quantizer" else {})).train()
    given = features(bottleneck.in_dim, (3,)).requires_grad_()
    before = copy.deepcopy(bottleneck).eval()
    code = run(bottleneck, given)
    if code.symbols is not None:
        assert torch.allclose(before.look_up(code.symbols), code.z, atol=1e-5)


@ALL
def test_bfloat16_features_choose_as_float32_would(name):
    """Peers' bug: under autocast half of the codes could not be reached, and indices above 256 were rounded."""
    bottleneck = make("bottlenecks", name).eval()
    given = features(bottleneck.in_dim, (300,)).bfloat16()
    plain = bottleneck.mode(given.float(), view())
    with torch.autocast("cpu", torch.bfloat16):
        cast = bottleneck.mode(given, view())
    if plain.symbols is not None:
        assert torch.equal(plain.symbols, cast.symbols)
        assert cast.z.dtype == torch.float32


@ALL
def test_it_survives_json(name):
    part, again = rebuilt("bottlenecks", name)
    given = features(part.in_dim)
    one, other = run(part, given), run(again, given)
    assert torch.equal(one.z, other.z)
    assert {w: c.tolist() for w, c in one.costs.items()} == {w: c.tolist() for w, c in other.costs.items()}


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
    assert torch.allclose(run(bottleneck.eval(), features(2)).costs["kl"], torch.tensor(10.0))  # one goal for both


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


@pytest.mark.parametrize("momentum", [0.0, 0.75])
def test_kl_sparse_remembers_past_batches_and_learns_from_this_one(momentum):
    bottleneck = catalogue.make("bottlenecks", "kl_sparse", {"latent_dim": 1, "rho": 0.2, "momentum": momentum})
    given = torch.zeros(4, 1).requires_grad_()  # mean activity 0.5
    cost = bottleneck.train()(given, view(), None).costs["kl_sparse"]
    mean = torch.tensor(momentum * 0.2 + (1 - momentum) * 0.5).requires_grad_()
    wanted = 0.2 * torch.log(0.2 / mean) + 0.8 * torch.log(0.8 / (1 - mean))
    wanted.backward()
    cost.backward()
    assert bottleneck.running.item() == pytest.approx(mean.item())
    assert cost.item() == pytest.approx(wanted.item(), abs=1e-6)
    assert given.grad.sum().item() == pytest.approx(0.25 * mean.grad.item(), rel=1e-4)  # sigmoid's slope at 0


def test_codes_are_not_negative_where_features_are():
    given = torch.tensor([[-1.0, 2.0, -3.0, -4.0]])
    for name in ("l1", "top_k"):
        bottleneck = make("bottlenecks", name)
        assert bottleneck(given, view(1), None).z.tolist() == [[0, 2, 0, 0]]
        assert bottleneck.mode(given, view(1)).z.tolist() == [[0, 2, 0, 0]]
