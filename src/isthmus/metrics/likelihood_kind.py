"""What log p(x) of a model is: a density, a probability, or a cross-entropy that is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from isthmus.data.examples import Examples
from isthmus.data.mapped import blocks
from isthmus.data.schema import Schema
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.stations import Likelihood

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

LikelihoodKind = Literal["density", "probability", "cross-entropy"]
CROSS_ENTROPY = "a cross-entropy of intensities between 0 and 1: it ranks models of its kind, but is no log p(x)"


def likelihood_kind(model: Estimator, examples: Examples) -> LikelihoodKind | None:
    """What the likelihood of a fitted model tells of these rows; numbers of different kinds do not compare.

    None where there is no likelihood. A likelihood of two values is a cross-entropy where rows hold others.

    >>> import isthmus as im
    >>> digits = im.data.load("digits").values[:60] / 16
    >>> quick = im.Trainer(epochs=1, validation=0)
    >>> models = [im.VAE(2, likelihood=name, trainer=quick).fit(digits) for name in ("gaussian", "bernoulli")]
    >>> [likelihood_kind(model, im.data.read(digits)) for model in models]
    ['density', 'cross-entropy']
    """
    likelihood = model.autoencoder_.likelihood
    return None if likelihood is None else kind_of(likelihood, model.schema_, examples)


def kind_of(likelihood: Likelihood, schema: Schema, rows: Examples) -> LikelihoodKind:
    """The same of a likelihood before anything is fitted, for rows as ``schema`` scales them for it.

    >>> from isthmus.data.schemas.numeric import NumericSchema
    >>> from isthmus.likelihoods.bernoulli import Bernoulli
    >>> rows = [Examples(values=np.array([[0.0], [v]]), kind="table", layout="rows") for v in (1.0, 0.5)]
    >>> [kind_of(Bernoulli(), NumericSchema.learn(each, scaling="none"), each) for each in rows]
    ['probability', 'cross-entropy']
    """
    if likelihood.continuous:
        return "density"
    if not likelihood.of_two_values or not isinstance(schema, NumericSchema):
        return "probability"
    for block in blocks(rows.values):
        scaled = schema.scaled(block)
        if not bool(((scaled == 0) | (scaled == 1) | np.isnan(scaled)).all()):
            return "cross-entropy"
    return "probability"
