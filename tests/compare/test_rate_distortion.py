"""Rates and errors against what is known of Gaussians, and curves that are what they say."""

import itertools
import json
import math

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.metrics.rate_distortion import REFERENCE
from isthmus.metrics.rounded_components import rounded_components
from isthmus.metrics.symbol_rate import numbered, symbol_rate
from isthmus.tasks.same_rows import SameRows, rate_of_symbols

QUICK = im.Trainer(epochs=2, validation=0)


def test_symbols_cost_their_entropy_and_surprise_costs_more():
    rng = np.random.default_rng(0)
    share = np.array([0.5, 0.25, 0.125, 0.125])
    known, new = (rng.choice(4, p=share, size=(20_000, 2)) for _ in range(2))
    assert symbol_rate(known, new, (4, 4)) == pytest.approx(2 * 1.75 * math.log(2), rel=0.01)
    assert symbol_rate(known, 3 - new, (4, 4)) > symbol_rate(known, new, (4, 4)) + 0.5
    one = np.zeros((3, 1), dtype=np.int64)
    assert symbol_rate(one, one + 1, (2,)) == pytest.approx(-math.log(0.5 / 4))  # never seen, and yet finite


def test_numbers_of_few_values_are_symbols():
    codes = np.array([[-1.0, 0.5], [1.0, 0.5], [0.0, 2.5]])
    known, new, sizes = numbered(codes, np.array([[0.9, 0.0], [-3.0, 9.0]]))
    assert sizes == (3, 2)
    assert known.tolist() == [[0, 0], [2, 0], [1, 1]]
    assert new.tolist() == [[2, 0], [0, 1]]


def test_fine_rounding_of_a_gaussian_costs_and_loses_what_is_known():
    rng = np.random.default_rng(0)
    known, new = (rng.normal(size=(40_000, 2)) * 2.0 for _ in range(2))
    for point in rounded_components(known, new, steps=20):
        if not 0.1 < point.step < 1.5:
            continue
        assert point.mse == pytest.approx(point.step**2 / 12, rel=0.05)
        wanted = 2 * (0.5 * math.log(2 * math.pi * math.e * 4.0) - math.log(point.step))
        assert point.rate == pytest.approx(wanted, rel=0.02)


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits").take(range(400))


@pytest.fixture(scope="module")
def found(digits):
    kinds = ["gaussian", "vector_quantizer", "fsq", "bernoulli", "lfq"]
    return im.rate_distortion(digits, beta=[0.1, 3.0], latent_dim=[4], codes=kinds, trainer=QUICK)


def test_points_of_each_kind_with_the_reference_beside(found):
    assert found.codes == ("gaussian", "vector_quantizer", "fsq", "bernoulli", "lfq", REFERENCE)
    assert not found.failures
    low, high = (p for p in found.points if p.code == "gaussian")
    assert (low.beta, high.beta, low.latent_dim) == (0.1, 3.0, 4)
    assert low.rate > high.rate
    rates = {p.code: p.bits for p in found.points if p.code != REFERENCE}
    assert rates["fsq"] <= 4 * math.log2(5) + 0.1
    assert rates["bernoulli"] <= 4 + 0.1
    assert rates["lfq"] <= 4 + 0.1
    first = found.curve(REFERENCE)
    assert all(a.rate < b.rate and a.mse > b.mse for a, b in itertools.pairwise(first))
    assert found.reference_at(first[1].rate) == pytest.approx(first[1].mse)
    assert found.reference_at(1e9) is None


def test_the_parts_of_the_bound(digits, found):
    train = np.sort(np.random.default_rng(0).permutation(400)[80:])
    held = np.sort(np.random.default_rng(0).permutation(400)[:80])
    bare = im.data.read(digits.values)
    model = im.BetaVAE(4, beta=0.1, trainer=QUICK).fit(bare.take(train))
    point = next(p for p in found.points if p.beta == 0.1)
    assert point.rate + point.distortion == pytest.approx(-model.score(digits.values[held]), rel=1e-4)
    ground = SameRows.of(bare.take(train), bare.take(held), samples=False)
    of_mean = np.square(ground.numbers(ground.test) - ground.numbers(model.rebuilt(ground.test))).mean()
    assert point.mse > of_mean  # a draw is what is sent, and it loses more than the mean


def test_symbols_of_a_model_cost_at_most_their_number(digits):
    bare = im.data.read(digits.values)
    model = im.VQVAE(4, codebook_size=8, trainer=QUICK).fit(bare.take(range(300)))
    rate = rate_of_symbols(model, bare.take(range(300)), bare.take(range(300, 400)))
    assert 0 < rate < math.log(8) + 0.1


def test_a_picture_a_table_and_plain_data(found, tmp_path):
    from isthmus.report.rate_curves import save_rate_curves

    assert save_rate_curves(found, tmp_path / "curves.png").stat().st_size > 5000
    assert json.loads(json.dumps(found.to_json()))["units"]["rate"] == "nats per row"
    text = str(found)
    assert "bits/row" in text
    assert "rounded PCA's MSE" in text
    assert "<pre>" in found._repr_html_()
    assert len(found.table()) == len(found.points)


def test_mistakes_are_told_and_a_fit_that_fails_is_listed(digits):
    X = digits.values
    with pytest.raises(ParameterError, match="no kind of code 'gausian'. Did you mean 'gaussian'"):
        im.rate_distortion(X, codes=["gausian"])
    with pytest.raises(ParameterError, match="codes is 'fsq'; expected a list"):
        im.rate_distortion(X, codes="fsq")
    with pytest.raises(ParameterError, match=r"beta has -1(.|\n)*latent_dim has 0"):
        im.rate_distortion(X, beta=[-1], latent_dim=[0])
    with pytest.raises(ParameterError, match="trainer is 3; expected a Trainer or None"):
        im.rate_distortion(X, trainer=3)
    found = im.rate_distortion(X, codes=["fsq"], latent_dim=[2], network="nope", trainer=QUICK)
    assert found.codes == (REFERENCE,)
    assert found.failures[0].startswith("fsq, 2 numbers: UnknownNameError")
    assert "failed: fsq, 2 numbers" in str(found)
