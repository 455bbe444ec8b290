"""Every codebook: begins where it is told, learns by a gradient or by what it stands for, and stays sound."""

import pytest
import torch
from examples import LATENT, features, make, parts
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.nearest_vector import nearest_vector
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize("name", parts("codebooks"))


def nearest(book, given):
    return nearest_vector(book.prepare(given), book.vectors())


@ALL
def test_it_begins_with_the_vectors_that_it_is_given(name):
    book = make("codebooks", name)
    vectors = features(LATENT, count=book.size, seed=2)
    book.start(vectors)
    assert torch.allclose(book.vectors(), book.prepare(vectors), atol=1e-6)
    assert book.vectors().dtype == torch.float32
    assert nearest(book, vectors).tolist() == list(range(book.size))


@ALL
def test_learning_lessens_the_distance_to_what_it_stands_for(name):
    book = make("codebooks", name).train()
    given = features(LATENT, count=400)
    book.start(given[: book.size])
    optimiser = torch.optim.Adam(book.parameters(), lr=0.02) if book.learned else None

    def distance():
        return (book.prepare(given) - book.vectors()[nearest(book, given)]).square().sum(1).mean()

    before = distance().item()
    for _ in range(100):
        index = nearest(book, given)
        if optimiser is not None:
            optimiser.zero_grad()
            distance().backward()
            optimiser.step()
        with RandomStream(0):
            book.observe(book.prepare(given), index)
    assert distance().item() < 0.9 * before


@ALL
def test_a_learned_codebook_has_a_gradient_and_others_have_none(name):
    book = make("codebooks", name)
    assert book.vectors().requires_grad == book.learned
    if book.learned:
        book.vectors().square().sum().backward()
        assert all(parameter.grad is not None for parameter in book.parameters())


@ALL
def test_what_is_not_finite_is_not_learnt(name):
    book = make("codebooks", name)
    before = {key: value.clone() for key, value in book.state_dict().items()}
    given = features(LATENT, count=20)
    given[3, 1] = torch.nan
    book.observe(given, torch.zeros(20, dtype=torch.int64))
    assert all(torch.equal(before[key], value) for key, value in book.state_dict().items())


@ALL
def test_bfloat16_features_leave_it_in_float32(name):
    """Peers' bug: moving averages in bfloat16 lose every change below 0.4 %."""
    book = make("codebooks", name)
    with torch.autocast("cpu", torch.bfloat16):
        book.observe(features(LATENT, count=20).bfloat16(), torch.arange(20) % book.size)
        assert book.vectors().dtype == torch.float32
    assert all(value.dtype == torch.float32 for value in book.state_dict().values())


@ALL
@pytest.mark.parametrize("wrong", [{"size": 1}, {"dim": 0}])
def test_sizes_that_make_no_sense_are_refused(name, wrong):
    with pytest.raises(ParameterError, match=f"{next(iter(wrong))} is"):
        catalogue.make("codebooks", name, {"size": 4, "dim": 2, **wrong})


@ALL
def test_it_survives_json(name):
    part, again = rebuilt("codebooks", name)
    given = features(LATENT)
    assert torch.equal(part.vectors(), again.vectors())
    assert torch.equal(nearest(part, given), nearest(again, given))


def test_the_nearest_is_found_in_pieces_as_in_one(monkeypatch):
    given, vectors = features(5, count=300), features(5, count=40, seed=1)
    wanted = torch.cdist(given, vectors).argmin(1)
    assert torch.equal(nearest_vector(given, vectors), wanted)
    monkeypatch.setattr("isthmus.layers.nearest_vector.TILE", 7 * 40)
    assert torch.equal(nearest_vector(given, vectors), wanted)


def test_moving_averages_by_hand():
    book = catalogue.make("codebooks", "ema", {"size": 2, "dim": 1, "decay": 0.9, "revive": 0.0})
    book.start(torch.tensor([[0.0], [10.0]]))
    book.observe(torch.tensor([[1.0], [2.0], [12.0], [3.0]]), torch.tensor([0, 0, 1, 0]))
    shares = [0.9 * 0.5 + 0.1 * 0.75, 0.9 * 0.5 + 0.1 * 0.25]
    sums = [0.9 * 0.0 + 0.1 * 6 / 4, 0.9 * 5.0 + 0.1 * 12 / 4]
    assert book.shares.tolist() == pytest.approx(shares)
    assert book.vectors().flatten().tolist() == pytest.approx([s / n for s, n in zip(sums, shares, strict=True)])
