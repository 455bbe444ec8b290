"""Every critic: learns to tell real from made, and lets its verdict's gradient through to the makers."""

from dataclasses import replace

import pytest
import torch
from examples import LATENT, cases, features, make, pictures, streamed, view
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.spectral_norm import SpectralNorm
from isthmus.records import Batch, Code, Trace
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize(("name", "changed"), cases("critics"))
HELD = ("rebuilt", "drawn", "generated")


def trace(critic, count=32, shift=0.0):
    """Real x and draws are as they are; what is made is ``shift`` off. The condition can be told from the code."""
    z = features(LATENT, count=count, seed=3) + shift
    whole = Trace(
        batch=Batch(x=pictures(count), condition=torch.eye(2)[(z.sum(1) > LATENT * shift).long()]),
        view=view(count),
        features=z,
        code=Code(z=z, parts={"style": slice(0, LATENT)}),
        rebuilt=pictures(count, seed=1) + shift,
        drawn=features(LATENT, count=count, seed=4),
        generated=pictures(count, seed=2) + shift,
    )
    return replace(whole, **{name: None for name in HELD if name not in critic.wants})


@ALL
def test_it_asks_for_what_a_trace_can_hold(name, changed):
    assert make("critics", name, **changed).wants <= set(HELD)


@ALL
def test_a_loss_for_all_and_a_verdict_for_each(name, changed):
    critic = make("critics", name, **changed)
    given = trace(critic)
    with RandomStream(0):
        loss = critic.loss(given.detached())
    assert loss.shape == ()
    assert bool(loss.isfinite())
    assert critic.verdict(given).shape == (32,)


@ALL
def test_it_learns_to_tell_what_is_made(name, changed):
    critic = make("critics", name, **changed).train()
    given = trace(critic, shift=0.7)
    before = critic.verdict(given).mean().item()
    optimiser = torch.optim.Adam(critic.parameters(), lr=3e-3)
    with RandomStream(0):
        first = critic.loss(given.detached()).item()
        for _ in range(120):
            optimiser.zero_grad()
            loss = critic.loss(given.detached())
            loss.backward()
            optimiser.step()
    assert loss.item() < first
    assert critic.verdict(given).mean().item() > before + 0.05  # it costs to be told apart


@ALL
def test_its_verdict_reaches_those_who_made_it_and_its_loss_does_not(name, changed):
    critic = make("critics", name, **changed)
    given = trace(critic)
    made = {"z": given.code.z.requires_grad_()}
    made |= {word: getattr(given, word).requires_grad_() for word in ("rebuilt", "generated") if word in critic.wants}
    critic.verdict(given).sum().backward()
    reached = [word for word, values in made.items() if values.grad is not None and bool((values.grad != 0).any())]
    judged = [word for word in made if word in critic.wants] or ["z"]
    assert set(judged) <= set(reached)
    for values in made.values():
        values.grad = None
    with RandomStream(0):
        critic.loss(given.detached()).backward()
    assert all(values.grad is None for values in made.values())
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in critic.parameters())


@ALL
def test_bfloat16_is_judged_in_float32(name, changed):
    critic = make("critics", name, **changed)
    with torch.autocast("cpu", torch.bfloat16), RandomStream(0):
        assert critic.loss(trace(critic).detached()).dtype == torch.float32
        assert critic.verdict(trace(critic)).dtype == torch.float32


@ALL
@pytest.mark.parametrize("wrong", [{"penalty": -1.0}, {"repeats": 0}, {"game": "chess"}])
def test_what_makes_no_sense_is_refused(name, changed, wrong):
    if not set(wrong) <= set(catalogue.parameters("critics", name)):
        pytest.skip("plays no such game")
    with pytest.raises(ParameterError, match=f"{next(iter(wrong))} is"):
        make("critics", name, **{**changed, **wrong})


@ALL
def test_a_penalty_adds_to_the_loss(name, changed):
    if "penalty" not in catalogue.parameters("critics", name):
        pytest.skip("has no penalty")
    plain = make("critics", name, **{**changed, "penalty": 0.0})
    dear = make("critics", name, **{**changed, "penalty": 100.0})
    assert plain.state_dict().keys() == dear.state_dict().keys()
    dear.load_state_dict(plain.state_dict())
    one, other = (
        streamed(lambda: plain.loss(trace(plain).detached()), 0),
        streamed(lambda: dear.loss(trace(dear).detached()), 0),
    )
    assert other[0] > one[0]


@pytest.mark.parametrize("name", ["dense", "patch"])
def test_a_normed_critic_is_bounded_whatever_its_weights(name):
    """To the last layer: with it free, the head grew a thousandfold and the slope with it."""
    critic = make("critics", name, spectral=True)
    with torch.no_grad():
        for layer in critic.network:
            if isinstance(layer, SpectralNorm):
                layer.layer.weight.mul_(1000)
        for _ in range(50):  # the power iteration finds the new norms
            critic.network(pictures())
    x = pictures().requires_grad_()
    scores = critic.network(x)
    (slope,) = torch.autograd.grad(scores.flatten(1).mean(1).sum(), x)
    assert slope.flatten(1).norm(dim=1).max() < 4  # as a matrix; a strided convolution sums several of its outputs
    assert not [part for part in critic.network if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)]


@ALL
def test_it_survives_json(name, changed):
    part, again = rebuilt("critics", name, changed)
    assert torch.equal(part.verdict(trace(part)), again.verdict(trace(again)))
