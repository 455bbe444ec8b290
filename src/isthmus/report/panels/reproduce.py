"""How to make this again."""

import html as markup
import platform
from datetime import UTC, datetime

from isthmus.report.context import Context
from isthmus.report.tables import pairs
from isthmus.saving import versions

ORDER, TITLE = 110, "To make this again"


def applies(context: Context) -> bool:
    """Always."""
    return True


def html(context: Context) -> str:
    """The command, the seed and the versions."""
    told = {"seed": context.estimator.get_params(deep=False).get("random_state", ""), **versions()}
    told |= {
        "machine": f"{platform.system()} {platform.machine()}",
        "written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }
    command = f"<pre>{markup.escape(context.command)}</pre>" if context.command else ""
    return command + pairs(told)
