"""Everything that reads or writes symbols in order: padding is not there, nobody looks ahead, and what is written is
what the scores say.
"""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from examples import LATENT, features, make, parts, reads_symbols, streamed, symbols, takes_places, writes
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.errors import ParameterError
from isthmus.layers.choosing import drawn, narrowed
from isthmus.layers.writing import Writing, greedy_scores, written
from isthmus.records import Batch, Code, View
from isthmus.training.random_stream import RandomStream

READERS = [name for name in parts("encoders") if reads_symbols(name)]
WRITERS = [name for name in parts("decoders") if writes(name)]
LENGTH, SYMBOLS, END = 6, 5, 0
LENGTHS = torch.tensor([6, 3, 1, 4, 6, 2])
ROWS = len(LENGTHS)
NOISE = 5  # standard errors that a right sampler may be off
DRAWS = 20_000


def lively(part):
    """Weights so large that every input shows."""
    with RandomStream(1), torch.no_grad():
        for parameter in part.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return part.eval()


def reader(name, **changed):
    return lively(make("encoders", name, in_shape=(LENGTH,), levels=SYMBOLS, **changed))


def writer(name, *, length=4, levels=3, **changed):
    return lively(make("decoders", name, out_shape=(length,), outputs=levels, **changed))


def favouring(decoder, symbol, by):
    """The same decoder, to which one symbol is likelier at every place."""
    bias = next(value for key, value in decoder.named_parameters() if key.endswith("head.bias"))
    with torch.no_grad():
        bias[symbol] += by
    return decoder


def real(lengths=LENGTHS, longest=LENGTH):
    return torch.arange(longest) < lengths[:, None]


def sequences(seed=0, lengths=LENGTHS, longest=LENGTH):
    """A view of sequences that end in zeros where they are short."""
    valid = real(lengths, longest)
    return View(x=symbols(valid.shape, seed, SYMBOLS).where(valid, 0), valid=valid)


def respelt(view):
    """The same view with other symbols at the places that are not real."""
    return replace(view, x=view.x.where(view.valid, symbols(view.x.shape, 99, SYMBOLS)))


def cut(record, row):
    """One row alone, without padding."""
    length = int(record.valid[row].sum())
    return replace(record, x=record.x[row : row + 1, :length], valid=record.valid[row : row + 1, :length])


def longer(record, by=2):
    """The same rows with more padding."""
    return replace(record, x=F.pad(record.x, (0, by), value=3.0), valid=F.pad(record.valid, (0, by)))


def alike(one, other):
    return torch.allclose(one, other, atol=1e-5)


# -- readers -------------------------------------------------------------------------------------------

READING = pytest.mark.parametrize("flatten", [True, False], ids=["flat", "places"])
READER = pytest.mark.parametrize("name", READERS)


def at_real(found, valid, flatten):
    return found if flatten else found[valid]


@READING
@READER
def test_symbols_that_are_not_real_are_not_read(name, flatten):
    encoder, seen = reader(name, flatten=flatten), sequences()
    other = respelt(seen)
    assert not torch.equal(seen.x, other.x)
    assert alike(*(at_real(encoder(each), seen.valid, flatten) for each in (seen, other)))


@READING
@READER
def test_every_symbol_that_is_real_is_read(name, flatten):
    encoder, seen = reader(name, flatten=flatten), sequences()
    for place in range(LENGTH):
        x = seen.x.clone()
        x[:, place] = (x[:, place] + 1) % SYMBOLS
        moved = (encoder(replace(seen, x=x)) - encoder(seen)).abs()
        moved = moved if flatten else moved.where(seen.valid[..., None], 0.0)
        assert torch.equal(moved.flatten(1).amax(1) > 1e-4, seen.valid[:, place])


@READING
@READER
def test_the_order_of_symbols_is_read(name, flatten):
    encoder = reader(name, flatten=flatten)
    one, other = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0, 3.0, 2.0]])
    assert not torch.allclose(encoder(View(x=one))[:, :1], encoder(View(x=other))[:, :1], atol=1e-3)


