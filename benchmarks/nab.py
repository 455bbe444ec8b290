"""The series of the Numenta Anomaly Benchmark: real and artificial, with the windows in which something is strange."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LabelledSeries:
    """Points in the order of their file, with their stamps, and which of them are strange."""

    name: str
    values: NDArray[np.float64]  # [time]
    stamps: NDArray[np.datetime64]  # [time]; not all in order, nor all different
    strange: NDArray[np.bool_]  # [time]

    @property
    def step(self) -> float:
        """The median distance of two points, seconds."""
        return float(np.median(np.diff(self.stamps).astype("timedelta64[ns]").astype(np.int64))) / 1e9


def nab_series() -> Iterator[LabelledSeries]:
    """All 37 under ``ISTHMUS_DATA``, in the order of their names; those without anomalies too."""
    folder = Path(os.environ["ISTHMUS_DATA"]) / "nab"
    windows = json.loads((folder / "windows.json").read_text())
    with zipfile.ZipFile(folder / "nab.zip") as archive:
        for name in sorted(archive.namelist()):
            table = pd.read_csv(io.BytesIO(archive.read(name)), parse_dates=["timestamp"])
            stamps = table["timestamp"].to_numpy()
            strange = np.zeros(len(table), dtype=bool)
            for begin, end in windows[name]:
                strange |= (stamps >= np.datetime64(begin)) & (stamps <= np.datetime64(end))
            yield LabelledSeries(name=name, values=table["value"].to_numpy(np.float64), stamps=stamps, strange=strange)
