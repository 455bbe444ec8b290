"""Whether what is drawn is like the data, and as varied."""

import numpy as np

from isthmus.metrics.sample_quality import SampleQuality
from isthmus.report.context import Context
from isthmus.report.tables import table

ORDER, TITLE = 66, "Sample quality"
MOST = 1000


def applies(context: Context) -> bool:
    """Where critics taught the decoder: they may let it make a few things over and over."""
    return bool(len(context.estimator.autoencoder_.critics)) and len(context.test) >= 20


def html(context: Context) -> str:
    """Precision, recall, density and coverage of draws against held-out rows, beside those of training rows."""
    schema = context.estimator.schema_
    test = context.test.take(np.arange(min(MOST, len(context.test))))
    train = context.train.take(np.random.default_rng(0).permutation(len(context.train))[:MOST])
    made = context.estimator.sample(len(test), random_state=0)
    flat = [schema.scaled(np.asarray(v)).reshape(len(v), -1) for v in (test.values, train.values, made)]
    drawn = SampleQuality.measure(real=flat[0], made=flat[2], known=flat[1])
    rows = SampleQuality.measure(real=flat[0], made=flat[1][: len(flat[0])], known=flat[1])
    names = ("precision", "recall", "density", "coverage", "duplicates", "distance_to_known")
    told = [(name.replace("_", " "), getattr(drawn, name), getattr(rows, name)) for name in names]
    note = f'<p class="note"><b>{drawn.remedy}</b></p>' if drawn.remedy else ""
    return table(["against held-out rows", "drawn", "training rows"], told) + note