@READING
@READER
def test_padding_further_changes_nothing(name, flatten):
    encoder, seen = reader(name, flatten=flatten), sequences(lengths=LENGTHS.clamp_max(4), longest=4)
    found, padded = encoder(seen), encoder(longer(seen))
    assert alike(at_real(found, seen.valid, flatten), at_real(padded, longer(seen).valid, flatten))


@READING
@READER
def test_an_example_does_not_depend_on_the_lengths_of_its_companions(name, flatten):
    encoder, seen = reader(name, flatten=flatten), sequences()
    whole = encoder(seen)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = encoder(cut(seen, row))[0]
        assert alike(alone, whole[row] if flatten else whole[row, :length])


@READING
@READER
def test_without_a_mask_all_is_real(name, flatten):
    encoder, x = reader(name, flatten=flatten), sequences().x
    assert alike(encoder(View(x=x)), encoder(View(x=x, valid=torch.ones_like(x, dtype=torch.bool))))


@READING
@READER
def test_it_says_which_of_its_features_are_real(name, flatten):
    encoder, seen = reader(name, flatten=flatten), sequences()
    assert encoder.valid(View(x=seen.x)) is None
    assert (encoder.valid(seen) is None) == flatten
    if not flatten:
        assert torch.equal(encoder.valid(seen), seen.valid)
        assert encoder(seen).shape == (*seen.valid.shape, LATENT)


@READER
def test_a_row_without_symbols_stays_finite(name):
    encoder, seen = reader(name), sequences(lengths=LENGTHS - 1)
    assert bool(encoder(seen).isfinite().all())


@READING
@READER
def test_padding_gets_no_gradient_and_spoils_none(name, flatten):
    encoder = reader(name, flatten=flatten).train()
    seen = replace(sequences(), x=sequences().x.where(real(), SYMBOLS - 1.0).clamp_max(SYMBOLS - 1))
    x = seen.x.where(seen.valid, SYMBOLS - 1.0)
    x = x.where(~seen.valid | (x != SYMBOLS - 1), 0.0)  # the last symbol stands in padding only
    at_real(encoder(replace(seen, x=x)), seen.valid, flatten).square().sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in encoder.parameters())
    assert not encoder.symbol.weight.grad[-1].any()
    assert encoder.symbol.weight.grad[0].any()


# -- whole models --------------------------------------------------------------------------------------

PAIRS = [(r, w, True) for r in READERS for w in WRITERS]
PAIRS += [(r, w, False) for r in READERS for w in WRITERS if takes_places(w)]
MODELS = pytest.mark.parametrize(("read_by", "written_by", "flatten"), PAIRS)


def whole(read_by, written_by, flatten, *, random=True):
    bottleneck = catalogue.make("bottlenecks", "gaussian" if random else "identity", {"latent_dim": LATENT})
    terms = [("reconstruction", {}), *([("code_cost", {"name": "kl"})] if random else [])]
    with RandomStream(0):
        model = Autoencoder(
            encoder=reader(read_by, out_dim=bottleneck.in_dim, flatten=flatten),
            bottleneck=bottleneck,
            decoder=writer(written_by, length=LENGTH, levels=SYMBOLS),
            likelihood=catalogue.make("likelihoods", "categorical", {"levels": SYMBOLS, "ordered": False}),
            prior=catalogue.make("priors", "standard_normal", {}) if random else None,
            terms=[catalogue.make("terms", *term) for term in terms],
        )
    return model.eval()


def batch_of(view):
    return Batch(x=view.x, valid=view.valid)


def passed(model, batch):
    with RandomStream(3):
        return model(batch).log_likelihood


@MODELS
def test_codes_and_likelihoods_do_not_hear_padding(read_by, written_by, flatten):
    model = whole(read_by, written_by, flatten, random=False)
    short = sequences(lengths=LENGTHS.clamp_max(4), longest=4)
    usual = passed(model, batch_of(short))
    for other in (respelt(short), longer(short)):
        code = model.encode(batch_of(other)).z
        code = code if flatten else code[:, :4].where(short.valid[..., None], 0.0)
        wanted = model.encode(batch_of(short)).z
        assert alike(code, wanted if flatten else wanted.where(short.valid[..., None], 0.0))
        assert alike(passed(model, batch_of(other)), usual)
        assert alike(model.log_bound(batch_of(other), torch.zeros(0)), usual)
        assert alike(model.rebuild(batch_of(other)), model.rebuild(batch_of(short)))


