"""What the data are."""

from isthmus.data.schemas.text import TextSchema
from isthmus.errors import counted
from isthmus.report.context import Context
from isthmus.report.tables import pairs, table

ORDER, TITLE = 90, "Data"


def applies(context: Context) -> bool:
    """Always."""
    return True


def html(context: Context) -> str:
    """The schema, and what could not be read."""
    told = {"training rows": f"{len(context.train):,}", "held-out rows": f"{len(context.test):,}"}
    told |= context.estimator.schema_.describe()
    told |= _unknown(context)
    if context.train.origin:
        told["from"] = context.train.origin
    lost = [*context.train.quarantined, *context.test.quarantined]
    rows = [(item.name, item.reason) for item in lost[:50]]
    listed = f"<h3>{counted(len(lost), 'input')} could not be read</h3>" + table(["file", "why"], rows) if lost else ""
    return pairs(told) + listed


def _unknown(context: Context) -> dict[str, str]:
    """How many tokens of held-out texts are not in the vocabulary."""
    schema = context.estimator.schema_
    if not isinstance(schema, TextSchema):
        return {}
    numbers = [number for text in schema.tokeniser.numbers(context.test.values.tolist()) for number in text]
    count = sum(number < 0 for number in numbers)
    return {"unknown tokens in held-out rows": f"{count:,} of {len(numbers):,} ({count / max(len(numbers), 1):.1%})"}
