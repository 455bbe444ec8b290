"""Models that are to be compared, by name or as they are; what cannot be is told before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import clone

from isthmus import catalogue
from isthmus.data.examples import Examples
from isthmus.data.kinds import NUMBERS, check_kind
from isthmus.errors import DataError, ParameterError, UnknownNameError, did_you_mean, problems
from isthmus.estimator import Estimator
from isthmus.training.trainer import Trainer

OWNER = "compare"
PCA_NAME = "PCA"


def compared_models(
    models: Any, examples: Examples, *, latent_dim: int, network: Any, likelihood: Any, trainer: Trainer
) -> dict[str, Estimator]:
    """Fresh estimators by name: those of names get the common settings, those given keep what they say.

    An estimator that was given without a trainer gets the common one. Raises ``ParameterError`` and ``DataError``, all
    mistakes at once.

    >>> from isthmus.data.examples import Examples
    >>> import numpy as np
    >>> rows = Examples(values=np.eye(4), kind="table", layout="rows")
    >>> settings = {"latent_dim": 2, "network": "auto", "likelihood": "auto", "trainer": Trainer()}
    >>> list(compared_models(["ae", "beta-vae"], rows, **settings))
    ['ae', 'beta-vae']
    """
    named = _named(models)
    wrong = [*_unknown(network, "encoders"), *_unknown(likelihood, "likelihoods")]
    found: dict[str, Estimator] = {}
    for name, given in named.items():
        if isinstance(given, str):
            stem = given.replace("-", "_").lower()
            if stem not in catalogue.names("models"):
                wrong.append(f"there is no model {given!r}. {_close(stem)}")
                continue
            known = {"latent_dim": latent_dim, "network": network, "likelihood": likelihood, "trainer": trainer}
            words = catalogue.parameters("models", stem)
            found[name] = catalogue.make("models", stem, {k: v for k, v in known.items() if k in words})
        elif isinstance(given, Estimator):
            found[name] = clone(given)
            if given.trainer is None:
                found[name].set_params(trainer=trainer)
        else:
            wrong.append(f"{given!r:.60} is no model; expected a name ('vae'), or an unfitted estimator of Isthmus")
    wrong += [reason for name, model in found.items() if (reason := _unfit(name, model, examples)) is not None]
    if wrong:
        unfit = f"{len(wrong)} of {len(named)} models cannot" if len(wrong) <= len(named) else "this cannot"
        title = f"compare: {unfit} be compared on these data:"
        message = f"compare: {wrong[0]}" if len(wrong) == 1 else problems(title, wrong)
        unknown = len(found) < len(named) or _unknown(network, "encoders") or _unknown(likelihood, "likelihoods")
        raise (UnknownNameError if unknown else DataError)(message)
    return found


def _named(models: Any) -> dict[str, Any]:
    """By what they are called in the table."""
    if isinstance(models, Mapping):
        named = {str(name): given for name, given in models.items()}
    elif isinstance(models, Sequence) and not isinstance(models, str):
        named = {}
        for given in models:
            name = given if isinstance(given, str) else type(given).__name__
            alike = sum(each == name or each.startswith(f"{name} #") for each in named)
            if alike and isinstance(given, str):
                raise ParameterError(f"compare: the model {given!r} is named twice")
            named[f"{name} #{alike + 1}" if alike else name] = given
    else:
        raise ParameterError(f"compare: models is {models!r:.60}; expected several: ['ae', 'vae', im.BetaVAE(8)]")
    if not named:
        raise ParameterError("compare: models is empty; expected names ('ae', 'vae') or unfitted estimators")
    if PCA_NAME in named:
        raise ParameterError(f"compare: {PCA_NAME!r} stands beside the models anyway; leave it out")
    return named


def _unknown(wanted: Any, station: str) -> list[str]:
    """Why a network or a likelihood that is given by its name cannot be; nothing where it can."""
    name = wanted.get("name", "auto") if isinstance(wanted, Mapping) else wanted
    if not isinstance(name, str) or name in ("auto", *catalogue.names(station)):
        return []
    word = "network" if station == "encoders" else station.removesuffix("s")
    return [f"no {word} is called {name!r}. {did_you_mean(name, ['auto', *catalogue.names(station)])}"]


def _close(stem: str) -> str:
    return did_you_mean(stem, catalogue.names("models"))


def _unfit(name: str, model: Estimator, examples: Examples) -> str | None:
    """Why a model cannot learn these rows; None where it can."""
    if not set(model.takes) & set(NUMBERS):
        return f"{name} takes {', '.join(model.takes)}; compare is for tables, pictures and arrays"
    try:
        check_kind(examples, model.takes, owner=name)
    except DataError as error:
        return str(error)
    if model.pictures_only and examples.kind != "image":
        return f"{name} takes pictures; X is {examples.kind}, {examples.values.shape}"
    if (model.conditional or model.supervised) and examples.labels is None:
        return f"{name} is told y, and there is none; give y= (on the command line --label), or leave it out"
    return None
