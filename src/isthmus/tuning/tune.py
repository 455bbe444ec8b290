"""The search: trials until there are enough; then the best model beside the one that was given, on rows apart."""

from __future__ import annotations

import numbers
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sklearn.base import clone

from isthmus.architecture import likelihood_scaling
from isthmus.errors import ParameterError, check, counted
from isthmus.estimator import Estimator
from isthmus.training.seeds import seed_of
from isthmus.tuning.comparison import compare
from isthmus.tuning.finalists import best_trials, chosen, fit_again
from isthmus.tuning.first_trial import Begun, begin, identity_of
from isthmus.tuning.importances import importances
from isthmus.tuning.parts import given_test, labelled, parted, tell_shared
from isthmus.tuning.score_checks import check_score
from isthmus.tuning.scores import Own
from isthmus.tuning.search_space import Search, check_names
from isthmus.tuning.study_file import held, note_versions, open_storage, optuna, put_back, settled
from isthmus.tuning.trial import Task
from isthmus.tuning.trial_record import TrialRecord, record_of, records_of
from isthmus.tuning.tuned import Tuned
from isthmus.tuning.workers import Budget, run_trials

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial


def tune(
    model: Estimator,
    X: Any,
    y: Any = None,
    *,
    score: str | Own | None = None,
    search: Search | None = None,
    trials: int = 25,
    held_out: float = 0.2,
    test: Any = None,
    pruning: bool = True,
    finalists: int = 2,
    storage: str | Path | None = None,
    processes: int = 1,
    seconds: float | None = None,
    random_state: int = 0,
    progress: bool = False,
) -> Tuned:
    """Search for values of a model's parameters by which it does better on rows held out, with Optuna's TPE.

    Ranges stand beside the parameters, as ``search`` of their classes; those that the score can judge are searched.
    The model as it is given is the first trial. The rows are parted into training (each trial stops by an eighth of
    them), validation (trials compare by it) and test. The best trials are fitted again and measured on each sixth of
    the training rows in turn, by which no trial was compared; the one that gains most is chosen, if it is better than
    the model as given by more than the standard error of that over the sixths; else this stays.

    At the end both are fitted with three seeds to all rows but the test rows, and scored on these, by which nothing was
    chosen. The verdict goes by a 95 % interval. What fails in the last fits is told in ``comparison.failures``, and
    nothing else is lost.

    Parameters
    ----------
    model : not fitted, or fitted, which does not count; it is left as it is.
    X, y : as for ``fit``; y is also what ``"knn"`` and other scores measure by.
    score : ``"log_likelihood"`` (``score_samples``, the ELBO at beta = 1 where there is one), ``"log_prob"``,
        ``"mse"`` (scaled as the training rows are, so that no column counts by its unit), ``"accuracy"``, ``"knn"``,
        ``"probe"``, ``"ari"``, ``"nmi"``, ``"trustworthiness"``, or a function of (model, X, y), higher is better;
        with a ``storage`` it has a name. None: by what the model can do. It is never the training loss, which
        beta and its like have a say in; by a score that does not see what the code costs (``"mse"``) its size is not
        searched, unless ``search`` says so. Likelihoods that do not compare are not searched by ``"log_likelihood"``.
    search : ranges by name, in place of those declared: ``{"beta": Numbers(1, 20), "latent_dim": None}``; None leaves a
        parameter as it is. Names are those of the model, and ``trainer.learning_rate``, ``network.hidden``.
    trials : how many in all, those of a study that goes on included.
    held_out : share of the rows that trials compare by; as many again are the test rows, unless ``test`` is given: rows
        like X, or (X, y); those that are among X are told by a warning and in the result.
    pruning : trials whose held-out curve is below the median of earlier ones are stopped.
    finalists : how many of the best trials are fitted again before one is chosen; 0: the best is, as it is.
    storage : a file to keep the study in; where it is there, the search goes on. One call at a time works at it. It
        refuses another model, rows, labels, score or ranges; another version of Isthmus or Optuna is told.
    processes : workers, each with its share of the threads; a search with several is not repeatable.
    seconds : after which no trial is begun any more.
    random_state : of the parts and of what is tried; fits take that of the model.
    progress : a line on standard error for each trial.

    Ctrl-C stops the search, and what is best so far is compared and given back; a second one stops that, too. Raises
    ``MissingExtraError``, ``ParameterError``, ``DataError``, and ``TrainingError`` where no trial came to an end.

    Source: Akiba et al. 2019, Optuna: a next-generation hyperparameter optimization framework, KDD; search: Bergstra et
    al. 2011, Algorithms for hyper-parameter optimization (TPE); what mattered: Hutter et al. 2014, An efficient
    approach for assessing hyperparameter importance (fANOVA).

    >>> import isthmus as im
    >>> from isthmus.search_ranges import Integers
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.VAE(4, trainer=im.Trainer(epochs=1))
    >>> tuned = im.tune(model, X, search={"latent_dim": Integers(2, 8)}, trials=2)
    >>> len(tuned.trials), tuned.score, tuned.model.transform(X).shape[1] == tuned.best_params["latent_dim"]
    (2, 'log_likelihood', True)
    """
    began = time.monotonic()
    optuna()
    path = None if storage is None else Path(storage)
    budget = Budget(trials=trials, seconds=seconds, processes=processes, began=began)
    _check(model, held_out, finalists, budget)
    seed = seed_of(random_state)
    scaling = likelihood_scaling(getattr(model, "likelihood", "auto"))
    known = labelled(X, y, scaling)
    apart = None if test is None else given_test(test, known, scaling)
    shared = 0 if apart is None else tell_shared(known, apart)
    rows = parted(known, apart, share=held_out, seed=seed, in_order=model.in_order)
    check_score(score, model, rows=rows, kept=path is not None)
    check_names(model, search or {})
    with TemporaryDirectory() as folder, held(path):
        file = Path(folder) / "study.journal" if path is None and processes > 1 else path
        task = Task(
            model=clone(model),
            train=rows.train,
            validation=rows.validation,
            pruning=pruning,
            seed=seed,
            path=file,
        )
        kept = open_storage(file)
        identity = identity_of(model, rows, score, search, seed)
        begun = begin(task, kept, score, search, identity=identity, path=path)
        versions = note_versions(begun.study)
        put_back(begun.study, kept)
        interrupted = _search(task, begun, kept, budget, progress=progress)
        records = records_of(begun.study, begun.space)
        best = best_trials(records, finalists, begun.score)
        if progress and best:
            sys.stderr.write(f"fitting the model as given and the best {counted(len(best), 'trial')} again\n")
        again = fit_again(task.model, best, rows, begun.score)
        choice = chosen(again) if finalists else _first(records, begun)
        if progress:
            sys.stderr.write("comparing the best with the model as given\n")
        found = compare(model, None if choice is None else choice.params, rows.rest, rows.test, begun.score)
        return Tuned(
            model=found.model,
            best_params=begun.given_point if choice is None else choice.params,
            given_params=begun.given_point,
            score=begun.score.name,
            told=begun.score.told,
            highest=begun.score.highest,
            trials=records,
            chosen=choice,
            finalists=again,
            importances=importances(begun.study, records),
            comparison=found.comparison,
            space=begun.space,
            rows={"train": len(rows.train), "validation": len(rows.validation), "test": len(rows.test)},
            shared_rows=shared,
            random_state=seed,
            versions=versions,
            seconds=time.monotonic() - began,
            storage=path,
            interrupted=interrupted,
            study=begun.study,
        )


