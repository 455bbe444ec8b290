"""Several models, fitted to the same rows with the same budget and judged on the same others, beside PCA."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isthmus import __version__
from isthmus.data.examples import Examples
from isthmus.data.fingerprint import shared_rows
from isthmus.estimator import Estimator
from isthmus.metrics.comparison import ComparedModel, Comparison, Trial
from isthmus.metrics.likelihood_kind import CROSS_ENTROPY, LikelihoodKind, likelihood_kind
from isthmus.metrics.scorecard import code_bits
from isthmus.models.ae import AE
from isthmus.tasks.compared_models import OWNER, PCA_NAME, compared_models
from isthmus.tasks.same_budget import budgets, check_settings, read_rows, split_rows
from isthmus.tasks.same_rows import SameRows
from isthmus.training.trainer import Trainer

LIKELIHOODS = ("elbo", "log_prob", "bits_per_dim")


def compare(
    models: Any,
    X: Any,
    y: ArrayLike | None = None,
    *,
    held_out: Any = 0.2,
    latent_dim: int = 8,
    network: Any = "auto",
    likelihood: Any = "auto",
    trainer: Trainer | None = None,
    seeds: int = 3,
    samples: bool = True,
    extractor: Any = None,
    random_state: int = 0,
    on_trial: Callable[[Trial], None] | None = None,
) -> Comparison:
    """Fit several models to the same rows with the same budget, judge them on the same others, beside PCA.

    Errors are in common scaled units, likelihoods in nats per row in the units of X. What fails in one model is told in
    its row and loses no other. Means and standard deviations are over seeds; the rows are the same for all.

    Parameters
    ----------
    models : names (``"vae"``, ``"beta-vae"``), unfitted estimators, or a mapping of names to these. Names get
        ``latent_dim``, ``network``, ``likelihood`` and ``trainer``; estimators keep what they say, and get ``trainer``
        where they have none.
    y : classes, for neighbours, for the features that draws are judged by, and for models that are told them.
    held_out : a share of X, drawn by ``random_state``, or rows like X (with labels: ``isthmus.data.read``).
    trainer : the budget of all; None: ``Trainer()``, which chooses by the number of rows.
    seeds : fits of each model, with ``random_state`` and the numbers after it.
    samples, extractor : as for ``evaluate``. Codes without a prior get a Gaussian one afterwards, as PCA has.
    on_trial : called with each fit as it is done.

    Raises ``ParameterError`` and ``DataError`` before anything is fitted, all mistakes at once.

    >>> import isthmus as im
    >>> digits = im.data.load("digits")
    >>> quick = im.Trainer(epochs=2, validation=0)
    >>> found = im.compare(["ae", "vae"], digits, latent_dim=4, trainer=quick, seeds=1, samples=False)
    >>> [model.name for model in found.models], found["PCA"].values("code")
    (['ae', 'vae', 'PCA'], [4.0])
    """
    check_settings(OWNER, latent_dim=latent_dim, seeds=seeds, trainer=trainer, random_state=random_state)
    examples = read_rows(X, y, OWNER)
    train, test = split_rows(examples, held_out, random_state, OWNER)
    trainer = Trainer() if trainer is None else trainer
    fresh = compared_models(
        models, train, latent_dim=latent_dim, network=network, likelihood=likelihood, trainer=trainer
    )
    budget, own_budgets = budgets(fresh)
    ground = SameRows.of(train, test, samples=samples, extractor=extractor, seed=random_state)
    numbers = tuple(range(random_state, random_state + seeds))
    _warm_up()
    done: list[ComparedModel] = []
    notes: dict[str, None] = {}
    kinds: dict[str, LikelihoodKind] = {}
    for name, model in fresh.items():
        trials = []
        for seed in numbers:
            trial, fitted = _trial(name, model, seed, ground)
            trials.append(trial)
            if on_trial is not None:
                on_trial(trial)
            if fitted is not None:
                notes |= dict.fromkeys(_notes(name, fitted, trial, ground))
                kind = likelihood_kind(fitted, test) if "elbo" in trial.numbers else None
                if kind is not None:
                    kinds[name] = kind
        done.append(ComparedModel(name=name, trials=tuple(trials)))
    several = len({*kinds.values()}) > 1
    sizes = sorted({latent_dim} | _sizes(done, fresh, latent_dim, ground))
    for size in sizes:
        name = PCA_NAME if len(sizes) == 1 else f"{PCA_NAME}-{size}"
        found = ground.components(size)
        density = not kinds or "density" in kinds.values()  # PCA's is one
        own = {key: v for key, v in found.items() if density or key not in LIKELIHOODS}
        done.append(ComparedModel(name=name, trials=(Trial(model=name, seed=None, numbers=own),)))
        if on_trial is not None:
            on_trial(done[-1].trials[0])
    return Comparison(
        models=tuple(done),
        train_rows=len(train),
        held_out_rows=len(test),
        seeds=numbers,
        budget=budget,
        version=__version__,
        extractor="" if ground.judge is None else ground.judge.features.name,
        unlike=LIKELIHOODS if several else (),
        notes=(*own_budgets, *_overlap(train, test), *_common_notes(ground, done, kinds), *notes),
    )


def _warm_up() -> None:
    """What is loaded by the first fit of all is not to count as the first model's time."""
    AE(1, trainer=Trainer(epochs=1, validation=0)).fit(np.eye(8))


