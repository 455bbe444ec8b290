"""Parts of codes that are read with a condition: which one, where one b serves many a."""

import numpy as np
import pytest

import isthmus as im
from isthmus.architecture import make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.bottlenecks.parts import Parts
from isthmus.errors import ParameterError
from isthmus.terms.reconstruction import Reconstruction

X, Y = np.random.default_rng(0).normal(size=(60, 5)), np.arange(60) % 3


class ConditionalParts(im.Estimator):
    """Encoder and decoder are both told y."""

    conditional = True
    code_parts = ("content", "style")

    def __init__(self, latent_dim=4, *, likelihood="gaussian", trainer=None, random_state=0):
        self.latent_dim, self.likelihood, self.trainer, self.random_state = (
            latent_dim,
            likelihood,
            trainer,
            random_state,
        )

    def build(self, setting):
        networks = make_networks({"name": "mlp", "hidden": (8,)}, setting, latent_dim=4, features=4)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Parts({"content": Identity(2), "style": Identity(2)}),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
        )


@pytest.fixture(scope="module")
def model():
    return ConditionalParts(trainer=im.Trainer(epochs=2, batch_size=20, validation=0)).fit(X, Y)


def test_one_b_is_read_with_the_condition_of_each_pair(model):
    told = [0, 1, 2]
    found = model.swap(X[:3], X[7], "style", condition=told)
    assert np.allclose(found, model.swap(X[:3], X[[7, 7, 7]], "style", condition=told), atol=1e-5)
    for row, condition in enumerate(told):
        assert np.allclose(found[row], model.swap(X[row], X[7], "style", condition=condition), atol=1e-5)
    codes = model.transform(X[[7, 7, 7]], told)[:, model.code_parts_["style"]]
    assert not np.allclose(codes[0], codes[1], atol=1e-3)


def test_a_condition_for_all(model):
    found = model.swap(X[:3], X[7], "style", condition=1)
    assert np.allclose(found, model.swap(X[:3], X[7], "style", condition=[1, 1, 1]), atol=1e-5)
    with pytest.raises(ParameterError, match="condition has 2 entries; expected one, or 3"):
        model.swap(X[:3], X[7], "style", condition=[0, 1])
