"""Where each thing in a picture is in the next picture, and how far that is to be believed.

Motion is looked for by DIS flow (Kroeger et al. 2016, arXiv:1603.03590), or by another search that a filter brings, on
light made small, both ways between two frames. Two checks say where it may be followed: there and back again must end
where it began (Sundaram et al. 2010, "Dense point trajectories", ECCV, section 3), and the light found there must be
the light that was left, once both frames are brought to one exposure, as old film flickers.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Frames, Light
from restore.film import Shot

Float = npt.NDArray[np.float32]
Half = npt.NDArray[np.float16]
Small = npt.NDArray[np.uint8]

LONGEST = 320
"""Longer side, px, of the light that surfaces are found in; motion is known on a grid of half of that."""
SHORTEST = 64
"""A side with fewer px is stretched: OpenCV's DIS (5.0) reads beyond thin pictures."""
KEPT = 96
"""Pairs of frames whose motion is remembered, of all shots at work: more than lie between the first and the last filter
of a chain, while one shot ends and the next begins."""
RELATIVE = 0.05
"""Share of the way there and back that it may miss by: fast things are measured less exactly."""
OUTSIDE = 1e3
"""Miss, px, of what leaves the picture."""
FINEST = 1
"""The scale at which DIS ends: half of the grid. It is what the preset "ultrafast" ends at on light twice as large,
and finds the same (end point errors agree to 0.001 px of 320), for three quarters of the work."""


@dataclass(frozen=True)
class Tolerance:
    """How much motion may err and still be followed. Full belief up to the tolerance, none from twice as much."""

    occlusion: float = 1.0  # px of a picture 320 wide, there and back again
    light: float = 0.05  # difference of light, of black to white, exposure aside


@dataclass(frozen=True)
class Search:
    """A way of looking for motion.

    name   says all that decides what it finds; what was found is remembered under it.
    fine   True: it looks at light as `small` makes it; False: at half of that.
    both   (here, there), both (h, w) uint8 → motion from here to there and back, each (h, w, 2) float32 in px.
    """

    name: str
    fine: bool
    both: Callable[[Small, Small], tuple[Float, Float]]


@dataclass(frozen=True)
class View:
    """What is known, on one frame's grid (h, w), of where its things are in a neighbour frame.

    Half floats, as many are remembered: of motion by 16 px they keep a hundredth of a px.

    right, down  float16: px of this grid.
    trust        float16 in [0, 1].
    """

    right: Half
    down: Half
    trust: Half


@dataclass(frozen=True)
class Way:
    """A view made ready for planes of one size (h, w): where to fetch from the neighbour, and the belief in it.

    x, y   float32: px coordinates in the neighbour's plane.
    trust  float32 in [0, 1].
    """

    x: Float
    y: Float
    trust: Float

    def fetch(self, planes: Float) -> Float:
        """The neighbour's plane (h, w) or planes (h, w, C), C to 4, as seen from here; bilinear, edges repeat."""
        found = cv2.remap(planes, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float32).reshape(planes.shape)


Step = tuple[Way, Way]
"""Between two consecutive frames: from the earlier to the later, from the later to the earlier."""


def dis(here: Small, there: Small) -> tuple[Float, Float]:
    """DIS flow both ways, at the preset "ultrafast" but for where it ends (`FINEST`).

    A searcher of its own each time: one that has seen a very small picture searches larger ones differently from then
    on, and a film's colour must not hang on what was restored before it.
    """
    searcher = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    searcher.setFinestScale(FINEST)
    found = [searcher.calc(*pair, None) for pair in ((here, there), (there, here))]  # type: ignore[call-overload]
    return found[0], found[1]


DIS = Search("dis", False, dis)


class Paths:
    """The ways between one shot's frames for one filter: each is made once, and kept while windows overlap.

    Motion is remembered beyond that, by what is in the pictures: filters of a chain that believe it alike share it.
    """

    def __init__(self, tolerance: Tolerance, search: Search = DIS) -> None:
        self._tolerance, self._search = tolerance, search
        self._seen: dict[int, tuple[Small, bytes]] = {}
        self._steps: dict[int, Step] = {}

    def steps(self, frames: Frames, size: tuple[int, ...]) -> list[Step]:
        """The ways between consecutive frames for planes of `size` (rows, columns), always the same: T − 1 steps.

        Frames before these are forgotten: windows come in order.
        """
        self._seen = {t: seen for t, seen in self._seen.items() if t >= frames.start}
        self._steps = {t: step for t, step in self._steps.items() if t >= frames.start}
        for t in range(frames.start, frames.stop):
            if t not in self._seen:
                light = small(frames.light[t - frames.start], frames.depth, 1 if self._search.fine else 2)
                self._seen[t] = light, hashlib.sha256(light.data).digest()
        for t in range(frames.start, frames.stop - 1):
            if t not in self._steps:
                ahead, back = _pair(self._seen[t], self._seen[t + 1], self._search, self._tolerance)
                self._steps[t] = _way(ahead, size), _way(back, size)
        return [self._steps[t] for t in range(frames.start, frames.stop - 1)]


