"""The parts of an evaluation: each gives its numbers, or raises why it has none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isthmus.cluster_estimator import ClusterEstimator
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import NotAvailableError, ParameterError, counted
from isthmus.metrics.annealed_importance import annealed_log_prob
from isthmus.metrics.clustering import ClusterScores
from isthmus.metrics.disentanglement.suite import Disentanglement
from isthmus.metrics.embedding import STARTS
from isthmus.metrics.evaluation import Measured
from isthmus.metrics.few_labels import FewLabels, accuracy_of_probe
from isthmus.metrics.latent_information import FEWEST_ROWS
from isthmus.metrics.likelihood_kind import CROSS_ENTROPY, likelihood_kind
from isthmus.metrics.neighbours import knn_accuracy
from isthmus.metrics.rows import LIKELIHOOD_ROWS, told_already
from isthmus.metrics.sample_quality import NEIGHBOURS
from isthmus.tasks.evaluated import Evaluated
from isthmus.tasks.same_rows import rate_of_symbols
from isthmus.tasks.sample_report import draws_judged

NATS, SHARE = "nats per row", "share"
ANNEALED_ROWS = 50
NO_FACTORS = (
    "needs the true factors of each row; give factors= (on the command line --factors). Without them: "
    "isthmus.metrics.disentanglement.udr.UDR (several models), im.traversals"
)
COPIES_UNKNOWN = "whether draws are copies of rows that were learnt from is told where these are given: known="
CROSSED = "the ELBO and log p(x) of this likelihood on these rows are of "
OPTIONAL = "not asked for; give samples=True (on the command line --samples)"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Numbers, what to do where they are ill, and matrices and curves as plain data."""

    measured: Sequence[Measured]
    notes: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def likelihood(given: Evaluated) -> Part:
    """ELBO at beta = 1, log p(x) by importance sampling, and by annealing where that is wanted."""
    card, part = given.card, "likelihood"
    if card.text is not None:
        return Part(measured=())  # it tells its own
    if card.elbo is None:
        raise NotAvailableError(f"the code of {given.name} is not random or has no prior: nothing bounds log p(x)")
    few, notes = given.held.at_most(LIKELIHOOD_ROWS), []
    told: dict[str, Any] = {"unit": NATS, "rows": len(few)}
    found = [Measured(part=part, name="ELBO at beta = 1", value=card.elbo, seed=0, **told)]
    if card.log_likelihood is not None:
        by = f"{card.draws} draws of each code"
        found.append(
            Measured(part=part, name="log p(x)", value=card.log_likelihood, seed=given.seed, extractor=by, **told)
        )
    if likelihood_kind(given.model, few) == "cross-entropy":
        notes = [f"{CROSSED}{CROSS_ENTROPY}; bits/dim are left out"]
    elif card.bits_per_dim is not None:
        bits: dict[str, Any] = {"unit": "bits per number of x", "rows": len(few), "seed": given.seed}
        found.append(Measured(part=part, name="bits/dim, by log p(x)", value=card.bits_per_dim, **bits))
    details = {}
    if given.annealed:
        some = given.held.at_most(ANNEALED_ROWS)
        condition = None if given.model.condition_ is None else some.labels
        annealed = annealed_log_prob(given.model, some, condition=condition, random_state=given.seed)
        by = f"{annealed.chains} chains, {annealed.temperatures} temperatures"
        of: dict[str, Any] = {"part": part, "unit": NATS, "rows": len(some), "seed": given.seed, "extractor": by}
        found.append(Measured(name="log p(x), annealed", value=float(annealed.log_prob.mean()), **of))
        details = {"annealed": annealed.to_json()}
    return Part(measured=found, notes=notes, details=details)


def rate(given: Evaluated) -> Part:
    """What the code tells, and what that leaves over of x; of a discrete code, how it is used."""
    card, part = given.card, "rate and distortion"
    notes = [card.collapse] if card.collapse else []
    if card.information is None:
        return _symbols(given, notes)
    found, elbo = card.information, card.elbo
    notes += [found.caution] if found.caution else []
    of: dict[str, Any] = {"part": part, "rows": found.rows, "unit": NATS}
    assert card.rate is not None  # where there is information there is a rate
    few: dict[str, Any] = {"part": part, "rows": min(len(given.held), LIKELIHOOD_ROWS), "unit": NATS}
    told = [Measured(name="rate, KL(q(z|x) || p(z))", value=card.rate, seed=0, **few)]
    if elbo is not None and card.text is None:
        told.append(Measured(name="distortion, -log p(x|z)", value=-elbo - card.rate, seed=0, **few))
    surgery = {
        "mutual information of x and z": found.mutual_information,
        "KL(q(z) || p(z))": found.prior_gap,
        "total correlation of z": found.total_correlation,
        "dimension-wise KL": found.dimension_wise,
    }
    by = f"one draw of each code; at most log({found.rows}) = {found.limit:.2f} nats can be seen"
    told += [
        Measured(name=n, value=v, seed=found.seed, extractor=by, **of) for n, v in surgery.items() if v is not None
    ]
    units: dict[str, Any] = {"part": part, "rows": found.rows, "unit": f"of {found.units} numbers"}
    told.append(Measured(name="active units", value=float(found.active_units), **units))
    return Part(measured=told, notes=notes, details={"information": found.to_json()})


