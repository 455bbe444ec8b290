"""What changes when one number of the code does."""

from isthmus.metrics.traversals import traversals
from isthmus.report.context import Context
from isthmus.report.figures import grid_image

ORDER, TITLE = 60, "Traversal of the latents"
STEPS, MOST = 11, 10


def applies(context: Context) -> bool:
    """Where codes can be drawn as pictures, and are neither sparse nor discrete."""
    model = context.estimator.autoencoder_
    smooth = context.there_and_back and not hasattr(model.decoder, "atoms") and not model.bottleneck.levels
    return smooth and context.pictures(context.some.values[:1]) is not None


def html(context: Context) -> str:
    """Each row walks one number over the range that codes have, the others stay at the mean; the most used first."""
    given = context.condition(context.some.take([0]))
    told = given["condition"][0] if given else None
    found = traversals(context.estimator, context.some, top=MOST, steps=STEPS, condition=told)
    rows = [walk.pictures for walk in found.walks if walk.pictures is not None]
    by = "its KL to the prior" if found.use == "KL" else "the log likelihood that is lost where it is held at its mean"
    note = (
        "One number of the code a row, over the range that codes of held-out rows have (1st to 99th percentile); the "
        f"most used first, by {by}, in nats."
    )
    note += f" All are told y = {told}." if given else ""
    labels = [f"z{walk.number}\n{walk.use:.2f}" for walk in found.walks]
    return grid_image(rows, note, labels=labels) + f'<p class="note">{note}</p>'
