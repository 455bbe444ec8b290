"""What each dimension of a random code carries."""

from html import escape

import numpy as np

from isthmus.report.context import Context
from isthmus.report.figures import as_image, figure, tidy

ORDER, TITLE = 50, "What the latents carry"
MOST = 64  # dimensions shown


def applies(context: Context) -> bool:
    """Where the code is random."""
    return context.usage is not None


def html(context: Context) -> str:
    """KL of each dimension, the largest first."""
    usage = context.usage
    assert usage is not None
    kl = usage.kl[context.ranked]
    shown = kl[:MOST]
    made = figure(min(0.28 * len(shown) + 2, 10), 2.8)
    axes = made.add_subplot()
    axes.bar(np.arange(len(shown)), shown, color="#0072B2")
    axes.set_xticks(np.arange(len(shown)), [str(i) for i in context.ranked[:MOST]], fontsize=7)
    axes.set_xlabel("dimension")
    axes.set_ylabel("KL, nats")
    tidy(axes)
    told = f"{usage.active_units} of {len(kl)} dimensions are active; {kl.sum():.1f} nats in all."
    remedy = usage.remedy(context.estimator.get_params(deep=False))
    warned = f'<p class="note"><b>{escape(remedy)}</b></p>' if remedy else ""
    return as_image(made, "KL divergence by latent dimension") + f'<p class="note">{told}</p>{warned}'
