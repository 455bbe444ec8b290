"""Selection is exact: the k smallest of many numbers, ties by place, however wrong the scan may be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from isthmus.tasks.binary_codes import BinaryCodes, _ones_by_bytes, iterative_quantisation, words
from isthmus.tasks.exact_codes import ExactCodes
from isthmus.tasks.nearest_pairs import Pairs, candidates, ranked, within
from isthmus.tasks.product_codes import ProductCodes, balanced
from isthmus.tasks.vector_codes import rotation, times

quick = settings(max_examples=40, deadline=None)
few = st.integers(1, 40)


@quick
@given(st.data(), few, few)
def test_candidates_hold_the_nearest(data, queries, items):
    scanned = data.draw(arrays(np.int64, (queries, items), elements=st.integers(0, 5)))
    k = data.draw(st.integers(1, items))
    pairs = candidates(scanned, k)
    found = ranked(pairs, scanned[pairs.query, pairs.item].astype(float), queries, k)
    assert (found.items == np.argsort(scanned, axis=1, kind="stable")[:, :k]).all()


@quick
@given(st.data(), few, few)
def test_candidates_of_a_scan_that_is_off(data, queries, items):
    true = data.draw(arrays(np.float64, (queries, items), elements=st.integers(0, 5)))
    slack = data.draw(arrays(np.float64, queries, elements=st.floats(0, 2)))
    wrong = np.random.default_rng(0).uniform(-1, 1, true.shape) * slack[:, None]
    k = data.draw(st.integers(1, items))
    pairs = candidates(true + wrong, k, slack + 1e-9)
    found = ranked(pairs, true[pairs.query, pairs.item], queries, k)
    assert (found.items == np.argsort(true, axis=1, kind="stable")[:, :k]).all()


def test_few_candidates_are_enough():
    scanned = np.random.default_rng(0).normal(size=(20, 10_000))
    assert len(candidates(scanned, 10)) < 20 * 20


@quick
@given(arrays(np.float64, (3, 7), elements=st.integers(0, 4)), st.integers(0, 4))
def test_within_a_distance(scanned, limit):
    pairs = within(scanned, limit)
    assert len(pairs) == (scanned <= limit).sum()
    assert (scanned[pairs.query, pairs.item] <= limit).all()


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_the_scan_of_vectors_is_as_near_as_it_says(offset):
    generator = np.random.default_rng(1)
    x = (generator.normal(size=(500, 20)) + offset).astype(np.float32)
    q = (generator.normal(size=(30, 20)) + offset).astype(np.float32)
    coder = ExactCodes()
    items = coder.kept(x)
    scanned = coder.scan(q, items).astype(np.float64)
    true = np.square(q[:, None].astype(np.float64) - x).sum(2)
    off = np.abs(scanned + coder.offset(q, items)[:, None] - true).max(1)
    assert (off <= coder.slack(q, items)).all()
    every = Pairs(query=np.repeat(np.arange(30), 500), item=np.tile(np.arange(500), 30))
    assert (coder.squared(q, items, every, scanned) == true.ravel()).all()


@quick
@given(arrays(np.uint8, st.tuples(few, st.sampled_from([1, 2, 3, 4, 8, 12]))))
def test_hamming_distances_are_bits_that_differ(codes):
    coder = BinaryCodes(centre=np.zeros(2), projection=np.zeros((2, 8 * codes.shape[1])))
    bits = np.unpackbits(codes, axis=1)
    true = (bits[:, None] != bits).sum(2)
    assert (coder.scan(codes, coder.kept(codes)) == true).all()
    differ = words(codes)[:, None] ^ words(codes)[None]
    assert (_ones_by_bytes(differ).sum(2) == true).all()  # what numpy 1 does


def test_iterative_quantisation_loses_less_than_no_rotation():
    generator = np.random.default_rng(0)
    centres = generator.choice([-1.0, 1.0], size=(400, 8)) + 0.1 * generator.normal(size=(400, 8))
    components = centres @ rotation(8, generator)  # whose signs say little
    turned = iterative_quantisation(components, generator)
    assert turned @ turned.T == pytest.approx(np.eye(8), abs=1e-9)

    def loss(v):
        return np.square(np.sign(v) - v).sum()

    assert loss(components @ turned) < 0.5 * loss(components)


def test_bits_are_signs_of_turned_components():
    x = np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32)
    coder = BinaryCodes.learn(x, bits=16, seed=0)
    assert coder.projection.T @ coder.projection == pytest.approx(np.eye(16), abs=1e-9)
    signs = (x - coder.centre) @ coder.projection > 0
    assert (np.unpackbits(coder.encode(x), axis=1) == signs).all()
    assert 0.3 < signs.mean() < 0.7


def test_more_bits_than_numbers_are_further_rotations():
    x = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    coder = BinaryCodes.learn(x, bits=24, seed=0)
    assert coder.encode(x).shape == (200, 3)
    assert len(np.unique(coder.projection.round(6), axis=1).T) == 24


def test_product_codes_are_the_nearest_centres_and_their_distances():
    x = np.random.default_rng(0).normal(size=(600, 10)).astype(np.float32)
    coder = ProductCodes.learn(x, bits=24, seed=0)
    codes = coder.encode(x)
    assert coder.sizes.tolist() == [4, 3, 3]
    turned = times(x, coder.projection)
    begin = 0
    for part, size in enumerate(coder.sizes):
        centres = coder.centres[:, begin : begin + size]
        far = np.square(turned[:, None, begin : begin + size] - centres).sum(2)
        assert (far.argmin(1) == codes[:, part]).all()
        begin += size
    items = coder.kept(codes)
    scanned = coder.scan(coder.question(x[:9]), items)
    rebuilt = coder.question_of(codes)
    assert scanned == pytest.approx(np.square(turned[:9, None] - rebuilt).sum(2), rel=1e-4)
    lost = np.square(turned - rebuilt).sum() / np.square(turned - turned.mean(0)).sum()
    assert lost < 0.25


def test_few_different_vectors_are_kept_without_loss():
    x = np.repeat(np.random.default_rng(0).normal(size=(20, 4)), 5, axis=0).astype(np.float32)
    coder = ProductCodes.learn(x, bits=8, seed=0)
    assert coder.question_of(coder.encode(x)) == pytest.approx(times(x, coder.projection))


@quick
@given(st.lists(st.floats(1e-6, 1e6), min_size=4, max_size=30), st.integers(1, 4))
def test_parts_have_each_component_once(spread, parts):
    shares = balanced(np.sort(np.array(spread))[::-1], parts)
    assert sorted(component for share in shares for component in share) == list(range(len(spread)))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
