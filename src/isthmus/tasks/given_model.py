"""The model that a job was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from isthmus.data.schema import Schema
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.errors import NotAvailableError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator


def unfrozen(model: Any) -> Any:
    """The model, out of what keeps it fitted in ``clone`` and searches.

    >>> import isthmus as im
    >>> model = im.AE(2)
    >>> unfrozen(FrozenEstimator(model)) is model, unfrozen(None) is None
    (True, True)
    """
    return model.estimator if isinstance(model, FrozenEstimator) else model


def fitted_model(given: Any, usual: Callable[[], Any], examples: Examples, owner: str) -> Any:
    """The user's model: as it is where it is fitted, a fitted copy where it is not; the usual one where none is given.

    Raises ``DataError`` where the rows are not like those that it was fitted on.
    """
    if given is not None and hasattr(given, "autoencoder_"):
        given.schema_.check(examples, owner=owner)
        return given
    return (usual() if given is None else clone(given)).fit(examples)


def check_of_amounts(model: Estimator, owner: str) -> None:
    """Refuse fitted models whose x are no amounts: mixed columns, counts, levels without an order.

    Raises ``NotAvailableError``.

    >>> import isthmus as im
    >>> check_of_amounts(im.AE(1, trainer=im.Trainer(epochs=1)).fit([[0.0], [1.0]]), "Denoiser")
    """
    schema = model.schema_
    if isinstance(schema, NumericSchema) and schema.scaling != "levels":
        return
    what = "levels without an order" if isinstance(schema, NumericSchema) else _kind_of(schema)
    raise NotAvailableError(
        f"{owner}: this {type(model).__name__} was fitted to {what}; expected one of amounts, such as AE, DAE or VAE "
        "with a Gaussian likelihood"
    )


def _kind_of(schema: Schema) -> str:
    """``"counts"``, ``"mixed"`` and so on: the file that a schema stands in."""
    return f"{type(schema).__module__.rpartition('.')[2]} data"
