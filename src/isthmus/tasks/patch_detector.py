"""Pictures that do not belong, and where in them."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils.validation import check_is_fitted

from isthmus.argument_types import is_count
from isthmus.data.examples import Examples
from isthmus.data.reading import read_and_tell
from isthmus.errors import DataError, ParameterError, check
from isthmus.estimator import Estimator
from isthmus.models.ae import AE
from isthmus.tasks import conformal, task_files
from isthmus.tasks.patches import cut, local_contrast, paste, strangest_share
from isthmus.training.seeds import ORDER, derive, seed_of
from isthmus.training.trainer import Trainer

LATENT_DIM, HIDDEN = 8, 128  # of the autoencoder; see benchmarks/quality/magnetic_tiles.py
STEPS, BATCH, MOST_LEARNT = 300, 512, 20_000  # of its training; patches
SMOOTH, USUAL_SMOOTH = 1.0, 6.0  # pixels: of a heat map, of what is usual at a place
SHARE = 0.001  # of a picture's pixels, the strangest, that make its score
HELD_OUT, FEWEST = 0.3, 4  # share of the pictures, for the threshold; pictures
AT_ONCE = 32  # pictures


class PatchDetector(OutlierMixin, BaseEstimator):
    """Finds pictures that do not belong among those of one kind of thing, seen alike, and the places that make them so.

    A narrow autoencoder rebuilds overlapping patches of local contrast. The heat of a pixel is the squared error there,
    in units of what is usual at that place among the pictures of ``fit``, which should be free of defects; the score of
    a picture is the mean heat of its hottest thousandth.

    Source: patches: Bergmann et al. 2019, Improving unsupervised defect segmentation by applying structural similarity
    to autoencoders; thresholds: Bates et al. 2023, Testing for outliers with conformal p-values.

    Parameters
    ----------
    model : None: an ``AE`` of 8 numbers with a straight road from PCA; or any model of tables that rebuilds.
    patch : pixels on a side of a patch: of the size of what is to be found, or larger.
    stride : pixels from one patch to the next.
    false_alarm_rate : the share of pictures like those of ``fit`` that ``predict`` may call -1, in (0, .5], by
        split-conformal calibration on three tenths of them, held out.
    random_state : seed of everything random in ``fit``.

    >>> import isthmus as im
    >>> pictures = np.random.default_rng(0).integers(90, 110, size=(40, 32, 32)).astype(np.uint8)
    >>> detector = im.PatchDetector(patch=8, false_alarm_rate=0.1).fit(pictures)
    >>> pictures[0, 10:14, 20:24] = 0
    >>> heat = detector.heat_map(pictures[:1])[0]
    >>> row, column = np.unravel_index(heat.argmax(), heat.shape)
    >>> bool(8 <= row < 16 and 18 <= column < 26), detector.predict(pictures[:1]).tolist()
    (True, [-1])
    """

    def __init__(
        self,
        model: Estimator | None = None,
        *,
        patch: int = 16,
        stride: int = 4,
        false_alarm_rate: float = 0.05,
        random_state: Any = 0,
    ) -> None:
        self.model, self.patch, self.stride = model, patch, stride
        self.false_alarm_rate, self.random_state = false_alarm_rate, random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is usual in pictures: an array, a folder, a .zip; y is not looked at.

        Raises ``DataError`` and ``ParameterError``.
        """
        self._check_parameters()
        examples = self._pictures(X)
        if len(examples) < FEWEST:
            raise DataError(f"X is {len(examples)} pictures; expected {FEWEST} or more, to learn from and to hold out")
        self.shape_ = examples.values.shape[1:]
        generator = np.random.default_rng(derive(seed_of(self.random_state), ORDER))
        order = generator.permutation(len(examples))
        needed = conformal.fewest_rows(self.false_alarm_rate)
        held_out = min(max(round(HELD_OUT * len(order)), needed), len(order) // 2)
        conformal.threshold(
            np.zeros(held_out), self.false_alarm_rate
        )  # before training: raises where these are too few
        known, later = examples.take(np.sort(order[held_out:])), examples.take(np.sort(order[:held_out]))
        patches = self._some_patches(known, generator)
        model = self._autoencoder(len(patches)) if self.model is None else clone(self.model)
        self.model_ = model.fit(patches)
        errors = np.concatenate(list(self._errors(known)))
        self.usual_ = gaussian_filter(errors.mean(0), USUAL_SMOOTH) + np.finfo(np.float32).eps  # [height, width]
        self.calibration_scores_ = strangest_share(self._heat(later), SHARE)
        self.offset_ = -conformal.threshold(self.calibration_scores_, self.false_alarm_rate)
        return self

    def heat_map(self, X: Any) -> NDArray[np.float32]:
        """How strange each pixel is, ``[n, height, width]``: about 1 where all is as usual."""
        check_is_fitted(self, "offset_")
        return self._heat(self._like_those_of_fit(X))

    def anomaly_score(self, X: Any) -> NDArray[np.float64]:
        """How strange each picture is, ``[n]``: higher is stranger."""
        check_is_fitted(self, "offset_")
        examples = self._like_those_of_fit(X)
        scores = [strangest_share(errors / self.usual_, SHARE) for errors in self._errors(examples)]
        return np.concatenate(scores)

    def p_value(self, X: Any) -> NDArray[np.float64]:
        """For each picture the share of those held out that are as strange: see ``AnomalyDetector``."""
        return conformal.p_values(self.calibration_scores_, self.anomaly_score(X))

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """``-anomaly_score``: lower is stranger, as scikit-learn has it."""
        return -self.anomaly_score(X)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """``score_samples - offset_``: below 0 for what does not belong."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:
        """1 for pictures that belong, -1 for the others."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    # -- on disk -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the detector to a directory (safetensors and JSON): see ``isthmus.load``. Returns the path."""
        check_is_fitted(self, "offset_")
        arrays = {"usual": self.usual_, "calibration_scores": self.calibration_scores_}
        return task_files.write(
            self,
            Path(path),
            state=_State(offset=self.offset_, shape=list(self.shape_)),
            arrays={name: torch.from_numpy(each.copy()) for name, each in arrays.items()},
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The detector that was saved at ``path``; raises ``SavedModelError``."""
        saved = task_files.read(cls, Path(path), _State, "usual", "calibration_scores")
        found = cls(**saved.parameters)
        found.model_, found.offset_, found.shape_ = saved.model, saved.state.offset, tuple(saved.state.shape)
        found.usual_, found.calibration_scores_ = (saved.arrays[k].numpy() for k in ("usual", "calibration_scores"))
        return found

    # -- inside --------------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        rate = self.false_alarm_rate
        check(
            type(self).__name__,
            (is_count(self.patch) and self.patch >= 2, f"patch is {self.patch!r}; expected 2 pixels or more"),
            (
                is_count(self.stride) and (not is_count(self.patch) or self.stride <= self.patch),
                f"stride is {self.stride!r}; expected from 1 pixel on, and at most the patch's {self.patch!r}",
            ),
            (
                isinstance(rate, numbers.Real) and 0 < rate <= 0.5,
                f"false_alarm_rate is {rate!r}; expected a share in (0, 0.5]",
            ),
        )
        if self.model is not None and not (isinstance(self.model, Estimator) and hasattr(self.model, "reconstruct")):
            raise ParameterError(
                f"{type(self).__name__}: model is {self.model!r:.60}; expected a model that rebuilds, or None"
            )

    def _pictures(self, X: Any) -> Examples:
        examples = read_and_tell(X)
        if examples.kind != "image":
            raise DataError(
                f"X is {examples.kind}, {examples.values.shape}; expected pictures: [n, height, width], with channels "
                "last or not, a folder of files or a .zip"
            )
        sides = self._channels_first(examples).shape[2:]
        if min(sides) < self.patch:
            raise DataError(f"X is pictures of {sides[0]} x {sides[1]}; expected a patch of {self.patch} to fit in")
        return examples

    def _like_those_of_fit(self, X: Any) -> Examples:
        examples = self._pictures(X)
        if examples.values.shape[1:] != self.shape_:
            raise DataError(f"X is pictures of {examples.values.shape[1:]}; those of fit were {self.shape_}")
        return examples

    def _channels_first(self, examples: Examples) -> NDArray[Any]:
        """``[n, channels, height, width]``."""
        values = examples.values
        if values.ndim == 3:
            return values[:, None]
        return values if examples.layout == "CHW" else np.moveaxis(values, -1, 1)

    def _contrast(self, examples: Examples) -> NDArray[np.float32]:
        values = self._channels_first(examples)
        scale = float(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else 1.0
        return local_contrast(values / scale, blur=self.patch / 2)

    def _blocks(self, examples: Examples) -> Iterator[NDArray[np.float32]]:
        """Patches of some pictures at a time: ``[n, patches, values]``."""
        for first in range(0, len(examples), AT_ONCE):
            yield cut(self._contrast(examples.block(slice(first, first + AT_ONCE))), self.patch, self.stride)

    def _some_patches(self, examples: Examples, generator: np.random.Generator) -> NDArray[np.float32]:
        """As many from each picture, drawn: ``[n, values]``."""
        each = max(1, MOST_LEARNT // len(examples))
        found = []
        for block in self._blocks(examples):
            count = block.shape[1]
            chosen = [generator.permutation(count)[: min(each, count)] for _ in block]
            found.append(np.concatenate([patches[rows] for patches, rows in zip(block, chosen, strict=True)]))
        return np.concatenate(found)

    def _autoencoder(self, count: int) -> AE:
        batch = min(BATCH, count)
        return AE(
            LATENT_DIM,
            network={"name": "mlp", "hidden": (HIDDEN,), "linear_path": "fixed"},
            trainer=Trainer(
                epochs=max(1, round(STEPS * batch / count)),
                batch_size=batch,
                weight_decay=0.0,
                validation=0,
                mix=0.0,
                noise=0.0,
            ),
            random_state=self.random_state,
        )

    def _errors(self, examples: Examples) -> Iterator[NDArray[np.float32]]:
        """The smoothed squared error at each pixel of some pictures at a time, ``[n, height, width]``."""
        for block in self._blocks(examples):
            rows = block.reshape(-1, block.shape[2])
            wrong = np.square(self.model_.reconstruct(rows) - rows).reshape(*block.shape[:2], -1, self.patch**2)
            maps = paste(wrong.sum(2), self._channels_first(examples).shape[2:], self.patch, self.stride)
            yield gaussian_filter(maps, (0, SMOOTH, SMOOTH))

    def _heat(self, examples: Examples) -> NDArray[np.float32]:
        return np.concatenate([errors / self.usual_ for errors in self._errors(examples)])


class _State(task_files.TaskState):
    """What is kept on disk beside the model and the arrays."""

    offset: float
    shape: list[int]
