"""Draws beside real rows: the distance against what is known of Gaussians, and a report that tells good from bad."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import isthmus as im
from isthmus.errors import DataError, NotAvailableError, ParameterError
from isthmus.metrics.frechet_distance import frechet_distance

QUICK = im.Trainer(epochs=4)


def with_moments(mean, root, count=4000):
    """Rows whose mean and covariance are exactly these."""
    z = np.random.default_rng(0).normal(size=(count, len(mean)))
    z = (z - z.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T
    return z @ np.asarray(root).T + mean


def test_the_distance_of_gaussians_that_share_their_axes_is_known():
    a = with_moments([0.0, 1.0, 2.0], np.diag([1.0, 2.0, 3.0]))
    b = with_moments([1.0, 1.0, 0.0], np.diag([2.0, 2.0, 0.5]))
    assert frechet_distance(a, b) == pytest.approx(1 + 4 + 1 + 0 + 2.5**2, abs=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_the_distance_of_gaussians_that_do_not_is_the_one_of_the_matrix_root():
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 3, 3))
    a, b = with_moments(np.zeros(3), first), with_moments(np.ones(3), second)
    roots = np.real(np.trace(sqrtm(first @ first.T @ second @ second.T)))
    wanted = 3 + np.trace(first @ first.T) + np.trace(second @ second.T) - 2 * roots
    assert frechet_distance(a, b) == pytest.approx(wanted, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(0, 10))
def test_it_is_symmetric_never_negative_and_deaf_to_turns(dim, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(40, dim)), rng.normal(size=(50, dim)) * rng.uniform(0.2, 3) + rng.normal()
    turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    found = frechet_distance(a, b)
    assert found >= -1e-9
    assert found == pytest.approx(frechet_distance(b, a), abs=1e-8)
    assert found == pytest.approx(frechet_distance(a @ turn, b @ turn), abs=1e-8)


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="There are 9 rows for 5 features; expected 10 or more"):
        frechet_distance(np.zeros((9, 5)), np.zeros((20, 5)))


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits")


@pytest.fixture(scope="module")
def vae(digits):
    return im.VAE(8, trainer=im.Trainer(epochs=25)).fit(digits.take(range(900)))


def test_a_trained_model_is_nearer_than_one_that_is_not_and_real_rows_are_nearest(vae, digits):
    raw = im.VAE(8, trainer=im.Trainer(epochs=1, validation=0)).fit(digits.take(range(900)))
    held, known = digits.take(range(900, 1797)), digits.take(range(900))
    good, bad = (im.sample_report(model, held, known=known) for model in (vae, raw))
    assert good.extractor == bad.extractor
    assert good.makers["real rows"].frechet < 0.5 * good.makers["VAE"].frechet
    assert good.makers["VAE"].frechet < bad.makers["VAE"].frechet
    assert good.makers["VAE"].quality.coverage > bad.makers["VAE"].quality.coverage
    assert "it is no FID" in good.as_text().replace("\n", " ")
    assert good.to_json()["rows"] == 300


def test_a_model_may_give_the_features_and_without_classes_there_is_one(vae, digits):
    bare = digits.values
    given = im.sample_report(vae, bare, extractor=vae)
    assert "VAE, given" in given.extractor
    own = im.sample_report(vae, bare[:200])
    assert "ContrastiveAE of these rows" in own.extractor
    assert own.makers["real rows"].frechet < own.makers["VAE"].frechet


def test_what_cannot_be_measured_is_refused(vae, digits):
    with pytest.raises(NotAvailableError, match="Classifier does not draw new rows"):
        im.sample_report(im.Classifier(trainer=QUICK).fit(digits.values[:60], digits.labels[:60]), digits)
    with pytest.raises(ParameterError, match="extractor is 'inception'; expected a fitted model"):
        im.sample_report(vae, digits, extractor="inception")
    with pytest.raises(DataError, match="expected 20 and 60 or more"):
        im.sample_report(vae, digits.values[:80])
    with pytest.raises(DataError, match="X has 1797 rows, but y has 3"):
        im.sample_report(vae, digits, [1, 2, 3])
