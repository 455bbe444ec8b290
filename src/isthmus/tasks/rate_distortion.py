"""Fits models with several kinds of codes, sizes and weights, and tells what their codes cost and what they lose."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus import __version__, catalogue
from isthmus.data.examples import Examples
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import ParameterError, check, did_you_mean
from isthmus.estimator import Estimator
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.rate_distortion import REFERENCE, RateDistortion, RatePoint
from isthmus.metrics.reconstruction import mean_squared_error
from isthmus.metrics.rounded_components import rounded_components
from isthmus.records import Batch, Code, View
from isthmus.tasks.same_budget import budget_in_words, check_settings, read_rows, split_rows
from isthmus.tasks.same_rows import SameRows, rate_of_symbols
from isthmus.training.seeds import EVALUATION, derive
from isthmus.training.trainer import Trainer

OWNER = "rate_distortion"
BETAS, SIZES = (0.1, 0.3, 1.0, 3.0), (2, 8, 16)
FSQ_LEVELS = 5  # of each number


@dataclass(frozen=True, kw_only=True)
class CodeKind:
    """A kind of code, and the model that has it."""

    model: str
    parameters: Callable[[int], Mapping[str, Any]]  # by latent_dim
    weighed: bool = False  # has a beta


def _sized(size: int) -> Mapping[str, Any]:
    return {"latent_dim": size}


CODES: Mapping[str, CodeKind] = {
    "gaussian": CodeKind(model="beta_vae", parameters=_sized, weighed=True),
    "bernoulli": CodeKind(model="bernoulli_vae", parameters=_sized),
    "vector_quantizer": CodeKind(model="vqvae", parameters=_sized),
    "residual_quantizer": CodeKind(model="residual_vqvae", parameters=_sized),
    "fsq": CodeKind(model="fsqvae", parameters=lambda size: {"levels": (FSQ_LEVELS,) * size}),
    "lfq": CodeKind(model="lfqvae", parameters=_sized),
}


def rate_distortion(
    X: Any,
    *,
    beta: Sequence[float] = BETAS,
    latent_dim: Sequence[int] = SIZES,
    codes: Sequence[str] = ("gaussian", "vector_quantizer"),
    held_out: Any = 0.2,
    network: Any = "auto",
    likelihood: Any = "auto",
    trainer: Trainer | None = None,
    random_state: int = 0,
    on_point: Callable[[RatePoint], None] | None = None,
) -> RateDistortion:
    """What codes of several kinds cost and lose on held-out rows, each kind a curve, beside PCA with rounded numbers.

    Rates are nats per row: of random codes the KL, which bits-back coding achieves; of discrete ones, and of PCA, what
    a coder needs who has counted the symbols of the rows that were learnt from. Errors are those of the code as it is
    sent: of random codes a draw, not the mean. All are fitted with the same ``trainer`` to the same rows.

    Parameters
    ----------
    beta : weights of the KL, for codes that have one (``"gaussian"``).
    latent_dim : numbers in the code; of ``"fsq"`` each has 5 levels, of ``"bernoulli"`` and ``"lfq"`` each is a bit.
    codes : ``"gaussian"``, ``"bernoulli"``, ``"vector_quantizer"``, ``"residual_quantizer"``, ``"fsq"``, ``"lfq"``.
    held_out, network, likelihood, trainer, random_state : as for ``compare``; one fit each.
    on_point : called with each point as it is there.

    What fails is listed in ``failures``. Raises ``ParameterError`` and ``DataError`` before anything is fitted.
    ``isthmus.report.rate_curves.save_rate_curves(found, path)`` draws it.

    Source: Alemi et al. 2018, Fixing a broken ELBO (rate and distortion of beta-VAEs); Shannon 1959, Coding theorems
    for a discrete source with a fidelity criterion.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").take(range(300))
    >>> quick = im.Trainer(epochs=2, validation=0)
    >>> found = im.rate_distortion(digits, beta=[1.0], latent_dim=[2], codes=["gaussian", "fsq"], trainer=quick)
    >>> found.codes
    ('gaussian', 'fsq', 'PCA, rounded')
    """
    _check(beta, latent_dim, codes)
    check_settings(OWNER, trainer=trainer, random_state=random_state)
    examples = replace(read_rows(X, None, OWNER), labels=None)
    train, test = split_rows(examples, held_out, random_state, OWNER)
    trainer = Trainer() if trainer is None else trainer
    ground = SameRows.of(train, test, samples=False, seed=random_state)
    points: list[RatePoint] = []
    failures: list[str] = []
    for name, size in itertools.product(dict.fromkeys(codes), latent_dim):
        kind = CODES[name]
        for weight in beta if kind.weighed else (None,):
            settings = f"{size} numbers" + ("" if weight is None else f", beta {weight:g}")
            given = {**kind.parameters(size), "network": network, "likelihood": likelihood, "trainer": trainer}
            given |= {"random_state": random_state} | ({} if weight is None else {"beta": weight})
            try:
                model = catalogue.make("models", kind.model, given).fit(train)
                found = _measured(model, ground)
            except Exception as error:  # noqa: BLE001  whatever it is: the other points are not to be lost
                failures.append(f"{name}, {settings}: {type(error).__name__}: {(str(error) or '-').splitlines()[0]}")
                continue
            points.append(replace(found, code=name, settings=settings, latent_dim=size, beta=weight))
            if on_point is not None:
                on_point(points[-1])
    x, new = ground.numbers(train), ground.numbers(test)
    rounded = [
        RatePoint(code=REFERENCE, settings=f"rounded to {each.step:.3g}", rate=each.rate, mse=each.mse)
        for each in rounded_components(x, new)
    ]
    return RateDistortion(
        points=(*points, *rounded),
        train_rows=len(train),
        held_out_rows=len(test),
        seed=random_state,
        budget=budget_in_words(trainer),
        version=__version__,
        failures=tuple(failures),
    )


def _measured(model: Estimator, ground: SameRows) -> RatePoint:
    """The rate of a fitted model's code, and the error of the code as it is sent."""
    test = ground.test
    fit = -model._mean_score(test)  # with the rate, where there is one
    usage = usage_of(model, test)
    if usage is None:
        assert isinstance(model, DiscreteEstimator)
        rate, made, distortion = rate_of_symbols(model, ground.train, test), model.rebuilt(test), fit
    else:
        rate = float(usage.kl.sum())
        made, distortion = _drawn(model, test, ground.seed), fit - rate
    error = mean_squared_error(ground.numbers(test), ground.numbers(made))
    return RatePoint(code="", settings="", rate=rate, mse=error, distortion=distortion)


