"""The eye for features and the critic of patches: local, frozen, loud when missing."""

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.records import Batch, View
from isthmus.terms.perceptual import Perceptual

SMALL = {"network": {"name": "conv", "channels": (8, 8)}, "trainer": im.Trainer(epochs=2, batch_size=32)}


@pytest.fixture(scope="module")
def pictures():
    return (im.data.load("digits").values[:200] * 15).astype(np.uint8).reshape(-1, 8, 8)


def features(steps=0):
    given = {"in_shape": (1, 8, 8), "out_dim": 4, "channels": (6, 8), "flatten": False}
    return Perceptual(catalogue.make("encoders", "conv", given), steps=steps)


def test_it_is_whole_and_comes_back_from_disk(pictures, tmp_path):
    model = im.VQGAN(latent_dim=4, **SMALL).fit(pictures)
    terms = set(model.history_.epochs[-1]["training"])
    assert terms == {"reconstruction", "commitment", "perceptual", "patches"}
    again = im.load(model.save(tmp_path / "m"))
    assert (again.symbols(pictures) == model.symbols(pictures)).all()
    assert (again.reconstruct(pictures) == model.reconstruct(pictures)).all()


def test_the_same_picture_costs_nothing_and_a_blurred_one_does(pictures):
    term = features()
    x = torch.from_numpy(pictures[:20, None] / 255).float()
    model_trace = trace(x, x)
    assert term(model_trace, {}).abs().max() < 1e-6
    blurred = torch.nn.functional.avg_pool2d(x, 3, stride=1, padding=1)
    assert bool((term(trace(x, blurred), {}) > 0.01).all())


def test_the_network_looks_alike_at_both_whatever_is_trained(pictures):
    """Its dropout is off, also while the model around it trains."""
    network = catalogue.make("encoders", "mlp", {"in_shape": (1, 8, 8), "out_dim": 4, "dropout": 0.5})
    x = torch.from_numpy(pictures[:20, None] / 255).float()
    assert torch.equal(Perceptual(network, steps=0).train()(trace(x, x), {}), torch.zeros(20))


def trace(x, rebuilt):
    from isthmus.records import Code, Trace

    return Trace(batch=Batch(x=x), view=View(x=x), features=x, code=Code(z=x), rebuilt=rebuilt)


def test_the_network_learns_at_the_start_and_never_again(pictures):
    x = torch.from_numpy(pictures[:, None] / 255).float()
    term = features(steps=30)
    before = {name: value.clone() for name, value in term.network.named_parameters()}
    with torch.no_grad():
        term.initialise(Batch(x=x))
    assert any(not torch.equal(before[name], value) for name, value in term.network.named_parameters())
    assert not any(p.requires_grad for p in term.parameters())
    rebuilt = x.clone().requires_grad_()
    term(trace(x, rebuilt * 0.9), {}).sum().backward()
    assert bool((rebuilt.grad != 0).any())


def test_features_of_a_saved_model(pictures, tmp_path):
    judge = im.DAE(4, network={"name": "conv", "channels": (6, 8)}, trainer=im.Trainer(epochs=1, validation=0))
    folder = judge.fit(pictures).save(tmp_path / "judge")
    model = im.VQGAN(latent_dim=4, perceptual=str(folder), **SMALL).fit(pictures)
    own = dict(judge.autoencoder_.encoder.named_parameters())
    given = im.VQGAN(latent_dim=4, perceptual=judge.autoencoder_.encoder, **SMALL).fit(pictures)
    for each in (model, given):
        term = next(t for t in each.autoencoder_.terms if t.name == "perceptual")
        for name, value in term.network.named_parameters():
            assert torch.equal(value, own[name])
            assert value is not own[name]


def test_arguments_of_a_network_that_is_to_be_trained(pictures):
    model = im.VQGAN(latent_dim=4, perceptual={"channels": (4,), "out_dim": 6}, **SMALL).fit(pictures)
    term = next(t for t in model.autoencoder_.terms if t.name == "perceptual")
    assert term.network.grid == (4, 4)
    assert term.network.out_dim == 6


