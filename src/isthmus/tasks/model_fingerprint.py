"""What tells one fitted model from another: a hash of what it has learnt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from isthmus.estimator import Estimator

DEEPEST = 12


def fingerprint(model: Any) -> str:
    """SHA-256 of a fitted model: of an Isthmus model its encoder and schema, of others all that ``fit`` left behind.

    "vectors" where there is none.

    >>> fingerprint(None)
    'vectors'
    >>> from sklearn.decomposition import PCA
    >>> x = np.arange(12.0).reshape(4, 3) ** 2
    >>> fingerprint(PCA(2).fit(x)) == fingerprint(PCA(2).fit(x)) != fingerprint(PCA(1).fit(x))
    True
    """
    if model is None:
        return "vectors"
    digest = hashlib.sha256(type(model).__name__.encode())
    if isinstance(model, Estimator):
        network = model.autoencoder_
        parts: Mapping[str, nn.Module | None] = {"encoder": network.encoder, "bottleneck": network.bottleneck}
        content: Any = {name: dict(part.state_dict()) for name, part in parts.items() if part is not None}
        content["schema"] = model.schema_.to_json()
    else:
        content = model
    for piece in _pieces(content, 0):
        digest.update(len(piece).to_bytes(8, "little") + piece)
    return digest.hexdigest()


def _pieces(value: Any, depth: int) -> Iterator[bytes]:
    """Bytes that differ where values do: arrays, numbers and texts, in containers and attributes."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().float().numpy() if value.is_floating_point() else value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif value is None or isinstance(value, bool | int | float | str | bytes | np.generic):
        value = value.item() if isinstance(value, np.generic) else value
        yield f"{type(value).__name__} {value!r}".encode()
    elif depth >= DEEPEST:
        yield type(value).__name__.encode()
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield str(key).encode()
            yield from _pieces(value[key], depth + 1)
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0):
        yield str(len(value)).encode()
        for each in value:
            yield from _pieces(each, depth + 1)
    else:
        yield type(value).__qualname__.encode()
        if hasattr(value, "__dict__"):
            yield from _pieces(dict(vars(value)), depth + 1)