@MODELS
def test_likelihoods_do_not_depend_on_companions(read_by, written_by, flatten):
    model, seen = whole(read_by, written_by, flatten, random=False), sequences()
    together = passed(model, batch_of(seen))
    for row in range(ROWS):
        assert alike(passed(model, batch_of(cut(seen, row)))[0], together[row])


@MODELS
def test_longer_texts_are_no_likelier(read_by, written_by, flatten):
    """Values at real places are counted, and none twice."""
    model, seen = whole(read_by, written_by, flatten, random=False), sequences()
    code = model.encode(batch_of(seen))
    scores = model.decoder(code, seen, seen.x).log_softmax(1)
    each = scores.gather(1, seen.x.long()[:, None])[:, 0]
    assert alike(passed(model, batch_of(seen)), each.where(seen.valid, 0.0).sum(1))
    assert bool((each < 0).all())


@pytest.mark.parametrize(("read_by", "written_by"), [(r, w) for r, w, flatten in PAIRS if flatten])
def test_bounds_of_random_codes_do_not_hear_padding(read_by, written_by):
    model, short = whole(read_by, written_by, flatten=True), sequences(lengths=LENGTHS.clamp_max(4), longest=4)
    noise = torch.randn(3, ROWS, LATENT)
    for score in (model.log_bound, model.log_prob):
        usual = score(batch_of(short), noise)
        assert alike(score(batch_of(respelt(short)), noise), usual)
        assert alike(score(batch_of(longer(short)), noise), usual)
        alone = torch.cat([score(batch_of(cut(short, row)), noise[:, row : row + 1]) for row in range(ROWS)])
        assert alike(alone, usual)
        assert usual.std() > 0.1
    assert alike(passed(model, batch_of(longer(short))), passed(model, batch_of(short)))


# -- writers: teacher forcing --------------------------------------------------------------------------

WRITER = pytest.mark.parametrize("name", WRITERS)
# a writer, its arguments, and the places of the codes that it is given
CASES = [pytest.param(w, {}, (), id=w) for w in WRITERS]
CASES += [pytest.param(w, {"end": END}, (), id=f"{w}-end") for w in WRITERS]
CASES += [pytest.param(w, {"condition_dim": 2}, (), id=f"{w}-condition") for w in WRITERS]
CASES += [pytest.param(w, {"end": 2}, (3,), id=f"{w}-places") for w in WRITERS if takes_places(w)]
EACH = pytest.mark.parametrize(("name", "changed", "places"), CASES)


def told(changed, places=(), count=7, seed=0):
    """A code and a view for a writer; of a code's places some are not real."""
    z = 2 * features(LATENT, places, count=count, seed=seed)
    valid = (torch.arange(places[0]) <= torch.arange(count)[:, None] % places[0]) if places else None
    width = changed.get("condition_dim", 0)
    condition = features(width, count=count, seed=seed + 50) if width else None
    return Code(z=z, valid=valid), View(x=z, condition=condition)


def one_row(code, view, row):
    """What one example is told."""
    z = code.z[row : row + 1]
    valid = None if code.valid is None else code.valid[row : row + 1]
    return Code(z=z, valid=valid), View(
        x=z, condition=None if view.condition is None else view.condition[row : row + 1]
    )


def repeated(code, view, count):
    """A single example, so many times."""
    z, valid, condition = (
        None if each is None else each.expand(count, *each.shape[1:]) for each in (code.z, code.valid, view.condition)
    )
    return Code(z=z, valid=valid), View(x=z, condition=condition)


