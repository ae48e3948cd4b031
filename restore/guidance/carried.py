"""Painted colour carried through a scene and kept in a scratch file: every frame's colours, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from restore import motion
from restore.contracts import Colour, Frames, Scene
from restore.guidance.planes import sized
from restore.windows import joined


@dataclass(frozen=True)
class Carrying:
    """How colours are carried.

    size  longer side of the carried planes, px; never larger than the picture.
    """

    size: int = 320


def through(scene: Scene, how: Carrying) -> Callable[[int, int], Colour]:
    """Carry the scene's painted frames to all its frames; returns what gives the hints (T, 3, h, w) of a span."""
    made = np.concatenate(list(_forwards(scene, how)))

    def wanted(start: int, stop: int) -> Colour:
        return made[start - scene.start : stop - scene.start]

    return wanted


def _forwards(scene: Scene, how: Carrying) -> Iterator[Colour]:
    paths = motion.Paths(motion.Tolerance())
    before: Frames | None = None
    last = None
    for frames in scene.frames():
        shape = shape_of(frames.light.shape[1:], how.size)
        painted = {p.frame: sized(np.concatenate([p.ab, p.confidence[None]])[None], shape)[0] for p in scene.painted}
        for t in range(frames.start, frames.stop):
            now = frames.part(t, t + 1)
            if t in painted:
                last = painted[t]
            elif last is None:
                last = np.zeros((3, *shape), np.float32)
            elif before is not None:
                way = paths.steps(joined([before, now]), shape)[0][1]
                last = np.stack([way.fetch(plane) for plane in last])
                last[2] *= way.trust
            before = now
            yield last[None].copy()


def shape_of(picture: tuple[int, ...], size: int) -> tuple[int, int]:
    """Rows and columns of carried planes for a picture (H, W)."""
    factor = min(1.0, size / max(picture))
    rows, columns = (max(1, round(side * factor)) for side in picture)
    return rows, columns
