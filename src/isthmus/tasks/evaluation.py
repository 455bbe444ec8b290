"""One scorecard for any model."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from isthmus import __version__
from isthmus.data.fingerprint import shared_rows
from isthmus.errors import IsthmusError, NotAvailableError, problems
from isthmus.metrics.evaluation import Evaluation, LeftOut
from isthmus.metrics.rows import DRAWS
from isthmus.tasks.evaluated import Evaluated
from isthmus.tasks.evaluation_parts import PARTS, Part


def evaluate(
    model: Any,
    X: Any,
    y: ArrayLike | None = None,
    *,
    factors: Any = None,
    names: Any = None,
    known: Any = None,
    importance_samples: int = DRAWS,
    annealed: bool = False,
    samples: bool = True,
    extractor: Any = None,
    random_state: int = 0,
) -> Evaluation:
    """All that can be measured of a fitted model on held-out rows X: each number with its unit, rows and seed.

    Likelihoods and rates are nats per row. What does not apply is listed in ``left_out`` with why.

    Parameters
    ----------
    y : classes, for neighbours, linear classifiers (with few labels, too) and clusters.
    factors, names : ``[n, f]`` and what they are called: for disentanglement, from one encoding of X.
    known : rows that the model has learnt from, which PCA, classifiers and the features for draws learn from, too;
        half of X where they are not given.
    importance_samples : draws of each code for log p(x).
    annealed : log p(x) by annealed importance sampling as well, of 50 rows (slow).
    samples : look at draws, by features that are learnt, or those of a fitted ``extractor``.

    Raises ``ParameterError``, ``DataError``, and ``NotAvailableError`` where nothing at all can be measured.

    Source: see the parts, in ``isthmus.tasks.evaluation_parts``.

    >>> import isthmus as im
    >>> digits = im.data.load("digits")
    >>> vae = im.VAE(4, trainer=im.Trainer(epochs=2)).fit(digits.take(range(900)))
    >>> found = im.evaluate(vae, digits.take(range(900, 1797)), known=digits.take(range(900)), samples=False)
    >>> found["ELBO at beta = 1"].unit, found["neighbours"].rows
    ('nats per row', 897)
    >>> [each.part for each in found.left_out]
    ['disentanglement', 'sample quality']
    """
    given = Evaluated.of(
        model,
        X,
        y,
        factors=factors,
        names=names,
        known=known,
        importance_samples=importance_samples,
        annealed=annealed,
        samples=samples,
        extractor=extractor,
        random_state=random_state,
    )
    return evaluation_of(given)


def _known_rows(given: Evaluated) -> list[str]:
    """What is to be known of rows that may have been learnt from."""
    if not given.trained:
        return ["whether the model has learnt from these rows is not known; give held-out ones, and known="]
    shared = shared_rows(given.known, given.held)
    rows = f"{shared} of the {len(given.held)} rows are among those to learn from: what is measured on them is too good"
    return [rows] if shared else []


def evaluation_of(given: Evaluated) -> Evaluation:
    """All parts, and what is left out."""
    found: list[Part] = []
    reasons: dict[str, list[str]] = {}
    for name, measure in PARTS.items():
        try:
            found.append(measure(given))
        except IsthmusError as error:
            reasons.setdefault(str(error), []).append(name)
        except Exception as error:  # noqa: BLE001  whatever it is: the other parts are not to be lost
            why = f"failed with {type(error).__name__}: {(str(error) or '-').splitlines()[0]}"
            reasons.setdefault(why, []).append(name)
    left_out = tuple(LeftOut(part=", ".join(parts), reason=reason) for reason, parts in reasons.items())
    if not any(part.measured for part in found):
        raise NotAvailableError(problems("evaluate: nothing of this can be measured:", map(str, left_out)))
    return Evaluation(
        model=given.name,
        version=__version__,
        measured=tuple(each for part in found for each in part.measured),
        left_out=left_out,
        rows=len(given.held),
        known=len(given.known),
        seed=given.seed,
        notes=(*_known_rows(given), *(note for part in found for note in part.notes)),
        rows_are="held-out rows" if given.trained else "rows",
        size=given.card.size if given.model.encodes else "",
        details={name: value for part in found for name, value in part.details.items()},
    )
