"""Every corruption of symbols: what it may touch, where it draws from, and what each says that it does."""

import itertools

import pytest
import torch
from examples import parts, streamed

from isthmus import catalogue
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream

END, MASK, LEVELS, LENGTH = 0, 2, 30, 24
NAMES = [name for name in parts("corruptions") if catalogue.find("corruptions", name).of_symbols]
ALL = pytest.mark.parametrize("name", NAMES)


def make(name, **given):
    known = {"mask": MASK, "levels": LEVELS, "keep": (END,)}
    words = catalogue.parameters("corruptions", name)
    return catalogue.make("corruptions", name, {**{k: v for k, v in known.items() if k in words}, **given})


def texts(count=40, seed=0):
    """Rows of 1 to 23 different tokens and an end, filled up."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, LENGTH, (count,), generator=generator)
    tokens = torch.stack([3 + torch.randperm(LEVELS - 3, generator=generator)[:LENGTH] for _ in range(count)])
    places = torch.arange(LENGTH)
    x = tokens.where(places < lengths[:, None], END)
    return Batch(x=x, valid=places <= lengths[:, None])


def seen_by(corruption, given, seed=0):
    with RandomStream(seed):
        return corruption(given)


def rows(view):
    """The real symbols of each row."""
    return [x[valid].tolist() for x, valid in zip(view.x, view.valid, strict=True)]


@ALL
def test_it_spoils_and_leaves_the_batch_alone(name):
    given = texts()
    before = given.x.clone()
    view = seen_by(make(name), given)
    assert torch.equal(given.x, before)
    assert view.x.shape == view.valid.shape
    assert view.x.dtype == torch.int64
    assert rows(view) != rows(given)
    assert make(name).spoils


@ALL
def test_it_draws_from_the_current_stream_only(name):
    corruption, given = make(name), texts()
    views = streamed(lambda: corruption(given), 1, 1, 2)
    assert rows(views[0]) == rows(views[1])
    assert rows(views[0]) != rows(views[2])


@ALL
def test_every_text_keeps_its_end_where_it_belongs_and_a_token(name):
    for row in rows(seen_by(make(name), texts())):
        assert row[-1] == END
        assert row.count(END) == 1
        assert len(row) >= 2


@ALL
def test_what_is_real_comes_first(name):
    valid = seen_by(make(name), texts()).valid.int()
    assert bool((valid.diff(dim=1) <= 0).all())


@ALL
def test_padding_changes_nothing(name):
    given = texts()
    other = Batch(x=given.x.where(given.valid, 17), valid=given.valid)
    assert rows(seen_by(make(name), given)) == rows(seen_by(make(name), other))


@ALL
def test_a_text_is_not_made_of_its_companions(name):
    """With other companions of the same lengths the first text is spoilt alike."""
    given = texts()
    changed = torch.cat([given.x[:1], given.x[1:].where(given.x[1:] < 3, 5)])
    other = Batch(x=changed, valid=given.valid)
    assert rows(seen_by(make(name), given))[0] == rows(seen_by(make(name), other))[0]


@ALL
def test_whole_batches_need_no_mask(name):
    given = texts()
    whole = Batch(x=given.x[:, :8].clamp_min(3))
    view = seen_by(make(name), whole)
    assert len(view.x) == len(whole)


def many(length=200):
    return Batch(x=torch.randint(3, LEVELS, (200, length), generator=torch.Generator().manual_seed(1)))


def test_deletion_leaves_a_share_in_order():
    given = many()
    view = seen_by(make("token_deletion", share=0.6), given)
    assert view.valid.float().sum().item() / given.x.numel() == pytest.approx(0.4, abs=0.01)
    for before, after in zip(given.x.tolist(), rows(view), strict=True):
        left = iter(before)
        assert all(symbol in left for symbol in after)  # a subsequence


def test_masking_hides_a_share_as_the_paper_has_it():
    given = many()
    view = seen_by(make("token_masking", share=0.3), given)
    hidden = view.hidden
    assert torch.equal(hidden, view.judged)
    assert hidden.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert torch.equal(view.x[~hidden], given.x[~hidden])
    assert (view.x[hidden] == MASK).float().mean().item() == pytest.approx(0.8, abs=0.01)
    same = 0.1 + 0.1 / (LEVELS - 3)  # another one may be the same
    assert (view.x[hidden] == given.x[hidden]).float().mean().item() == pytest.approx(same, abs=0.01)
    assert int(view.x.min()) >= MASK


@pytest.mark.parametrize(("share", "span"), [(0.15, 1.0), (0.3, 3.0), (0.5, 3.0), (0.3, 20.0)])
def test_every_place_is_as_likely_to_be_hidden_as_any_other(share, span):
    given = Batch(x=torch.full((20_000, 40), 5))
    by_place = seen_by(make("token_masking", share=share, span=span), given).hidden.float().mean(0)
    assert torch.allclose(by_place, torch.full((40,), share), atol=0.02)


@pytest.mark.parametrize("span", [1.0, 3.0, 6.0])
@pytest.mark.parametrize("share", [0.15, 0.5])
def test_spans_have_their_mean_length_and_their_share(span, share):
    hidden = seen_by(make("token_masking", share=share, span=span), many(500)).hidden
    assert hidden.float().mean().item() == pytest.approx(share, abs=0.015)
    begins = (hidden & ~torch.nn.functional.pad(hidden, (1, 0))[:, :-1]).sum().item()
    longest = 1 if span == 1 else max(10, round(4 * span))
    cut = span * (1 - (1 - 1 / span) ** longest)  # of spans of at most so many
    overlap = cut if span > 1 else 1.0
    met = hidden.sum().item() / begins
    assert met >= 0.9 * overlap  # spans that meet are longer ones
    if share < 0.2:
        assert met == pytest.approx(overlap / (1 - share), rel=0.15)


def test_infilling_puts_one_mask_for_each_span():
    given = many()
    view = seen_by(make("infilling", share=0.3, span=3.0), given)
    assert not any(a == b == MASK for row in rows(view) for a, b in itertools.pairwise(row))
    kept = sum(symbol != MASK for row in rows(view) for symbol in row) / given.x.numel()
    assert kept == pytest.approx(0.7, abs=0.02)
    for before, after in zip(given.x.tolist(), rows(view), strict=True):
        left = iter(before)
        assert all(symbol in left for symbol in after if symbol != MASK)


@pytest.mark.parametrize("reach", [2, 3, 5])
def test_permutation_moves_tokens_by_less_than_its_reach(reach):
    given = Batch(x=torch.arange(3, 203).expand(50, -1))
    view = seen_by(make("token_permutation", reach=reach), given)
    assert torch.equal(view.x.sort(dim=1).values, given.x)
    moved = (view.x - given.x).abs()
    assert int(moved.max()) == reach - 1


def test_rotation_turns_tokens_and_every_turn_comes():
    given = Batch(x=torch.tensor([[3, 4, 5, 6, 7, END]]).expand(500, -1))
    found = {tuple(row) for row in seen_by(make("token_rotation"), given).x.tolist()}
    tokens = [3, 4, 5, 6, 7]
    assert found == {(*tokens[i:], *tokens[:i], END) for i in range(5)}


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("token_deletion", {"share": 1.0}, "share is 1.0"),
        ("token_masking", {"share": 0.0}, "share is 0.0"),
        ("token_masking", {"span": 0.5}, "span is 0.5"),
        ("token_masking", {"mask": 29}, "mask is 29"),
        ("infilling", {"share": 1.5, "span": 0.0}, "2 parameters are wrong"),
        ("token_permutation", {"reach": 1}, "reach is 1"),
    ],
)
def test_wrong_shares_are_refused(name, given, told):
    with pytest.raises(ValueError, match=told):
        make(name, **given)
