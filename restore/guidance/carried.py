"""Painted colour carried through a scene, both ways, and kept in a scratch file: every frame's colours, and how sure.

What a window needs is read from the file, so memory stays flat however long the shot is.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from restore import store
from restore.contracts import Colour, Light, Painted, Scene
from restore.guidance.doubt import confidence
from restore.guidance.following import Follower
from restore.guidance.known import Known, framed, joined
from restore.guidance.memory import Memory
from restore.guidance.planes import sized
from restore.guidance.scratch import Planes, begun, opened
from restore.guidance.surroundings import Sheet, grown, named
from restore.guidance.surroundings import painted as spread_over
from restore.guidance.ways import Flows, Search
from restore.motion import SHORTEST, Small
from restore.progress import check_stop

GROWN = 8
"""Painted frames of which it is kept how their paint spreads."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Carrying:
    """How colours are carried.

    size    longer side of the carried planes, px, of a picture of 16:9; never larger than the picture.
    memory  whether what coloured places look like is remembered.
    """

    size: int = 320
    memory: bool = True


def through(scene: Scene, how: Carrying) -> Callable[[int, int], Colour]:
    """Carry the scene's painted frames to all its frames; returns what gives the hints (T, 3, h, w) of a span.

    They are kept as a file in the scene's scratch folder, where another part of the same shot finds them. Raises
    DiskError when it cannot be written, and what reading the film raises.
    """
    path = Path(scene.scratch) / f"{scene.key[:32]}-{how.size}{'m' if how.memory else ''}.npy"
    with _one_at_a_time:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with store.writing(path) as part:
                _carry(scene, how, part)

    kept = opened(path)

    def wanted(start: int, stop: int) -> Colour:
        hints = kept.read(start - scene.start, stop - scene.start).astype(np.float32)
        hints[:, 2] = confidence(hints[:, 2])
        return hints

    return wanted


def shape_of(picture: tuple[int, ...], size: int) -> tuple[int, int]:
    """Rows and columns of the carried planes for a picture (H, W): as many px as one of 16:9 has whose longer side is
    `size`, and no longer. Even, and no side so small that motion is lost."""
    factor = min(1.0, size / max(picture), size * math.sqrt(9 / 16 / (picture[0] * picture[1])))
    rows, columns = (max(SHORTEST, 2 * round(side * factor / 2)) for side in picture)
    return rows, columns


def small(light: Light, depth: int, shape: tuple[int, int]) -> Small:
    """Light (H, W) of `depth` bits at `shape`, 8 bits."""
    made = np.asarray(cv2.resize(light, shape[::-1], interpolation=cv2.INTER_AREA), np.uint16).reshape(shape)
    return np.asarray(made >> (depth - 8), np.uint8)


def _carry(scene: Scene, how: Carrying, path: Path) -> None:
    """Write (T, 3, h, w) float16 a*, b*, doubt of all frames: forwards, then backwards over what was kept of light."""
    with (
        path.open("x+b", buffering=0) as file,
        tempfile.TemporaryFile(dir=path.parent, buffering=0) as of_light,
        tempfile.TemporaryFile(dir=path.parent, buffering=0) as of_motion,
    ):
        lights = _lights(scene, how, of_light)
        count = scene.stop - scene.start
        kept, memory = begun(file, np.float16, (count, 3, *lights.shape)), Memory()
        asked = {one.frame - scene.start: one for one in scene.painted}
        here = sorted(frame for frame in asked if 0 <= frame < count)
        if how.memory:
            for frame in sorted(asked.keys() - set(here)):
                _learn(memory, scene.lit(frame + scene.start), asked[frame], (lights.shape[0], lights.shape[1]))
        orders = [range(here[0], count), range(here[-1], -1, -1)] if here else [range(count)]
        steps = _Steps(lights, of_motion, range(here[0], here[-1]) if here else range(0))
        done, total = 0, sum(map(len, orders))
        paint = _Paint(asked if here else {}, lights)
        met = set[int]()
        for order in orders:
            for t, known in _one_way(steps, order, paint, memory):
                _keep(kept, t, known, met=t in met)
                met.add(t)
                done += 1
                scene.tell(done, total)


def _lights(scene: Scene, how: Carrying, file: IO[bytes]) -> Planes:
    """The light of all frames, small, (h, w) uint8 each, in `file`."""
    planes: Planes | None = None
    for frames in scene.frames():
        planes = planes or Planes(file, np.uint8, shape_of(frames.size, how.size))
        for t, light in enumerate(frames.light, frames.start - scene.start):
            planes.write(t, small(light, frames.depth, (planes.shape[0], planes.shape[1])))
        check_stop()
    assert planes is not None  # a scene has frames
    return planes


