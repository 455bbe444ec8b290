"""First names: a sequence VAE whose writer needs no code, what is said of it, and what the remedies named are worth."""

import time
from collections.abc import Sequence

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.metrics.latent_usage import LatentUsage, usage_of

TRAIN, TEST, LATENT, EPOCHS = 8000, 2000, 32, 12
FREE_BITS, DROPOUT, WARMUP = 0.5, 0.3, 500  # the defaults of SequenceVAE; half of the steps
COLLAPSED = "no remedy"
REMEDIES = {
    COLLAPSED: {},
    "free_bits": {"free_bits": FREE_BITS},
    "symbol_dropout": {"symbol_dropout": DROPOUT},
    "warmup": {"warmup": WARMUP},
    "free_bits, symbol_dropout": {"free_bits": FREE_BITS, "symbol_dropout": DROPOUT},
}
LIFT = 4  # times as many active units, of one or more


def run(seeds: Sequence[int]) -> Result:
    """Bowman et al. 2016, section 3.1; held-out names."""
    train = load("names", "train").take(range(TRAIN))
    test = load("names", "test").take(range(TEST))
    result = Result(
        name="collapse",
        target=f"posterior collapse is said; free bits, named first, bring {LIFT} x the active units, in each seed",
        columns=["raised", "seed", "active units", "KL, nats", "-ELBO, nats", "names rebuilt, %", "said", "seconds"],
        note=f"{LATENT} numbers, {TRAIN:,} names, {EPOCHS} epochs; {TEST:,} held-out names. free_bits {FREE_BITS}, "
        f"symbol_dropout {DROPOUT}, warmup {WARMUP}; no remedy: 0 for all of them.",
    )
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in REMEDIES}
    result.met = True
    for seed in seeds:
        for name, raised in REMEDIES.items():
            began = time.monotonic()
            model = im.SequenceVAE(
                LATENT,
                **{"free_bits": 0.0, "symbol_dropout": 0.0, "warmup": 0} | raised,
                network={"width": 96},
                trainer=im.Trainer(epochs=EPOCHS, validation=0),
                random_state=seed,
            ).fit(train)
            seconds = time.monotonic() - began
            usage = usage_of(model, test)
            assert isinstance(usage, LatentUsage)
            said = usage.remedy(list(model.get_params()))
            rebuilt = 100 * float((model.reconstruct(test) == test.values).mean())
            numbers = (usage.active_units, float(usage.kl.sum()), -float(model.score(test)), rebuilt)
            found[name].append(numbers)
            result.add(name, seed, *numbers, said or "", seconds)
            if name == COLLAPSED:
                result.met &= said is not None and "posterior collapse" in said and "raise free_bits" in said
    for name, rows in found.items():
        result.add(name, "mean", *(mean_sd(column) for column in zip(*rows, strict=True)), "", "")
    pairs = zip(found[COLLAPSED], found["free_bits"], strict=True)
    result.met &= all(after[0] >= LIFT * max(before[0], 1) for before, after in pairs)
    return result
