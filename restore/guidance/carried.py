"""Painted colour carried through a scene, both ways, and kept in a scratch file: every frame's colours, and how sure.

What a window needs is read from the file, so memory stays flat however long the shot is.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import cv2
import numpy as np
import numpy.typing as npt

from restore import store
from restore.contracts import Colour, Light, Painted, Scene
from restore.guidance.doubt import confidence
from restore.guidance.following import Follower
from restore.guidance.known import Known, framed, joined
from restore.guidance.memory import Memory
from restore.guidance.planes import sized
from restore.guidance.surroundings import Sheet, named
from restore.guidance.surroundings import painted as spread_over
from restore.motion import SHORTEST, Small
from restore.progress import check_stop

Kept = npt.NDArray[np.float16]
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Carrying:
    """How colours are carried.

    size    longer side of the carried planes, px; never larger than the picture.
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
    kept: Kept = np.load(path, mmap_mode="r", allow_pickle=False)

    def wanted(start: int, stop: int) -> Colour:
        hints = np.array(kept[start - scene.start : stop - scene.start], np.float32)
        hints[:, 2] = confidence(hints[:, 2])
        return hints

    return wanted


def shape_of(picture: tuple[int, ...], size: int) -> tuple[int, int]:
    """Rows and columns of the carried planes for a picture (H, W); even, and no side so small that motion is lost."""
    factor = min(1.0, size / max(picture))
    rows, columns = (max(SHORTEST, 2 * round(side * factor / 2)) for side in picture)
    return rows, columns


def small(light: Light, depth: int, shape: tuple[int, int]) -> Small:
    """Light (H, W) of `depth` bits at `shape`, 8 bits."""
    made = np.asarray(cv2.resize(light, shape[::-1], interpolation=cv2.INTER_AREA), np.uint16).reshape(shape)
    return np.asarray(made >> (depth - 8), np.uint8)


def _carry(scene: Scene, how: Carrying, path: Path) -> None:
    """Write (T, 3, h, w) float16 a*, b*, doubt of all frames: forwards, then backwards over what was kept of light."""
    with tempfile.TemporaryFile(dir=path.parent) as file:
        lights = _lights(scene, how, file)
        count, *shape = lights.shape
        kept: Kept = np.lib.format.open_memmap(path, "w+", np.float16, (count, 3, *shape))
        memory = Memory()
        asked = {one.frame - scene.start: one for one in scene.painted}
        here = sorted(frame for frame in asked if 0 <= frame < count)
        if how.memory:
            for frame in sorted(asked.keys() - set(here)):
                _learn(memory, scene.lit(frame + scene.start), asked[frame], (shape[0], shape[1]))
        orders = [range(here[0], count), range(here[-1], -1, -1)] if here else [range(count)]
        done, total = 0, sum(map(len, orders))
        met = set[int]()
        for order in orders:
            for t, known in _one_way(lights, order, asked if here else {}, memory):
                _keep(kept[t], known, met=t in met)
                met.add(t)
                done += 1
                scene.tell(done, total)


def _lights(scene: Scene, how: Carrying, file: IO[bytes]) -> npt.NDArray[np.uint8]:
    """The light of all frames, small, (T, h, w), in `file`."""
    shape = (0, 0)
    for frames in scene.frames():
        shape = shape if any(shape) else shape_of(frames.size, how.size)
        for light in frames.light:
            file.write(small(light, frames.depth, shape).data)
        check_stop()
    file.flush()
    return np.memmap(file, np.uint8, "r", shape=(scene.stop - scene.start, *shape))


def _one_way(
    lights: npt.NDArray[np.uint8], order: range, asked: Mapping[int, Painted], memory: Memory
) -> Iterator[tuple[int, Known]]:
    """Follow the frames in `order`; gives each with what is known of it."""
    follower = Follower(memory)
    for t in order:
        check_stop()
        if t in asked:
            yield t, follower.painted(lights[t], _sheet(asked[t], lights.shape[1:]))
        else:
            yield t, follower.step(lights[t])


def _keep(kept: Kept, known: Known, *, met: bool) -> None:
    """Write one frame (3, h, w) down; joined with what is there of it, where it was `met` the other way already."""
    if met:
        before = kept.astype(np.float32)
        known = joined([known, Known(np.ascontiguousarray(before[:2].transpose(1, 2, 0)), before[2])], kept.shape[1:])
    kept[:2], kept[2] = known.ab.transpose(2, 0, 1), known.doubt


def _learn(memory: Memory, light: Light, painted: Painted, shape: tuple[int, int]) -> None:
    """Remember a painted frame of another shot."""
    depth = 8 if light.dtype == np.uint8 else 16
    frame, sheet = framed(small(light, depth, shape)), _sheet(painted, shape)
    memory.add(frame.tone, spread_over(frame, sheet, joined([], shape)), named(frame, sheet), here=False)


def _sheet(painted: Painted, shape: tuple[int, ...]) -> Sheet:
    """A painted frame at `shape`."""
    planes = sized(np.concatenate([painted.ab, painted.confidence[None]])[None], shape)[0]
    ab = np.ascontiguousarray(planes[:2].transpose(1, 2, 0))
    if painted.objects is None:
        return Sheet(ab, planes[2])
    objects = cv2.resize((painted.objects > 0).astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
    return Sheet(ab, planes[2], np.asarray(objects, np.float32).reshape(shape))
