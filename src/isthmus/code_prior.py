"""A prior over the codes of a fitted model: the candidates, what each says of codes held out, and the choice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import torch
from torch import Tensor, nn

from isthmus import catalogue
from isthmus.architecture import make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.encoders.module import Module
from isthmus.errors import ParameterError, TrainingError, did_you_mean
from isthmus.metrics.text_table import aligned
from isthmus.records import View
from isthmus.stations import Prior
from isthmus.terms.code_likelihood import CodeLikelihood
from isthmus.training.history import History
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident
from isthmus.training.seeds import EVALUATION, SPLIT, WEIGHTS, derive
from isthmus.training.trainer import Trainer

AUTO, NORMAL = "auto", "standard_normal"
SHARE, MOST_HELD_OUT = 0.2, 5000  # of the rows, whose codes candidates are compared by
STOPPED_BY = 0.125  # share of the codes learnt from that says when to stop
AT_ONCE = 1024  # codes
NOTHING = 0.01  # nats that are no reason for a larger prior, however sure they are
SEEN = 5000  # rows of the data that a prior may look at


@dataclass(frozen=True, kw_only=True)
class PriorScores:
    """What candidates for p(z) say of codes that none of them has seen: mean log p(z), nats for each example.

    ``errors`` are standard errors of the mean difference to the best; ``sizes`` the numbers that a candidate is made
    of; ``bounds`` names those whose log p(z) is a lower bound; ``left_out`` says why a candidate was not one. Chosen is
    the smallest that is no more than one standard error, or a hundredth of a nat, worse than the best.

    Source: Breiman et al. 1984, Classification and regression trees, section 3.4.3 (the rule of one standard error).

    >>> given = {"fitted_on": 80, "held_out": 20, "numbers": 2, "seed": 0}
    >>> told = {"a": torch.tensor([-1.0, -1.2]), "b": torch.tensor([-3.0, -3.1])}
    >>> scores = PriorScores.of(told, {"a": 9, "b": 5}, **given)
    >>> scores.chosen, round(scores.nats["b"], 2)
    ('a', -3.05)
    """

    nats: Mapping[str, float]
    errors: Mapping[str, float]
    sizes: Mapping[str, int]
    chosen: str
    fitted_on: int  # codes; the chosen one is then fitted to all
    held_out: int
    numbers: int  # of a code
    seed: int
    bounds: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        told: Mapping[str, Tensor],
        sizes: Mapping[str, int],
        *,
        fitted_on: int,
        held_out: int,
        numbers: int,
        seed: int,
        bounds: tuple[str, ...] = (),
        left_out: Mapping[str, str] | None = None,
        wanted: str | None = None,
    ) -> Self:
        """From log p(z) of the held-out codes by each candidate, ``[n]``; ``wanted`` is chosen whatever they say."""
        nats = {name: float(values.double().mean()) for name, values in told.items()}
        best = told[max(nats, key=lambda name: nats[name])].double()
        gaps = {name: best - values.double() for name, values in told.items()}
        errors = {name: float(gap.std(correction=0)) / math.sqrt(len(gap)) for name, gap in gaps.items()}
        near = [name for name, gap in gaps.items() if float(gap.mean()) <= max(errors[name], NOTHING)]
        return cls(
            nats=nats,
            errors=errors,
            sizes=dict(sizes),
            chosen=min(near, key=lambda name: sizes[name]) if wanted is None else wanted,
            fitted_on=fitted_on,
            held_out=held_out,
            numbers=numbers,
            seed=seed,
            bounds=bounds,
            left_out=left_out or {},
        )

    def as_text(self) -> str:
        """For people: the likeliest first."""
        order = sorted(self.nats, key=lambda name: -self.nats[name])
        best = self.nats[order[0]]
        rows = [["prior", "nats", "behind", "+-", "size"]]
        for name in order:
            behind, error = f"{best - self.nats[name]:.3f}", f"{self.errors[name]:.3f}"
            at_least = ">=" if name in self.bounds else ""
            rows.append([name, f"{at_least}{self.nats[name]:.3f}", behind, error, f"{self.sizes[name]:,}"])
        lines = aligned(rows)
        lines += [f"{name}: left out: {reason}" for name, reason in self.left_out.items()]
        near = best - self.nats[self.chosen] <= self.errors[self.chosen]
        why = ", the smallest that is behind by no more than its error" if self.chosen != order[0] and near else ""
        lines.append(
            f"chosen: {self.chosen}{why}; mean log p(z) of {self.held_out:,} held-out codes of {self.numbers:,} "
            f"numbers, fitted on {self.fitted_on:,} (seed {self.seed})"
        )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "bounds": list(self.bounds)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From what ``to_json`` gave."""
        return cls(**{**data, "bounds": tuple(data["bounds"])})


@dataclass(frozen=True, kw_only=True)
class CodePrior:
    """A fitted prior, how it was chosen, and how it was trained where it was by steps."""

    prior: Prior
    scores: PriorScores
    history: History | None


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    prior: Prior
    history: History | None


