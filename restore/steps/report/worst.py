"""The worst frames and shots of a film, which the page shows before the good ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from restore.film import Shot
from restore.shots.table import Clock, timecode
from restore.steps.curves import Column, Series
from restore.steps.report import series
from restore.steps.report.gallery import Gallery
from restore.steps.stills import smaller

FRAMES = 4
"""How many are shown by each ranking."""
WIDTH = 320  # px, of a picture in this list; the large one is a click away
APART_S = 0.5
"""Worst frames are at least so far from each other: one bad moment is one entry."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """One way in which frames are bad.

    bad    (N,) how bad each frame is, more is worse; NaN: not measured, or not bad.
    said   of a frame: its value in words, and what to hold it against.
    looks  the pictures that show it.
    moves  it is seen between two frames: the one before is shown, too.
    """

    heading: str
    bad: Column
    said: Callable[[int], tuple[str, str]]
    looks: tuple[str, ...]
    moves: bool = False


@dataclass(frozen=True)
class Worst:
    """A ranking and its worst frames, worst first."""

    ranking: Ranking
    frames: tuple[int, ...]


def find(rankings: Sequence[Ranking], table: Series, rate: float) -> list[Worst]:
    """The worst frames by each ranking; those by which no frame is bad are left out."""
    apart = max(1, round(APART_S * rate))
    found = [Worst(each, tuple(series.worst_frames(each.bad, table.shots, apart, FRAMES))) for each in rankings]
    return [each for each in found if each.frames]


def marked(found: Sequence[Worst], shots: Sequence[Shot]) -> list[int]:
    """All frames that want a still because they are among the worst, or just before one where something moves."""
    starts = {shot.start for shot in shots}
    before = [frame - 1 for each in found if each.ranking.moves for frame in each.frames if frame not in starts]
    return [*(frame for each in found for frame in each.frames), *before]


def views(found: Sequence[Worst], table: Series, gallery: Gallery, time: Clock) -> list[dict[str, Any]]:
    """Groups of worst frames for the template, each frame with its stills."""
    return [
        {
            "heading": each.ranking.heading,
            "entries": [_entry(each.ranking, frame, table, gallery, time) for frame in each.frames],
        }
        for each in found
    ]


def _entry(ranking: Ranking, frame: int, table: Series, gallery: Gallery, time: Clock) -> dict[str, Any]:
    value, beside = ranking.said(frame)
    pictures = [(gallery.looks.names[key], gallery.picture(frame, key)) for key in ranking.looks]
    return {
        "frame": frame, "shot": int(table.shots[frame]), "time": timecode(time(frame)), "value": value,
        "beside": beside,
        "pictures": [
            {"name": name, "picture": smaller(picture, WIDTH), "alt": f"Frame {frame}: {name}"}
            for name, picture in pictures if picture is not None
        ],
    }  # fmt: skip


def shot_order(rankings: Sequence[Ranking], table: Series) -> dict[int, float]:
    """How bad each shot is, by the first ranking that says anything of any; the others are left out."""
    return next((found for each in rankings if (found := series.by_shot(each.bad, table.shots))), {})
