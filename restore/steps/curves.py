"""Every frame's own scores, FILM.scores.csv: written while the film is judged, read back for the report."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from restore.shots.table import Clock
from restore.steps.tallies import LOOKS, Measured, Values
from restore.store import writing

Each = Callable[[int, int, tuple[Values, ...]], None]
"""Called after every frame with its number, its shot's, and each metric's values of this frame alone."""

Column = npt.NDArray[np.float32]
"""(N,), one a frame; NaN where it was not measured."""

_HEAD = ("frame", "seconds", "shot")


@contextmanager
def writing_curves(path: Path, parts: Sequence[Measured], time: Clock, *, truth: bool = True) -> Iterator[Each]:
    """Publishes a CSV with a line for every frame; nothing is held in memory.

    Columns: frame (from 0), seconds, shot, and for each metric `NAME` (the restored film's value), `NAME gray` and
    `NAME truth` (its own value; only where more or less is not better). Without a truth there is only `NAME`. Empty
    cells were not measured. A value that looks back is against the frame before.
    """
    heads = [part.metric.name + look for part in parts for look in _looks(part, truth)]
    with writing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\r\n")
        out.writerow((*_HEAD, *heads))

        def each(frame: int, shot: int, values: tuple[Values, ...]) -> None:
            pairs = zip(values, parts, strict=True)
            cells = [value for three, part in pairs for value in three[: len(_looks(part, truth))]]
            numbers = ("" if value is None else f"{value:.7g}" for value in cells)
            out.writerow((frame, f"{time(frame):.3f}", shot, *numbers))

        yield each


def _looks(part: Measured, truth: bool) -> tuple[str, ...]:
    return LOOKS[: part.looks(truth)]


@dataclass(frozen=True, eq=False)
class Series:
    """Scores by frame. Columns are called as in FILM.scores.csv: `psnr`, `psnr gray`, `flicker truth`.

    seconds  (N,) float64, at which each frame begins.
    shots    (N,) int64, number of each frame's shot.
    """

    seconds: npt.NDArray[np.float64]
    shots: npt.NDArray[np.int64]
    columns: dict[str, Column]

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
