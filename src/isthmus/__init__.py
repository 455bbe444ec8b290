"""Isthmus: every autoencoder, and every job people do with one.

    import isthmus as im

    vae = im.VAE(latent_dim=16).fit(X)
    codes = vae.transform(X)

Models are found by their class's name (``im.VAE``), which is that of their file in ``isthmus.models``.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_ELSEWHERE = {
    "load": ("isthmus.tasks.loading", "load"),
    "from_pretrained": ("isthmus.hub", "from_pretrained"),
    "Trainer": ("isthmus.training.trainer", "Trainer"),
    "Autoencoder": ("isthmus.autoencoder", "Autoencoder"),
    "Estimator": ("isthmus.estimator", "Estimator"),
    "evaluate": ("isthmus.tasks.evaluation", "evaluate"),
    "compare": ("isthmus.tasks.comparison", "compare"),
    "rate_distortion": ("isthmus.tasks.rate_distortion", "rate_distortion"),
    "embedding_report": ("isthmus.metrics.embedding", "embedding_report"),
    "disentanglement": ("isthmus.metrics.disentanglement.suite", "disentanglement"),
    "generation_report": ("isthmus.metrics.generation", "generation_report"),
    "latent_information": ("isthmus.metrics.latent_information", "latent_information"),
    "sample_report": ("isthmus.tasks.sample_report", "sample_report"),
    "imputation_intervals": ("isthmus.tasks.imputation", "imputation_intervals"),
    "tune": ("isthmus.tuning.tune", "tune"),
    "annealed_log_prob": ("isthmus.metrics.annealed_importance", "annealed_log_prob"),
    "interpolation": ("isthmus.metrics.interpolation", "interpolation"),
    "traversals": ("isthmus.metrics.traversals", "traversals"),
    "AnomalyDetector": ("isthmus.tasks.anomaly_detector", "AnomalyDetector"),
    "AttributeEditor": ("isthmus.tasks.attribute_editor", "AttributeEditor"),
    "Clusterer": ("isthmus.tasks.clusterer", "Clusterer"),
    "Denoiser": ("isthmus.tasks.denoiser", "Denoiser"),
    "Inpainter": ("isthmus.tasks.inpainter", "Inpainter"),
    "PatchDetector": ("isthmus.tasks.patch_detector", "PatchDetector"),
    "SearchIndex": ("isthmus.tasks.search_index", "SearchIndex"),
    "SeriesDetector": ("isthmus.tasks.series_detector", "SeriesDetector"),
    "SubPCA": ("isthmus.tasks.sub_pca", "SubPCA"),
}
_PACKAGES = ("catalogue", "data", "errors", "export", "metrics", "report", "records", "search_ranges", "stations")


def _model_files() -> dict[str, str]:
    """Files in ``models``, by name in small letters without underscores: ``betavae -> beta_vae``."""
    folder = Path(__file__).parent / "models"
    return {path.stem.replace("_", ""): path.stem for path in folder.glob("[!_]*.py")}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        module, attribute = _ELSEWHERE[name]
        return getattr(importlib.import_module(module), attribute)
    if not name.startswith("_") and importlib.util.find_spec(f"isthmus.{name}"):
        return importlib.import_module(f"isthmus.{name}")
    stem = _model_files().get(name.lower())
    if stem is not None and not name.startswith("_"):
        found = getattr(importlib.import_module(f"isthmus.models.{stem}"), name, None)
        if found is not None:
            return found
    from isthmus.errors import did_you_mean

    hint = "" if name.startswith("_") else f". {did_you_mean(name, __dir__())}"
    raise AttributeError(f"module 'isthmus' has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    from isthmus.listing import describe, names

    models = [describe("models", name).class_name for name in names("models")]
    return sorted([*models, *_ELSEWHERE, *_PACKAGES, "__version__"])
