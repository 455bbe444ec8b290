"""Pictures in patches: what is hidden costs nothing, leaks nothing, and is all that is judged."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import isthmus as im
from isthmus import catalogue
from isthmus.errors import DataError, ParameterError
from isthmus.layers.patches import cut, join
from isthmus.records import Batch, View
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident

SHAPE = (1, 8, 8)
SIZES = {"patch": 2, "width": 16, "depth": 2, "heads": 2, "flatten": False}


@pytest.fixture(scope="module")
def pictures():
    return (im.data.load("digits").values[:300] / 16).astype(np.float32).reshape(-1, 8, 8)


def masked(ratio=0.75, width=16, dropped=2, rebuilt=2):
    """A masked autoencoder of the stations."""
    sizes = {**SIZES, "width": width}
    with RandomStream(0):
        return im.Autoencoder(
            encoder=catalogue.make("encoders", "vit", {"in_shape": SHAPE, "out_dim": 16, **sizes}),
            bottleneck=catalogue.make("bottlenecks", "identity", {"latent_dim": 16}),
            decoder=catalogue.make(
                "decoders", "vit", {"latent_dim": 16, "out_shape": SHAPE, **sizes, "patch": rebuilt}
            ),
            likelihood=catalogue.make("likelihoods", "gaussian", {}),
            corruption=catalogue.make("corruptions", "patch_drop", {"patch": dropped, "ratio": ratio}),
            terms=[catalogue.make("terms", "reconstruction", {})],
        )


@settings(deadline=None)
@given(patch=st.integers(1, 4), rows=st.integers(1, 4), columns=st.integers(1, 4), channels=st.integers(1, 3))
def test_cut_and_join_undo_each_other(patch, rows, columns, channels):
    x = torch.arange(2.0 * channels * rows * columns * patch**2).view(2, channels, rows * patch, columns * patch)
    patches = cut(x, patch)
    assert patches.shape == (2, rows * columns, channels * patch * patch)
    assert torch.equal(join(patches, (rows, columns), patch), x)
    last = x[0, :, -patch:, -patch:]
    assert torch.equal(patches[0, -1], last.flatten())


def test_the_encoder_works_on_visible_patches_only(pictures):
    model, lengths = masked(), []
    model.encoder.blocks.register_forward_hook(lambda _, given, __: lengths.append(given[0].shape[1]))
    trace = model(Batch(x=torch.from_numpy(pictures[:5, None])))
    assert lengths == [4]  # of 16
    assert trace.features.shape == (5, 4, 16)
    assert trace.output.shape == (5, 1, *SHAPE)


def test_nothing_of_what_is_hidden_leaks(pictures):
    model, x = masked().eval(), torch.from_numpy(pictures[:5, None])
    with RandomStream(0):
        seen = model(Batch(x=x))
    with RandomStream(0):
        again = model(Batch(x=torch.where(seen.view.hidden, 100.0, x)))
    assert torch.equal(seen.features, again.features)
    assert torch.equal(seen.output, again.output)


def test_only_hidden_values_are_judged(pictures):
    model, x = masked(), torch.from_numpy(pictures[:5, None])
    trace = model(Batch(x=x))
    values = model.likelihood.log_prob_values(trace.output, x, trace.view.hidden)
    assert torch.allclose(trace.log_likelihood, (values * trace.view.hidden).flatten(1).sum(1), rtol=1e-5)
    real = torch.zeros_like(x, dtype=torch.bool)
    real[..., :4] = True
    with RandomStream(3):
        some = model(Batch(x=x, valid=real))
    counted = some.view.hidden & real
    values = model.likelihood.log_prob_values(some.output, x, counted) * counted
    assert torch.allclose(some.log_likelihood, values.flatten(1).sum(1), rtol=1e-5)


def test_a_variance_is_that_of_what_is_judged(pictures):
    """The optimal variance neither learns from what is visible, nor sends it a gradient."""
    model, batch = masked().train(), Batch(x=torch.from_numpy(pictures[:50, None]))
    trace = model(batch)
    trace.output.retain_grad()
    trace.log_likelihood.sum().backward()
    assert not bool(trace.output.grad[:, 0][~trace.view.hidden].any())
    with RandomStream(0):
        model.eval().calibrate(batch)
    with RandomStream(0):
        trace = model(batch)
    error = (batch.x - trace.output[:, 0]).square()[trace.view.hidden].mean()
    assert torch.allclose(model.likelihood.running_mse, error, rtol=1e-4)


def test_the_patches_that_are_hidden_are_drawn_evenly():
    view = catalogue.make("corruptions", "patch_drop", {"patch": 2, "ratio": 0.75})(Batch(x=torch.ones(4000, *SHAPE)))
    share = view.hidden.float().mean(0)
    assert share.min() > 0.7
    assert share.max() < 0.8
    assert view.hidden.flatten(1).sum(1).unique().tolist() == [48]


@pytest.mark.slow
def test_the_hidden_is_learnt_to_be_told_from_the_visible():
    """Held-out pictures: the error on hidden values falls below that of the mean picture."""
    x = torch.from_numpy(im.data.load("digits").values / 16).float().view(-1, *SHAPE)
    train, test = x[:1400], x[1400:]
    model = masked(ratio=0.5, width=32)
    trainer = im.Trainer(epochs=20, batch_size=32, validation=0, learning_rate=3e-3, compile=False)
    trainer.fit(model, Resident(train))
    with torch.no_grad(), RandomStream(0):
        trace = model.eval()(Batch(x=test))
    hidden = trace.view.hidden
    error, of_mean = ((each - test)[hidden].square().mean() for each in (trace.output[:, 0], train.mean(0)))
    assert error < 0.9 * of_mean


@pytest.mark.parametrize(
    "model",
    [im.AE(4), im.VAE(4), im.VQVAE(4, codebook_size=8), im.CVAE(4)],
    ids=lambda model: type(model).__name__,
)
def test_other_models_take_the_network_by_name(model, pictures, tmp_path):
    labels = np.arange(300) % 3
    network = {"name": "vit", "patch": 4, "width": 16, "depth": 1, "heads": 2}
    model.set_params(network=network, trainer=im.Trainer(epochs=2, validation=0, compile=False))
    model.fit(pictures, labels)
    told = {"condition": labels[:9]} if model.conditional else {}
    rebuilt = model.reconstruct(pictures[:9], **told)
    assert rebuilt.shape == (9, 8, 8)
    again = im.load(model.save(tmp_path / "m"))
    assert (again.reconstruct(pictures[:9], **told) == rebuilt).all()


def test_a_patch_that_does_not_fit_is_refused_and_those_that_do_are_told():
    with pytest.raises(ParameterError, match=r"patch is 3; expected one that divides .*\(1, 8, 8\): 1, 2, 4, 8"):
        im.AE(4, network={"name": "vit", "patch": 3}).fit(np.random.default_rng(0).random((20, 8, 8)))
    with pytest.raises(ParameterError, match="expected pictures"):
        im.AE(4, network="vit").fit(np.random.default_rng(0).random((20, 6)))
    with pytest.raises(DataError, match="cannot be cut into patches of 3"):
        catalogue.make("corruptions", "patch_drop", {"patch": 3})(Batch(x=torch.ones(2, *SHAPE)))
    with pytest.raises(DataError, match="nothing can be hidden"):
        catalogue.make("corruptions", "patch_drop", {"patch": 8})(Batch(x=torch.ones(2, *SHAPE)))


@pytest.mark.parametrize("ratio", [0, 1, -0.5, 1.5])
def test_a_ratio_outside_of_its_range_is_refused(ratio):
    with pytest.raises(ParameterError, match=r"expected a share in \(0, 1\)"):
        catalogue.make("corruptions", "patch_drop", {"ratio": ratio})


@pytest.mark.parametrize(
    ("given", "said"),
    [({"width": 6, "heads": 2}, "multiple of 4"), ({"heads": 3}, "multiple of heads=3"), ({"depth": 0}, "1 or more")],
)
def test_sizes_that_a_transformer_cannot_have(given, said):
    with pytest.raises(ParameterError, match=said):
        catalogue.make("encoders", "vit", {"in_shape": SHAPE, "out_dim": 4, **given})


def test_parts_that_count_other_patches_do_not_meet():
    with pytest.raises(ParameterError, match="patch is 4, the encoder's is 2; expected the same"):
        masked(dropped=4)
    with pytest.raises(ParameterError, match=r"codes have the grid \(4, 4\), the decoder takes \(2, 2\)"):
        masked(rebuilt=4)


def test_maps_of_what_is_visible_are_one_row():
    """Where patches are hidden the others make no grid; features of both are the same."""
    vit = catalogue.make("encoders", "vit", {"in_shape": (1, 8, 8), "out_dim": 4, "patch": 2, "width": 8, "depth": 1})
    batch = Batch(x=torch.rand(3, 1, 8, 8))
    seen = catalogue.make("corruptions", "patch_drop", {"patch": 2, "ratio": 0.3})(batch)
    (visible,) = vit.maps(seen)
    assert visible.shape == (3, 8, seen.positions.shape[1])
    assert vit.maps(View(x=batch.x))[0].shape == (3, 8, 4, 4)