def _symbols(given: Evaluated, notes: list[str]) -> Part:
    """Of a discrete code."""
    model, part = given.model, "rate and distortion"
    if not isinstance(model, DiscreteEstimator) or given.card.bits is None:
        if model.autoencoder_.bottleneck.random and model.autoencoder_.prior is not None:
            rows = counted(len(given.held), "held-out row")
            raise NotAvailableError(f"there are {rows}; expected {FEWEST_ROWS} or more: fewer say too little of a rate")
        raise NotAvailableError(f"the code of {given.name} is neither random nor discrete: it has no rate")
    told = given.held.labels if model.condition_ is not None else None
    health = model.codebook_health(model.symbols(given.held, told))
    of: dict[str, Any] = {"part": part, "rows": len(given.held)}
    found = [
        Measured(
            name="rate, by frequency of symbols",
            value=rate_of_symbols(model, given.learnt, given.held) / math.log(2),
            unit="bits per row",
            extractor="a coder that counted the symbols of the rows to learn from",
            **of,
        ),
        Measured(name="rate, at most", value=health.capacity_bits, unit="bits per row", **of),
        Measured(name="perplexity of symbols", value=health.perplexity, unit="symbols", **of),
        Measured(name="values in use", value=health.usage, unit=SHARE, **of),
    ]
    notes = [*notes, *([health.remedy] if health.remedy else [])]
    return Part(measured=found, notes=notes, details={"codebook": health.to_json()})


def reconstruction(given: Evaluated) -> Part:
    """Errors beside those of PCA; of pictures what one sees of them; of texts how well they are written again."""
    card, part = given.card, "reconstruction"
    of: dict[str, Any] = {"part": part, "rows": len(given.held)}
    if card.text is not None:
        units: dict[str, Any] = {
            "exact": SHARE,
            "token_accuracy": SHARE,
            "perplexity": "tokens",
            "active_units": "numbers",
        }
        values = {name: v for name, v in vars(card.text).items() if v is not None and not name.endswith("rows")}
        told = [
            Measured(
                name=name.replace("_", " "),
                value=float(v),
                unit=units.get(name, "nats" if "token" in name else NATS),
                part="text",
                rows=card.text.rows,
            )
            for name, v in values.items()
        ]
        return Part(measured=told)
    if card.mse is None or card.pca_mse is None:
        raise NotAvailableError(f"{given.name} makes features: nothing is rebuilt")
    beside = ((f"PCA-{card.pca_dim}", card.pca_mse),)
    found = [Measured(name="MSE", value=card.mse, unit="scaled units", beside=beside, **of)]
    if np.isfinite(card.ratio):
        found.append(Measured(name="MSE / PCA's", value=card.ratio, unit="ratio", **of))
    if card.pictures is not None:
        few: dict[str, Any] = {"part": part, "rows": min(len(given.held), LIKELIHOOD_ROWS)}
        found.append(Measured(name="PSNR", value=card.pictures.psnr, unit="dB", **few))
        if card.pictures.ssim is not None:
            found.append(Measured(name="SSIM", value=card.pictures.ssim, unit="1 at best", **few))
    return Part(measured=found)


def features(given: Evaluated) -> Part:
    """What is left to tell of features alone: a classifier's accuracy, and the terms of the loss."""
    card = given.card
    of: dict[str, Any] = {"part": "what was learnt", "rows": len(given.held)}
    found = [] if card.accuracy is None else [Measured(name="accuracy", value=card.accuracy, unit=SHARE, **of)]
    found += [Measured(name=f"{n}, a term of the loss", value=v, unit="nats", **of) for n, v in card.terms.items()]
    return Part(measured=found, notes=[f"{name}: {meaning}" for name, meaning in card.meanings.items()])


