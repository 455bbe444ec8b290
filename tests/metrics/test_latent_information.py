"""The rate of a code taken apart: against codes of which all is known."""

import math

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.errors import DataError, NotAvailableError
from isthmus.records import Batch

QUICK = im.Trainer(epochs=3)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(400, 4))


@pytest.fixture
def vae(x):
    return im.VAE(2, network={"name": "mlp", "hidden": (), "linear_path": "none"}, trainer=QUICK).fit(x)


def tell(vae, weight, bias):
    """An encoder whose posteriors are known: means W x, log-variances as given."""
    with torch.no_grad():
        vae.autoencoder_.encoder.head.weight.copy_(torch.cat([torch.as_tensor(weight), torch.zeros(2, 4)]).float())
        vae.autoencoder_.encoder.head.bias.copy_(torch.as_tensor([0.0, 0.0, *bias]))
    return vae


def test_the_parts_add_up_to_the_rate(vae, x):
    found = im.latent_information(vae, x)
    parts = found.mutual_information + found.total_correlation + found.dimension_wise
    assert parts == pytest.approx(found.kl, abs=1e-6)
    assert found.prior_gap == pytest.approx(found.total_correlation + found.dimension_wise, abs=1e-6)
    exact = vae.autoencoder_.prior.divergence
    code = vae.autoencoder_.encode(Batch(x=torch.from_numpy(vae.schema_.scaled(x)).float()))
    assert found.kl == pytest.approx(exact(code.posterior, code.z).sum(1).mean().item(), abs=0.15)  # one draw each
    assert sum(found.kl_by_dimension) == pytest.approx(exact(code.posterior, code.z).sum(1).mean().item(), rel=1e-5)


def test_a_code_that_is_the_same_for_all_tells_nothing_and_is_diagnosed(vae, x):
    found = im.latent_information(tell(vae, np.zeros((2, 4)), [0.0, 0.0]), x)
    assert found.mutual_information == pytest.approx(0, abs=1e-5)
    assert found.total_correlation == pytest.approx(0, abs=1e-5)
    assert found.active_units == 0
    assert "posterior collapse" in found.diagnosis
    assert "posterior collapse" in found.as_text()


def test_a_code_that_names_each_row_tells_log_of_their_number(vae, x):
    found = im.latent_information(tell(vae, 50 * np.eye(2, 4), [-8.0, -8.0]), x)
    assert found.mutual_information == pytest.approx(math.log(400), abs=0.02)
    assert found.diagnosis is None


def test_numbers_that_say_the_same_are_correlated(vae, x):
    alone = im.latent_information(tell(vae, np.eye(2, 4), [-2.0, -2.0]), x)
    twice = im.latent_information(tell(vae, np.eye(1, 4).repeat(2, 0), [-2.0, -2.0]), x)
    assert alone.total_correlation < 0.1
    assert twice.total_correlation > 0.5
    assert twice.dimension_wise == pytest.approx(alone.dimension_wise, abs=0.1)


def test_it_says_what_it_cannot_tell(x):
    bent = im.latent_information(im.FlowVAE(2, depth=2, trainer=QUICK).fit(x), x)
    assert bent.total_correlation is None
    assert "dimension-wise" not in bent.as_text()
    assert bent.to_json()["unit"] == "nats per row"
    with pytest.raises(NotAvailableError, match="code of AE is not random"):
        im.latent_information(im.AE(2, trainer=QUICK).fit(x), x)
    with pytest.raises(NotAvailableError, match="discrete"):
        im.latent_information(im.BernoulliVAE(4, trainer=QUICK).fit(x), x)


def test_few_rows_are_refused_with_how_many_it_takes(vae, x):
    with pytest.raises(DataError, match="X has 3 rows; expected 20 or more"):
        im.latent_information(vae, x[:3])


@pytest.mark.parametrize("kind", [im.HypersphericalVAE, im.PoincareVAE, im.LadderVAE, im.FlowVAE, im.JointVAE])
def test_any_posterior_of_numbers_is_taken_apart(kind, x):
    found = im.latent_information(kind(4, trainer=QUICK).fit(x), x)
    assert 0 <= found.mutual_information <= math.log(found.rows) + 1e-6
    assert found.kl == pytest.approx(found.mutual_information + found.prior_gap, abs=1e-3)
