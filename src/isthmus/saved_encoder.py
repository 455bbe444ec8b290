"""The encoder of a fitted model, to go on with in another."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path

from isthmus import saving
from isthmus.data.schema import Schema, schema_from_json
from isthmus.encoders.pretrained import Pretrained
from isthmus.errors import IsthmusError, ParameterError, SavedModelError
from isthmus.stations import Encoder


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
        weights = {name.removeprefix("encoder."): value for name, value in saved.tensors.items()}
        try:
            spec = saved.description.autoencoder["arguments"]["encoder"]
            if '"external"' in json.dumps(spec):
                own = f"the encoder in {folder} is a module of your own"
                raise ParameterError(f"{own}: load the model and give that instead")
            schema = schema_from_json(saved.description.data_schema)
            encoder = saving.build(spec, weights, ("",), Encoder)  # type: ignore[type-abstract]
        except IsthmusError:
            raise
        except saving.UNFIT as error:
            raise SavedModelError(f"{folder} holds no encoder that can be used: {error}") from error
        saving.load_weights(encoder, weights, ("",))
        return cls.of(encoder, schema, f"the model in {folder}")

    @classmethod
    def of(cls, encoder: Encoder | None, schema: Schema, whose: str) -> SavedEncoder:
        """A copy on the CPU, not frozen; raises ``ParameterError`` where it does not look at x alone."""
        if encoder is None:
            raise ParameterError(f"{whose}, was loaded without its encoder")
        while isinstance(encoder, Pretrained):
            encoder = encoder.unwrapped()
        if encoder.arguments.get("in_shape") is None or encoder.told:
            raise ParameterError(f"{whose}, does not look at data alone; take an AE, a DAE, a MAE or a VAE")
        return cls(encoder=copy.deepcopy(encoder).cpu().eval(), schema=schema)
