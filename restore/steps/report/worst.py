"""The worst frames and shots of a film, which the page shows before the good ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restore.film import Shot
from restore.shots.table import Clock, timecode
from restore.steps.report import scores, series
from restore.steps.report.gallery import Gallery
from restore.steps.report.page import number
from restore.steps.report.series import Series, Values
from restore.steps.stills import smaller

FRAMES = 4
"""How many are shown by each metric."""
WIDTH = 320  # px, of a picture in this list; the large one is a click away
APART_S = 0.5
"""Worst frames are at least so far from each other: one bad moment is one entry."""


@dataclass(frozen=True)
class Judge:
    """A metric that frames are ranked by, and what being bad by it means."""

    metric: str
    heading: str
    look: str  # the map that shows it

    def bad(self, table: Series) -> Values:
        """How bad each frame is, more is worse. What is too steady is a fault of the film, but none of a frame's."""
        return series.badness(table, self.metric, scores.better(self.metric))


WITH_TRUTH = (
    Judge("ciede2000", "Colours furthest from the true ones", "difference"),
    Judge("flicker", "Flicker above the true film's", "difference"),
)
ALONE = (Judge("flicker", "Strongest flicker of the made colour", "flicker"),)


def frames(table: Series | None, judges: Sequence[Judge], rate: float) -> dict[str, list[int]]:
    """The worst frames by each judge's metric, worst first; none where nothing was measured."""
    if table is None:
        return {}
    apart = max(1, round(APART_S * rate))
    return {
        judge.metric: series.worst_frames(judge.bad(table), table.shots, apart, FRAMES)
        for judge in judges
        if judge.metric in table.columns
    }


def marked(found: Mapping[str, Sequence[int]], shots: Sequence[Shot]) -> list[int]:
    """The worst frames, worst first. A flicker is seen between two frames: the one before is then there, too."""
    starts = {shot.start for shot in shots}
    before = [frame - 1 for frame in found.get("flicker", ()) if frame not in starts]
    return [*(frame for frames in found.values() for frame in frames), *before]


def frame_views(
    found: Mapping[str, Sequence[int]], judges: Sequence[Judge], table: Series, gallery: Gallery, time: Clock
) -> list[dict[str, Any]]:
    """Groups of worst frames for the template, each frame with its stills."""
    return [
        {
            "heading": judge.heading,
            "entries": [_entry(judge, frame, table, gallery, time) for frame in found[judge.metric]],
        }
        for judge in judges
        if found.get(judge.metric)
    ]


def _entry(judge: Judge, frame: int, table: Series, gallery: Gallery, time: Clock) -> dict[str, Any]:
    value = float(table.columns[judge.metric][frame])
    own = table.columns.get(f"{judge.metric} truth")
    middle = float(np.nanmean(table.columns[judge.metric]))
    beside = f"film {number(middle)}" if own is None else f"true film {number(float(own[frame]))}"
    wanted = [key for key in ("restored", "a", "b", "truth", judge.look) if key in gallery.looks.names]
    pictures = [(gallery.looks.names[key], gallery.picture(frame, key)) for key in wanted]
    return {
        "frame": frame, "shot": int(table.shots[frame]), "time": timecode(time(frame)),
        "value": f"{scores.title(judge.metric)} {number(value)}", "beside": beside,
        "pictures": [
            {"name": name, "picture": smaller(picture, WIDTH), "alt": f"Frame {frame}: {name}"}
            for name, picture in pictures if picture is not None
        ],
    }  # fmt: skip


def shot_order(table: Series | None, judges: Sequence[Judge], shots: Sequence[Shot]) -> dict[int, float]:
    """How bad each shot is by the first judge that measured any; shots that could not be measured are left out."""
    for judge in judges if table is not None else ():
        assert table is not None
        if judge.metric in table.columns and (found := series.by_shot(judge.bad(table), table.shots)):
            return {shot.number: found[shot.number] for shot in shots if shot.number in found}
    return {}
