"""Whether what is drawn is like the data, and as varied."""

from dataclasses import fields

import numpy as np

from isthmus.metrics.sample_quality import NEIGHBOURS, SampleQuality
from isthmus.metrics.scorecard import has_classes
from isthmus.report.context import Context
from isthmus.report.tables import table

ORDER, TITLE = 66, "Sample quality"
MOST, KNOWN = 1000, 20_000


def applies(context: Context) -> bool:
    """Where critics taught the decoder: they may let it make a few things over and over."""
    return bool(len(context.estimator.autoencoder_.critics)) and len(context.test) >= 20


def html(context: Context) -> str:
    """Precision, recall, density and coverage of draws against held-out rows, beside those of training rows."""
    test, train = context.test.at_most(MOST), context.train.at_most(KNOWN)
    made = context.estimator.sample(len(test), random_state=0, **context.condition(test))
    real, known, drawn = (context.flat(v) for v in (test, train, made))
    labels = test.labels if has_classes(test) else None
    found = SampleQuality.measure(real=real, made=drawn, known=known, labels=labels)
    order = np.random.default_rng(0).permutation(len(known))
    some, others = known[order[: len(real)]], known[order[len(real) :]]  # as if they had been made from the others
    columns = {"drawn": found}
    if len(others) > NEIGHBOURS:
        columns["training rows"] = SampleQuality.measure(real=real, made=some, known=others, labels=labels)
    names = [field.name for field in fields(SampleQuality) if getattr(found, field.name) is not None]
    told = [(name.replace("_", " "), *(getattr(each, name) for each in columns.values())) for name in names]
    note = f'<p class="note"><b>{found.remedy}</b></p>' if found.remedy else ""
    return table(["against held-out rows", *columns], told) + note
