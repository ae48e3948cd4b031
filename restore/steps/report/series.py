"""Every frame's own scores, as the judge wrote them down, read back for the page's curves and its list of the worst."""

from __future__ import annotations

import csv
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
"""(N,), one a frame; NaN where it was not measured."""

_HEAD = ("frame", "seconds", "shot")


@dataclass(frozen=True, eq=False)
class Series:
    """Scores by frame. Columns are called as in FILM.scores.csv: `psnr`, `psnr gray`, `flicker truth`.

    seconds  (N,) float64, at which each frame begins.
    shots    (N,) int64, number of each frame's shot.
    """

    seconds: npt.NDArray[np.float64]
    shots: npt.NDArray[np.int64]
    columns: dict[str, Values]

    def __len__(self) -> int:
        return len(self.shots)


def read(path: Path) -> Series:
    """The file as columns: four bytes a value, some 30 MB for three hours of film in 25 columns."""
    seconds, shots = array("d"), array("q")
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        names = next(lines)[len(_HEAD) :]
        columns = [array("f") for _ in names]
        for _frame, second, shot, *cells in lines:
            seconds.append(float(second))
            shots.append(int(shot))
            for column, cell in zip(columns, cells, strict=True):
                column.append(float(cell) if cell else np.nan)
    values = {name: np.array(column, np.float32) for name, column in zip(names, columns, strict=True)}
    return Series(np.array(seconds, np.float64), np.array(shots, np.int64), values)


def badness(series: Series, metric: str, better: str) -> Values:
    """How bad each frame is by a metric, more is worse. Of a metric whose truth has a value of its own: how far above
    it; NaN where it is not above."""
    value = series.columns[metric]
    if better == "lower":
        return value
    if better == "higher":
        return -value
    own = series.columns.get(f"{metric} truth")
    return value if own is None else np.where(value > own, value - own, np.nan).astype(np.float32)


def worst_frames(bad: Values, shots: npt.NDArray[np.int64], apart: int, most: int) -> list[int]:
    """The worst frames, worst first, no two nearer than `apart` frames, and of each shot not more than its share;
    those not measured are never among them."""
    left = np.where(np.isnan(bad), -np.inf, bad.astype(np.float64))
    share = -(-most // len(np.unique(shots)))
    found = list[int]()
    while len(found) < most and np.isfinite(left).any():
        frame = int(np.argmax(left))
        found.append(frame)
        left[max(0, frame - apart + 1) : frame + apart] = -np.inf
        if sum(shots[frame] == shots[other] for other in found) >= share:
            left[shots == shots[frame]] = -np.inf
    return found


def by_shot(bad: Values, shots: npt.NDArray[np.int64]) -> dict[int, float]:
    """Mean of each shot's measured frames; shots without any are left out."""
    there = ~np.isnan(bad)
    numbers, places = np.unique(shots[there], return_inverse=True)
    sums = np.bincount(places, bad[there].astype(np.float64))
    return dict(zip(numbers.tolist(), (sums / np.bincount(places)).tolist(), strict=True))
