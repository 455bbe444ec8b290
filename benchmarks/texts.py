"""What a variational autoencoder of texts is measured by: texts rebuilt, dimensions used, texts made."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.latent_usage import ACTIVE

UNITS, COPIES, VALID, DIFFERENT = 4, 0.5, 0.5, 0.5
DRAWN, TESTED = 1000, 2000
LIKELIEST = " at 0"  # drawn codes, of which the likeliest symbols are written
STEPS = 7
PATHS = Path(__file__).parents[1] / "docs" / "pictures"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A set of texts, the model for it, and what makes a text of it valid."""

    name: str
    data: str
    model: im.SequenceVAE
    epochs: int
    rule: str
    valid: Callable[[str], bool] | None  # None where what would tell is not installed
    note: str = ""
    exact: float = 0.0  # share of held-out texts that are to come back letter by letter
    batch_size: int | Literal["auto"] = "auto"
    learning_rate: float = 3e-3


def run(task: Task, seeds: Sequence[int]) -> Result:
    """The table of a task; every seed must keep to the target."""
    wanted = f"{task.exact:.0%} or more of held-out texts exactly rebuilt, " if task.exact else ""
    result = Result(
        name=task.name,
        target=f"{wanted}{UNITS} or more of {task.model.latent_dim} dimensions active; of what is drawn at most "
        f"{COPIES:.0%} are copies of training texts and, where the likeliest symbols are written (temperature 0), at "
        f"least {VALID:.0%} are valid and {DIFFERENT:.0%} different; every seed",
        columns=[
            "seed",
            "exact",
            "right symbols",
            "active",
            "ELBO, nats",
            *(f"{word}{where}" for where in ("", LIKELIEST) for word in ("valid", "copies", "different")),
            "CPU seconds",
        ],
    )
    found = []
    for seed in seeds:
        found.append(measure(task, seed, shown=seed == seeds[0]))
        print(task.name, seed, found[-1], flush=True)
        result.add(seed, *(found[-1][name] for name in found[-1]))
    result.add("mean", *(mean_sd([each[name] for each in found]) for name in found[0]))
    result.met = all(
        each["exact"] >= task.exact
        and each["active"] >= UNITS
        and max(each["copies"], each[f"copies{LIKELIEST}"]) <= COPIES
        and each[f"valid{LIKELIEST}"] >= VALID  # not so where nothing tells
        and each[f"different{LIKELIEST}"] >= DIFFERENT
        for each in found
    )
    held_out = (
        "RDKit is not installed" if task.valid is None else f"{_valid(task, _split(task)[1]):.1%} of held-out texts"
    )
    result.note = f"valid: {task.rule} ({held_out}). {task.note}".strip()
    return result


def measure(task: Task, seed: int, *, shown: bool) -> dict[str, float]:
    """On held-out texts that are in no part twice; where it is to be shown, paths between some are written."""
    train, test = _split(task)
    trainer = im.Trainer(
        epochs=task.epochs, batch_size=task.batch_size, learning_rate=task.learning_rate, validation=0.02
    )
    model = task.model.set_params(trainer=trainer, random_state=seed)
    began = time.process_time()
    model.fit(train)
    seconds = time.process_time() - began
    if shown:
        _write_paths(task, model, test)
    rebuilt, known = model.reconstruct(test), {*train, *_as_written(model, train)}
    return {
        "exact": float(np.mean(rebuilt == test)),
        "right": float(np.mean([_agreement(a, b) for a, b in zip(test, rebuilt, strict=True)])),
        "active": int((model.transform(test).var(0) > ACTIVE).sum()),
        "elbo": float(model.score_samples(test[:500]).mean()),
        **_of_drawn(task, model.sample(DRAWN, random_state=seed), known),
        **_of_drawn(task, model.sample(DRAWN, random_state=seed, temperature=0), known, where=LIKELIEST),
        "seconds": seconds,
    }


def _of_drawn(task: Task, drawn: np.ndarray, known: set[str], where: str = "") -> dict[str, float]:
    return {
        f"valid{where}": _valid(task, drawn),
        f"copies{where}": float(np.mean([text in known for text in drawn])),
        f"different{where}": len(set(drawn)) / len(drawn),
    }


def _as_written(model: im.SequenceVAE, texts: np.ndarray) -> list[str]:
    """Texts without the tokens that the model does not know."""
    tokeniser = model.schema_.tokeniser
    return [tokeniser.text([number for number in row if number >= 0]) for row in tokeniser.numbers(texts.tolist())]


def _split(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Different texts to learn from, and others to measure on, none longer than those."""
    train, test = (np.unique(load(task.data, part).values) for part in ("train", "test"))
    longest = max(map(len, train))
    others = [text for text in np.setdiff1d(test, train) if len(text) <= longest]
    return train, np.random.default_rng(0).permutation(np.array(others, dtype=object))[:TESTED]


def _valid(task: Task, texts: Sequence[str]) -> float:
    return float(np.mean([task.valid(text) for text in texts])) if task.valid else float("nan")


def _agreement(a: str, b: str) -> float:
    """The share of places where two texts agree, of the longer one's."""
    return sum(x == y for x, y in zip(a, b, strict=False)) / max(len(a), len(b), 1)


def _write_paths(task: Task, model: im.SequenceVAE, test: Sequence[str]) -> None:
    """From one held-out text to another, three times."""
    lines = []
    for first in (0, 2, 4):
        lines += [*model.interpolate(test[first], test[first + 1], steps=STEPS), ""]
    (PATHS / f"{task.name}.txt").write_text("\n".join(lines), encoding="utf8")
