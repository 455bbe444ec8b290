"""False alarms of `AnomalyDetector` on rows that belong: as many as were asked for?

The 20 sets of ADBench with the most rows that belong, of these alone. A fifth of them is judged; of the others two
thirds are held out by the detector for calibration, and the rest learnt from: 1 % takes 99 rows held out, which the
smallest set has only so. A set counts where the number of alarms is in the interval that holds 95 % of a binomial
distribution with the rate asked for. No method can be in it on 95 % of the sets: the threshold is found from
finitely many rows, so that the number is drawn from a beta-binomial distribution, which is wider; how many sets are in
the interval of 95 % of that is told as well, and how many an exact method would have in the binomial one, on average.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom, binom

import isthmus as im
from benchmarks.result import Result
from isthmus.tasks import conformal

SETS, WANTED = 20, 18
RATES, JUDGED, CALIBRATION = (0.01, 0.05), 0.2, 2 / 3


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Of one set, at one rate."""

    name: str
    rate: float
    count: int
    rows: int
    held_out: int

    @property
    def in_binomial(self) -> bool:
        """As many as chance would bring, were the rate exact."""
        low, high = binom.interval(0.95, self.rows, self.rate)
        return bool(low <= self.count <= high)

    @property
    def in_beta_binomial(self) -> bool:
        """As many as chance would bring, with the rows held out drawn as well."""
        low, high = conformal.alarms_expected(self.held_out, self.rows, self.rate)
        return low <= self.count <= high

    @property
    def chance(self) -> float:
        """Of an exact method, to be in the binomial interval."""
        low, high = binom.interval(0.95, self.rows, self.rate)
        allowed = conformal.alarms_allowed(self.held_out, self.rate)
        law = betabinom(self.rows, allowed, self.held_out + 1 - allowed)
        return float(law.cdf(high) - law.cdf(low - 1))


def run(seeds: Sequence[int]) -> Result:
    result = Result(
        name="false_alarms",
        target=f"at 1 % and at 5 %, in the binomial interval on {WANTED} of {SETS} sets or more, mean of the seeds",
        columns=[
            "rate asked for",
            "seed",
            "mean rate, %",
            "sets in the binomial interval",
            "an exact method's, mean",
            "sets in the beta-binomial interval",
            "sets outside of it",
        ],
    )
    met = []
    for rate in RATES:
        inside = []
        for seed in seeds:
            found = [alarms(name, rows, rate, seed) for name, rows in usual_rows()]
            inside.append(sum(each.in_binomial for each in found))
            wide = [each for each in found if not each.in_beta_binomial]
            outside = ", ".join(f"{each.name} {each.count} of {each.rows}" for each in wide) or "none"
            realised = 100 * float(np.mean([each.count / each.rows for each in found]))
            expected = sum(each.chance for each in found)
            result.add(f"{rate:.0%}", seed, realised, inside[-1], expected, SETS - len(wide), outside)
        met.append(np.mean(inside) >= WANTED)
    result.met = all(met)
    return result


def usual_rows() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The sets with the most rows that belong, and these rows."""
    folder = Path(os.environ["ISTHMUS_DATA"]) / "adbench"
    found = {}
    for file in sorted(folder.glob("*.npz")):
        with np.load(file, allow_pickle=False) as kept:
            found[file.stem] = kept["X"][kept["y"] == 0].astype(np.float32)
    most = sorted(found, key=lambda name: -len(found[name]))[:SETS]
    assert len(most) == SETS, f"{len(most)} data sets are there, not {SETS}"
    yield from ((name, found[name]) for name in sorted(most))


def alarms(name: str, rows: NDArray[np.float32], rate: float, seed: int) -> Alarms:
    """On a fifth of the rows, by a detector that has seen the others."""
    order = np.random.default_rng(seed).permutation(len(rows))
    judged, known = np.split(rows[order], [round(JUDGED * len(rows))])
    detector = im.AnomalyDetector(
        training="normal", false_alarm_rate=rate, calibration=CALIBRATION, random_state=seed
    ).fit(known)
    return Alarms(
        name=name,
        rate=rate,
        count=int((detector.predict(judged) == -1).sum()),
        rows=len(judged),
        held_out=len(detector.calibration_scores_),
    )