def fit_code_prior(
    model: Autoencoder,
    codes: Tensor,
    seen: Callable[[Tensor], View],
    *,
    prior: Any,
    trainer: Trainer | None,
    seed: int,
) -> CodePrior:
    """A prior of ``codes [n, *grid, dim]`` of the model's; places of a grid are taken as codes by themselves.

    ``prior``: ``"auto"``, a name, a mapping with a name and arguments, or a Prior to copy. ``seen(numbers of rows)``
    are rows of the data. ``trainer`` trains those that learn by steps.
    """
    names = candidates() if _is_auto(prior) else [NORMAL, _name(prior)]
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(derive(seed, SPLIT)))
    held_out = min(round(SHARE * len(codes)), MOST_HELD_OUT)
    own, others = order[:held_out], order[held_out:]
    usual = usual_trainer() if trainer is None else trainer

    def fitted(name: str, index: Tensor) -> _Fitted:
        made = prior if name == names[-1] and not _is_auto(prior) else name
        return _fitted(made, model, codes[index], lambda: seen(index[:SEEN]), usual, seed)

    told, sizes, left_out, bounds = {}, {}, {}, []
    for name in dict.fromkeys(names):
        try:
            found = fitted(name, others)
            values = log_probs(found.prior, codes[own], seed)
            if not bool(values.isfinite().all()):
                raise ParameterError("log p(z) of some held-out codes is not finite")
        except (ParameterError, TrainingError) as error:
            if not _is_auto(prior):
                raise
            left_out[name] = str(error)
            continue
        told[name], sizes[name] = values, sum(value.numel() for value in found.prior.state_dict().values())
        bounds += [name] if found.prior.bound else []
    scores = PriorScores.of(
        told,
        sizes,
        fitted_on=len(others),
        held_out=len(own),
        numbers=codes[0].numel(),
        seed=seed,
        bounds=tuple(bounds),
        left_out=left_out,
        wanted=None if _is_auto(prior) else names[-1],
    )
    chosen = fitted(scores.chosen, torch.arange(len(codes)))
    return CodePrior(prior=chosen.prior.eval(), scores=scores, history=chosen.history)


def usual_trainer() -> Trainer:
    """One run that stops by an eighth of the codes, whatever their number: there is a choice of several priors to make.

    >>> usual_trainer().validation
    0.125
    """
    return Trainer(validation=STOPPED_BY)


def candidates() -> list[str]:
    """The names of all priors that can be learnt from codes, plug-ins included.

    >>> "full_gaussian" in candidates(), "autoregressive" in candidates()
    (True, False)
    """
    return [name for name in catalogue.names("priors") if catalogue.find("priors", name).afterwards]  # type: ignore[attr-defined]


@torch.no_grad()
def log_probs(prior: Prior, codes: Tensor, seed: int) -> Tensor:
    """log p(z) of each of ``codes [n, *grid, dim]``, nats, ``[n]`` on the CPU."""
    prior.eval()
    with RandomStream(derive(seed, EVALUATION)):
        return torch.cat([prior.log_prob_anew(part).flatten(1).sum(1).cpu() for part in codes.split(AT_ONCE)])


def _fitted(
    wanted: Any, model: Autoencoder, codes: Tensor, rows: Callable[[], View], trainer: Trainer, seed: int
) -> _Fitted:
    """A fresh prior, learnt from these codes."""
    known: dict[str, Any] = {"latent_dim": codes.shape[-1]}
    known |= {"in_shape": tuple(rows().x.shape[1:])} if _looks(wanted) else {}
    device = codes.device
    with RandomStream(derive(seed, WEIGHTS), device):
        prior: Prior = make_part("priors", wanted, known).to(device)
        model.with_prior(prior)  # which meets the encoder, or says why it cannot
        if _looks(wanted):
            prior.look_at(rows())
        flat = codes.flatten(0, -2)
        if prior.afterwards == "at once":
            prior.fit(flat)
            return _Fitted(prior=prior.eval(), history=None)
    dim = flat.shape[1]
    of_codes = Autoencoder(Module(nn.Identity(), (dim,), dim), Identity(dim), terms=[CodeLikelihood(prior)])
    with _held_still(model):
        history = trainer.fit(of_codes, Resident(flat.cpu()), seed=seed)
    return _Fitted(prior=prior.to(device).eval(), history=history)


@contextmanager
def _held_still(model: Autoencoder) -> Iterator[None]:
    """A prior may look through the model; nothing in that learns meanwhile."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad = True


def _is_auto(prior: Any) -> bool:
    return isinstance(prior, str) and prior == AUTO


def _name(prior: Any) -> str:
    """Of what the user wants; raises ``ParameterError`` where there is none, with the closest."""
    if isinstance(prior, Prior):
        return str(prior.spec()["component"]).rpartition("/")[2]
    name = prior.get("name") if isinstance(prior, Mapping) else prior
    if not isinstance(name, str):
        raise ParameterError(
            f"prior is {prior!r:.100}; expected 'auto', a name, a mapping with a 'name' and arguments, or a Prior"
        )
    if name not in catalogue.names("priors"):
        raise ParameterError(f"No prior is called {name!r}. {did_you_mean(name, [AUTO, *candidates()])}")
    if name not in candidates():
        raise ParameterError(
            f"The prior {name!r} is not learnt from the codes of a fitted model; expected one of "
            f"{', '.join([AUTO, *candidates()])}"
        )
    return name


def _looks(wanted: Any) -> bool:
    """Whether a prior looks at rows of the data."""
    cls: Any = catalogue.find("priors", _name(wanted))
    return cls.look_at is not Prior.look_at
