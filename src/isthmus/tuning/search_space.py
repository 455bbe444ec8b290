"""Which parameters a search changes, and within which ranges: declared beside them, or the user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone

from isthmus import catalogue
from isthmus.component import constructor_parameters, registered_name
from isthmus.errors import ParameterError, did_you_mean, problems
from isthmus.estimator import Estimator
from isthmus.search_ranges import Range
from isthmus.training.trainer import Trainer
from isthmus.tuning.scores import Score

Search = Mapping[str, Range | None]
TRAINER, NETWORK = "trainer", "network"  # before a dot: what a parameter is one of
NOT_SEARCHED = {TRAINER, NETWORK, "random_state"}


@dataclass(frozen=True, kw_only=True)
class AsGiven:
    """What the model comes to as it is given: every ``"auto"`` a value, read off its fit."""

    values: Mapping[str, Any]  # of all parameters with a range beside them, by name
    encoder: str | None  # of its network, where that goes by a name

    @classmethod
    def of(cls, model: Estimator) -> AsGiven:
        """Of a fitted model."""
        values = {name: model.get_params(deep=False)[name] for name in model.search}
        values |= {f"{TRAINER}.{name}": model.history_.settings.get(name) for name in Trainer.search}
        network = getattr(model, NETWORK, None)
        encoder = model.autoencoder_.encoder
        if encoder is None or not isinstance(network, str | Mapping):
            return cls(values=values, encoder=None)
        station, _, name = registered_name(type(encoder)).partition("/")
        values |= {f"{NETWORK}.{word}": encoder.arguments.get(word) for word in encoder.search}
        return cls(values=values, encoder=name if station == "encoders" else None)


def search_space(model: Estimator, given: AsGiven, search: Search | None, score: Score) -> dict[str, Range]:
    """Declared ranges that ``score`` can judge, widened to hold what is given; then the user's, just as they are.

    Raises ``ParameterError`` for what is no parameter and for ranges that make no sense, all mistakes at once.
    """
    asked = dict(search or {})
    check_names(model, asked, encoder=given.encoder)
    found: dict[str, Range] = {}
    for name, declared in _declared(model, given).items():
        judged = not declared.told_by or not set(declared.told_by).isdisjoint(score.sees)
        wide = declared.with_value(given.values.get(name)) if judged and name not in asked else None
        if wide is not None:
            found[name] = wide
    found |= {name: wanted for name, wanted in asked.items() if wanted is not None}
    if not found:
        raise ParameterError(
            f"{type(model).__name__}: nothing is left to search. Name a parameter and its range: "
            'search={"latent_dim": Integers(2, 64)}'
        )
    return found


def check_names(model: Estimator, search: Search, *, encoder: str | None = None) -> None:
    """Refuse names that are no parameters, and ranges that make no sense; of networks where it is known which."""
    owner = type(model).__name__
    own = set(constructor_parameters(type(model)))
    trainer = {f"{TRAINER}.{word}" for word in Trainer().get_params(deep=False)}
    known = (own - NOT_SEARCHED) | trainer
    if encoder is not None:
        known |= {f"{NETWORK}.{word}" for word in catalogue.parameters("encoders", encoder)}
    wrong = []
    for name, wanted in search.items():
        late = NETWORK in own and name.startswith(f"{NETWORK}.") and (encoder is None or wanted is None)
        if name not in known and not late:
            usual = (own - NOT_SEARCHED) | {f"{TRAINER}.{word}" for word in Trainer.search}
            wrong.append(f"{owner} has no parameter {name!r} to search. {did_you_mean(str(name), usual)}")
        elif wanted is not None and not isinstance(wanted, Range):
            wrong.append(
                f"search[{name!r}] is {wanted!r:.80}; expected Numbers(low, high), Integers(low, high), Choices(...), "
                "all of isthmus.search_ranges, or None to leave it as it is"
            )
        elif wanted is not None and (mistake := wanted.mistake()):
            wrong.append(f"the range of {name!r} {mistake}")
    if wrong:
        raise ParameterError(wrong[0] if len(wrong) == 1 else problems("The search is wrong:", wrong))


def configured(model: Estimator, point: Mapping[str, Any], rows: int) -> Estimator:
    """A copy of the model, not fitted, with these values; ``rows`` are how many it is going to learn from.

    >>> import isthmus as im
    >>> made = configured(im.VAE(), {"latent_dim": 4, "trainer.epochs": 3, "network.hidden": (8,)}, 100)
    >>> made.latent_dim, made.trainer.epochs, made.network
    (4, 3, {'hidden': (8,)})
    """
    made: Estimator = clone(model)
    if made.trainer is None:
        made.set_params(trainer=made.usual_trainer(rows))
    for name, value in point.items():
        part, _, word = name.rpartition(".")
        if part == NETWORK:
            now = made.get_params(deep=False)[NETWORK]
            named = dict(now) if isinstance(now, Mapping) else {} if now == "auto" else {"name": now}
            made.set_params(network={**named, word: value})
        else:
            made.set_params(**{f"{part}__{word}" if part else word: value})
    return made


def _declared(model: Estimator, given: AsGiven) -> dict[str, Range]:
    """What stands beside the parameters of the model, its network and the trainer."""
    found: dict[str, Range] = dict(model.search)
    if given.encoder is not None:
        found |= {f"{NETWORK}.{word}": each for word, each in catalogue.find("encoders", given.encoder).search.items()}  # type: ignore[attr-defined]
    return found | {f"{TRAINER}.{word}": each for word, each in Trainer.search.items()}
