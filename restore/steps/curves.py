"""Every frame's own scores, FILM.scores.csv: written while the film is judged, read back short enough to be drawn."""

from __future__ import annotations

import csv
import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from restore.shots.table import Clock
from restore.steps.tallies import LOOKS, Measured, Values
from restore.store import writing

Each = Callable[[int, int, tuple[Values, ...]], None]
"""Called after every frame with its number, its shot's, and each metric's values of this frame alone."""

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


@dataclass(frozen=True)
class Curves:
    """Scores over time, at most as many points as were asked for. A point stands for `step` frames of the film.

    seconds  of each point's first frame; shots: that frame's shot.
    values   of each column, the mean of the point's frames that were measured; None where none was.
    """

    step: int
    seconds: tuple[float, ...]
    shots: tuple[int, ...]
    values: dict[str, tuple[float | None, ...]]


def read(path: Path, points: int = 800) -> Curves:
    """The curves of a scores.csv, averaged down to at most `points`; reads it twice, holds only the points."""
    frames = sum(1 for _ in _rows(path))
    step = max(1, -(-frames // points))
    seconds, shots = list[float](), list[int]()
    sums: dict[str, list[float]] = {}
    counts: dict[str, list[int]] = {}
    for number, row in enumerate(_rows(path)):
        if number % step == 0:
            seconds.append(float(row["seconds"]))
            shots.append(int(row["shot"]))
        for name in row.keys() - set(_HEAD):
            total, count = sums.setdefault(name, []), counts.setdefault(name, [])
            if number % step == 0:
                total.append(0.0)
                count.append(0)
            if row[name]:
                total[-1] += float(row[name])
                count[-1] += 1
    values = {
        name: tuple(total / count if count else None for total, count in zip(sums[name], counts[name], strict=True))
        for name in columns(path)
        if name in sums
    }
    return Curves(step, tuple(seconds), tuple(shots), values)


def columns(path: Path) -> tuple[str, ...]:
    """Names of the scores in a scores.csv, in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(next(csv.reader(file)))[len(_HEAD) :]


def worst(path: Path, column: str, count: int, *, lowest: bool) -> list[tuple[int, float]]:
    """The `count` frames (number, value) where `column` is lowest, or highest, worst first."""
    found = ((int(row["frame"]), float(row[column])) for row in _rows(path) if row[column])
    pick = heapq.nsmallest if lowest else heapq.nlargest
    return pick(count, found, key=lambda frame: frame[1])


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