class _Steps:
    """Light, and the motion between frames that follow on each other. Where colours are carried both ways, what was
    found the first time is kept for the way back: at half the size, of which DIS enlarges it, (2, h / 2, w / 2, 2)
    float16 px."""

    def __init__(self, lights: Planes, file: IO[bytes], both: range) -> None:
        """both: the frames from which to the next is gone both ways."""
        rows, columns = lights.shape
        self._lights, self.both, self._search = lights, both, Search()
        self._kept, self._known = Planes(file, np.float16, (2, rows // 2, columns // 2, 2)), set[int]()

    def light(self, t: int) -> Small:
        return np.asarray(self._lights.read(t, t + 1)[0])

    def flows(self, here: int, there: int) -> Flows:
        """From a frame to the one beside it, and back."""
        first = min(here, there)
        if first in self._known:
            rows, columns = self._lights.shape
            halves = self._kept.read(first, first + 1)[0].astype(np.float32)
            there_and_back = (cv2.resize(half, (columns, rows), interpolation=cv2.INTER_LINEAR) for half in halves)
            back, ahead = (np.asarray(flow, np.float32) for flow in there_and_back)
            return ahead, back
        found = self._search.both(self.light(here), self.light(there))
        if first in self.both:
            half = tuple(side // 2 for side in found[0].shape[1::-1])
            self._kept.write(first, np.stack([cv2.resize(flow, half, interpolation=cv2.INTER_AREA) for flow in found]))
            self._known.add(first)
        return found


class _Paint:
    """The painted frames, and what of these spreads within them: that is much work, and both ways want it."""

    def __init__(self, asked: Mapping[int, Painted], lights: Planes) -> None:
        self._asked, self._shape = asked, lights.shape
        self._grown = OrderedDict[int, tuple[Known, ...]]()

    def __contains__(self, t: int) -> bool:
        return t in self._asked

    def on(self, t: int, light: Small) -> tuple[Sheet, tuple[Known, ...]]:
        """Frame t's sheet, and what is known by it."""
        sheet = _sheet(self._asked[t], self._shape)
        if t not in self._grown:
            self._grown[t] = grown(framed(light), sheet)
            if len(self._grown) > GROWN:
                self._grown.popitem(last=False)
        return sheet, self._grown[t]


def _one_way(steps: _Steps, order: range, paint: _Paint, memory: Memory) -> Iterator[tuple[int, Known]]:
    """Follow the frames in `order`; gives each with what is known of it."""
    follower = Follower(memory)
    for t in order:
        check_stop()
        light = steps.light(t)
        follower.passing = order.step > 0 and t in steps.both
        flows = None if t == order.start else steps.flows(t, t - order.step)
        yield t, follower.painted(light, *paint.on(t, light), flows) if t in paint else follower.step(light, flows)


def _keep(kept: Planes, t: int, known: Known, *, met: bool) -> None:
    """Write one frame (3, h, w) down; joined with what is there of it, where it was `met` the other way already."""
    if met:
        before = kept.read(t, t + 1)[0].astype(np.float32)
        there = Known(np.ascontiguousarray(before[:2].transpose(1, 2, 0)), before[2])
        known = joined([known, there], known.doubt.shape)
    kept.write(t, np.concatenate([known.ab.transpose(2, 0, 1), known.doubt[None]]))


def _learn(memory: Memory, light: Light, painted: Painted, shape: tuple[int, int]) -> None:
    """Remember a painted frame of another shot."""
    depth = 8 if light.dtype == np.uint8 else 16
    frame, sheet = framed(small(light, depth, shape)), _sheet(painted, shape)
    memory.add(
        frame.tone, spread_over(frame, sheet, grown(frame, sheet), joined([], shape)), named(frame, sheet), here=False
    )


def _sheet(painted: Painted, shape: tuple[int, ...]) -> Sheet:
    """A painted frame at `shape`."""
    planes = sized(np.concatenate([painted.ab, painted.confidence[None]])[None], shape)[0]
    ab = np.ascontiguousarray(planes[:2].transpose(1, 2, 0))
    if painted.objects is None:
        return Sheet(ab, planes[2])
    objects = cv2.resize((painted.objects > 0).astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
    return Sheet(ab, planes[2], np.asarray(objects, np.float32).reshape(shape))
