"""The judge's notepad: one shot's tallies of the restored film, of the same film left gray, and of the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from restore.contracts import Array, Metric, Tally
from restore.film import Score

Values = tuple[float | None, float | None, float | None]
"""A metric's value for the restored film, for the gray one, and the truth's own; None: not measured."""
NONE: Values = (None, None, None)
LOOKS = ("", " gray", " truth")
"""What is told apart in every metric, as names of columns end: the restored film, the gray one, and the truth's own."""


@dataclass(frozen=True)
class Pictures:
    """One frame three times, each (H, W, 3) float32 R'G'B' in [0, 1] and read-only; without a truth, once."""

    restored: Array
    gray: Array | None = None
    truth: Array | None = None

    def __post_init__(self) -> None:
        for picture in (self.restored, self.gray, self.truth):
            if picture is not None:
                picture.setflags(write=False)  # so that metrics may share what they work out


@dataclass(frozen=True)
class Measured:
    """A metric at work on one film: it measures each `every`-th frame of a shot."""

    metric: Metric
    every: int

    def looks(self, truth: bool) -> int:
        """How many of `LOOKS` it has."""
        if not truth:
            return 1
        return 3 if self.metric.better == "truth" else 2

    def wants(self, frame: int) -> bool:
        """Whether it looks at this frame, counted from the first of the shot."""
        return frame % self.every <= self.metric.looks_back


class _Row:
    """One metric in one shot."""

    def __init__(self, measured: Measured, truth: bool) -> None:
        self.metric, self._measured, self._seen = measured.metric, measured, 0
        self._tallies: list[Tally] = [self.metric.begin() for _ in range(measured.looks(truth))]
        self._refused = ""

    def add(self, pictures: Pictures | None) -> Values:
        frame, self._seen = self._seen, self._seen + 1
        if pictures is None or self._refused or not self._measured.wants(frame):
            return NONE
        every = self._measured.every
        if frame % every == 0 and every > self.metric.looks_back + 1:
            for tally in self._tallies:
                tally.skip()
        looked_at = (pictures.restored, pictures.gray, pictures.truth)
        guide = pictures.restored if pictures.truth is None else pictures.truth
        try:
            values = [tally.add(picture, guide) for tally, picture in zip(self._tallies, looked_at, strict=False)]
        except ValueError as error:  # a picture that this metric cannot measure: then none of the shot
            self._refused = str(error)
            return NONE
        gray, own = (values[k] if len(values) > k else None for k in (1, 2))
        return values[0], gray, own

    def score(self) -> Score:
        values, note = list[float | None](NONE), self._refused
        if not note:
            try:
                values[: len(self._tallies)] = [tally.score() for tally in self._tallies]
            except ValueError as error:
                note = str(error)
        return named(self.metric, (values[0], values[1], values[2]), note and f"not measured: {note}")


@dataclass(frozen=True)
class Page:
    """What is left of a notepad when its shot is over. Tallies keep the frames that they look back at; pages are kept
    for thousands of shots."""

    shot: int
    frames: int
    scores: tuple[Score, ...]


class Notepad:
    """One shot's tallies. Metrics work side by side in `beside`, each on its frames in order."""

    def __init__(self, shot: int, measured: Sequence[Measured], beside: Executor, *, truth: bool = True) -> None:
        self.shot, self.frames = shot, 0
        self._measured = measured
        self._rows = [_Row(each, truth) for each in measured]
        self._beside = beside

    def wanted(self) -> bool:
        """Whether any metric looks at the next frame."""
        return any(each.wants(self.frames) for each in self._measured)

    def add(self, pictures: Pictures | None) -> tuple[Values, ...]:
        """Measure the next frame, None where it is not wanted; returns each metric's values of this frame alone."""
        self.frames += 1
        return tuple(self._beside.map(lambda row: row.add(pictures), self._rows))

    def page(self) -> Page:
        return Page(self.shot, self.frames, tuple(row.score() for row in self._rows))


def named(metric: Metric, values: Values, note: str = "") -> Score:
    restored, gray, truth = values
    return Score(metric.name, metric.better, metric.unit, restored, gray, note, truth)


def of_film(pages: Sequence[Page]) -> tuple[Score, ...]:
    """The film's scores: the mean of its shots', by their frames, of those shots that could be measured."""
    return tuple(_of_film(pages, shots) for shots in zip(*(page.scores for page in pages), strict=True))


def _of_film(pages: Sequence[Page], shots: tuple[Score, ...]) -> Score:
    """One metric's score of the film, from its scores of all shots."""
    counted = [(page.frames, shot) for page, shot in zip(pages, shots, strict=True) if shot.restored is not None]
    one = shots[0]
    if not counted:
        return one
    whole = sum(frames for frames, _ in counted)
    values = [
        None if column is None else sum(frames * value for frames, value in column) / whole
        for column in _columns(counted)
    ]
    note = next((f"{shot.note} ({len(shots) - len(counted)} of {len(shots)} shots)" for shot in shots if shot.note), "")
    return Score(one.metric, one.better, one.unit, values[0], values[1], note, values[2])


def _columns(counted: Sequence[tuple[int, Score]]) -> Iterator[list[tuple[int, float]] | None]:
    """Frames and value of each shot: of the restored film, of the gray one, and of the truth where it has one."""
    for look in ("restored", "gray", "truth"):
        values = [(frames, getattr(shot, look)) for frames, shot in counted]
        yield values if all(value is not None for _, value in values) else None