def _trial(name: str, model: Estimator, seed: int, ground: SameRows) -> tuple[Trial, Estimator | None]:
    """One fit; what goes wrong is told in its place."""
    from sklearn.base import clone

    fitted = clone(model).set_params(random_state=seed)
    try:
        fitted.fit(ground.train, ground.train.labels if fitted.conditional or fitted.supervised else None)
        return Trial(model=name, seed=seed, numbers=ground.of_model(fitted)), fitted
    except Exception as error:  # noqa: BLE001  whatever it is: the other models are not to be lost
        told = str(error).splitlines()[0] if str(error) else ""
        return Trial(model=name, seed=seed, error=f"{type(error).__name__}: {told}"), None


def _sizes(done: Iterable[ComparedModel], fresh: dict[str, Estimator], latent_dim: int, ground: SameRows) -> set[int]:
    """Sizes of codes of estimators that were given with another one: for each there is a PCA."""
    most = min(len(ground.train), ground.numbers(ground.test.take([0])).shape[1])
    own = {getattr(model, "latent_dim", latent_dim) for model in fresh.values()}
    found = {round(each.values("code")[0]) for each in done if each.values("code")}
    return {size for size in found & own if size <= most}


def _notes(name: str, model: Estimator, trial: Trial, ground: SameRows) -> list[str]:
    """What is to be known of a model's numbers."""
    told = []
    if model.condition_ is not None:
        told.append(f"{name} is told the class of each row: its numbers are given that class.")
    if ground.judge is not None and "frechet" not in trial.numbers and model.decodes:
        told.append(f"{name} has no prior to draw from, so no Frechet distance; fit_prior learns one.")
    if ground.judge is not None and model.prior_scores_ is not None:
        told.append(f"{name} has no prior: it draws from a Gaussian of its codes, fitted afterwards, as PCA does.")
    bits = code_bits(model.autoencoder_)
    if bits is not None:
        told.append(f"{name}: the code is {bits:.0f} bits; its numbers are not free.")
    if not model.decodes:
        told.append(f"{name} makes features: nothing is rebuilt.")
    return told


def _overlap(train: Examples, test: Examples) -> list[str]:
    shared = shared_rows(train, test)
    told = f"{shared} of the {len(test)} held-out rows are learnt from, too: what is measured on them is too good."
    return [told] if shared else []


def _common_notes(ground: SameRows, done: list[ComparedModel], kinds: dict[str, LikelihoodKind]) -> list[str]:
    told = []
    if any(each.values("log_prob") for each in done if not each.drawn):
        told.append("log p(x): importance-sampled with 100 draws; PCA's is exact, that of probabilistic PCA.")
    if len({*kinds.values()}) > 1:
        named = ", ".join(f"{name} a {kind}" for name, kind in kinds.items())
        told.append(f"ELBO and log p(x) are of different kinds, which do not compare: {named}.")
    if crossed := [name for name, kind in kinds.items() if kind == "cross-entropy"]:
        told.append(f"{', '.join(crossed)}: ELBO and log p(x) are of {CROSS_ENTROPY}.")
    if ground.judge is not None:
        judge = ground.judge
        told.append(
            f"Frechet: {judge.rows:,} draws and held-out rows, {judge.features.count} features of "
            f"{judge.features.name}; it is no FID. Real rows come to {judge.real_rows().frechet:.4g}."
        )
    elif ground.unjudged:
        told.append(f"No Frechet distance: {ground.unjudged}.")
    return told
