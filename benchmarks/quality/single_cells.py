"""Single cells: clusters of codes learnt from counts, and counts that were kept back, beside principal components."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.estimator import Estimator
from isthmus.layers.negative_binomial import log_negative_binomial

Counts = NDArray[np.integer]
Numbers = NDArray[np.floating]

SETS = ("pbmc68k-reduced", "mouse-bladder")
GENES = 2000  # the most variable ones; the same for all
DIMENSIONS = (10, 20, 50)  # of principal components; the best counts, whatever the labels say of it
CELLS = (5, 10, 20, 40)  # smallest clusters of HDBSCAN, likewise
STARTS = 5  # of k-means, each the best of 10
STEPS = 80  # of the judge
SEEN = 0.8  # share of the molecules of a held-out cell
TRAINER = im.Trainer(batch_size=128, learning_rate=1e-3, weight_decay=1.0, validation=0)
NETWORK = {"name": "mlp", "hidden": (128,)}
THINNED = im.DAE(20, corruption={"name": "thinning", "keep": 0.2}, network=NETWORK, trainer=TRAINER)
MODELS = {
    "DAE, negative binomial, 20 numbers": clone(THINNED).set_params(likelihood="negative_binomial"),
    "VAE, negative binomial, 20 numbers": im.VAE(20, likelihood="negative_binomial", network=NETWORK, trainer=TRAINER),
}


def run(seeds: Sequence[int]) -> Result:
    """Codes of all cells, clustered without labels; rates of held-out cells, learnt from the others."""
    result = Result(
        name="single_cells",
        target="on both sets codes cluster better (ARI) than any PCA + k-means and PCA + HDBSCAN, and counts that were "
        "kept back are told better (nats) than by any PCA",
        columns=["cells", "from", "ARI, k-means", "ARI, HDBSCAN", "-log p of counts kept back", "CPU seconds"],
    )
    met = [_measured(result, name, seeds) for name in SETS]
    result.met = all(met)
    result.note = (
        f"The {GENES} genes whose Pearson residuals vary most, for all; k-means knows the number of types and is the "
        f"best of 10 starts, {STARTS} times for each seed; HDBSCAN is the best of four sizes. Labels are looked at to "
        "measure, and to choose among PCA's numbers of components; the settings of the models were chosen on these "
        f"sets with seed 0, the same for both. Of a fifth of the cells {SEEN:.0%} of the molecules are seen (binomial "
        "thinning, Batson et al. 2019), the others judged by a negative binomial with the library size known and, for "
        "each method, the dispersion of each gene, a factor of it and a share of the mean rate added by maximum "
        "likelihood on a tenth of the cells that neither was fitted on. Why the bladder's clusters are missed is not "
        "settled: in the one run that was looked at, of a VAE, k-means cut the largest type into four clusters, and "
        "into two of standardised principal components."
    )
    return result


def _measured(result: Result, name: str, seeds: Sequence[int]) -> bool:
    """The rows of one set; whether the target is met on it."""
    counts, types = _set(name)
    splits = [_split(counts, seed) for seed in seeds]
    baselines: list[tuple[float, float, float]] = []
    known = [_rates_judged(split, _mean_rates) for split in splits]
    result.add(name, "mean of all cells", "", "", mean_sd(known), "")
    for scaled in (False, True):
        for components in DIMENSIONS:
            row = _principal(counts, types, splits, components, scaled=scaled)
            baselines.append((float(np.mean(row.by_means)), float(np.mean(row.by_density)), float(np.mean(row.nats))))
            told = "standardised log counts" if scaled else "log counts"
            result.add(name, f"PCA of {told}, {components} numbers", *row.shown())
    by_means, by_density, nats = (np.array(each) for each in zip(*baselines, strict=True))
    best, won = max(by_means.max(), by_density.max()), []
    for label, model in MODELS.items():
        row = _learnt(model, counts, types, splits, seeds)
        result.add(name, label, *row.shown())
        won.append(bool(np.mean(row.by_means) > best and np.mean(row.nats) < nats.min()))
    return won[0]  # the one that was chosen for it


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was found of one way to make codes, by seeds."""

    by_means: Sequence[float]
    by_density: Sequence[float]
    nats: Sequence[float]
    seconds: Sequence[float]

    def shown(self) -> list[str]:
        """Means and spreads."""
        return [mean_sd(each) for each in (self.by_means, self.by_density, self.nats, self.seconds)]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Counts to fit on, a tenth to fit the judge on, and a fifth to be judged: each seen and kept back."""

    fitted: Counts
    judge: tuple[Counts, Counts]
    test: tuple[Counts, Counts]


def _set(name: str) -> tuple[Counts, NDArray[np.integer]]:
    """Counts of the most variable genes, and the types of the cells by number."""
    cells = load(name)
    return cells.values[:, variable_genes(cells.values, GENES)], np.unique(cells.labels, return_inverse=True)[1]


def variable_genes(counts: Counts, most: int) -> NDArray[np.integer]:
    """The genes with the largest variance of Pearson residuals (Lause et al. 2021), of those in 5 cells or more."""
    if counts.shape[1] <= most:
        return np.arange(counts.shape[1])
    x = counts.astype(np.float64)
    mean = x.sum(1, keepdims=True) * x.sum(0) / x.sum()
    bound = np.sqrt(len(x))
    residuals = ((x - mean) / np.sqrt(np.maximum(mean + mean**2 / 100, 1e-12))).clip(-bound, bound)
    variance = np.where((x > 0).sum(0) >= 5, residuals.var(0), -1.0)
    return np.sort(np.argsort(-variance)[:most])


def _split(counts: Counts, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    order, tenth = rng.permutation(len(counts)), len(counts) // 10
    judge, test, fitted = counts[order[:tenth]], counts[order[tenth : 3 * tenth]], counts[order[3 * tenth :]]
    kept = [rng.binomial(part, SEEN).astype(part.dtype) for part in (judge, test)]
    return Split(fitted=fitted, judge=(kept[0], judge - kept[0]), test=(kept[1], test - kept[1]))


# -- codes and rates -----------------------------------------------------------------------------------


def _learnt(model: Estimator, counts: Counts, types: NDArray, splits: Sequence[Split], seeds: Sequence[int]) -> Row:
    by_means, by_density, nats, seconds = [], [], [], []
    for seed, split in zip(seeds, splits, strict=True):
        began = time.process_time()
        codes = clone(model).set_params(random_state=seed).fit_transform(counts)
        seconds.append(time.process_time() - began)
        by_means.append(_by_means(codes, types, seed))
        by_density.append(_by_density(codes, types))

        def learnt(fitted: Counts, seed: int = seed) -> Callable[[Counts], Numbers]:
            return clone(model).set_params(random_state=seed).fit(fitted).reconstruct

        nats.append(_rates_judged(split, learnt))
        print(seed, by_means[-1], by_density[-1], nats[-1], f"{seconds[-1]:.0f} s", flush=True)
    return Row(by_means=by_means, by_density=by_density, nats=nats, seconds=seconds)


def _principal(counts: Counts, types: NDArray, splits: Sequence[Split], components: int, *, scaled: bool) -> Row:
    began = time.process_time()
    logs = Logarithms(counts, scaled=scaled)
    codes = PCA(components, random_state=0).fit_transform(logs.of(counts))
    seconds = time.process_time() - began

    def rates(fitted: Counts) -> Callable[[Counts], Numbers]:
        known = Logarithms(fitted, scaled=scaled)
        pca = PCA(components, random_state=0).fit(known.of(fitted))
        return lambda seen: known.back(pca.inverse_transform(pca.transform(known.of(seen))))

    return Row(
        by_means=[_by_means(codes, types, seed) for seed in range(len(splits))],
        by_density=[_by_density(codes, types)] * len(splits),
        nats=[_rates_judged(split, rates) for split in splits],
        seconds=[seconds],
    )


class Logarithms:
    """log(1 + x / library * median library), as they are or each gene to variance 1 and within 10 of its mean."""

    def __init__(self, counts: Counts, *, scaled: bool) -> None:
        self.library, self.mean, self.spread, self.bound = 1.0, 0.0, 1.0, np.inf
        self.library = float(np.median(counts.sum(1)))
        if scaled:
            logs = self.of(counts)
            self.mean, self.spread, self.bound = logs.mean(0), np.maximum(logs.std(0), 1e-9), 10.0

    def of(self, counts: Counts) -> Numbers:
        """Of counts of other cells."""
        logs = np.log1p(counts / np.maximum(counts.sum(1, keepdims=True), 1) * self.library)
        return ((logs - self.mean) / self.spread).clip(-self.bound, self.bound)

    def back(self, logs: Numbers) -> Numbers:
        """Counts, at the median library size."""
        return np.expm1(logs * self.spread + self.mean).clip(0)


def _mean_rates(fitted: Counts) -> Callable[[Counts], Numbers]:
    mean = (fitted / np.maximum(fitted.sum(1, keepdims=True), 1)).mean(0)
    return lambda seen: np.tile(mean, (len(seen), 1))


# -- judging -------------------------------------------------------------------------------------------


def _by_means(codes: Numbers, types: NDArray, seed: int) -> float:
    """The mean of several starts of k-means that knows how many types there are."""
    count = len(np.unique(types))
    starts = (KMeans(count, n_init=10, random_state=100 * seed + i).fit_predict(codes) for i in range(STARTS))
    return float(np.mean([adjusted_rand_score(types, found) for found in starts]))


def _by_density(codes: Numbers, types: NDArray) -> float:
    """The best of several sizes of HDBSCAN; what it calls noise is a cluster."""
    found = (HDBSCAN(min_cluster_size=size, copy=True).fit_predict(codes) for size in CELLS)
    return max(float(adjusted_rand_score(types, each)) for each in found)


def _rates_judged(split: Split, learn: Callable[[Counts], Callable[[Counts], Numbers]]) -> float:
    """-log p of counts kept back, nats for each cell, at rates from those that are seen."""
    rates = learn(split.fitted)
    mean = _tensor(_mean_rates(split.fitted)(split.fitted[:1]))
    (known, asked), (shown, wanted) = ((_shares(rates(seen)), _tensor(hidden)) for seen, hidden in _pairs(split))
    parameters = _fitted_judge(known, asked, mean)
    with torch.no_grad():
        return -_log_prob(shown, wanted, mean, parameters).sum(1).mean().item()


def _pairs(split: Split) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
    return split.judge, split.test


def _fitted_judge(shares: Tensor, counts: Tensor, mean: Tensor) -> Mapping[str, Tensor]:
    """Dispersions and factors of genes, held near to one for all, and the share of the mean, by maximum likelihood."""
    genes = shares.shape[1]
    parameters = {
        "theta": torch.zeros(genes, dtype=torch.float32, requires_grad=True),
        "common": torch.zeros((), dtype=torch.float32, requires_grad=True),
        "factor": torch.zeros(genes, dtype=torch.float32, requires_grad=True),
        "added": torch.full((), -2.0, dtype=torch.float32, requires_grad=True),
    }
    optimiser = torch.optim.Adam(parameters.values(), lr=0.15)
    for _ in range(STEPS):
        optimiser.zero_grad()
        near = 0.5 * (parameters["theta"].square().sum() + 10 * parameters["factor"].square().sum())
        (near - _log_prob(shares, counts, mean, parameters).sum()).backward()
        optimiser.step()
    return parameters


def _log_prob(shares: Tensor, counts: Tensor, mean: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
    added = parameters["added"].sigmoid()
    rates = ((1 - added) * shares + added * mean) * parameters["factor"].exp()
    rates = rates / rates.sum(1, keepdim=True) * counts.sum(1, keepdim=True)
    log_theta = (parameters["theta"] + parameters["common"]).clamp(-7, 9)
    return log_negative_binomial(counts, rates.clamp_min(1e-12).log(), log_theta)


def _shares(rates: Numbers) -> Tensor:
    values = _tensor(rates).clamp_min(1e-12)
    return values / values.sum(1, keepdim=True)


def _tensor(values: NDArray) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