def test_models_whose_encoder_cannot_look_at_these_pictures_are_refused(pictures, tmp_path):
    once = im.Trainer(epochs=1, validation=0)
    folders = {
        "does not look at data alone": im.WGANGP(4, trainer=once).fit(pictures),
        "it on pictures like these": im.AE(4, network="conv", trainer=once).fit(pictures / 255 * 0.5),
    }
    told = im.CVAE(4, network="conv", trainer=once).fit(pictures, np.arange(len(pictures)) % 3)
    for i, (said, model) in enumerate([*folders.items(), ("does not look at data alone", told)]):
        with pytest.raises(ParameterError, match=said):
            im.VQGAN(latent_dim=4, perceptual=str(model.save(tmp_path / str(i))), **SMALL).fit(pictures)
    flat = catalogue.make("encoders", "mlp", {"in_shape": (1, 8, 8), "out_dim": 4})
    with pytest.raises(ParameterError, match=r"gives the grid \(\)"), torch.no_grad():
        Perceptual(flat, steps=3).initialise(Batch(x=torch.zeros(20, 1, 8, 8)))


def test_what_is_missing_or_does_not_fit_is_told(pictures, tmp_path):
    with pytest.raises(ParameterError, match="expected 'trained', None, or the folder of a saved model"):
        im.VQGAN(latent_dim=4, perceptual=str(tmp_path / "none"), **SMALL).fit(pictures)
    with pytest.raises(ParameterError, match=r"perceptual is 3; expected 'trained'"):
        im.VQGAN(latent_dim=4, perceptual=3, **SMALL).fit(pictures)
    other = im.AE(2, network={"name": "conv", "channels": (4,)}, trainer=im.Trainer(epochs=1, validation=0))
    folder = other.fit(np.zeros((30, 12, 12), np.uint8) + np.arange(30, dtype=np.uint8)[:, None, None]).save(
        tmp_path / "o"
    )
    with pytest.raises(ParameterError, match=r"takes pictures \(1, 12, 12\); these are \(1, 8, 8\)"):
        im.VQGAN(latent_dim=4, perceptual=str(folder), **SMALL).fit(pictures)
    with pytest.raises(ParameterError, match="expected pictures of 8 x 8"):
        im.VQGAN(latent_dim=4).fit(np.random.default_rng(0).normal(size=(50, 5)))


def test_without_features_there_is_no_such_term(pictures):
    model = im.VQGAN(latent_dim=4, perceptual=None, **SMALL).fit(pictures)
    assert "perceptual" not in model.history_.epochs[-1]["training"]


OTHER = {
    "latent_dim": 3,
    "codebook_size": 4,
    "codebook": "gradient",
    "estimator": "rotation",
    "commitment": 50.0,
    "adversary": 20.0,
    "warmup": 0,
    "perceptual": None,
    "perceptual_share": 20.0,
    "network": {"name": "conv", "channels": (4, 4)},
    "likelihood": "laplace",
    "trainer": im.Trainer(epochs=3, batch_size=32),
    "random_state": 5,
}


@pytest.fixture(scope="module")
def usually(pictures):
    return im.VQGAN(latent_dim=4, **SMALL).fit(pictures[:100]).reconstruct(pictures[100:140])


PLAIN = {"network", "likelihood", "trainer", "random_state", "estimator", "codebook", "latent_dim"}  # of the VQVAE, too
WORDS = [
    pytest.param(word, marks=[pytest.mark.slow] if word in PLAIN else [])
    for word in catalogue.parameters("models", "vqgan")
]


@pytest.mark.parametrize("word", WORDS)
def test_every_parameter_changes_the_result(pictures, usually, word):
    other = im.VQGAN(**{"latent_dim": 4, **SMALL, word: OTHER[word]}).fit(pictures[:100])
    assert not np.allclose(usually, other.reconstruct(pictures[100:140]), rtol=1e-7, atol=1e-7)
