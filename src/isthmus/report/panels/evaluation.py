"""All numbers of one evaluation: value, unit, rows, seed, extractor."""

from html import escape

from isthmus.metrics.evaluation import HEADS, Evaluation
from isthmus.report.context import Context
from isthmus.report.tables import listed, table

ORDER, TITLE = 12, "Evaluation"


def applies(context: Context) -> bool:
    """Where the model was evaluated."""
    return context.finding(Evaluation) is not None


def html(context: Context) -> str:
    """A table, diagnoses, and what was not measured."""
    found = context.finding(Evaluation)
    assert found is not None
    rows = [[each.part, *each.cells()] for each in found.measured]
    notes = "".join(f'<p class="note"><b>{escape(note)}</b></p>' for note in found.notes)
    left_out = [str(each) for each in found.left_out]
    told = f'<p class="note">Not measured:</p>{listed(left_out)}' if left_out else ""
    return f'{table(["part", *HEADS], rows)}{notes}<p class="note">{escape(found.told)}</p>{told}'