@EACH
def test_nobody_looks_ahead(name, changed, places):
    decoder, (code, view) = writer(name, **changed), told(changed, places)
    teacher = symbols((7, 4), 1)
    usual = decoder(code, view, teacher)
    for place in range(4):
        other = teacher.clone()
        other[:, place] = (other[:, place] + 1) % 3
        found = decoder(code, view, other)
        assert alike(found[..., : place + 1], usual[..., : place + 1])
        assert all(bool(((found - usual)[..., t].abs().amax(1) > 1e-6).all()) for t in range(place + 1, 4))


@EACH
def test_the_code_and_the_condition_are_heard_at_every_place(name, changed, places):
    decoder, (code, view), teacher = writer(name, **changed), told(changed, places), symbols((7, 4), 1)
    other_code, other_view = told(changed, places, seed=9)
    usual = decoder(code, view, teacher)
    heard = [decoder(other_code, view, teacher)]
    heard += [decoder(code, other_view, teacher)] if view.condition is not None else []
    for found in heard:
        free = slice(None) if decoder.end is None else slice(-1)  # at the last place there is only the end
        assert bool(((found - usual).abs().amax(1)[:, free] > 1e-5).all())


@pytest.mark.parametrize("name", [w for w in WRITERS if takes_places(w)])
def test_every_place_of_a_code_is_heard_where_it_is_real(name):
    decoder, (code, view), teacher = writer(name), told({}, (3,)), symbols((7, 4), 1)
    usual = decoder(code, view, teacher)
    for place in range(3):
        z = code.z.clone()
        z[:, place] += 1.0
        moved = (decoder(replace(code, z=z), view, teacher) - usual).abs().flatten(1).amax(1)
        assert torch.equal(moved > 1e-5, code.valid[:, place])


@EACH
def test_a_shorter_teacher_gets_the_same_scores(name, changed, places):
    decoder, (code, view), teacher = writer(name, **changed), told(changed, places), symbols((7, 4), 1)
    assert alike(decoder(code, view, teacher[:, :2]), decoder(code, view, teacher)[..., :2])


@EACH
def test_step_by_step_is_as_at_once(name, changed, places):
    decoder, (code, view), teacher = writer(name, **changed), told(changed, places), symbols((7, 4), 1)
    state, last, found = decoder.begin(code, view), None, []
    for place in range(4):
        found.append(decoder.next_scores(last, state))
        last = teacher[:, place].long()
    assert alike(torch.stack(found, dim=2), decoder(code, view, teacher))


@EACH
@pytest.mark.parametrize("after", [0, 1, 3])
def test_rows_may_be_taken_in_another_order(name, changed, places, after):
    decoder, (code, view), teacher = writer(name, **changed), told(changed, places), symbols((7, 4), 1)
    rows = torch.tensor([5, 0, 0, 6, 2])
    state, last = decoder.begin(code, view), None
    for place in range(after):
        decoder.next_scores(last, state)
        last = teacher[:, place].long()
    state.select(rows)
    found = decoder.next_scores(None if last is None else last[rows], state)
    assert alike(found, decoder(code, view, teacher)[rows, :, after])


# -- writers: greedy -----------------------------------------------------------------------------------


def ended(symbols_, end):
    """Which places come after the first end."""
    return (symbols_ == end).cumsum(1) - (symbols_ == end).long() > 0


@EACH
def test_what_is_written_is_what_the_scores_say(name, changed, places):
    decoder, (code, view) = writer(name, **changed), told(changed, places, count=30)
    scores = greedy_scores(decoder, code, view)
    own, end = scores.argmax(-1), changed.get("end")
    wanted = own if end is None else own.masked_fill(ended(own, end), end)
    assert alike(decoder(code, view, wanted.float()), scores.movedim(-1, 1))
    assert alike(decoder(code, view), scores.movedim(-1, 1))
    found = written(decoder, code, view, Writing())
    assert found.dtype == torch.int64
    assert torch.equal(found, wanted)
    assert len(found.unique(dim=0)) > 2  # texts that say something


@EACH
def test_one_beam_is_greedy(name, changed, places):
    decoder, (code, view) = writer(name, **changed), told(changed, places, count=30)
    assert torch.equal(written(decoder, code, view, Writing(beams=1)), written(decoder, code, view, Writing()))