def _drawn(model: Estimator, examples: Examples, seed: int) -> Examples:
    """Rebuilt from a draw of each code."""
    autoencoder = model.autoencoder_
    assert autoencoder.likelihood is not None
    likelihood = autoencoder.likelihood

    def of_batch(batch: Batch, place: int) -> Tensor:
        code = autoencoder.encode(batch)
        assert code.posterior is not None
        noise = model._noise(derive(seed, EVALUATION, place), 1, len(batch))
        z = code.posterior.at(noise)[0]
        return likelihood.mean(autoencoder.decode(Code(z=z), View(x=batch.x, valid=batch.valid)))

    with torch.no_grad():
        made = model._by_batch(examples, None, of_batch)
    return replace(examples, values=model.schema_.from_model(made))


def _check(beta: Any, latent_dim: Any, codes: Any) -> None:
    several = {"beta": beta, "latent_dim": latent_dim, "codes": codes}
    for name, given in several.items():
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray) or len(given) == 0:
            raise ParameterError(f"{OWNER}: {name} is {given!r:.60}; expected a list with one or more")
    check(
        OWNER,
        *((code in CODES, f"there is no kind of code {code!r}. {did_you_mean(str(code), CODES)}") for code in codes),
        *(
            (isinstance(b, int | float | np.number) and bool(b >= 0), f"beta has {b!r}; expected numbers, 0 or more")
            for b in beta
        ),
        *(
            (
                isinstance(d, int | np.integer) and bool(d >= 1),
                f"latent_dim has {d!r}; expected whole numbers, 1 or more",
            )
            for d in latent_dim
        ),
    )
