"""Parts of tables' columns: likelihoods that are right by closed forms, corruptions that hide whole columns."""

import itertools
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream

DRAWS = 20_000
NOISE = 5  # standard errors that a right sampler may be off
NUMBER, BIT = {"coding": "number", "width": 1}, {"coding": "bit", "width": 1}
CHOICE, ORDER = {"coding": "one_hot", "width": 3}, {"coding": "thermometer", "width": 3}
BINS = {"coding": "bins", "width": 4, "edges": [-0.5, 0.5], "references": [-2.0, -1.0, 0.0, 0.0, 1.0, 2.0]}
COLUMNS = [NUMBER, CHOICE, BIT, ORDER, BINS]
WIDTHS = [column["width"] for column in COLUMNS]


def likelihood(columns=COLUMNS, **given):
    return catalogue.make("likelihoods", "mixed_columns", {"columns": columns, **given}).eval()


def again_of(part):
    """The same, by way of JSON."""
    copy = catalogue.build(json.loads(json.dumps(part.spec(), allow_nan=False)))
    copy.load_state_dict(part.state_dict())
    return copy.eval()


def outputs(places, count=1, seed=0):
    return torch.randn(count, 1, places, generator=torch.Generator().manual_seed(seed))


def levels_of_order(width=3):
    """Every level of an order as a thermometer, ``[levels, width]``."""
    return torch.tensor([[float(level > place) for place in range(width)] for level in range(width + 1)])


def test_every_part_of_columns_is_here():
    found = {
        name
        for station in ("likelihoods", "corruptions", "terms")
        for name in catalogue.names(station)
        if getattr(catalogue.find(station, name), "of_columns", False)
    }
    assert found == {"mixed_columns", "column_drop", "order_agnostic"}


def test_a_number_is_gaussian():
    found = likelihood([NUMBER], variance="fixed", scale=0.5).log_prob(torch.tensor([[[1.0]]]), torch.tensor([[2.0]]))
    assert found.item() == pytest.approx(-0.5 * 4 - math.log(0.5) - 0.5 * math.log(2 * math.pi))


def test_a_choice_is_a_softmax():
    output = outputs(3)
    every = likelihood([CHOICE]).log_prob(output.expand(3, -1, -1), torch.eye(3))
    assert torch.allclose(every, output[0, 0].log_softmax(0), atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3))
def test_an_order_has_chances_that_sum_to_one(logits):
    """Of all levels, by the chances of going on (Tutz 1991)."""
    output = torch.tensor(logits)[None, None]
    found = likelihood([ORDER]).log_prob(output.expand(4, -1, -1), levels_of_order()).double().exp()
    on = torch.tensor(logits, dtype=torch.float64).sigmoid()
    expected = [1 - on[0], on[0] * (1 - on[1]), on[0] * on[1] * (1 - on[2]), on.prod()]
    assert found.tolist() == pytest.approx([value.item() for value in expected], abs=1e-6)
    assert found.sum().item() == pytest.approx(1, abs=1e-5)


def test_a_bin_is_a_softmax_and_its_number_is_not_judged():
    output, one = outputs(4), likelihood([BINS])
    target = torch.cat([torch.tensor([[7.0], [0.0], [-3.0]]), torch.eye(3)], dim=1)
    assert torch.allclose(one.log_prob(output.expand(3, -1, -1), target), output[0, 0, 1:].log_softmax(0), atol=1e-6)


def every_row():
    """All values of a table of a bit, a choice and an order."""
    rows = itertools.product([[0.0], [1.0]], torch.eye(3).tolist(), levels_of_order().tolist())
    return torch.tensor([[*bit, *choice, *order] for bit, choice, order in rows])


def test_the_probabilities_of_all_rows_sum_to_one_and_samples_follow_them():
    one, output, rows = likelihood([BIT, CHOICE, ORDER]), outputs(7, seed=1), every_row()
    with torch.no_grad():
        p = one.log_prob(output.expand(len(rows), -1, -1), rows).double().exp()
        with RandomStream(0):
            drawn = one.sample(output.expand(DRAWS, -1, -1))
    assert p.sum().item() == pytest.approx(1, abs=1e-5)
    share = (drawn[:, None] == rows).all(2).double().mean(0)
    assert share.sum().item() == 1
    assert bool(((share - p).abs() < NOISE * (p * (1 - p) / DRAWS).sqrt()).all())


def test_numbers_are_drawn_from_their_gaussian_and_within_bins_from_the_column():
    one = likelihood([NUMBER, BINS], variance="fixed", scale=0.5)
    output = torch.tensor([[[1.0, 0.0, -9.0, 0.0, 0.0]]])
    with RandomStream(0), torch.no_grad():
        drawn = one.sample(output.expand(DRAWS, -1, -1))
    assert drawn[:, 0].mean().item() == pytest.approx(1, abs=NOISE * 0.5 / math.sqrt(DRAWS))
    assert drawn[:, 0].std().item() == pytest.approx(0.5, rel=0.03)
    chosen, numbers = drawn[:, 2:].argmax(1), drawn[:, 1]
    assert (drawn[:, 2:].sum(1) == 1).all()
    assert (torch.bucketize(numbers.contiguous(), torch.tensor([-0.5, 0.5]), right=True) == chosen).all()
    assert (numbers[chosen == 1] == 0).all()  # a value that rows share
    high = numbers[chosen == 2]
    assert 1 <= high.min() < 1.05
    assert 1.95 < high.max() <= 2