def small(light: Light, depth: int, part: int = 1) -> Small:
    """Light (H, W) of `depth` bits made small: (h, w), 8 bits, at most `LONGEST` px divided by `part`, 1 or 2."""
    factor = min(1.0, LONGEST / max(light.shape))
    rows, columns = (max(SHORTEST, 2 * round(side * factor / 2)) // part for side in light.shape)
    sized = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA)
    eight: Small = (np.asarray(sized, np.uint16) >> (depth - 8)).astype(np.uint8) if depth > 8 else sized  # type: ignore[assignment]
    return eight


def inner(frames: Frames, shot: Shot, reach: int) -> tuple[int, int]:
    """Which of `frames`, [lo, hi), have `reach` neighbours beside them here, or as many as the shot has."""
    count = len(frames)
    lo = 0 if frames.start == shot.scene_start else min(reach, count)
    hi = count if frames.stop == shot.scene_stop else max(lo, count - reach)
    return lo, hi


def forget() -> None:
    """Forget all motion that was found, for measurements."""
    with _lock:
        _known.clear()


_known: OrderedDict[tuple[str, Tolerance, bytes, bytes], tuple[View, View]] = OrderedDict()
_lock = threading.Lock()


def _pair(
    earlier: tuple[Small, bytes], later: tuple[Small, bytes], search: Search, tolerance: Tolerance
) -> tuple[View, View]:
    """Motion between two frames, each with its digest, both ways; remembered by the digests."""
    key = search.name, tolerance, earlier[1], later[1]
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    flows = search.both(earlier[0], later[0])
    lights = [earlier[0], later[0]]
    if search.fine:
        flows = _half(flows[0]) * np.float32(0.5), _half(flows[1]) * np.float32(0.5)
        lights = [_half(light) for light in lights]
    found = _view(flows, (lights[0], lights[1]), tolerance), _view(flows[::-1], (lights[1], lights[0]), tolerance)
    with _lock:
        _known[key] = found
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return found


def _half(planes: npt.NDArray) -> npt.NDArray:
    return cv2.resize(planes, (planes.shape[1] // 2, planes.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _view(flows: tuple[Float, Float], lights: tuple[Small, Small], tolerance: Tolerance) -> View:
    """From flows there and back (h, w, 2) in px of this grid, and both frames' light (h, w)."""
    (there, back), (here, beyond) = flows, lights
    right, down = cv2.split(there)
    grid_x, grid_y = _grid(*here.shape)
    asked = cv2.merge([back, np.asarray(beyond, np.float32)])
    found = cv2.remap(
        asked, right + grid_x, down + grid_y, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, (OUTSIDE, OUTSIDE, 0)
    )
    off_x, off_y, seen = cv2.split(found)
    off = cv2.magnitude(cv2.add(off_x, right), cv2.add(off_y, down))
    miss = cv2.addWeighted(off, 2.0, cv2.magnitude(right, down), -4 * RELATIVE, 0.0)  # in px of a picture 320 wide
    (mean, spread), (other, other_spread) = _exposure(here), _exposure(beyond)
    gain = min(max(spread / max(other_spread, 1e-3), 0.5), 2.0)
    seen = cv2.addWeighted(seen, gain / 255, np.asarray(here, np.float32), -1 / 255, (mean - gain * other) / 255)
    trust = _belief(np.asarray(np.maximum(miss, 0), np.float32), tolerance.occlusion)
    trust *= _belief(np.asarray(np.abs(seen), np.float32), tolerance.light)
    return View(*(np.asarray(plane, np.float16) for plane in (right, down, trust)))


def _exposure(light: Small) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(light)
    return float(mean[0, 0]), float(spread[0, 0])


def _way(view: View, size: tuple[int, ...]) -> Way:
    planes = []
    for plane, grid, axis in ((view.right, _grid(*size)[0], 1), (view.down, _grid(*size)[1], 0)):
        sized = _sized(plane.astype(np.float32), size) * np.float32(size[axis] / plane.shape[axis])
        sized += grid
        planes.append(sized)
    return Way(planes[0], planes[1], _sized(view.trust.astype(np.float32), size))


def _sized(plane: Float, size: tuple[int, ...]) -> Float:
    sized = cv2.resize(plane, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(sized, np.float32).reshape(*size)


def _belief(error: Float, tolerance: float) -> Float:
    belief = error * np.float32(-1 / tolerance)
    belief += np.float32(2)
    return np.clip(belief, 0, 1, out=belief)


@functools.lru_cache(maxsize=8)
def _grid(height: int, width: int) -> tuple[Float, Float]:
    """x and y of every px, each (height, width) float32."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    for plane in (x, y):
        plane.flags.writeable = False  # they are shared
    return x, y
