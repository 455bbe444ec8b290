"""Rows of different lengths in training: what is padding, which rows share a batch, and that runs repeat."""

import pytest
import torch

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.layers.symbol_dropout import SymbolDropout
from isthmus.training import run as run_module
from isthmus.training.buckets import POOL, bucketed
from isthmus.training.resident import Resident

WORDS = ["anna", "hannah", "otto", "emma", "lena", "lea", "leo", "mia", "maya", "noah", "elias", "emil", "ida", "ben"]
WORDS += ["paul", "finn", "jonas", "luca", "max", "tim", "tom", "nina", "lina", "sara", "sofia", "clara", "jana"]
WORDS += ["julia", "marie", "anton", "felix", "oskar", "hugo", "karl", "fritz", "greta", "frida"]

# -- symbols that are not seen -------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_of_the_symbols_is_not_seen_in_training(share):
    embedded = torch.randn(200, 100, 4)
    found = SymbolDropout(share).train()(embedded)
    hidden = (found == 0).all(-1)
    assert hidden.float().mean().item() == pytest.approx(share, abs=5 * (share * (1 - share) / hidden.numel()) ** 0.5)
    assert torch.equal(found[~hidden], embedded[~hidden])  # the rest is as it was, and not scaled
    assert len(hidden.unique(dim=0)) > 100
    assert len(hidden.unique(dim=1).T) > 50


def test_all_or_none_of_the_symbols():
    embedded = torch.randn(5, 6, 4)
    assert not SymbolDropout(1.0).train()(embedded).any()
    assert torch.equal(SymbolDropout(0.0).train()(embedded), embedded)
    assert torch.equal(SymbolDropout(1.0).eval()(embedded), embedded)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(ParameterError, match="symbol_dropout"):
        SymbolDropout(share)


# -- batches of about the same length ------------------------------------------------------------------


def lengths_of(count=3000, longest=40):
    return torch.randint(1, longest + 1, (count,))


def in_buckets(order, lengths, size=20, seed=0):
    return bucketed(order, lengths, size, torch.Generator().manual_seed(seed))


def padded(order, lengths, size=20):
    """Places that a run computes, padding included."""
    return int(lengths[order].view(-1, size).amax(1).sum() * size)


@pytest.mark.parametrize("count", [20, 60, 20 * POOL, 20 * POOL + 20, 3000])
def test_each_row_comes_once(count):
    order = torch.randperm(5000)[:count]
    found = in_buckets(order, lengths_of(5000))
    assert torch.equal(found.sort().values, order.sort().values)


def test_there_is_less_padding():
    lengths = lengths_of()
    order = torch.randperm(3000)
    needed = int(lengths.sum())
    assert padded(in_buckets(order, lengths), lengths) - needed < 0.2 * (padded(order, lengths) - needed)


def test_the_same_seed_and_order_give_the_same_batches():
    lengths, order = lengths_of(), torch.randperm(3000)
    assert torch.equal(in_buckets(order, lengths), in_buckets(order, lengths))
    assert not torch.equal(in_buckets(order, lengths), in_buckets(order, lengths, seed=1))


def test_batches_do_not_come_by_length():
    lengths = lengths_of()
    longest = lengths[in_buckets(torch.randperm(3000), lengths)].view(-1, 20).amax(1)
    ranks = torch.stack([torch.arange(len(longest)), longest]).double()
    assert torch.corrcoef(ranks)[0, 1].abs() < 0.3
    assert not torch.equal(longest, longest.sort().values)


def test_who_shares_a_batch_changes_with_the_order():
    lengths = lengths_of(longest=3)
    batches = [in_buckets(torch.randperm(3000), lengths).view(-1, 20).sort(1).values for _ in range(2)]
    both = {tuple(row) for row in batches[0].tolist()} & {tuple(row) for row in batches[1].tolist()}
    assert not both


def test_rows_of_equal_length_stay_in_random_order():
    order = torch.randperm(100)
    found = in_buckets(order, torch.full((100,), 7)).view(-1, 20)
    assert {tuple(row) for row in found.tolist()} == {tuple(row) for row in order.view(-1, 20).tolist()}


def test_whole_batches_stay_together_and_pools_apart():
    size, lengths = 2, torch.arange(4 * POOL * 2) % 7
    order = torch.randperm(len(lengths))
    batches = in_buckets(order, lengths, size).view(-1, size)
    pool = torch.empty_like(order)
    pool[order] = torch.arange(len(order)) // (POOL * size)
    assert bool((pool[batches[:, 0]] == pool[batches[:, 1]]).all())


# -- rows that end in padding --------------------------------------------------------------------------

STORED = torch.tensor([[3, 4, 0, -1, -1], [5, 0, -1, -1, -1], [6, 7, 8, 9, 0], [0, -1, -1, -1, -1]], dtype=torch.int32)


def rows(**given):
    return Resident(STORED, padding=-1, prepare=lambda x: x.long(), **given)


def test_a_batch_is_as_long_as_its_longest_row():
    batch = rows().batch(torch.tensor([1, 0]))
    assert batch.x.tolist() == [[5, 0, 0], [3, 4, 0]]
    assert batch.valid.tolist() == [[True, True, False], [True, True, True]]
    assert batch.x.dtype == torch.int64
    assert rows().batch(slice(None)).x.shape == (4, 5)
    assert rows().batch(torch.tensor([3])).x.tolist() == [[0]]


def test_padding_is_no_symbol_that_a_model_could_see():
    assert int(rows().batch(slice(None)).x.min()) == 0
    assert torch.equal(STORED[0], torch.tensor([3, 4, 0, -1, -1], dtype=torch.int32))  # what is stored stays


