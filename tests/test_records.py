"""The five records: what they say by default, that they cannot be changed, and that a detached one has no graph."""

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest
import torch

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.records import Batch, Code, Loss, Trace, View, batch_mean


def alive(*shape):
    return torch.ones(*shape, requires_grad=True) * 2


def full_trace():
    """A trace in which every tensor hangs on a graph."""
    x = alive(3, 4)
    code = Code(
        z=alive(3, 2),
        posterior=DiagonalGaussian(alive(3, 2), alive(3, 2)),
        log_prob=alive(3),
        costs={"kl": alive(3)},
        parts={"content": slice(0, 1)},
    )
    return Trace(
        batch=Batch(x=x, target=alive(3, 4), condition=alive(3, 1), weight=alive(3), index=torch.arange(3)),
        view=View(x=x, condition=alive(3, 1), valid=x > 0),
        features=alive(3, 2),
        code=code,
        output=alive(3, 1, 4),
        log_likelihood=alive(3),
    )


def tensors(value):
    """All tensors that a record holds, however deep."""
    if isinstance(value, torch.Tensor):
        return [value]
    if is_dataclass(value):
        return [t for f in fields(value) for t in tensors(getattr(value, f.name))]
    if isinstance(value, dict):
        return [t for item in value.values() for t in tensors(item)]
    return [t for t in vars(value).values() if isinstance(t, torch.Tensor)] if hasattr(value, "__dict__") else []


def test_a_detached_trace_has_the_same_numbers_and_no_graph():
    trace = full_trace()
    cut = trace.detached()
    pairs = list(zip(tensors(trace), tensors(cut), strict=True))
    assert len(pairs) == 16
    assert sum(before.requires_grad for before, _ in pairs) == 14
    assert not any(after.requires_grad for _, after in pairs)
    assert all(torch.equal(before, after) for before, after in pairs)
    assert cut.code.parts == trace.code.parts
    assert cut.code.symbols is None


def test_a_posterior_cut_from_its_graph_is_the_same_distribution():
    posterior = DiagonalGaussian(alive(3, 2), alive(3, 2))
    cut = posterior.detached()
    assert type(cut) is DiagonalGaussian
    noise = torch.randn(3, 2)
    assert torch.equal(cut.at(noise), posterior.at(noise))
    assert not cut.log_prob(noise).requires_grad
    assert posterior.log_prob(noise).requires_grad  # the first one still has its graph


@pytest.mark.parametrize(
    "record",
    [
        Batch(x=torch.zeros(2)),
        View(x=torch.zeros(2)),
        Code(z=torch.zeros(2)),
        full_trace(),
        Loss(terms={}, weights={}, total=torch.zeros(())),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_are_not_changed_and_are_made_by_name(record):
    first = fields(record)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(record, first, None)
    with pytest.raises(TypeError):
        type(record)(torch.zeros(2))


def test_the_target_is_x_unless_there_is_another():
    x, target = torch.zeros(2, 3), torch.ones(2, 3)
    for batch, wanted in ((Batch(x=x), x), (Batch(x=x, target=target), target)):
        trace = Trace(batch=batch, view=View(x=x), features=x, code=Code(z=x))
        assert trace.target is wanted


def test_two_codes_do_not_share_their_costs():
    assert Code(z=torch.zeros(1)).costs is not Code(z=torch.zeros(1)).costs


def test_the_mean_over_the_batch():
    values, weight = torch.tensor([1.0, 3.0]), torch.tensor([6.0, 2.0])
    assert batch_mean(values, None).item() == 2
    assert batch_mean(values, weight).item() == 1.5  # whatever the weights sum to
    assert batch_mean(torch.tensor(5.0), weight).item() == 5
    assert len(Batch(x=torch.zeros(7, 2))) == 7
