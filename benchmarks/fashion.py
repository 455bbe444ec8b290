"""Fashion-MNIST: the pictures of both parts."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from isthmus.data import load


def both_parts() -> tuple[np.ndarray, np.ndarray]:
    """Bytes ``[60 000, 28, 28]`` and ``[10 000, 28, 28]``: for training, for tests."""
    return load("fashion-mnist", "train").values, load("fashion-mnist", "test").values


def as_numbers(pictures: np.ndarray) -> Tensor:
    """In [0, 1]."""
    return torch.from_numpy(pictures).float() / 255