@WRITER
def test_writing_stops_when_all_have_ended(name):
    decoder, (code, view) = favouring(writer(name, end=END), END, 100.0), told({})
    for how in (Writing(), Writing(temperature=1.0)):
        assert torch.equal(written(decoder, code, view, how), torch.full((7, 1), END))
    assert bool((written(decoder, code, view, Writing(beams=2)) == END).all())
    assert decoder(code, view).shape == (7, 3, 1)


@EACH
@pytest.mark.parametrize("how", [{}, {"temperature": 1.0}, {"temperature": 3.0, "top_k": 2}, {"beams": 3}], ids=str)
def test_after_the_end_comes_the_end(name, changed, places, how):
    (code, view), end = told(changed, places, count=60), changed.get("end")
    if end is None:
        assert written(writer(name, **changed), code, view, Writing(**how)).shape == (60, 4)
        return
    likelier = [favouring(writer(name, **changed), end, by) for by in (-1.0, 0.0, 1.0, 2.0)]
    found = [written(decoder, code, view, Writing(**how)) for decoder in likelier]
    assert all(bool((each[ended(each, end)] == end).all()) for each in found)
    assert any(bool(ended(each, end).any()) for each in found)


@EACH
@pytest.mark.parametrize("how", [{}, {"temperature": 5.0}, {"temperature": 5.0, "top_p": 0.9}, {"beams": 3}], ids=str)
def test_what_may_not_be_written_never_comes(name, changed, places, how):
    decoder, (code, view) = favouring(writer(name, **changed), 1, 3.0), told(changed, places, count=60)
    assert (written(decoder, code, view, Writing(**how)) == 1).any()
    assert not (written(decoder, code, view, Writing(never=(1,), **how)) == 1).any()


# -- writers: the likeliest whole ----------------------------------------------------------------------


def every(levels, length, end):
    """All sequences that can be written, once each; after an end come ends."""
    found = torch.tensor(list(itertools.product(range(levels), repeat=length)))
    return found if end is None else found.masked_fill(ended(found, end), end).unique(dim=0)


def log_probs(decoder, code, view, sequences_, never=()):
    """log p of each sequence, by teacher forcing, up to its end: nats, ``[rows, sequences]``."""
    found = []
    for row in range(len(code.z)):
        scores = decoder(*repeated(*one_row(code, view, row), len(sequences_)), sequences_.float()).double()
        scores[:, list(never)] = -torch.inf
        each = scores.log_softmax(1).gather(1, sequences_[:, None])[:, 0]
        counted = each if decoder.end is None else each.masked_fill(ended(sequences_, decoder.end), 0.0)
        found.append(counted.sum(1))
    return torch.stack(found).detach()


def filled(sequences_, length, end):
    return sequences_ if end is None else F.pad(sequences_, (0, length - sequences_.shape[1]), value=end)


def reached(decoder, code, view, how, length):
    """log p of what is written, ``[rows]``."""
    found = filled(written(decoder, code, view, how), length, decoder.end)
    each = (log_probs(decoder, *one_row(code, view, i), found[i : i + 1], how.never) for i in range(len(found)))
    return torch.cat([one[0] for one in each])


@EACH
@pytest.mark.parametrize("length", [1, 3, 4])
@pytest.mark.parametrize("never", [(), (1,)])
def test_beams_enough_for_all_find_the_likeliest_of_all(name, changed, places, length, never):
    decoder, (code, view) = writer(name, length=length, **changed), told(changed, places, count=20)
    all_ = every(3, length, decoder.end)
    likeliest = all_[log_probs(decoder, code, view, all_, never).argmax(1)]
    found = written(decoder, code, view, Writing(beams=3**length, never=never))
    assert torch.equal(filled(found, length, decoder.end), likeliest)


@EACH
def test_more_beams_find_what_is_as_likely_or_likelier(name, changed, places):
    """Not for each text: a wider search may lose a beginning that a narrow one kept. The widest loses none."""
    decoder, (code, view) = writer(name, **changed), told(changed, places, count=40)
    found = [reached(decoder, code, view, Writing(beams=beams), 4) for beams in (1, 2, 3, 9, 81)]
    assert all(bool((found[-1] >= fewer - 1e-5).all()) for fewer in found)
    means = [each.mean() for each in found]
    assert all(later >= earlier - 1e-5 for earlier, later in itertools.pairwise(means))


