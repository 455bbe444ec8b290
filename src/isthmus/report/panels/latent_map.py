"""The codes as a map, beside PCA's."""

from isthmus.report.context import Context
from isthmus.report.figures import as_image
from isthmus.report.maps import side_by_side

ORDER, TITLE = 20, "Maps: PCA and the model"


def applies(context: Context) -> bool:
    """Where codes do not need a condition."""
    return context.estimator.encodes and context.estimator.condition_ is None


def html(context: Context) -> str:
    """Two maps of the same held-out rows."""
    return as_image(
        side_by_side(context.estimator, context.train, context.some),
        "Two scatter plots of held-out rows, by PCA and by the model, coloured by label where there is one",
    )
