"""A sparse code of 12 288 units, 32 active, of 1024 rows of 768: one step, against decoding with all units."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.turns import in_turn, processor_time, ratios
from isthmus import catalogue
from isthmus.records import View

ROWS, DIM, UNITS, K, GOAL = 1024, 768, 12_288, 32, 2.0


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="sparse",
        target=f"{GOAL:g} times less processor time for forward and backward, with the same gradients",
        columns=["who", "ms of processor time a step", "Isthmus needs less by", "lowest", "highest"],
        note=processor(),
    )
    ours, theirs = steps()
    same = all(torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(ours(), theirs(), strict=True))
    contenders = {"Isthmus": ours, "all units, as in most sparse autoencoders": theirs}
    found = in_turn({name: lambda step=step: processor_time(step) for name, step in contenders.items()}, len(rounds))
    for name, times in found.items():
        result.add(name, 1000 * statistics.median(times), *ratios(times, found["Isthmus"]))
    result.met = same and ratios(found[result.rows[1][0]], found["Isthmus"])[0] >= GOAL
    result.note += f"; gradients {'' if same else 'NOT '}the same"
    return result


def steps() -> tuple[Callable[[], list[Tensor]], Callable[[], list[Tensor]]]:
    """One step of each, which gives the gradients of filters and atoms."""
    torch.manual_seed(0)
    x = torch.randn(ROWS, DIM)
    encoder = catalogue.make("encoders", "dictionary", {"in_shape": (DIM,), "out_dim": UNITS})
    bottleneck = catalogue.make("bottlenecks", "top_k", {"latent_dim": UNITS, "k": K})
    decoder = catalogue.make("decoders", "dictionary", {"latent_dim": UNITS, "out_shape": (DIM,)})
    filters, bias, atoms = encoder.linear.weight, encoder.linear.bias, decoder.weight

    def ours() -> list[Tensor]:
        view = View(x=x)
        rebuilt = decoder(bottleneck(encoder(view), view, None), view)[:, 0]
        return gradients((rebuilt - x).square().sum(1).mean())

    def theirs() -> list[Tensor]:
        values, index = F.linear(x, filters, bias).topk(K, dim=1)
        z = torch.zeros(ROWS, UNITS).scatter(1, index, torch.relu(values))
        rebuilt = z @ F.normalize(atoms, dim=1) + decoder.bias
        return gradients((rebuilt - x).square().sum(1).mean())

    def gradients(loss: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad(loss, [filters, atoms]))

    return ours, theirs
