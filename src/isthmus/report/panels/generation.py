"""What a model makes of each class that it is asked for."""

from isthmus.errors import IsthmusError
from isthmus.metrics.generation import NUMBERS, generation_report, is_told_classes
from isthmus.metrics.text_table import rounded
from isthmus.report.context import Context
from isthmus.report.tables import table

ORDER, TITLE = 67, "Made as asked"


def applies(context: Context) -> bool:
    """Where the model is told classes, and enough held-out rows have them."""
    return is_told_classes(context.estimator) and context.test.labels is not None and context.train.labels is not None


def html(context: Context) -> str:
    """By class, beside real rows and Gaussians."""
    try:
        found = generation_report(context.estimator, context.test, known=context.train, random_state=context.seed)
    except IsthmusError as error:  # few rows of a class
        return f'<p class="note">{error}</p>'
    rows = [[name, *(rounded(value, 3) for value in values)] for name, *values in found.table()]
    return table(["class", *NUMBERS], rows) + f'<p class="note">{found.told}</p>'
