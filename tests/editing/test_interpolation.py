"""Walks from one example to another: arcs, realism, pictures, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import isthmus as im
from isthmus.data.moving_pictures import write_gif
from isthmus.errors import DataError, ParameterError
from isthmus.layers.code_path import between
from isthmus.metrics.interpolation import realism_of
from isthmus.metrics.realism import Realism


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits", "train").take(range(200))


@pytest.fixture(scope="module")
def vae(digits):
    return im.VAE(3, trainer=im.Trainer(epochs=5), random_state=0).fit(digits)


@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_an_arc_keeps_ends_angles_and_equal_lengths(seed, dim, steps):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, dim))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    arc = between(a, b, steps, "sphere").astype(np.float64)
    assert np.allclose(arc[[0, -1]], [a, b], atol=1e-4)
    assert np.allclose(np.linalg.norm(arc, axis=1), np.linalg.norm(a), rtol=1e-3)
    turns = (arc[1:] * arc[:-1]).sum(1) / (a @ a)
    assert np.allclose(turns, turns[0], atol=1e-3)


def test_a_line_is_even_and_an_arc_between_parallel_codes_is_a_line():
    assert np.allclose(between(np.zeros(2), np.ones(2), 5), np.linspace(0, 1, 5)[:, None])
    assert np.allclose(between(np.ones(2), 2 * np.ones(2), 3, "sphere")[1], 1.5)


@pytest.mark.parametrize(
    ("ends", "path", "message"),
    [
        (([1.0, 0.0], [-1.0, 0.0]), "sphere", "opposite"),
        (([0.0, 0.0], [-1.0, 0.0]), "sphere", "no direction"),
        (([1.0, 0.0], [0.0, 1.0]), "spere", "Did you mean 'sphere'"),
    ],
)
def test_arcs_that_make_no_sense(ends, path, message):
    with pytest.raises(ParameterError, match=message):
        between(np.array(ends[0]), np.array(ends[1]), 3, path)


def test_realism_is_one_at_the_distance_of_neighbours():
    known = Realism.of(np.array([[0.0], [1.0], [2.0], [3.0], [50.0]]), k=1)
    assert known.radii.tolist() == [1.0] * 4  # the one that stands alone is left out
    assert known.score(np.array([[4.0], [5.0], [-0.5]])).tolist() == [1.0, 0.5, 2.0]
    assert known.score(np.array([[3.0]])).tolist() == [1.0]  # itself passed over
    with pytest.raises(DataError, match="more than 3"):
        Realism.of(np.zeros((3, 2)))


def test_a_walk_and_the_straight_line(vae, digits):
    a, b = digits.values[:2]
    walk = im.interpolation(vae, a, b, 6, "sphere", known=digits)
    assert np.allclose(walk.examples, vae.interpolate(a, b, 6, path="sphere"), atol=1e-5)
    assert np.allclose(vae.inverse_transform(walk.codes), walk.examples, atol=1e-4)
    straight = walk.straight
    assert np.allclose(straight.examples, a + np.linspace(0, 1, 6)[:, None] * (b - a), atol=1e-4)
    assert straight.largest_step == pytest.approx(1, abs=1e-4)
    assert walk.walk.least_real == pytest.approx(walk.realism[1:-1].min())
    assert "least between" in walk.as_text()
    assert len(walk.as_text().splitlines()) == 10
    again = im.interpolation(vae, a, b, 6, "sphere", known=realism_of(vae, digits))
    assert (again.realism == walk.realism).all()


def test_noise_is_less_real_than_held_out_digits(vae, digits):
    real = realism_of(vae, digits)
    new = im.data.load("digits", "test").take(range(50))
    noise = np.random.default_rng(0).uniform(0, 16, new.values.shape)
    flat = vae.schema_.flat
    assert real.score(flat(new)).min() > real.score(flat(replace(new, values=noise))).max()


def test_strips_and_gifs(vae, digits, tmp_path):
    walk = im.interpolation(vae, digits.values[0], digits.values[1], 5)
    assert walk.realism is None
    assert "step" in walk.as_text()
    assert walk.strip().size == (5 * 10 * 3, 10 * 3)
    assert np.asarray(walk.strip(straight=True)).shape[0] == 2 * 10 * 3
    with Image.open(walk.gif(tmp_path / "walk.gif")) as made:
        assert made.format == "GIF"
        assert made.n_frames == 8
    with pytest.raises(ParameterError, match="ends in .gif"):
        write_gif(np.zeros((2, 4, 4)), tmp_path / "walk.png")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="could not be written"):
        walk.gif(tmp_path / "file" / "walk.gif")


def test_tables_and_texts(tmp_path):
    x = np.random.default_rng(0).standard_normal((60, 4))
    table = im.AE(2, trainer=im.Trainer(epochs=1)).fit(x)
    walk = im.interpolation(table, x[0], x[1], 4, known=x)
    assert walk.examples.shape == (4, 4)
    with pytest.raises(DataError, match="no pictures"):
        walk.strip()
    with pytest.raises(DataError, match="no pictures"):
        walk.gif(tmp_path / "walk.gif")
    names = ["anna", "otto", "mia", "tim", "lea"] * 4
    texts = im.SequenceAE(4, trainer=im.Trainer(epochs=1)).fit(names)
    written = im.interpolation(texts, "anna", "otto", 3, known=names)
    assert len(written.examples) == 3
    assert written.straight is None
    assert "code, line" in written.as_text()


def test_mixed_tables_are_measured_against_a_straight_line_without_examples():
    import pandas

    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"kind": rng.choice(["a", "b"], 60), "size": rng.standard_normal(60)})
    model = im.VAE(2, trainer=im.Trainer(epochs=1)).fit(frame)
    walk = im.interpolation(model, frame.iloc[:1], frame.iloc[1:2], 4, known=frame)
    assert list(walk.examples.columns) == ["kind", "size"]
    assert walk.straight.examples is None
    assert len(walk.straight.realism) == 4
    assert walk.walk.pictures is None


def test_what_is_refused(vae, digits):
    x = digits.values
    plain = im.AE(2, trainer=im.Trainer(epochs=1)).fit(x)
    with pytest.raises(ParameterError, match="no standard normal prior"):
        plain.interpolate(x[0], x[1], path="sphere")
    discrete = im.FSQVAE(trainer=im.Trainer(epochs=1)).fit(x)
    with pytest.raises(ParameterError, match="are discrete"):
        discrete.interpolate(x[0], x[1], path="sphere")
    with pytest.raises(ParameterError, match="expected one each"):
        im.interpolation(vae, x[:2], x[2:4])
    with pytest.raises(ParameterError, match="'line' or 'sphere'"):
        vae.interpolate(x[0], x[1], path="circle")
    with pytest.raises(DataError):
        im.interpolation(vae, x[0], x[1], known=x[:, :5])
