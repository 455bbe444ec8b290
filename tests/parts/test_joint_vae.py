"""A code of a choice and numbers: what each costs, by hand; capacities; what is found without labels."""

import math

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.bottlenecks.joint import Joint
from isthmus.errors import ParameterError
from isthmus.priors.class_and_style import ClassAndStyle
from isthmus.records import View
from isthmus.training.random_stream import RandomStream

CLASSES, DIM = 4, 3


def features(count=50, seed=0):
    return torch.randn(count, 2 * DIM + CLASSES, generator=torch.Generator().manual_seed(seed))


def coded(given, training):
    with RandomStream(0):
        return Joint(CLASSES, DIM).train(training)(given, View(x=given), ClassAndStyle(CLASSES))


@pytest.mark.parametrize("training", [True, False])
def test_each_part_costs_its_exact_divergence(training):
    given = features()
    scores, mean, raw = given.split([CLASSES, DIM, DIM], dim=1)
    code = coded(given, training)
    normal = torch.distributions.Normal(mean, (0.5 * 10 * torch.tanh(raw / 10)).exp())
    close = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(code.costs["continuous.kl"], close, atol=0.05)
    choice = torch.distributions.Categorical(logits=scores)
    assert torch.allclose(code.costs["discrete.kl"], math.log(CLASSES) - choice.entropy(), atol=1e-4)
    assert torch.allclose(code.costs["kl"], code.costs["discrete.kl"] + code.costs["continuous.kl"], atol=1e-4)


def test_a_choice_is_soft_while_training_and_hard_after():
    soft, hard = (coded(features(), training).z[:, :CLASSES] for training in (True, False))
    assert torch.allclose(soft.sum(1), torch.ones(50), atol=1e-5)
    assert bool(((soft > 0.01) & (soft < 0.99)).any())
    assert set(hard.flatten().tolist()) == {0.0, 1.0}


def test_colder_choices_are_harder_and_as_likely():
    given = features(1).expand(5000, -1)
    for temperature in (0.05, 2.0):
        with RandomStream(1):
            z = Joint(CLASSES, DIM, temperature)(given, View(x=given), None).z[:, :CLASSES]
        chosen = torch.nn.functional.one_hot(z.argmax(1), CLASSES).float().mean(0)
        assert torch.allclose(chosen, given[0, :CLASSES].softmax(0), atol=0.03)
        assert (z.max(1).values.mean() > 0.95) == (temperature < 1)


def test_the_choice_gets_a_gradient_through_its_draw():
    given = features().requires_grad_()
    coded(given, training=True).z[:, 0].sum().backward()
    assert bool((given.grad[:, :CLASSES] != 0).any())


@pytest.fixture(scope="module")
def clouds():
    """Three clusters apart, each along a line."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 3
    t = rng.normal(size=240)
    x = np.c_[4 * np.cos(2 * y), 4 * np.sin(2 * y), t, 0.5 * t] + 0.1 * rng.normal(size=(240, 4))
    return x, y


@pytest.fixture(scope="module")
def model(clouds):
    trainer = im.Trainer(epochs=50, batch_size=40, learning_rate=3e-3, validation=0, compile=False)
    return im.JointVAE(1, classes=3, capacity=2.0, steps=150, trainer=trainer).fit(clouds[0])


def test_costs_are_held_at_their_capacities(model, clouds):
    x, _ = clouds
    batch = next(model._batches(model._examples(x)))
    with RandomStream(0), torch.no_grad():
        costs = model.autoencoder_(batch).code.costs
    assert costs["continuous.kl"].mean().item() == pytest.approx(2.0, abs=0.3)
    assert costs["discrete.kl"].mean().item() == pytest.approx(math.log(3), abs=0.15)


def test_clusters_are_found_and_can_be_swapped(model, clouds):
    x, y = clouds
    found = model.transform(x)[:, :3].argmax(1)
    purity = sum(np.bincount(y[found == each]).max() for each in set(found.tolist())) / len(y)
    assert purity > 0.95
    swapped = model.swap(x[:30], x[1], part="discrete")
    assert (model.transform(swapped)[:, :3].argmax(1) == found[1]).mean() > 0.9


def test_scores_are_bounds_and_it_comes_back_from_disk(model, clouds, tmp_path):
    x, _ = clouds
    assert model.log_prob(x, samples=100).mean() >= model.score(x) - 0.05
    again = im.load(model.save(tmp_path / "m"))
    assert (again.transform(x) == model.transform(x)).all()
    assert (again.sample(5, random_state=0) == model.sample(5, random_state=0)).all()


def test_capacities_that_cannot_be_are_refused(clouds):
    with pytest.raises(ParameterError, match=r"choice_capacity is 3.0; expected None, or 0 to 1.39, log\(classes\)"):
        im.JointVAE(classes=4, choice_capacity=3.0).fit(clouds[0])


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3), (64, 64, 3), (96, 96)])
def test_pictures(shape):
    x = np.random.default_rng(0).integers(0, 255, size=(12, *shape), dtype=np.uint8)
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    found = im.JointVAE(2, classes=3, trainer=trainer).fit(x)
    assert found.reconstruct(x).shape == x.shape
    assert found.sample(2, random_state=0).shape == (2, *shape)
    assert np.isfinite(found.log_prob(x, samples=3)).all()