def test_lengths_are_known_and_go_with_the_rows():
    assert rows().lengths.tolist() == [3, 2, 5, 1]
    assert rows().rows(torch.tensor([2, 0])).lengths.tolist() == [5, 3]
    moved = rows().to(torch.device("cpu"))
    assert (moved.padding, moved.lengths.tolist()) == (-1, [3, 2, 5, 1])
    assert Resident(STORED).lengths is None


def test_rows_without_padding_have_no_mask():
    batch = Resident(STORED.float()).batch(slice(None))
    assert batch.valid is None
    assert batch.target_valid is None
    assert batch.x.shape == (4, 5)


def test_batches_are_all_rows_in_order_each_as_long_as_it_must():
    found = list(rows().batches(2))
    assert [batch.x.shape for batch in found] == [(2, 3), (2, 5)]
    assert [row[mask].tolist() for batch in found for row, mask in zip(batch.x, batch.valid, strict=True)] == [
        [3, 4, 0],
        [5, 0],
        [6, 7, 8, 9, 0],
        [0],
    ]


def test_targets_have_lengths_of_their_own():
    batch = rows(target=STORED.flip(0)).batch(torch.tensor([0, 1]))
    assert batch.x.shape == (2, 3)
    assert batch.target.tolist() == [[0, 0, 0, 0, 0], [6, 7, 8, 9, 0]]
    assert batch.target_valid.sum(1).tolist() == [1, 5]
    assert torch.equal(batch.wanted, batch.target)
    assert torch.equal(batch.wanted_valid, batch.target_valid)
    plain = rows().batch(torch.tensor([0, 1]))
    assert torch.equal(plain.wanted_valid, plain.valid)
    moved = rows(target=STORED.flip(0)).rows(torch.tensor([1, 0])).batch(slice(None))
    assert moved.target_valid.sum(1).tolist() == [5, 1]


def test_conditions_and_weights_go_with_their_rows():
    given = rows(condition=torch.arange(4.0)[:, None], weight=torch.arange(4.0)).rows(torch.tensor([3, 1]))
    batch = given.batch(torch.tensor([1, 0]))
    assert batch.condition.flatten().tolist() == batch.weight.tolist() == [1.0, 3.0]
    assert batch.valid.sum(1).tolist() == [2, 1]


def test_the_fingerprint_is_that_of_the_rows():
    other = STORED.clone()
    other[0, 0] = 9
    assert rows().fingerprint() == rows().rows(torch.arange(4)).fingerprint()
    found = {
        rows().fingerprint(),
        Resident(other, padding=-1).fingerprint(),
        rows().rows(torch.tensor([1, 0, 2, 3])).fingerprint(),
    }
    assert len(found) == 3


# -- runs ----------------------------------------------------------------------------------------------


def trainer(**changed):
    return im.Trainer(**{"epochs": 4, "batch_size": 8, "compile": False, **changed})


def text_model(**changed):
    return im.SequenceVAE(3, network={"width": 12, "dropout": 0.1, "depth": 2}, trainer=trainer(**changed), warmup=5)


def state(model):
    return torch.cat([p.detach().flatten() for p in model.autoencoder_.state_dict().values()])


@pytest.mark.parametrize("network", ["recurrent", "transformer"])
def test_a_run_on_texts_repeats_and_another_seed_is_another_run(network):
    given = {"name": network, "width": 12, "dropout": 0.1}
    models = [
        im.SequenceVAE(3, network=given, trainer=trainer(validation=0.2), random_state=seed).fit(WORDS)
        for seed in (1, 1, 2)
    ]
    assert torch.equal(state(models[0]), state(models[1]))
    assert models[0].history_.epochs == models[1].history_.epochs
    assert not torch.equal(state(models[0]), state(models[2]))


class Died(Exception):
    """A run that ends in the middle."""


@pytest.mark.parametrize("validation", ["auto", 0.2, 0.0])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_stopped_and_resumed_on_texts_is_bit_identical(tmp_path, monkeypatch, validation, share):
    """Also in the runs that look for when to stop, and in the middle of an epoch."""
    plain, taken = run_module.Run._take_step, []
    given = {"validation": validation, "checkpoint": tmp_path / "run.safetensors", "checkpoint_every": 0.0}

    def counted(self, order):
        taken.append(self.steps)
        plain(self, order)

    monkeypatch.setattr(run_module.Run, "_take_step", counted)
    whole = text_model(**{**given, "checkpoint": tmp_path / "whole.safetensors"}).fit(WORDS)
    last = int(share * len(taken))

    def dying(self, order):
        if len(taken) == last + 1:
            raise Died
        counted(self, order)

    taken.clear()
    monkeypatch.setattr(run_module.Run, "_take_step", dying)
    with pytest.raises(Died):
        text_model(**given).fit(WORDS)
    monkeypatch.setattr(run_module.Run, "_take_step", plain)
    resumed = text_model(**given).fit(WORDS, resume=True)
    assert torch.equal(state(resumed), state(whole))
    assert resumed.history_.epochs == whole.history_.epochs
    assert resumed.history_.choice == whole.history_.choice


def test_an_epoch_sees_each_text_once_and_little_padding(monkeypatch):
    seen, places = [], []
    plain = run_module.Run._take_step

    def watching(self, index):
        seen.append((self.epoch, index.tolist()))
        places.append(self.rows.batch(index).x.shape[1] - self.rows.lengths[index].max())
        plain(self, index)

    monkeypatch.setattr(run_module.Run, "_take_step", watching)
    text_model(validation=0).fit(WORDS)
    assert not any(places)
    for epoch in range(4):
        rows_seen = [row for number, index in seen if number == epoch for row in index]
        assert sorted(rows_seen) == sorted(set(rows_seen))
        assert len(rows_seen) >= len(WORDS) - 8
    assert seen[0][1] != next(index for number, index in seen if number == 1)
