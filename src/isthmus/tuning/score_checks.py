"""Scores by which a search cannot be judged."""

from __future__ import annotations

from isthmus.causal_estimator import CausalEstimator
from isthmus.errors import ParameterError, did_you_mean
from isthmus.estimator import Estimator
from isthmus.tuning.parts import Parts
from isthmus.tuning.scores import LABELLED, NAMES, Own, name_of


def check_score(score: str | Own | None, model: Estimator, *, rows: Parts, kept: bool) -> None:
    """Refuse, before anything is fitted, a score that is not known or wants what there is not.

    ``kept``: whether the study stays in a file, where a function is known by its name alone.
    """
    name, labels = type(model).__name__, rows.train.labels is not None
    told = model.conditional or (model.supervised and not isinstance(model, CausalEstimator))
    if told and labels and rows.test.labels is None:
        raise ParameterError(f"{name} is told the classes of rows, and the test rows have none: test=(X, y)")
    if kept and callable(score) and (name_of(score) == "<lambda>" or not hasattr(score, "__name__")):
        raise ParameterError(
            f"score is {score!r:.80}, which has no name: a study in a file could not tell it from another when it goes "
            "on. Define it with def, or leave out storage"
        )
    if score is None:
        score = model.tuned_by
        if score is None and not hasattr(model, "score_samples") and not model.supervised:
            if not model.encodes:
                raise ParameterError(
                    f"{name} is a generator alone: no score of held-out rows tells how good it is. Give one of your "
                    "own: score=lambda model, X, y: ..., a number that is better the higher it is"
                )
            score = "knn"
    if score is None or callable(score):
        return
    if score not in NAMES:
        raise ParameterError(f"score is {score!r}. {did_you_mean(str(score), NAMES)}")
    if score in LABELLED and not labels:
        raise ParameterError(
            f"{name}: score {score!r} measures by classes, and there are none: give y (on the command line --labels), "
            "or another score"
        )
    if score in LABELLED and rows.test.labels is None:
        raise ParameterError(
            f"{name}: score {score!r} measures by classes, and the test rows have none: test=(X, y), or another score"
        )
    wanted = {"accuracy": "predict_proba", "log_likelihood": "score_samples", "log_prob": "log_prob", "mse": "rebuilt"}
    method = wanted.get(score, "transform")
    lacks = not hasattr(model, method) or (score == "accuracy" and not model.supervised)
    if lacks:
        raise ParameterError(f"score is {score!r}, which {name} has not. Known: {', '.join(NAMES)}")
