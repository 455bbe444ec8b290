"""The five records that flow through an autoencoder: the whole contract on one screen.

``Batch`` --corruption--> ``View`` --encoder, bottleneck--> ``Code`` --decoder--> output, all kept in a
``Trace``, from which the terms make a ``Loss``. Tensors are ``[batch, ...]``; codes are channels-last
``[batch, *grid, dim]``; masks are boolean and True where real. Records are never changed, only replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from torch import Tensor

if TYPE_CHECKING:
    from isthmus.stations import Posterior


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What the data offer for one step.

    >>> import torch
    >>> len(Batch(x=torch.zeros(5, 3)))
    5
    """

    x: Tensor  # [batch, *shape]
    valid: Tensor | None = None  # positions of x that are real
    condition: Tensor | None = None  # [batch, width]: what to condition on
    target: Tensor | None = None  # what to predict, where it is not x
    target_valid: Tensor | None = None  # values of the target that are real, where not those of x
    reference: Tensor | None = None  # unpaired real samples for a critic
    weight: Tensor | None = None  # [batch]: importance of each example
    index: Tensor | None = None  # [batch]: rows in the data set

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def wanted(self) -> Tensor:
        """What to predict."""
        return self.x if self.target is None else self.target

    @property
    def wanted_valid(self) -> Tensor | None:
        """Values of it that are real; None: all."""
        if self.target_valid is not None:
            return self.target_valid
        other = self.target is not None and self.target.shape != self.x.shape  # classes of rows with gaps
        return None if other else self.valid


@dataclass(frozen=True, kw_only=True)
class View:
    """What the encoder may see of a batch."""

    x: Tensor  # [batch, *shape], or fewer positions of it
    valid: Tensor | None = None
    positions: Tensor | None = None  # where the visible positions stood
    hidden: Tensor | None = None  # positions that the encoder was denied
    judged: Tensor | None = None  # values of x whose rebuilding counts; where None, all
    condition: Tensor | None = None  # [batch, width]


@dataclass(frozen=True, kw_only=True)
class Code:
    """The narrow code and everything known about it."""

    z: Tensor  # [batch, *grid, dim]
    valid: Tensor | None = None
    symbols: Tensor | None = None  # [batch, *grid, symbols] int64, where the code is discrete
    active: Tensor | None = None  # [batch, *grid, few] int64: numbers of z that may differ from 0, where few may
    posterior: Posterior | None = None  # q(z | x), where the code is random
    log_prob: Tensor | None = None  # [batch]: log-probability of the sampled symbols, nats
    costs: Mapping[str, Tensor] = field(default_factory=dict)  # named, [batch] or scalar, nats
    parts: Mapping[str, slice] = field(default_factory=dict)  # named slices of the last axis
    probes: Tensor | None = None  # [probes, batch, *grid, dim]: further codes whose likelihood is asked for
    log_prior: Tensor | None = None  # [1 + probes, batch]: log p of z and of the probes, where a bound is of several
    shares: Tensor | None = None  # [1 + probes, batch]: of z and of the probes in what is rebuilt, where it is a mean


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One pass through the model, complete: terms, critics, metrics and jobs read nothing else."""

    batch: Batch
    view: View
    features: Tensor  # [batch, *grid, dim]: what the encoder made
    code: Code
    maps: tuple[Tensor, ...] = ()  # [batch, channels, *places]: features of several depths, where terms want them
    output: Tensor | None = None  # [batch, outputs, *shape]: the likelihood's parameters
    log_likelihood: Tensor | None = None  # [batch]: log p(target | z), nats, summed over features
    log_likelihood_of_members: Tensor | None = None  # [members, batch]: the same by each member of an ensemble
    probed: Tensor | None = None  # [probes, batch]: log p(target | probe), nats
    rebuilt: Tensor | None = None  # [batch, *shape]: the expected x; this and what follows where critics want it
    drawn: Tensor | None = None  # [batch, *grid, dim]: codes from the prior
    generated: Tensor | None = None  # [batch, *shape]: the expected x of drawn
    verdicts: Mapping[str, Tensor] = field(default_factory=dict)  # by critic, [batch]: what its score costs

    @property
    def target(self) -> Tensor:
        """What the model should have predicted."""
        return self.batch.wanted

    def detached(self) -> Trace:
        """The same trace without its graph, for those who take their own steps on it."""
        return _detached(self)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Named terms (nats per example), their weights, and the weighted total."""

    terms: Mapping[str, Tensor]  # each [batch] or scalar
    weights: Mapping[str, float | Tensor]
    total: Tensor  # scalar: the mean over the batch of the weighted sum


Record = TypeVar("Record")


def _detached(record: Record) -> Record:
    """A copy of any record in which every tensor is cut from its graph."""
    assert is_dataclass(record)
    cut = {f.name: _cut(getattr(record, f.name)) for f in fields(record)}
    return replace(record, **cut)  # type: ignore[type-var]


def _cut(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    if hasattr(value, "detached"):  # a posterior
        return value.detached()
    if is_dataclass(value) and not isinstance(value, type):
        return _detached(value)
    if isinstance(value, tuple):
        return tuple(_cut(item) for item in value)
    if isinstance(value, Mapping):
        return {name: _cut(item) for name, item in value.items()}
    return value


def repeated(record: Record, count: int) -> Record:
    """Every tensor of a record ``count`` times, one copy of the batch after the other.

    >>> import torch
    >>> repeated(Batch(x=torch.tensor([[1], [2]])), 2).x.flatten().tolist()
    [1, 2, 1, 2]
    """
    assert is_dataclass(record)
    given = {f.name: getattr(record, f.name) for f in fields(record)}
    more = {k: v.repeat(count, *[1] * (v.ndim - 1)) for k, v in given.items() if isinstance(v, Tensor)}
    return replace(record, **more)  # type: ignore[type-var]


def of_rows(record: Record, index: Tensor) -> Record:
    """The record of some of its examples, by number ``[n]``; its tensors all are ``[batch, ...]``.

    >>> import torch
    >>> of_rows(Batch(x=torch.tensor([[5.0], [6.0]])), torch.tensor([1])).x.tolist()
    [[6.0]]
    """
    assert is_dataclass(record)
    given = {f.name: getattr(record, f.name) for f in fields(record)}
    return replace(record, **{k: v[index] for k, v in given.items() if isinstance(v, Tensor)})  # type: ignore[type-var]


def in_parts(record: Record, size: int) -> list[Record]:
    """A record whose tensors all are ``[batch, ...]``, cut into records of ``size`` examples; the last may have fewer.

    >>> import torch
    >>> [len(part) for part in in_parts(Batch(x=torch.zeros(5, 3)), 2)]
    [2, 2, 1]
    """
    assert is_dataclass(record)
    given = {f.name: getattr(record, f.name) for f in fields(record)}
    tensors = {name: value.split(size) for name, value in given.items() if isinstance(value, Tensor)}
    count = len(next(iter(tensors.values())))
    return [replace(record, **{name: cut[i] for name, cut in tensors.items()}) for i in range(count)]  # type: ignore[type-var]


def batch_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """The mean over the batch of ``[batch]`` values, weighted where examples have weights; scalars pass.

    >>> import torch
    >>> batch_mean(torch.tensor([1.0, 3.0]), torch.tensor([3.0, 1.0])).item()
    1.5
    """
    if values.ndim == 0 or weight is None:
        return values.mean()
    return (values * weight).sum() / weight.sum()