def _check(model: Any, held_out: float, finalists: int, budget: Budget) -> None:
    if not isinstance(model, Estimator):
        raise ParameterError(f"tune: model is {model!r:.80}; expected a model of Isthmus, such as im.VAE()")
    share = isinstance(held_out, numbers.Real) and not isinstance(held_out, bool) and 0 < held_out < 0.5
    processes = 1 if model.trainer is None else model.trainer.processes
    check(
        "tune",
        (share, f"held_out is {held_out!r}; expected a share above 0 and below 0.5"),
        (
            processes == 1,
            f"the trainer has processes={processes}; in a search each trial has one: tune(..., processes={processes})",
        ),
        (
            isinstance(finalists, numbers.Integral) and not isinstance(finalists, bool) and finalists >= 0,
            f"finalists is {finalists!r}; expected a whole number, 0 or more",
        ),
        *budget.rules(),
    )


def _first(records: Sequence[TrialRecord], begun: Begun) -> TrialRecord | None:
    """The best trial, as it is; None: it is the model as it was given."""
    best = next(record for record in records if record.number == begun.study.best_trial.number)
    return None if best.as_given else best


def _search(task: Task, begun: Begun, storage: BaseStorage, budget: Budget, *, progress: bool) -> bool:
    """Trials, until there are enough or time is up; whether Ctrl-C ended them."""

    def tell(trial: FrozenTrial) -> None:
        if progress:
            sys.stderr.write(record_of(trial, begun.space).as_text() + "\n")

    for trial in settled(begun.study):
        tell(trial)
    try:
        run_trials(task, begun.space, begun.score, storage, begun.study, budget, tell)
    except KeyboardInterrupt:
        put_back(begun.study, storage)
        if not any(trial.state.name == "COMPLETE" for trial in begun.study.get_trials(deepcopy=False)):
            raise
        sys.stderr.write("Stopped. What is best so far is compared now; Ctrl-C again stops that, too.\n")
        return True
    return False