def test_the_mean_is_expected_likeliest_and_in_the_middle():
    one = likelihood()
    output = torch.tensor([[[0.3, 0.0, 2.0, 1.0, 1.5, 3.0, 3.0, -3.0, 5.0, 0.0, 0.0, 0.0]]])
    made = one.mean(output)[0]
    assert made[0].item() == pytest.approx(0.3)
    assert made[1:4].tolist() == [0, 1, 0]
    assert made[4].item() == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert made[5:8].tolist() == [1, 1, 0]
    assert made[8].item() == pytest.approx((-1.5 + 0 + 1.5) / 3, abs=1e-6)
    assert made[9:].tolist() == [0, 1, 0]


def test_gaps_do_not_count():
    one, target = likelihood(), torch.zeros(2, sum(WIDTHS))
    output = outputs(sum(WIDTHS), 2).requires_grad_()
    valid = torch.ones_like(target, dtype=torch.bool)
    valid[0, 1:4] = valid[1, 0] = False
    found = one.log_prob(output, target, valid)
    values = one.log_prob_values(output, target, valid)
    assert torch.allclose(found, values.where(valid, 0.0).sum(1))


def test_variances_and_temperatures_are_those_of_new_rows():
    """By brute force: the temperature of the best likelihood; the mean squared error of what is there."""
    one = likelihood([NUMBER, CHOICE])
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(4000, 3, generator=generator)
    numbers = torch.randn(4000, generator=generator)
    with RandomStream(1):
        choice = torch.distributions.Categorical(logits=logits / 2).sample()
    output = torch.cat([torch.zeros(4000, 1), logits], dim=1)[:, None]
    target = torch.cat([2 * numbers[:, None], torch.nn.functional.one_hot(choice, 3)], dim=1)
    valid = torch.ones_like(target, dtype=torch.bool)
    valid[:1000, 0] = False
    one.calibrate(output, target, valid)
    assert one.running_mse[0].item() == pytest.approx(4 * numbers[1000:].square().mean().item(), rel=1e-4)
    assert one.temperature[1].item() == pytest.approx(2, rel=0.15)
    assert one.temperature[1:].unique().numel() == 1
    assert one.temperature[0] == 1
    before = one.log_prob(output, target).mean()
    one.temperature[1:] = 1.0
    assert before > one.log_prob(output, target).mean()


def test_extreme_outputs_stay_finite_and_have_gradients():
    for size in (80.0, -80.0, 1000.0, -1000.0):
        output = (size * torch.ones(2, 1, sum(WIDTHS))).requires_grad_()
        target = torch.zeros(2, sum(WIDTHS))
        target[:, [1, 9]] = 1.0
        loss = likelihood().log_prob(output, target).sum()
        loss.backward()
        assert bool(loss.isfinite())
        assert bool(output.grad.isfinite().all())


def test_it_survives_its_spec():
    one, output = likelihood(), outputs(sum(WIDTHS), 5)
    again = again_of(one)
    target = one.mean(output)
    assert torch.equal(one.log_prob(output, target), again.log_prob(output, target))
    with RandomStream(0):
        first = one.sample(output)
    with RandomStream(0):
        assert torch.equal(first, again.sample(output))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ParameterError, match="coding is 'colour'"):
        likelihood([{"coding": "colour", "width": 1}])
    with pytest.raises(ParameterError, match="columns is empty"):
        likelihood([])
    with pytest.raises(ParameterError, match="Did you mean 'fixed'"):
        likelihood(variance="fxed")
    with pytest.raises(ParameterError, match="widths is empty"):
        catalogue.make("corruptions", "column_drop", {"widths": []})


def test_columns_are_hidden_whole_and_any_number_of_them():
    drop = catalogue.make("corruptions", "column_drop", {"widths": WIDTHS})
    x = torch.ones(4000, sum(WIDTHS))
    with RandomStream(0):
        view = drop(Batch(x=x))
    hidden = drop.by_column(view.hidden)
    assert torch.equal(view.hidden, hidden[:, torch.arange(5).repeat_interleave(torch.tensor(WIDTHS))])
    assert torch.equal(view.x, (~view.hidden).float())
    assert torch.equal(view.judged, view.hidden)
    counts = hidden.sum(1).bincount(minlength=6) / 4000
    assert counts[0] == 0
    assert np.allclose(counts[1:], 0.2, atol=NOISE * math.sqrt(0.16 / 4000))  # each number as often
    assert np.allclose(hidden.float().mean(0), 0.6, atol=0.05)  # each column as often
    assert again_of(drop).count == 5


def test_the_bound_of_any_order_is_the_chain_rule_where_columns_are_independent():
    """Its mean over what is hidden is -log p(x), whatever is hidden (Uria et al. 2014, equation 7)."""
    from isthmus.records import Code, Trace, View

    term = catalogue.make("terms", "order_agnostic", {"first": (0, 1)})
    cost = torch.tensor([[2.0, 3.0]])
    found = []
    for hidden in ([True, False], [False, True]):
        mask = torch.tensor([hidden])
        batch = Batch(x=torch.zeros(1, 2))
        trace = Trace(
            batch=batch,
            view=View(x=batch.x, hidden=mask),
            features=cost,
            code=Code(z=cost),
            log_likelihood=-(cost * mask).sum(1),
        )
        found.append(term(trace, {}).item())
    assert sum(found) / 2 == 5.0
