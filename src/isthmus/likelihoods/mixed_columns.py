"""Columns of a table, each by the likelihood of its sort."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.stations import Likelihood

CODINGS = ("number", "bins", "bit", "one_hot", "thermometer")
_SCALES = ("optimal", "fixed")
OFTEN = 1e-3  # added to shares, so that their logarithm is finite
TEMPERATURES = torch.logspace(-0.3, 0.7, 21)  # from a half to five


class MixedColumns(Likelihood):
    """p(x | z) = the product over columns; ``columns`` say how many places of x each has and what they are.

    ``number``: Gaussian; ``bit``: Bernoulli; ``one_hot``: a softmax over levels; ``thermometer``: ordered levels, each
    place the chance of going on above that level, once there (continuation ratios); ``bins``: the number, which is not
    judged, and a softmax over the bins between ``edges``, within which numbers are drawn from ``references``,
    quantiles of the column at equal steps. ``variance``: ``"optimal"``, the mean squared error of each column, of the
    batch in training and a running mean of it outside; ``"fixed"`` at ``scale``, in units of the columns' spreads.
    Outside of training logits are divided by a temperature for each column, fitted to rows not trained on.

    Source: Nazabal et al. 2020, Handling incomplete heterogeneous data using VAEs, section 3 (a likelihood for each
    column); Tutz 1991, Sequential models in categorical regression (orders); Rybkin et al. 2021 (optimal variance);
    Guo et al. 2017, On calibration of modern neural networks (temperatures).

    >>> p = MixedColumns([{"coding": "number", "width": 1}, {"coding": "one_hot", "width": 3}], variance="fixed")
    >>> x = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    >>> round(p.log_prob(torch.zeros(1, 1, 4), x).item(), 3), round(-0.5 * math.log(2 * math.pi) - math.log(3), 3)
    (-2.018, -2.018)
    """

    scaling = "columns"
    of_columns = True
    blends = False
    running_mse: Tensor
    temperature: Tensor
    members: Tensor
    is_number: Tensor
    is_bit: Tensor
    is_thermometer: Tensor
    is_first: Tensor
    firsts: Tensor  # for each place the first of its column
    is_choice: Tensor

    def __init__(
        self,
        columns: Sequence[Mapping[str, Any]],
        variance: Literal["optimal", "fixed"] = "optimal",
        scale: float = 1.0,
        min_scale: float = 1e-3,
    ) -> None:
        super().__init__()
        if variance not in _SCALES:
            raise ParameterError(f"No variance is called {variance!r}. {did_you_mean(str(variance), _SCALES)}")
        check(
            "MixedColumns",
            (len(columns) > 0, "columns is empty"),
            *((c["coding"] in CODINGS, f"coding is {c['coding']!r}; expected one of {CODINGS}") for c in columns),
            (0 < min_scale < scale, f"scale={scale!r} is not above min_scale={min_scale!r} above 0"),
        )
        self.variance, self.scale, self.min_scale = variance, scale, min_scale
        widths = [int(column["width"]) for column in columns]
        starts = [sum(widths[:i]) for i in range(len(columns))]
        codings = [column["coding"] for column in columns]
        self.places = sum(widths)
        self.continuous = "number" in codings  # type: ignore[misc]
        each = [coding for coding, width in zip(codings, widths, strict=True) for _ in range(width)]
        for name in ("number", "bit", "thermometer"):
            self._mark(f"is_{name}", [coding == name for coding in each])
        self._mark("is_first", [place in starts for place in range(self.places)])
        first = [start for start, width in zip(starts, widths, strict=True) for _ in range(width)]
        self.register_buffer("firsts", torch.tensor(first), persistent=False)
        # of each softmax its places, filled up with one place more, where nothing can lie
        choices = [
            list(range(start + (coding == "bins"), start + width))
            for coding, start, width in zip(codings, starts, widths, strict=True)
            if coding in ("one_hot", "bins")
        ]
        most = max(map(len, choices), default=0)
        rows = [choice + [self.places] * (most - len(choice)) for choice in choices]
        self.register_buffer("members", torch.tensor(rows).reshape(len(rows), most), persistent=False)
        self._mark("is_choice", [any(place in choice for choice in choices) for place in range(self.places)])
        self.bins = [
            _Bins(start, column["edges"], column["references"])
            for start, column in zip(starts, columns, strict=True)
            if column["coding"] == "bins"
        ]
        self.register_buffer("running_mse", torch.full((self.places,), float(scale) ** 2))
        self.register_buffer("temperature", torch.ones(self.places))

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each place, nats; a column's is the sum over its places."""
        error = (target - output[:, 0]).square()
        log_scale = self._log_scale(self._or_running(_mean(error, valid), valid) if self.training else None)
        density = -0.5 * error * (-2 * log_scale).exp() - log_scale - 0.5 * math.log(2 * math.pi)
        logits = self._tempered(output[:, 0])
        bernoulli = -F.softplus(torch.where(target > 0.5, -logits, logits))
        above = torch.cat([torch.ones_like(target[:, :1]), target[:, :-1]], dim=1).masked_fill(self.is_first, 1.0)
        found = torch.where(self.is_number, density, 0.0)
        found = torch.where(self.is_bit, bernoulli, found)
        found = torch.where(self.is_thermometer, above * bernoulli, found)
        return torch.where(self.is_choice, target * self._log_shares(logits), found)

    def mean(self, output: Tensor) -> Tensor:
        """Expected numbers, chances of bits, the likeliest category, the median of an order, ``[batch, places]``."""
        logits = self._tempered(output[:, 0].float())
        made = torch.where(self.is_bit, logits.sigmoid(), logits)
        made = torch.where(self.is_thermometer, (self._log_above(logits) > math.log(0.5)).float(), made)
        made = self._chosen(made, logits)
        for each in self.bins:
            made = each.put(made, each.expected(self._log_shares(logits)))
        return made

    def sample(self, output: Tensor) -> Tensor:
        """A draw of each column, with torch's current stream."""
        logits = self._tempered(output[:, 0].float())
        noisy = logits + self._log_scale(None).exp() * torch.randn_like(logits)
        made = torch.where(self.is_number, noisy, (torch.rand_like(logits) < logits.sigmoid()).float())
        level = torch.rand_like(logits)[:, self.firsts]  # one for all places of a column
        made = torch.where(self.is_thermometer, (level < self._log_above(logits).exp()).float(), made)
        made = self._chosen(made, logits - torch.empty_like(logits).exponential_().log())
        for each in self.bins:
            made = each.put(made, each.drawn(made))
        return made

    def example(self, output: Tensor) -> Tensor:
        """A draw: the mean of a category is none."""
        return self.sample(output)

    def link(self, target: Tensor) -> Tensor:
        """Numbers as they are; for all else the logits of how often it is so."""
        share = target.mean(0).clamp(0, 1)
        odds = torch.log(share + OFTEN) - torch.where(self.is_choice, 0.0, torch.log(1 - share + OFTEN))
        return torch.where(self.is_number, target, odds)

    def initialise(self, output: Tensor, target: Tensor) -> None:
        """Start from the errors of the first reconstruction; how sure it is tells nothing yet."""
        self._set_variance(output, target, None)

    def calibrate(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> None:
        """The variances and the temperatures that rows not trained on are likeliest with, where they have values."""
        self._set_variance(output, target, valid)
        before = self.temperature.clone()
        self.temperature.fill_(1.0)
        tempered = (output.float() / float(temperature) for temperature in TEMPERATURES)
        costs = torch.stack([_mean(-self.log_prob_values(each, target, valid), valid) for each in tempered])
        best = self._by_column(costs).argmin(0)  # [places]
        found = torch.where(_seen(valid, before), TEMPERATURES.to(best.device)[best], before)
        self.temperature.copy_(found.masked_fill(self.is_number, 1.0))

    def _set_variance(self, output: Tensor, target: Tensor, valid: Tensor | None) -> None:
        if self.variance == "optimal":
            error = self._or_running(_mean((target - output[:, 0].float()).square(), valid), valid)
            self.running_mse.copy_(torch.where(self.is_number, error, self.running_mse))

    def _or_running(self, mse: Tensor, valid: Tensor | None) -> Tensor:
        """The running mean of squared errors of columns that no row has."""
        return torch.where(_seen(valid, mse), mse, self.running_mse)

    def _tempered(self, logits: Tensor) -> Tensor:
        """Logits as sure as rows not trained on allow; in training as they are."""
        return logits if self.training else logits / self.temperature

    def _by_column(self, costs: Tensor) -> Tensor:
        """Costs of places, ``[..., places]``, summed over their columns, at each place of it."""
        first = self.firsts
        return torch.zeros_like(costs).index_add(-1, first, costs)[..., first]

    def _mark(self, name: str, which: Sequence[bool]) -> None:
        self.register_buffer(name, torch.tensor(which), persistent=False)

    def _log_scale(self, mse: Tensor | None) -> Tensor:
        """log of each place's standard deviation."""
        if self.variance == "fixed":
            return torch.full_like(self.running_mse, math.log(self.scale))
        if mse is None:
            return 0.5 * torch.log(self.running_mse + self.min_scale**2)
        past = self.running_mse.lerp(mse.detach(), 0.02)
        self.running_mse.copy_(past.where(past.isfinite() & self.is_number, self.running_mse))
        return 0.5 * torch.log(mse + self.min_scale**2)

    def _gathered(self, logits: Tensor) -> Tensor:
        """Logits of each softmax, ``[batch, softmaxes, most]``."""
        return F.pad(logits, (0, 1), value=-torch.inf)[:, self.members]

    def _log_shares(self, logits: Tensor) -> Tensor:
        """log of the softmax of each choice's places; of other places nothing that counts."""
        if not len(self.members):
            return torch.zeros_like(logits)
        total = self._gathered(logits).logsumexp(2)
        spread = logits.new_zeros(logits.shape[0], self.places + 1)
        spread = spread.index_add(1, self.members.flatten(), total.repeat_interleave(self.members.shape[1], 1))
        return torch.where(self.is_choice, logits - spread[:, :-1], 0.0)

    def _chosen(self, made: Tensor, logits: Tensor) -> Tensor:
        """With 1 in the largest place of each softmax, 0 in its others."""
        if not len(self.members):
            return made
        best = self.members.expand(made.shape[0], -1, -1).gather(2, self._gathered(logits).argmax(2, keepdim=True))
        ones = torch.zeros_like(made).scatter(1, best.squeeze(2), 1.0)
        return torch.where(self.is_choice, ones, made)

    def _log_above(self, logits: Tensor) -> Tensor:
        """log of the chance that an order lies above each level: that it went on at this one and all below."""
        on = F.logsigmoid(logits).masked_fill(~self.is_thermometer, 0.0)
        total = on.double().cumsum(1)
        before = (total - on)[:, self.firsts]  # of the columns before
        return (total - before).float()


class _Bins:
    """A number, its place, and the bins behind it."""

    def __init__(self, start: int, edges: Sequence[float], references: Sequence[float]) -> None:
        self.start, self.count = start, len(edges) + 1
        self.edges = torch.tensor(list(edges), dtype=torch.float32)
        self.references = torch.tensor(list(references), dtype=torch.float32)
        place = torch.bucketize(self.references, self.edges, right=True)
        self.first = torch.searchsorted(place, torch.arange(self.count))
        self.last = (torch.searchsorted(place, torch.arange(self.count), right=True) - 1).maximum(self.first)
        self.first = self.first.clamp_max(len(self.references) - 1)
        self.last = self.last.clamp_max(len(self.references) - 1)
        sums = torch.zeros(self.count).index_add(0, place, self.references)
        self.means = sums / torch.bincount(place, minlength=self.count).clamp_min(1)
        empty = torch.bincount(place, minlength=self.count) == 0
        self.means[empty] = self.references[self.first[empty]]

    def expected(self, log_shares: Tensor) -> Tensor:
        """The mean of the number, ``[batch]``."""
        own = log_shares[:, self.start + 1 : self.start + 1 + self.count]
        return (own.exp() * self.means.to(own.device)).sum(1)

    def drawn(self, made: Tensor) -> Tensor:
        """A number from the bin that was chosen, ``[batch]``."""
        chosen = made[:, self.start + 1 : self.start + 1 + self.count].argmax(1).cpu()
        first, last = self.first[chosen], self.last[chosen]
        place = first + torch.rand(len(chosen)) * (last - first)
        low = place.floor().long()
        high = torch.minimum(low + 1, last)
        return torch.lerp(self.references[low], self.references[high], place - low).to(made)

    def put(self, made: Tensor, values: Tensor) -> Tensor:
        """With the number, and 1 in its bin."""
        made = made.clone()
        bins = torch.bucketize(values.contiguous(), self.edges.to(values.device), right=True)
        made[:, self.start] = values
        made[:, self.start + 1 : self.start + 1 + self.count] = F.one_hot(bins, self.count).to(made)
        return made


def _seen(valid: Tensor | None, like: Tensor) -> Tensor:
    """Which places any row has."""
    return torch.ones_like(like, dtype=torch.bool) if valid is None else valid.any(0)


def _mean(values: Tensor, valid: Tensor | None) -> Tensor:
    """Of each place, over the rows that have it; 0 where none has."""
    return values.mean(0) if valid is None else values.where(valid, 0.0).sum(0) / valid.sum(0).clamp_min(1)
