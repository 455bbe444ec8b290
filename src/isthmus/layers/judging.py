"""What critics have in common: whom they judge, by which game."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from isthmus.errors import check
from isthmus.layers.adversarial import Game, critic_loss, gradient_penalty, maker_cost
from isthmus.layers.spectral_norm import SpectralNorm
from isthmus.records import Trace

WANTS = {
    "rebuilt": frozenset({"rebuilt"}),
    "generated": frozenset({"drawn", "generated"}),
    "both": frozenset({"rebuilt", "drawn", "generated"}),
}


def check_game(owner: str, judges: str, game: str, penalty: float, repeats: int) -> None:
    """Refuse what makes no sense, all of it at once."""
    games = ("non_saturating", "hinge", "wasserstein")
    check(
        owner,
        (judges in WANTS, f"judges is {judges!r}; expected one of {', '.join(WANTS)}"),
        (game in games, f"game is {game!r}; expected one of {', '.join(games)}"),
        (penalty >= 0, f"penalty is {penalty!r}; expected 0 or more"),
        (repeats >= 1, f"repeats is {repeats!r}; expected 1 or more"),
    )


def perceptron(width: int, hidden: Sequence[int], *, outputs: int = 1, spectral: bool = False) -> nn.Sequential:
    """Scores ``[..., outputs]`` of ``[..., width]`` numbers."""
    layers: list[nn.Module] = []
    for before, after in pairwise([width, *hidden, outputs]):
        linear = nn.Linear(before, after)
        layers += [SpectralNorm(linear) if spectral else linear, nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def real_x(trace: Trace) -> Tensor:
    """What is real: unpaired examples where the batch has them, else x itself."""
    return trace.target if trace.batch.reference is None else trace.batch.reference


def made_x(trace: Trace, judges: str) -> Tensor:
    """What is judged: reconstructions, what was drawn from the prior, or one after the other."""
    wanted = {"rebuilt": (trace.rebuilt,), "generated": (trace.generated,), "both": (trace.rebuilt, trace.generated)}
    return torch.cat([x for x in wanted[judges] if x is not None])


def judge_loss(network: nn.Module, real: Tensor, made: Tensor, game: Game, penalty: float) -> Tensor:
    """The loss of a critic, with its gradient penalty, in float32."""
    with torch.autocast(real.device.type, enabled=False):
        real, made = real.float(), made.float()
        loss = critic_loss(game, network(real), network(made))
        if penalty == 0:
            return loss
        index = torch.arange(len(made), device=made.device) % len(real)
        return loss + penalty * gradient_penalty(lambda x: _each(network(x)), [real[index]], [made])


def judge_verdict(network: nn.Module, made: Tensor, game: Game, count: int) -> Tensor:
    """What its scores cost, ``[count]``; the mean where several were made for each example."""
    with torch.autocast(made.device.type, enabled=False):
        cost = maker_cost(game, _each(network(made.float())))
    return cost.unflatten(0, (-1, count)).mean(0)


def _each(scores: Tensor) -> Tensor:
    """One score for each example: the mean over its patches, or positions."""
    return scores.flatten(1).mean(1)
