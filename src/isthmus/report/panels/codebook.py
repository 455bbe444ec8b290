"""How a discrete code is used."""

import numpy as np

from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.report.context import Context
from isthmus.report.figures import as_image, figure, tidy
from isthmus.report.tables import table

ORDER, TITLE = 45, "Codebook"
MOST_BARS = 4096


def applies(context: Context) -> bool:
    """Where the code is discrete."""
    return isinstance(context.estimator, DiscreteEstimator)


def html(context: Context) -> str:
    """Use, evenness and rate on held-out rows; frequencies, the largest first; what to do where it is ill."""
    estimator = context.estimator
    assert isinstance(estimator, DiscreteEstimator)
    symbols = estimator.symbols(context.some, **context.condition(context.some))
    health = estimator.codebook_health(symbols)
    rows = [
        ("values that occur", f"{health.usage:.1%}"),
        ("perplexity", health.perplexity),
        ("values that never occur", health.dead),
        ("bits of an example, by frequencies", health.bits),
        ("bits of an example at the most", health.capacity_bits),
        ("distortion: mean squared error, scaled units", context.scorecard.mse),
    ]
    if estimator.codebook_.unexplained is not None:
        rows.insert(-1, ("share of the features' variance left over, training rows", estimator.codebook_.unexplained))
    remedy = f'<p class="note"><b>{health.remedy}</b></p>' if health.remedy else ""
    note = f'<p class="note">{len(symbols):,} held-out rows, {symbols[0].size} symbols each.</p>'
    return table(["", "held-out rows"], rows) + note + remedy + _frequencies(symbols, max(health.levels))


def _frequencies(symbols: np.ndarray, levels: int) -> str:
    if levels > MOST_BARS:
        return ""
    made = figure(9, 2.4)
    axes = made.add_subplot()
    for column in symbols.reshape(-1, symbols.shape[-1]).T[:16]:
        counts = np.sort(np.bincount(column, minlength=levels))[::-1]
        axes.plot(np.arange(1, levels + 1), counts / counts.sum(), lw=1, drawstyle="steps-mid")
    axes.axhline(1 / levels, color="#888", lw=0.8, ls="--")
    axes.set_xlabel("value, by rank")
    axes.set_ylabel("share of symbols")
    tidy(axes)
    return as_image(made, "How often each value occurs; dashed: all alike")
