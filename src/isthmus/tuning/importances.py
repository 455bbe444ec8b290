"""What mattered in a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isthmus.tuning.study_file import optuna
from isthmus.tuning.trial_record import TrialRecord

ENOUGH = 10  # complete trials

if TYPE_CHECKING:
    from optuna.study import Study


def importances(study: Study, records: Sequence[TrialRecord]) -> dict[str, float]:
    """The share of the score's variance over the ranges that each parameter makes, by a forest of complete trials.

    They add up to 1, the largest first; empty where there are fewer than 10 complete trials, or all have one score.

    Source: Hutter et al. 2014, An efficient approach for assessing hyperparameter importance, ICML (fANOVA).
    """
    done = [record.score for record in records if record.state == "complete"]
    if len(done) < ENOUGH or len(set(done)) < 2:
        return {}
    package = optuna()
    evaluator = package.importance.FanovaImportanceEvaluator(seed=0)
    try:
        found = package.importance.get_param_importances(study, evaluator=evaluator)
    except RuntimeError:  # no tree that was grown finds any variance
        return {}
    return {name: float(share) for name, share in found.items()}