@EACH
def test_beams_of_an_example_do_not_depend_on_its_companions(name, changed, places):
    decoder, (code, view) = writer(name, **changed), told(changed, places)
    together = written(decoder, code, view, Writing(beams=3))
    for i in range(7):
        alone = written(decoder, *one_row(code, view, i), Writing(beams=3))
        assert torch.equal(filled(alone, 4, decoder.end), filled(together[i : i + 1], 4, decoder.end))


@EACH
def test_probabilities_of_all_sequences_sum_to_one(name, changed, places):
    decoder, (code, view) = writer(name, **changed), told(changed, places)
    all_ = every(3, 4, decoder.end)
    p = log_probs(decoder, code, view, all_).exp()
    assert torch.allclose(p.sum(1), torch.ones(7, dtype=p.dtype), atol=1e-5)
    if decoder.end is not None:
        finished = (all_ == decoder.end).any(1)
        assert torch.allclose(p[:, finished].sum(1), torch.ones(7, dtype=p.dtype), atol=1e-5)
        assert bool((p[:, ~finished] == 0).all())  # a text that does not end is none


@WRITER
def test_the_likelihood_counts_up_to_the_end(name):
    """log p of the model, whose mask holds the end, is that of the writer."""
    decoder, (code, view) = writer(name, end=END), told({})
    likelihood = catalogue.make("likelihoods", "categorical", {"levels": 3, "ordered": False})
    all_ = every(3, 4, END)
    for row in range(3):
        own = Code(z=code.z[row].expand(len(all_), -1))
        target = all_.float()
        found = likelihood.log_prob(decoder(own, None, target), target, ~ended(all_, END))
        assert alike(found.double(), log_probs(decoder, code, view, all_)[row])


# -- writers: drawing ----------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_draws_follow_the_scores(name, changed, places, temperature):
    """All sequences of two places, each about as often as its probability says."""
    decoder, (code, view) = writer(name, length=2, **changed), told(changed, places, count=1)
    all_ = every(3, 2, decoder.end)
    state = decoder.begin(*repeated(code, view, len(all_)))
    first = (decoder.next_scores(None, state) / temperature).log_softmax(-1).gather(1, all_[:, :1])
    second = (decoder.next_scores(all_[:, 0], state) / temperature).log_softmax(-1).gather(1, all_[:, 1:])
    if decoder.end is not None:
        second = second.masked_fill(all_[:, :1] == decoder.end, 0.0)
    p = (first + second).exp()[:, 0].detach().double()
    found = filled(written(decoder, *repeated(code, view, DRAWS), Writing(temperature=temperature)), 2, decoder.end)
    share = (found[:, None] == all_).all(-1).double().mean(0)
    assert share.sum().item() == pytest.approx(1)
    assert bool(((share - p).abs() < NOISE * (p * (1 - p) / DRAWS).sqrt() + 1e-6).all())
    can_be = p > 0
    assert not share[~can_be].any()
    chi_square = (DRAWS * (share - p).square() / p)[can_be].sum().item()
    assert chi_square < len(all_) + 6 * math.sqrt(2 * len(all_))


@EACH
@pytest.mark.parametrize("how", [{"temperature": 1e-6}, {"temperature": 3.0, "top_p": 1e-6}], ids=str)
def test_the_limit_of_drawing_is_the_likeliest(name, changed, places, how):
    decoder, (code, view) = writer(name, **changed), told(changed, places, count=60)
    assert torch.equal(written(decoder, code, view, Writing(**how)), written(decoder, code, view, Writing()))


@WRITER
def test_top_k_of_one_is_the_likeliest(name):
    decoder, (code, view) = writer(name), told({}, count=60)
    one = written(decoder, code, view, Writing(temperature=9.0, top_k=1))
    assert torch.equal(one, written(decoder, code, view, Writing()))


