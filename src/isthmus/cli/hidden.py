"""What a masked model is to fill in, on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.estimator import Estimator


def told(estimator: Estimator, text: str | None) -> Any:
    """The values that are hidden, as ``reconstruct`` takes them; says on standard error which they are."""
    from isthmus.errors import ParameterError

    if not hasattr(estimator, "hidden_values"):
        raise ParameterError(f"--hidden is for masked models; this is a {type(estimator).__name__}")
    mask = estimator.hidden_values(_parsed(text))
    columns = estimator.schema_.columns
    if columns is None or mask.ndim > 1:
        sys.stderr.write(f"Filled in: {mask.mean():.0%} of every example, the same part. --hidden says how much.\n")
    else:
        names = [name for name, hidden in zip(columns, mask, strict=True) if hidden]
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        sys.stderr.write(f"Filled in, in every row: {', '.join(names[:20])}{more}. --hidden names others.\n")
    return mask


def _parsed(text: str | None) -> float | list[str] | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return [name.strip() for name in text.split(",")]
