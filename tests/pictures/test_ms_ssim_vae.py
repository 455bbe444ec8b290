"""Multi-scale structural similarity by hand, and the VAE of pictures that answers to it."""

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.metrics.structural_similarity import structural_similarity
from isthmus.records import Batch, Code, Trace, View
from isthmus.terms.picture_similarity import POWERS, PictureSimilarity

NOISE = torch.rand(4, 2, 48, 48, generator=torch.Generator().manual_seed(0))


def trace(x, rebuilt):
    return Trace(batch=Batch(x=x), view=View(x=x), features=x, code=Code(z=x), rebuilt=rebuilt)


def test_the_same_picture_costs_nothing_and_more_noise_more():
    assert PictureSimilarity()(trace(NOISE, NOISE), {}).abs().max() < 1e-5
    other = torch.randn(NOISE.shape, generator=torch.Generator().manual_seed(1))
    costs = [PictureSimilarity()(trace(NOISE, NOISE + level * other), {}) for level in (0.05, 0.1, 0.3)]
    assert bool((costs[0] < costs[1]).all())
    assert bool((costs[1] < costs[2]).all())


def test_one_scale_is_the_metric():
    other = (NOISE + 0.1 * NOISE.flip(0)).numpy()
    wanted = structural_similarity(NOISE.numpy(), other, 1.0)
    found = PictureSimilarity(scales=1).similarity(NOISE, torch.from_numpy(other))
    assert np.allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize(("edge", "count"), [(8, 1), (28, 2), (32, 2), (64, 3), (96, 4), (200, 5)])
def test_flat_pictures_differ_by_the_light_of_the_coarsest_scale_that_fits(edge, count):
    a, b = torch.full((1, 1, edge, edge), 0.2), torch.full((1, 1, edge, edge), 0.6)
    light = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    wanted = light ** (POWERS[count - 1] / sum(POWERS[:count]))
    assert PictureSimilarity().similarity(a, b).item() == pytest.approx(wanted, rel=1e-4)


def test_what_differs_at_large_is_seen_at_coarse_scales_only():
    """A slope across all of the picture, which no window of 11 pixels holds much of."""
    slope = torch.linspace(0, 0.4, 96)[None, None, None].expand(1, 1, 96, 96)
    fine = 0.1 * torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(2))
    one, four = (1 - PictureSimilarity(scales=n).similarity(fine + slope, fine).item() for n in (1, 4))
    assert four > 0.1
    assert one > 0.1  # by the light
    structure = [PictureSimilarity(scales=n).similarity(fine + slope, fine + slope.flip(3)).item() for n in (2, 4)]
    assert structure[1] < structure[0]


def test_even_of_negatives_the_gradient_says_where_to_go():
    rebuilt = (1 - NOISE).requires_grad_()
    cost = PictureSimilarity()(trace(NOISE, rebuilt), {})
    assert bool((cost > 0.9).all())
    assert bool((cost <= 1).all())
    cost.sum().backward()
    assert bool(rebuilt.grad.isfinite().all())
    with torch.no_grad():
        closer = PictureSimilarity()(trace(NOISE, rebuilt - 30 * rebuilt.grad), {})
    assert bool((closer < cost).all())


def test_units_are_the_ranges():
    a, b = NOISE, NOISE + 0.1 * NOISE.roll(1, 0)
    found = PictureSimilarity(data_range=255.0).similarity(255 * a, 255 * b)
    assert torch.allclose(found, PictureSimilarity().similarity(a, b), atol=1e-4)


@pytest.fixture(scope="module")
def boxes():
    """Filled boxes on grey, 24 x 24."""
    rng = np.random.default_rng(0)
    found = np.full((160, 24, 24), 60, dtype=np.uint8)
    for picture in found:
        top, left, high, wide = rng.integers(2, 12, size=4)
        picture[top : top + high, left : left + wide] = 200
    return found


def fit(boxes, **changed):
    given = {"trainer": im.Trainer(epochs=3, batch_size=20, validation=0, compile=False), **changed}
    return im.MSSSIMVAE(4, **given).fit(boxes)


def test_it_is_whole_and_comes_back_from_disk(boxes, tmp_path):
    model = fit(boxes)
    assert set(model.history_.epochs[-1]["training"]) == {"reconstruction", "kl", "dissimilarity"}
    again = im.load(model.save(tmp_path / "m"))
    assert (again.transform(boxes) == model.transform(boxes)).all()
    assert (again.sample(3, random_state=0) == model.sample(3, random_state=0)).all()
    exact, bound = model.log_prob(boxes[:50], samples=30), model.score_samples(boxes[:50])
    assert exact.mean() >= bound.mean() - 0.05


def test_without_the_similarity_it_is_a_vae_and_scores_are_its(boxes):
    given = {"trainer": im.Trainer(epochs=3, batch_size=20, validation=0, compile=False)}
    assert np.allclose(fit(boxes, similarity=0.0).transform(boxes), im.VAE(4, **given).fit(boxes).transform(boxes))


@pytest.mark.parametrize("changed", [{"similarity": 5.0}, {"scales": 1}])
def test_each_parameter_is_heard(boxes, changed):
    assert not np.allclose(fit(boxes).transform(boxes), fit(boxes, **changed).transform(boxes))


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3), (64, 64, 3), (96, 96)])
def test_pictures_of_any_size(shape):
    x = np.random.default_rng(0).integers(0, 255, size=(12, *shape), dtype=np.uint8)
    model = im.MSSSIMVAE(2, trainer=im.Trainer(epochs=1, validation=0, compile=False)).fit(x)
    assert model.reconstruct(x).shape == x.shape
    assert model.sample(2, random_state=0).shape == (2, *shape)
    assert np.isfinite(model.score_samples(x)).all()


def test_wrong_uses_are_refused_in_words(boxes):
    with pytest.raises(ParameterError, match="similarity is -1"):
        fit(boxes, similarity=-1.0)
    with pytest.raises(ParameterError, match="scales is 9; expected 1 to 5"):
        fit(boxes, scales=9)
    with pytest.raises(ParameterError, match="expected pictures"):
        fit(np.random.default_rng(0).normal(size=(40, 5)))
