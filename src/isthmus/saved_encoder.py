"""The encoder of a saved model, to go on with in another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus import catalogue, saving
from isthmus.data.schema import Schema
from isthmus.errors import ParameterError
from isthmus.stations import Encoder
from isthmus.training.random_stream import RandomStream


@dataclass(frozen=True, kw_only=True)
class SavedEncoder:
    """An encoder with its weights, and the data that it looks at.

    >>> import tempfile, isthmus as im
    >>> X = im.data.load("digits").values[:50]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     SavedEncoder.read(im.AE(2, trainer=im.Trainer(epochs=1)).fit(X).save(folder + "/ae")).encoder.out_dim
    2
    """

    encoder: Encoder
    schema: Schema

    @classmethod
    def read(cls, folder: Path) -> SavedEncoder:
        """From a saved model; raises ``SavedModelError``, and ``ParameterError`` where it has no encoder of x alone."""
        saved = saving.read(folder, ("encoder.",))
        spec = saved.description.autoencoder["arguments"]["encoder"]
        check_looks_at_x(spec["arguments"], f"the encoder of {folder}")
        with RandomStream(0):  # weights that are replaced at once: the current stream is left alone
            encoder: Encoder = catalogue.build(spec)
        weights = {name.removeprefix("encoder."): value for name, value in saved.tensors.items()}
        saving.load_weights(encoder, weights, ("",))
        return cls(encoder=encoder.eval(), schema=Schema.from_json(saved.description.data_schema))


def check_looks_at_x(arguments: Mapping[str, Any], whose: str) -> None:
    """Refuse an encoder, told by its arguments, that sees nothing, or more than x.

    >>> check_looks_at_x({"in_shape": (3,), "condition_dim": 0}, "this one")
    """
    inner = arguments.get("network")  # of one that was trained before
    if isinstance(inner, Mapping):
        return check_looks_at_x(inner["arguments"], whose)
    if arguments.get("in_shape") is None or arguments.get("condition_dim"):
        raise ParameterError(f"{whose} does not look at data alone; take that of an AE, a DAE, a MAE or a VAE")
    return None
