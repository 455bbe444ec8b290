"""Pictures as patches and back; and where in a picture something does not belong."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isthmus as im
from isthmus.data import load
from isthmus.data.sets import magnetic_tile
from isthmus.errors import DataError, ParameterError
from isthmus.tasks.patches import cut, local_contrast, paste, strangest_share


@given(st.integers(6, 20), st.integers(6, 20), st.integers(2, 6), st.integers(1, 6))
def test_patches_cover_the_picture_and_give_it_back(height, width, size, stride):
    stride = min(stride, size)
    pictures = np.random.default_rng(height * width).normal(size=(2, 1, height, width)).astype(np.float32)
    patches = cut(pictures, size, stride)
    assert patches.shape[0] == 2
    assert patches.shape[2] == size**2
    assert paste(patches, (height, width), size, stride) == pytest.approx(pictures[:, 0], abs=1e-5)


def test_a_patch_is_where_it_was_cut():
    picture = np.arange(36, dtype=np.float32).reshape(1, 1, 6, 6)
    assert cut(picture, 2, 2)[0, 4].tolist() == [14, 15, 20, 21]  # the second of the second row


def test_local_contrast_is_blind_to_light_and_scale():
    pictures = np.random.default_rng(0).uniform(0.3, 0.5, size=(3, 1, 24, 24))
    slope = np.linspace(0, 0.5, 24)
    seen = local_contrast(pictures, blur=4)
    assert np.median(np.abs(seen)) == pytest.approx(1 / 1.4826, rel=0.02)
    assert local_contrast(pictures + 0.2, blur=4) == pytest.approx(seen, abs=1e-3)
    shaded = local_contrast(pictures + slope, blur=4)[..., 8:-8]
    assert shaded == pytest.approx(seen[..., 8:-8], abs=0.15)
    assert np.isfinite(local_contrast(np.zeros((1, 1, 8, 8)), blur=2)).all()


def test_the_strangest_share_has_one_pixel_at_least():
    maps = np.random.default_rng(0).normal(size=(4, 5, 6))
    assert strangest_share(maps, 1e-9) == pytest.approx(maps.max((1, 2)))
    assert strangest_share(maps, 1) == pytest.approx(maps.mean((1, 2)))


@pytest.fixture(scope="module")
def striped():
    """Stripes that begin anywhere, in any light, with some noise."""
    generator = np.random.default_rng(0)
    shift, light = generator.uniform(0, 6, size=(60, 1, 1)), generator.uniform(80, 120, size=(60, 1, 1))
    columns = np.arange(32)[None, None, :]
    stripes = light + 20 * np.sin(columns + shift) + generator.normal(0, 3, size=(60, 32, 32))
    return stripes.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def detector(striped):
    return im.PatchDetector(patch=8, false_alarm_rate=0.1).fit(striped[:40])


def test_defects_are_found_and_shown(detector, striped):
    spoilt = striped[40:].copy()
    spoilt[:, 12:16, 20:24] = spoilt[:, 12:16, 2:3]  # no stripes there
    scores = detector.anomaly_score(spoilt)
    assert scores.min() > detector.anomaly_score(striped[40:]).max()
    heat = detector.heat_map(spoilt)
    assert heat.shape == (20, 32, 32)
    assert heat[:, 12:16, 20:24].mean() > 5 * heat[:, :, :12].mean()
    assert 0.5 < np.median(detector.heat_map(striped[40:])) < 1.5
    assert (detector.predict(spoilt) == -1).all()
    assert (detector.predict(striped[40:]) == -1).mean() <= 0.3
    assert detector.p_value(spoilt).max() < 0.1


def test_seeds_repeat_and_colours_are_taken(detector, striped):
    again = im.PatchDetector(patch=8, false_alarm_rate=0.1).fit(striped[:40])
    assert (again.anomaly_score(striped) == detector.anomaly_score(striped)).all()
    colours = np.stack([striped, striped, 255 - striped], axis=-1)
    model = im.AE(4, trainer=im.Trainer(epochs=1, validation=0))
    heat = im.PatchDetector(model, patch=8, stride=8, false_alarm_rate=0.1).fit(colours).heat_map(colours[:3])
    assert heat.shape == (3, 32, 32)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"patch": 1, "stride": 0}, "patch is 1.*\n.*stride is 0"),
        ({"patch": 4, "stride": 5}, "stride is 5; expected from 1 pixel on, and at most the patch's 4"),
        ({"false_alarm_rate": 0.7}, "false_alarm_rate is 0.7"),
        ({"false_alarm_rate": 0.001}, "cannot promise"),
        ({"model": "ae"}, "model is 'ae'"),
    ],
)
def test_what_cannot_be_is_refused(given, message, striped):
    with pytest.raises(ParameterError, match=message):
        im.PatchDetector(**given).fit(striped)


def test_pictures_that_do_not_fit(detector, striped):
    with pytest.raises(DataError, match=r"pictures of \(16, 32\); those of fit were \(32, 32\)"):
        detector.heat_map(striped[:, :16])
    with pytest.raises(DataError, match="expected a patch of 8 to fit in"):
        detector.heat_map(striped[:, :4])
    with pytest.raises(DataError, match="X is table"):
        im.PatchDetector().fit(np.zeros((9, 4)))
    with pytest.raises(DataError, match="3 pictures; expected 4 or more"):
        im.PatchDetector().fit(striped[:3])


@pytest.mark.skipif(not os.environ.get("ISTHMUS_DATA"), reason="ISTHMUS_DATA names no folder of data sets")
def test_magnetic_tiles_and_their_defects():
    train, test = load("magnetic-tile", "train"), load("magnetic-tile", "test")
    assert (len(train), len(test), len(load("magnetic-tile"))) == (200, 372, 572)
    assert set(train.labels) == {"free"}
    assert not magnetic_tile.masks("train").any()
    marked = magnetic_tile.masks("test")
    assert marked.shape == test.values.shape
    assert (marked.any(axis=(1, 2)) == (test.labels != "free")).all()
    assert len(magnetic_tile.masks("all")) == 572
