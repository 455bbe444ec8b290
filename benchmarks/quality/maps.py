"""Maps in two dimensions: held-out digits beside UMAP, PCA and a plain autoencoder, and what places are rebuilt to."""

import importlib.util
import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

import isthmus as im
from benchmarks.result import Result, mean_sd
from isthmus.data import load
from isthmus.data.examples import Examples
from isthmus.metrics.embedding import continuity, cross_validated_knn, shepard
from isthmus.metrics.neighbours import knn_accuracy, trustworthiness

SETS = ("digits", "mnist")
KNN, TRUST = 0.96, 0.96  # MNIST
DECODER = {"hidden": (256, 256), "steps": 1500, "batch": 256, "rate": 1e-3}


def run(seeds: Sequence[int]) -> Result:
    """Maps learn the training rows; the test rows are placed, but t-SNE's, which is of the test rows alone."""
    result = Result(
        name="maps",
        target=f"MNIST, Reducer: mean 5-NN at least {KNN}, trustworthiness {TRUST}; the same decoder, trained for as "
        "long on each map, rebuilds test rows from the Reducer's better than from UMAP's",
        columns=["data", "map", "seed", "5-NN", "trustworthiness", "continuity", "Shepard", "decoder's MSE", "seconds"],
        note="Trustworthiness and continuity (5 neighbours) of all test rows; t-SNE is transductive: of "
        "the test rows, each fifth named by the others. Settings of the layout were chosen on 20,000 training rows.",
    )
    found: dict[tuple[str, str], list[list[float]]] = {}
    for name in SETS:
        train, test = load(name, "train"), load(name, "test")
        for seed in seeds:
            for kind, row in measured(train, test, seed).items():
                found.setdefault((name, kind), []).append(row)
                result.add(name, kind, seed, *row)
    for (name, kind), rows in found.items():
        result.add(name, kind, "mean", *(mean_sd(column) for column in zip(*rows, strict=True)))
    ours = np.mean(found["mnist", "Reducer"], axis=0)
    umaps = found.get(("mnist", "UMAP"))
    better = umaps is not None and ours[4] < np.mean(umaps, axis=0)[4]
    result.met = bool(ours[0] >= KNN and ours[1] >= TRUST and better)
    return result


def measured(train: Examples, test: Examples, seed: int) -> dict[str, list[float]]:
    """Of each map: 5-NN accuracy, trustworthiness, continuity, Shepard, the decoder's error, seconds to learn."""
    scaled = im.AE(2, trainer=im.Trainer(epochs=1, validation=0)).fit(train.at_most(300)).schema_  # of these data
    x, new = scaled.flat(train), scaled.flat(test)
    rows = {}
    for name, (known, codes, seconds) in maps(train, test, x, new, seed).items():
        rows[name] = [
            knn_accuracy(known, train.labels, codes, test.labels),
            *(measure(new, codes) for measure in (trustworthiness, continuity, shepard)),
            decoder_error(known, x, codes, new, seed),
            seconds,
        ]
    began = time.monotonic()
    tsne = TSNE(2, init="pca", random_state=seed).fit_transform(new)
    seconds = time.monotonic() - began
    own = [measure(new, tsne) for measure in (trustworthiness, continuity, shepard)]
    return {**rows, "t-SNE": [cross_validated_knn(tsne, test.labels), *own, float("nan"), seconds]}


def maps(
    train: Examples, test: Examples, x: NDArray[Any], new: NDArray[Any], seed: int
) -> dict[str, tuple[NDArray[Any], NDArray[Any], float]]:
    """Places of the training and of the test rows, and how long it took to learn."""
    found = {}

    def learn(name: str, model: Any, known: Any, unseen: Any) -> None:
        began = time.monotonic()
        model.fit(known)
        seconds = time.monotonic() - began
        places = model.embedding_ if hasattr(model, "embedding_") else model.transform(known)
        found[name] = (np.asarray(places), np.asarray(model.transform(unseen)), seconds)

    learn("Reducer", im.Reducer(random_state=seed), train, test)
    learn("AE", im.AE(2, random_state=seed), train, test)
    learn("PCA", PCA(2, random_state=seed), x, new)
    if importlib.util.find_spec("umap") is not None:
        from umap import UMAP

        learn("UMAP", UMAP(random_state=seed, n_jobs=1), x, new)
    return found


def decoder_error(known: NDArray[Any], x: NDArray[Any], codes: NDArray[Any], new: NDArray[Any], seed: int) -> float:
    """Mean squared error on new rows of a decoder that learnt x from the places: one network, one budget for all."""
    import torch

    centre, spread = known.mean(0), known.std()
    z, wanted = (torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in ((known - centre) / spread, x))
    torch.manual_seed(seed)
    widths = [z.shape[1], *DECODER["hidden"], x.shape[1]]
    layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(widths)]
    net = torch.nn.Sequential(layers[0], torch.nn.SiLU(), layers[1], torch.nn.SiLU(), layers[2])
    optimiser = torch.optim.Adam(net.parameters(), lr=DECODER["rate"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, DECODER["steps"])
    for _ in range(DECODER["steps"]):
        rows = torch.randint(len(z), (DECODER["batch"],))
        optimiser.zero_grad()
        (net(z[rows]) - wanted[rows]).square().mean().backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        made = net(torch.from_numpy(np.asarray((codes - centre) / spread, dtype=np.float32))).numpy()
    return float(np.square(made - new).mean())
