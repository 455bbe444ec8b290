"""What was fitted, and what every automatic setting came to."""

import inspect

from isthmus.component import registered_name
from isthmus.listing import entry
from isthmus.report.context import Context
from isthmus.report.tables import pairs

ORDER, TITLE = 100, "Model"


def applies(context: Context) -> bool:
    """Always."""
    return True


def html(context: Context) -> str:
    """Name, paper, parts, parameters and settings."""
    estimator = context.estimator
    about = entry("models", "", type(estimator).__name__, inspect.getdoc(type(estimator)) or "")
    model = estimator.autoencoder_
    told = {"model": about.summary, "source": about.source}
    for part in ("corruption", "encoder", "bottleneck", "decoder", "likelihood", "prior"):
        found = getattr(model, part)
        if found is not None:
            told[part] = _described(found)
    weights = model.final_weights()
    told["terms"] = ", ".join(f"{t.name} x {weights[str(t.name)]:g}" for t in model.terms)
    told["parameters"] = f"{sum(p.numel() for p in model.parameters()):,}"
    settings = {f"training: {key}": value for key, value in estimator.history_.settings.items() if value is not None}
    return pairs(told | settings)


def _described(part) -> str:
    shown = {k: v for k, v in part.arguments.items() if isinstance(v, int | float | str | tuple | list) and v != ""}
    return f"{registered_name(type(part))} ({', '.join(f'{k}={v}' for k, v in shown.items())})"
