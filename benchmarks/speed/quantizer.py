"""A codebook of 1024 vectors of 64 numbers, 16 384 features: one step of training, against vector-quantize-pytorch."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.memory import extra_memory
from benchmarks.speed.turns import in_turn, processor_time, ratios
from isthmus import catalogue
from isthmus.records import View

FEATURES, SIZE, DIM, DECAY, STEPS = 16_384, 1024, 64, 0.99, 10
FASTER, LEANER = 4.0, 5.0


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="quantizer",
        target=f"{FASTER:g} times less processor time and {LEANER:g} times less extra memory, with the same symbols "
        "and codebooks",
        columns=["who", "ms of processor time a step", "Isthmus needs less by", "lowest", "highest", "extra MiB"],
        note=processor(),
    )
    same = alike()
    steps = {"Isthmus": ours(), "vector-quantize-pytorch": theirs()}
    found = in_turn({name: lambda step=step: step_time(step) for name, step in steps.items()}, len(rounds))
    memory = {
        name: statistics.median(extra_memory(__name__, function) for _ in range(3))
        for name, function in (("Isthmus", "ours"), ("vector-quantize-pytorch", "theirs"))
    }
    for name, times in found.items():
        less = ratios(times, found["Isthmus"])
        result.add(name, 1000 * statistics.median(times), *less, memory[name])
    leaner = memory["vector-quantize-pytorch"] / memory["Isthmus"]
    faster = ratios(found["vector-quantize-pytorch"], found["Isthmus"])[0]
    result.met = same and faster >= FASTER and leaner >= LEANER
    result.note += f"; {leaner:.1f} times less extra memory; symbols and codebooks {'' if same else 'NOT '}the same"
    return result


def ours(size: int = SIZE) -> Callable[[], object]:
    """One step, forward and back, with so many vectors."""
    quantizer, _ = quantizers(size)
    x = features()

    def step() -> Tensor:
        x.grad = None
        code = quantizer(x, View(x=x), None)
        (code.z.sum() + code.costs["commitment"].mean() / DIM).backward()
        return code.symbols.flatten()

    return step


def theirs() -> Callable[[], object]:
    """The same, with the other library."""
    _, other = quantizers(both=True)
    x = features()

    def step() -> Tensor:
        x.grad = None
        z, symbols, cost = other(x[None])
        (z.sum() + cost.sum()).backward()
        return symbols.flatten()

    return step


def quantizers(size: int = SIZE, both: bool = False) -> tuple[Any, Any]:
    """With the same vectors, which stand for equally many features each."""
    torch.manual_seed(0)
    vectors = torch.randn(size, DIM)
    book = catalogue.make("codebooks", "ema", {"size": size, "dim": DIM, "decay": DECAY, "revive": 0.0})
    passing = catalogue.make("gradient_estimators", "straight_through", {})
    quantizer = catalogue.make(
        "bottlenecks", "vector_quantizer", {"latent_dim": DIM, "codebook": book, "estimator": passing}
    )
    quantizer.codebooks[0].start(vectors)
    if not both:
        return quantizer, None
    from vector_quantize_pytorch import VectorQuantize

    other = VectorQuantize(
        dim=DIM, codebook_size=size, decay=DECAY, rotation_trick=False, threshold_ema_dead_code=0, commitment_weight=1.0
    )
    held = other._codebook
    held.embed.data.copy_(vectors[None])
    held.embed_avg.data.copy_(vectors[None] * FEATURES / size)
    held.cluster_size.data.fill_(FEATURES / size)
    return quantizer, other


def alike() -> bool:
    """Whether both choose the same symbols, and then have the same vectors."""
    quantizer, other = quantizers(both=True)
    x = features()
    code, (_, symbols, _) = quantizer(x, View(x=x), None), other(x[None])
    same = torch.equal(code.symbols.flatten(), symbols.flatten())
    return same and torch.allclose(quantizer.codebooks[0].vectors(), other._codebook.embed[0], atol=1e-4)


def features() -> Tensor:
    return torch.randn(FEATURES, DIM, generator=torch.Generator().manual_seed(1)).requires_grad_()


def step_time(step: Callable[[], object]) -> float:
    """Seconds of all processors for one step, in the mean of several."""
    step()
    return processor_time(lambda: [step() for _ in range(STEPS)]) / STEPS
