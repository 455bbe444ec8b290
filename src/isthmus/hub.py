"""Models on the Hugging Face Hub: the same directory, with a model card."""

from __future__ import annotations

import tempfile
from pathlib import Path

from isthmus.errors import SavedModelError, require
from isthmus.estimator import Estimator
from isthmus.loading import load
from isthmus.saving import DESCRIPTION, WEIGHTS


def from_pretrained(name: str, *, revision: str | None = None) -> Estimator:
    """A model from a directory, or from the Hub (``"owner/name"``); nothing in it is executed.

    Only the two files of a model are fetched. Raises ``SavedModelError``, ``MissingExtraError``.
    """
    if Path(name).is_dir():
        return load(name)
    hub = require("huggingface_hub", extra="hub")
    try:
        folder = hub.snapshot_download(name, revision=revision, allow_patterns=[WEIGHTS, DESCRIPTION])
    except (OSError, ValueError) as error:
        raise SavedModelError(
            f"{name!r} is neither a directory here nor a model on the Hub that can be reached: {error}"
        ) from error
    return load(folder)


def push_to_hub(estimator: Estimator, name: str, *, private: bool = False) -> str:
    """Put a fitted model on the Hub with a model card; returns its address.

    Needs a login (``hf auth login``). Raises ``MissingExtraError``.
    """
    hub = require("huggingface_hub", extra="hub")
    api = hub.HfApi()
    address = api.create_repo(name, private=private, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = estimator.save(Path(folder) / "model")
        (path / "README.md").write_text(model_card(estimator, name), encoding="utf8")
        api.upload_folder(repo_id=name, folder_path=path)
    return str(address)


def model_card(estimator: Estimator, name: str) -> str:
    """What the model is, in Markdown with the Hub's header.

    Shows the model's name and paper, the data's schema, how it was trained, and how to load it.
    """
    documentation = (type(estimator).__doc__ or "").split("Parameters\n")[0].strip()
    data = "\n".join(f"- {key}: {value}" for key, value in estimator.schema_.describe().items())
    settings = "\n".join(f"- {key}: {value}" for key, value in estimator.history_.settings.items())
    return f"""---
library_name: isthmus
tags: [autoencoder, {type(estimator).__name__.lower()}]
---
# {name}

{documentation}

## Data

{data}

## Training

{settings}

## Use

```python
import isthmus as im

model = im.from_pretrained("{name}")
codes = model.transform(X)
```
"""
