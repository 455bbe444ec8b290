"""Content and style of pictures: what is swapped, what stays, what is refused."""

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.records import View

NETWORK = {"channels": (6, 8)}


@pytest.fixture(scope="module")
def pictures():
    """Digits with an ink and a paper of their own."""
    digits = im.data.load("digits").values[:200].reshape(-1, 8, 8) / 16
    ink, paper = np.random.default_rng(0).uniform(0, 1, size=(2, 200, 1, 1))
    return (255 * (paper + (ink - paper) * digits)).round().astype(np.uint8)


@pytest.fixture(scope="module")
def model(pictures):
    trainer = im.Trainer(epochs=3, batch_size=20, learning_rate=3e-3, validation=0, compile=False)
    return im.ContentStyleAE(2, style_dim=3, network=NETWORK, trainer=trainer).fit(pictures)


def test_its_parts(model):
    assert dict(model.code_parts_) == {"content": slice(0, 2), "style": slice(2, 5)}
    assert model.code_parts == tuple(model.code_parts_)
    assert model.autoencoder_.code_shape == (2, 2, 5)


@pytest.mark.parametrize("part", ["content", "style", ("content", "style")])
def test_a_picture_swapped_with_itself_is_rebuilt(model, pictures, part):
    a = pictures[:9]
    assert np.allclose(model.swap(a, a, part), model.reconstruct(a), atol=1e-2)


def test_swapping_content_and_style_is_the_same_from_either_side(model, pictures):
    a, b = pictures[:9], pictures[9:18]
    assert np.allclose(model.swap(a, b, "style"), model.swap(b, a, "content"), atol=1e-2)
    assert np.allclose(model.swap(a, b, ("content", "style")), model.reconstruct(b), atol=1e-2)
    assert not np.allclose(model.swap(a, b, "style"), model.reconstruct(a), atol=1)


def test_a_swap_is_the_exchange_of_slices_by_hand(model, pictures):
    a, b = (model.transform(each).reshape(5, *model.autoencoder_.code_shape) for each in (pictures[:5], pictures[5:10]))
    mixed = np.concatenate([a[..., :2], b[..., 2:]], axis=-1)
    wanted = model.inverse_transform(mixed.reshape(5, -1))
    assert np.allclose(model.swap(pictures[:5], pictures[5:10], "style"), wanted, atol=1e-3)
    assert np.allclose(model.swap(pictures[5:10], pictures[:5], "content"), wanted, atol=1e-3)


def test_one_may_serve_many_and_a_single_one_comes_alone(model, pictures):
    many = model.swap(pictures[:5], pictures[7], "style")
    assert many.shape == (5, 8, 8)
    assert np.allclose(model.swap(pictures[0], pictures[7], "style"), many[0], atol=1e-2)


def test_all_that_is_wrong_is_said_at_once(model, pictures):
    with pytest.raises(
        ParameterError, match=r"(?s)no part 'stile'. Did you mean 'style'\? Known: content, style.*b has 3"
    ):
        model.swap(pictures[:2], pictures[:3], "stile")
    with pytest.raises(ParameterError, match="expected one or several of content, style"):
        model.swap(pictures[0], pictures[1], ())
    with pytest.raises(ParameterError, match="a has 1 examples, b has 2; expected equally many, or one b for all of a"):
        model.swap(pictures[0], pictures[1:3], "style")


def test_models_without_parts_say_so(pictures):
    fitted = im.AE(2, trainer=im.Trainer(epochs=1)).fit(pictures[:50])
    assert dict(fitted.code_parts_) == {}
    assert not hasattr(fitted, "swap")
    with pytest.raises(AttributeError) as refused:
        fitted.swap(pictures[0], pictures[1], "style")
    assert "no named parts" in str(refused.value.__cause__)


def test_the_style_is_the_same_everywhere_and_knows_the_ink(model, pictures):
    codes = model.transform(pictures).reshape(200, 4, 5)
    style = codes[..., 2:]
    assert np.array_equal(style, np.broadcast_to(style[:, :1], style.shape))


def test_the_content_does_not_see_the_light(model, pictures):
    """Another brightness and contrast of the whole picture changes the style alone."""
    encoder, x = model.autoencoder_.encoder, torch.rand(4, 1, 8, 8) + 0.5
    with torch.no_grad():
        one, other = encoder(View(x=x)), encoder(View(x=3 * x))
    inner = (slice(None), slice(None), slice(None), slice(0, 2))
    assert (one - other)[..., 2:].abs().max() > 0.05
    assert (one - other)[inner].abs().max() < 0.5 * (one - other)[..., 2:].abs().max()


def test_saved_and_loaded_it_swaps_as_before(model, pictures, tmp_path):
    loaded = im.load(model.save(tmp_path / "model"))
    a, b = pictures[:5], pictures[5:10]
    assert np.array_equal(loaded.swap(a, b, "style"), model.swap(a, b, "style"))
    assert list(loaded.code_parts_) == ["content", "style"]


def test_tables_are_refused():
    with pytest.raises(ParameterError, match="expected pictures"):
        im.ContentStyleAE(2).fit(np.random.default_rng(0).normal(size=(20, 5)))


def test_a_content_of_one_place_would_be_nothing(pictures):
    with pytest.raises(ParameterError, match=r"channels is \(4, 4, 4\): of \(8, 8\) pixels 1 place is left"):
        im.ContentStyleAE(2, network={"channels": (4, 4, 4)}).fit(pictures)