@EACH
def test_draws_come_from_the_current_stream(name, changed, places):
    decoder, (code, view) = writer(name, **changed), told(changed, places, count=60)
    found = streamed(lambda: written(decoder, code, view, Writing(temperature=1.0)), 1, 1, 2)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(filled(found[0], 4, END), filled(found[2], 4, END))


@EACH
@pytest.mark.parametrize("how", [{}, {"beams": 3}], ids=str)
def test_what_is_not_drawn_takes_nothing_from_the_stream(name, changed, places, how):
    decoder, (code, view) = writer(name, **changed), told(changed, places)
    before = torch.random.get_rng_state()
    written(decoder, code, view, Writing(**how))
    assert torch.equal(before, torch.random.get_rng_state())


SCORES = st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=12, unique=True)


@given(SCORES, st.integers(1, 14))
@settings(max_examples=200, deadline=None)
def test_top_k_leaves_the_k_likeliest(scores, k):
    scores = torch.tensor(scores)
    kept = narrowed(scores, top_k=k)
    wanted = set(scores.argsort(descending=True)[:k].tolist())
    assert set(kept.isfinite().nonzero().flatten().tolist()) == wanted
    assert torch.equal(kept[kept.isfinite()], scores[kept.isfinite()])


@given(SCORES, st.floats(0, 1, exclude_min=True, width=32))
@settings(max_examples=300, deadline=None)
def test_top_p_leaves_the_fewest_that_have_the_mass(scores, top_p):
    scores = torch.tensor(scores)
    kept = narrowed(scores, top_p=top_p).isfinite()
    p, rounding = scores.double().softmax(-1), 1e-5
    assert kept.any()
    assert not (~kept).any() or p[kept].min() >= p[~kept].max() - rounding
    assert p[kept].sum() >= top_p - rounding
    assert kept.sum() == 1 or p[kept].sum() - p[kept].min() < top_p + rounding


@given(SCORES, st.integers(1, 14), st.floats(0.0625, 1, width=32))
@settings(max_examples=200, deadline=None)
def test_top_p_is_of_what_top_k_has_left(scores, k, top_p):
    scores = torch.tensor(scores)
    both = narrowed(scores, top_k=k, top_p=top_p)
    assert torch.equal(both, narrowed(narrowed(scores, top_k=k), top_p=top_p))
    assert 1 <= int(both.isfinite().sum()) <= k


def test_rows_are_narrowed_each_for_itself():
    scores = torch.randn(6, 5, 9)
    for given_ in ({"top_k": 3}, {"top_p": 0.6}, {"top_k": 4, "top_p": 0.6}):
        alone = torch.stack([narrowed(row, **given_) for row in scores.flatten(0, 1)]).unflatten(0, (6, 5))
        assert torch.equal(narrowed(scores, **given_), alone)
    assert torch.equal(narrowed(scores), scores)


def test_what_is_left_out_is_never_drawn():
    scores = narrowed(torch.randn(9), top_k=3).expand(DRAWS, 9)
    assert set(drawn(scores).tolist()) == set(scores[0].isfinite().nonzero().flatten().tolist())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"temperature": 1.0, "top_k": 0}, "top_k is 0"),
        ({"temperature": 1.0, "top_p": 0.0}, "top_p is 0.0"),
        ({"temperature": 1.0, "top_p": 1.1}, "top_p is 1.1"),
        ({"beams": 0}, "beams is 0"),
        ({"beams": 2, "temperature": 0.5}, "take temperature=0 with them"),
        ({"top_k": 3}, "take a temperature above 0"),
        ({"top_p": 0.3}, "take a temperature above 0"),
    ],
    ids=str,
)
def test_wrong_ways_of_writing(wrong, message):
    with pytest.raises(ParameterError, match=message):
        Writing(**wrong)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ParameterError) as caught:
        Writing(temperature=-1.0, top_k=0, top_p=2.0, beams=0)
    for word in ("temperature is -1.0", "top_k is 0", "top_p is 2.0", "beams is 0"):
        assert word in str(caught.value)
