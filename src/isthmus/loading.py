"""Saved models back into estimators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import nn

from isthmus import catalogue, saving
from isthmus.autoencoder import Autoencoder
from isthmus.code_prior import PriorScores
from isthmus.data.labels import Condition
from isthmus.data.schema import Schema, schema_from_json
from isthmus.errors import ParameterError, SavedModelError, did_you_mean, problems
from isthmus.estimator import Estimator
from isthmus.stations import SequenceDecoder
from isthmus.training.history import History
from isthmus.training.trainer import Trainer

_PREFIXES = {
    "all": ("",),
    "encoder": ("encoder.", "bottleneck."),
    "decoder": ("",),  # all: it may share the encoder's weights
}


def load(
    path: str | Path,
    *,
    part: Literal["all", "encoder", "decoder"] = "all",
    network: Sequence[nn.Module] = (),
) -> Estimator:
    """The estimator that was saved at ``path``; nothing from the files is executed.

    ``part="encoder"`` reads what ``transform`` needs only, ``"decoder"`` what ``inverse_transform`` and
    ``sample`` need. ``network`` gives the user's own torch modules, if the model was built of such. Raises
    ``SavedModelError`` with everything that is wrong.

    >>> import tempfile, isthmus as im
    >>> X = im.data.load("digits").values[:50]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = im.AE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    ...     loaded = im.load(saved.save(folder + "/ae"))
    >>> bool((saved.transform(X) == loaded.transform(X)).all())
    True
    """
    if part not in _PREFIXES:
        raise ParameterError(f"No part is called {part!r}. {did_you_mean(str(part), _PREFIXES)}")
    path = Path(path)
    saved = saving.read(path, _PREFIXES[part])
    description = saved.description
    found: list[str] = []
    schema = _attempt(found, "data_schema", lambda: schema_from_json(description.data_schema))
    condition = _attempt(found, "condition", lambda: _optional(Condition, description.condition))
    target = _attempt(found, "target", lambda: _target(description.target))
    prior_condition = _attempt(found, "prior_condition", lambda: _optional(Condition, description.prior_condition))
    prior_history = _attempt(found, "prior_history", lambda: _optional(History, description.prior_history))
    prior_scores = _attempt(found, "prior_scores", lambda: _optional(PriorScores, description.prior_scores))
    estimator = _attempt(found, "model", lambda: _estimator(description.model, description.parameters))
    model = _attempt(
        found,
        "autoencoder",
        lambda: saving.build(description.autoencoder, saved.tensors, _PREFIXES[part], Autoencoder, network),
    )
    found += [] if found or model is None else _misfits(schema, target, model)
    if found or model is None:
        raise SavedModelError(problems(f"{path / saving.DESCRIPTION} cannot be used:", found))
    saving.load_weights(model, saved.tensors, _PREFIXES[part])
    if part == "encoder":
        model.decoder = model.likelihood = model.prior = None
    elif part == "decoder":
        model.encoder = None
    model.eval()
    estimator.prior_condition_, estimator.prior_history_ = prior_condition, prior_history
    estimator.prior_scores_ = prior_scores
    estimator.autoencoder_, estimator.schema_ = model, schema
    estimator.condition_, estimator.target_ = condition, target
    estimator.history_ = History.from_json(description.history)
    estimator.metrics_ = description.metrics
    estimator.n_features_in_ = int(np.prod(schema.user_shape))
    if schema.columns is not None:
        estimator.feature_names_in_ = np.asarray(schema.columns, dtype=object)
    return estimator


def _misfits(schema: Schema, target: Any, model: Autoencoder) -> list[str]:
    """What networks of sequences were made for, where the schemas of the data say otherwise."""
    found = []
    read, write = model.encoder, model.decoder
    if schema.padding is not None and read is not None and "levels" in read.arguments:
        made = (tuple(read.arguments["in_shape"]), read.arguments["levels"])
        wanted = (schema.shape, schema.levels)
        found += [] if made == wanted else [f"the encoder reads (places, symbols) {made}; the texts have {wanted}"]
    written = target if isinstance(target, Schema) else schema
    if written.padding is not None and isinstance(write, SequenceDecoder):
        made = (tuple(write.arguments["out_shape"]), write.arguments["outputs"])
        wanted = (written.shape, written.levels)
        found += [] if made == wanted else [f"the decoder writes (places, symbols) {made}; the texts have {wanted}"]
    return found


def _optional(kind: Any, data: Mapping[str, Any] | None) -> Any:
    return None if data is None else kind.from_json(data)


def _target(data: Mapping[str, Any] | None) -> Condition | Schema | None:
    """Classes, or examples with a schema of their own."""
    return schema_from_json(data) if data is not None and "kind" in data else _optional(Condition, data)


def _attempt(found: list[str], field: str, make: Any) -> Any:
    """What ``make`` gives; what it raises is added to ``found``, so that all mistakes are told at once."""
    try:
        return make()
    except saving.UNFIT as error:
        found.append(f"{field}: {error}")
        return None


def _estimator(name: str, parameters: Mapping[str, Any]) -> Estimator:
    station, _, stem = name.partition("/")
    if station != "models":
        raise SavedModelError(f"expected the name of a model, got {name!r}")
    return catalogue.make("models", stem, {key: _parameter(key, value) for key, value in parameters.items()})


def _parameter(name: str, value: Any) -> Any:
    if name == "trainer" and isinstance(value, Mapping):
        known = set(Trainer().get_params(deep=False))
        wrong = sorted(set(value) - known)
        if wrong:
            raise SavedModelError(f"the trainer has no parameter {wrong}")
        return Trainer(**{key: _parameter(key, item) for key, item in value.items()})
    if isinstance(value, Mapping) and set(value) == {"component", "arguments"}:
        return catalogue.build(value)
    return value
