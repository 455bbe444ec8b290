"""All scores that need known factors, from one encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.examples import Examples
from isthmus.data.reading import read_as_in_fit
from isthmus.errors import ParameterError, check, counted
from isthmus.metrics.disentanglement.beta_vae_score import beta_vae_score
from isthmus.metrics.disentanglement.dci import DCI
from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.explicitness import explicitness
from isthmus.metrics.disentanglement.factor_vae_score import factor_vae_score
from isthmus.metrics.disentanglement.factors import OWNER
from isthmus.metrics.disentanglement.irs import irs
from isthmus.metrics.disentanglement.mig import mig
from isthmus.metrics.disentanglement.modularity import modularity
from isthmus.metrics.disentanglement.mutual_information import mutual_information
from isthmus.metrics.disentanglement.sap import sap
from isthmus.metrics.disentanglement.score import Score
from isthmus.metrics.text_table import aligned

UNKNOWN = (
    "disentanglement: factors is None; expected the true value of each factor in each row, [rows, factors]. Without "
    "them there are: whether several models found the same numbers "
    "(isthmus.metrics.disentanglement.udr.UDR.of(models, X)); active units and KL by dimension "
    "(isthmus.metrics.latent_usage.usage_of(model, isthmus.data.read(X))); what each number does "
    "(im.traversals(model, X))"
)


@dataclass(frozen=True, kw_only=True)
class Disentanglement:
    """Whether each number of the code stands for one factor: scores that see different sides of it, each 1 at best.

    ``information [d, f]`` (nats) and ``importances [d, f]`` tell which number stands for which factor.

    Source: Locatello et al. 2019, Challenging common assumptions in the unsupervised learning of disentangled
    representations (the scores side by side, and their sample sizes); each score's own is in its file.

    >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(30, axis=0)
    >>> found = Disentanglement.measure(grid[:, ::-1], grid, ["shape", "size"])
    >>> found.factor_vae.value, round(found.mig.value, 6), found.mig.measured_on, found.beta_vae.measured_on
    (1.0, 1.0, '360 rows', '10,000 + 5,000 votes')
    >>> found.information.argmax(0).tolist()
    [1, 0]
    """

    beta_vae: Score
    factor_vae: Score
    mig: Score
    dci_disentanglement: Score
    dci_completeness: Score
    dci_informativeness: Score
    sap: Score
    irs: Score
    modularity: Score
    explicitness: Score
    factors: tuple[str, ...]
    values: tuple[int, ...]  # how many each factor has
    rows: int
    active: tuple[bool, ...]  # dimensions that have not collapsed
    seed: int
    information: NDArray[np.float64]  # [d, f], nats
    importances: NDArray[np.float64]  # [d, f], shares of each factor

    @classmethod
    def measure(cls, codes: ArrayLike, factors: Any, names: Any = None, random_state: int = 0) -> Disentanglement:
        """Of codes ``[n, d]`` and factors ``[n, f]`` that are discrete, an array or a data frame.

        Rows that share a factor's value are found among the n: nothing is generated, and nothing encoded again. The
        scores take factors to vary independently, as in a full grid or draws from one. Raises ``ParameterError``, all
        mistakes at once.
        """
        sound = isinstance(random_state, int | np.integer) and random_state >= 0
        check(OWNER, (sound, f"random_state is {random_state!r}; expected a whole number, 0 or more"))
        seed, held = int(random_state), Encoded.of(codes, factors, names)
        information, dci = mutual_information(held), DCI.measure(held, seed)
        return cls(
            beta_vae=beta_vae_score(held, seed),
            factor_vae=factor_vae_score(held, seed),
            mig=mig(held, information, seed),
            dci_disentanglement=dci.disentanglement,
            dci_completeness=dci.completeness,
            dci_informativeness=dci.informativeness,
            sap=sap(held, seed),
            irs=irs(held, seed),
            modularity=modularity(held, information),
            explicitness=explicitness(held, seed),
            factors=held.factors.names,
            values=held.factors.sizes,
            rows=len(held.codes),
            active=tuple(held.active.tolist()),
            seed=seed,
            information=information,
            importances=dci.importances,
        )

    @property
    def scores(self) -> tuple[Score, ...]:
        """All of them."""
        return (
            self.beta_vae,
            self.factor_vae,
            self.mig,
            self.dci_disentanglement,
            self.dci_completeness,
            self.dci_informativeness,
            self.sap,
            self.irs,
            self.modularity,
            self.explicitness,
        )

    def table(self) -> list[list[Any]]:
        """A row for each score: its name, value, chance, and on what it was learnt, judged and drawn."""
        return [[s.name, s.value, s.chance, s.learnt, s.judged, s.unit, s.seed] for s in self.scores]

    def as_text(self) -> str:
        """Two tables for a terminal: the scores, and those that are means over factors for each of these."""
        lines = [["", "score", "chance", "measured on"]]
        lines += [[s.name, f"{s.value:.3f}", f"{s.chance:.3f}", s.measured_on] for s in self.scores]
        split = [score for score in self.scores if score.by_factor]
        known = [["", "values", *(score.name for score in split)]]
        for k, (name, size) in enumerate(zip(self.factors, self.values, strict=True)):
            known.append([name, str(size), *(f"{score.by_factor[k]:.3f}" for score in split)])
        told = (
            f"{counted(self.rows, 'row')}, {sum(self.active)} of {counted(len(self.active), 'number')} active, "
            f"{counted(len(self.factors), 'factor')}, seed {self.seed}; 1 is the best"
        )
        return "\n".join([told, *aligned(lines), "", *aligned(known)])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "rows": self.rows,
            "seed": self.seed,
            "factors": dict(zip(self.factors, self.values, strict=True)),
            "active": list(self.active),
            "scores": {score.name: score.to_json(self.factors) for score in self.scores},
            "information": self.information.tolist(),
            "importances": self.importances.tolist(),
        }


def disentanglement(
    model: Any, X: Any, factors: Any = None, *, names: Any = None, random_state: int = 0
) -> Disentanglement:
    """The disentanglement of a fitted model's codes of X, whose factors are known.

    X is encoded once, by ``model.transform`` (of random codes the means), a model of Isthmus or any transformer of
    scikit-learn's contract. ``factors``: for each row of X the value of each factor, ``[n, f]``, or a data frame or
    a dictionary of arrays, which have ``names``; continuous ones must be binned. Of data that come with their factors
    (``im.data.load("dsprites")``) these are taken. A model that is told a condition needs rows with
    labels (``isthmus.data.read(X, labels=y)``). Raises ``ParameterError``, all mistakes at once, and, without factors,
    with what else there is.

    Source: see ``Disentanglement``.

    >>> from sklearn.decomposition import PCA
    >>> grid = np.indices((4, 5)).reshape(2, -1).T.repeat(20, axis=0)
    >>> X = grid @ [[1.0, 0.0, 1.0], [0.0, 3.0, 0.0]]
    >>> found = disentanglement(PCA(2).fit(X), X, grid, names=["size", "place"])
    >>> round(found.mig.value, 3), found.beta_vae.value
    (1.0, 1.0)
    """
    if factors is None and isinstance(X, Examples):
        factors = X.factors
    if factors is None:
        raise ParameterError(UNKNOWN)
    codes = np.asarray(_codes(model, X))
    return Disentanglement.measure(codes.reshape(len(codes), -1), factors, names, random_state)


def _codes(model: Any, X: Any) -> Any:
    """Of each row of X, ``[n, numbers]``."""
    if getattr(model, "condition_", None) is None:
        return model.transform(X)
    examples = read_as_in_fit(X, model.schema_, OWNER)
    return model.transform(examples, examples.labels)