def representation(given: Evaluated) -> Part:
    """What neighbours, and linear classifiers with many and with few labels, know of the classes."""
    known, held = given.classes()
    own = (given.known_codes, known, given.codes, held)
    theirs = (given.components[0], known, given.components[1], held)
    commonest = float((held == max(set(known.tolist()), key=known.tolist().count)).mean())
    few, few_pca = (FewLabels.measure(*each, seed=given.seed) for each in (own, theirs))
    by = f"5 neighbours, logistic regression; {few.draws} draws of few labels"
    of: dict[str, Any] = {"part": "representation", "rows": len(held), "unit": "accuracy", "extractor": by}

    def beside(value: float) -> tuple[tuple[str, float], ...]:
        return ((f"PCA-{given.card.pca_dim}", value), ("chance", commonest))

    near, near_pca, line, line_pca = (f(*each) for f in (knn_accuracy, accuracy_of_probe) for each in (own, theirs))
    found = [
        Measured(name="neighbours", value=near, beside=beside(near_pca), **of),
        Measured(name="linear classifier, all labels", value=line, beside=beside(line_pca), **of),
    ]
    for count, value, sd, pca in zip(few.per_class, few.accuracy, few.sd, few_pca.accuracy, strict=True):
        name = f"linear classifier, {count} a class"
        found.append(Measured(name=name, value=value, sd=sd, seed=given.seed, beside=beside(pca), **of))
    return Part(measured=found)


def clustering(given: Evaluated) -> Part:
    """How well the model's own clusters, or k-means of its codes, fit the classes."""
    from sklearn.cluster import KMeans

    _, held = given.classes()
    if isinstance(given.model, ClusterEstimator):
        labels, by, seed = given.model.predict(given.held), f"the clusters of {given.name}", None
    else:
        count = min(len(np.unique(held)), len(np.unique(given.codes, axis=0)))
        labels = KMeans(count, n_init=STARTS, random_state=given.seed).fit_predict(given.codes)
        by, seed = f"k-means, {count} clusters, {STARTS} starts", given.seed
    scores = ClusterScores.of(labels, held)
    of: dict[str, Any] = {"part": "clustering", "rows": len(held), "seed": seed, "extractor": by, "unit": "1 at best"}
    named = {"ARI": scores.ari, "NMI": scores.nmi, "accuracy of clusters": scores.accuracy, "purity": scores.purity}
    return Part(measured=[Measured(name=name, value=value, **of) for name, value in named.items()])


def disentangled(given: Evaluated) -> Part:
    """All scores that need factors, from one encoding."""
    if given.factors is None:
        raise ParameterError(NO_FACTORS)
    codes = given.coded(given.given)
    found = Disentanglement.measure(codes, given.factors, given.names, given.seed)
    told = [
        Measured(
            part="disentanglement",
            name=score.name,
            value=score.value,
            unit="1 at best",
            rows=len(codes),
            seed=score.seed,
            extractor=score.measured_on,
            beside=(("chance", score.chance),),
        )
        for score in found.scores
    ]
    return Part(measured=told, details={"disentanglement": found.to_json()})


def sample_quality(given: Evaluated) -> Part:
    """Draws beside held-out rows, in learnt features."""
    if not given.samples:
        raise ParameterError(OPTIONAL)
    with told_already():
        report = draws_judged(
            given.model,
            given.held,
            given.known,
            extractor=given.extractor,
            seed=given.seed,
            trained=given.trained,
        )
    own, real, easy = report.makers.values()
    units: dict[str, Any] = {"frechet distance": "features^2"}
    names = ("frechet distance", "precision", "recall", "density", "coverage", "copies")
    told = []
    near = f"; {NEIGHBOURS} neighbours"
    for name, value, hoped, gaussian in zip(names, own.numbers(), real.numbers(), easy.numbers(), strict=True):
        if value is None or hoped is None or gaussian is None:
            continue
        told.append(
            Measured(
                part="sample quality",
                name=name.replace("frechet", "Frechet") + (" (no FID)" if name.startswith("f") else ""),
                value=value,
                unit=units.get(name, "1 at best" if name == "density" else SHARE),
                rows=report.rows,
                seed=report.seed,
                extractor=f"{report.features} features of {report.extractor}{near}",
                beside=(("real rows", hoped), ("Gaussian", gaussian)),
            )
        )
    notes = [] if given.trained else [COPIES_UNKNOWN]
    notes += [own.quality.remedy] if own.quality.remedy else []
    return Part(measured=told, notes=notes, details={"samples": report.to_json()})


PARTS: Mapping[str, Callable[[Evaluated], Part]] = {
    "likelihood": likelihood,
    "rate and distortion": rate,
    "reconstruction": reconstruction,
    "features": features,
    "representation": representation,
    "clustering": clustering,
    "disentanglement": disentangled,
    "sample quality": sample_quality,
}
