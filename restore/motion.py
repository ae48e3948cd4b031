"""Where each thing in a picture is in the next picture, how far that is to be believed, and averages taken along it.

Motion is looked for by DIS flow (Kroeger et al. 2016, arXiv:1603.03590) on light made small, both ways between two
frames. Two checks say where it may be followed: there and back again must end where it began (Sundaram et al. 2010,
"Dense point trajectories", ECCV, section 3), and the light found there must be the light that was left, once both
frames are brought to one exposure, as old film flickers.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from restore.contracts import Colour, Frames, Light
from restore.film import Shot

Float = npt.NDArray[np.float32]
Small = npt.NDArray[np.uint8]

LONGEST = 320
"""Longer side, px, of the light in which motion is looked for."""
SHORTEST = 64
"""A side with fewer px is stretched: OpenCV's DIS (5.0) reads beyond thin pictures, 24 × 320 already crashes it."""
KEPT = 64
"""Pairs of frames whose motion is remembered: more than lie between the first and the last filter of a chain."""
RELATIVE = 0.05
"""Share of the way there and back that it may miss by: fast things are measured less exactly."""
OUTSIDE = 1e3
"""Miss, px, of what leaves the picture."""
PRESET = cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST


class Tolerance(BaseModel):
    """How much motion may err and still be followed. Full belief up to the tolerance, none from twice as much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    occlusion: float = Field(1.0, gt=0, le=20, description="px of a picture 320 wide, there and back again")
    light: float = Field(0.05, gt=0, le=1, description="difference of light, of black to white, exposure aside")


@dataclass(frozen=True)
class View:
    """What is known, on one frame's grid, of where its things are in a neighbour frame; half of the searched size.

    shift   (h, w, 2) float32: px of this grid to the right and down.
    miss    (h, w) float32: px of the searched picture by which there and back again ends elsewhere.
    change  (h, w) float32: absolute difference of light, 0..1, after the exposures are matched.
    """

    shift: Float
    miss: Float
    change: Float


@dataclass(frozen=True)
class Way:
    """A view made ready for planes of one size: where to fetch from the neighbour, and the belief in it.

    where  (h, w, 2) float32: px coordinates x, y in the neighbour's plane.
    trust  (h, w) float32 in [0, 1].
    """

    where: Float
    trust: Float

    def fetch(self, planes: Float) -> Float:
        """The neighbour's planes (h, w, C), C to 4, as seen from here; bilinear, edges repeat."""
        return _fetched(planes, self.where, cv2.BORDER_REPLICATE).reshape(planes.shape)


Step = tuple[Way, Way]
"""Between two consecutive frames: from the earlier to the later, from the later to the earlier."""


class Paths:
    """The ways between one shot's frames for one filter: each is made once, and kept while windows overlap.

    Motion itself is remembered beyond that, by what is in the pictures, so that the filters of a chain share it.
    """

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self._seen: dict[int, tuple[Small, bytes]] = {}
        self._steps: dict[int, Step] = {}

    def lights(self, frames: Frames) -> list[Small]:
        """Each frame's light as `small` makes it. Frames before these are forgotten: windows come in order."""
        self._seen = {t: seen for t, seen in self._seen.items() if t >= frames.start}
        self._steps = {t: step for t, step in self._steps.items() if t >= frames.start}
        for t in range(frames.start, frames.stop):
            if t not in self._seen:
                light = small(frames.light[t - frames.start], frames.depth)
                self._seen[t] = light, hashlib.sha256(light.data).digest()
        return [self._seen[t][0] for t in range(frames.start, frames.stop)]

    def steps(self, frames: Frames, size: tuple[int, ...]) -> list[Step]:
        """The ways between consecutive frames for planes of `size` (rows, columns), always the same: T − 1 steps."""
        self.lights(frames)
        for t in range(frames.start, frames.stop - 1):
            if t not in self._steps:
                ahead, back = _pair(self._seen[t], self._seen[t + 1])
                self._steps[t] = _way(ahead, size, self._tolerance), _way(back, size, self._tolerance)
        return [self._steps[t] for t in range(frames.start, frames.stop - 1)]


def small(light: Light, depth: int) -> Small:
    """Light (H, W) of `depth` bits at the size in which motion is looked for: (h, w), 8 bits, even sides."""
    factor = min(1.0, LONGEST / max(light.shape))
    rows, columns = (max(SHORTEST, 2 * round(side * factor / 2)) for side in light.shape)
    sized = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA)
    eight: Small = (np.asarray(sized, np.uint16) >> (depth - 8)).astype(np.uint8)
    return eight


def inner(frames: Frames, shot: Shot, reach: int) -> tuple[int, int]:
    """Which of `frames`, [lo, hi), have `reach` neighbours beside them here, or as many as the shot has."""
    count = len(frames)
    lo = 0 if frames.start == shot.scene_start else min(reach, count)
    hi = count if frames.stop == shot.scene_stop else max(lo, count - reach)
    return lo, hi


def averaged(planes: Sequence[Float], between: Sequence[Step], reach: int, wanted: tuple[int, int]) -> list[Float]:
    """Each wanted frame's planes averaged along motion over up to `reach` frames before and after it.

    planes: T arrays (h, w, C), C to 3; between: T − 1 steps for that size; wanted [lo, hi) counts in them, and the
    others come back as they are. Every frame counts by the belief in the whole way to it: a way that an occlusion
    cuts brings nothing from beyond it.
    """
    lo, hi = wanted
    own = [_counted(frame) for frame in planes]
    ahead = _gathered(own, [step[0] for step in between], reach, wanted)
    mirrored = (len(own) - hi, len(own) - lo)
    back = _gathered(own[::-1], [step[1] for step in reversed(between)], reach, mirrored)[::-1]
    made = list(planes)
    for t in range(lo, hi):
        total = ahead[t] + back[t]
        total -= own[t]  # it is in both
        *sums, count = cv2.split(total)
        made[t] = _merged([cv2.divide(plane, count) for plane in sums])
    return made


def _gathered(own: list[Float], ways: list[Way], reach: int, wanted: tuple[int, int]) -> list[Float]:
    """Sums of `own` along the ways to the next `reach` frames: S(t, k) = own(t) + trust · S(t + 1, k − 1) seen from t.

    The last channel is 1 in every frame and becomes how many frames were added.
    """
    lo, hi = wanted
    sums = list(own)
    last = min(hi + reach - 1, len(ways))
    trust = {t: _merged([ways[t].trust] * own[t].shape[2]) for t in range(lo, last)}
    for more in reversed(range(reach)):  # a frame that is not wanted is needed as far as wanted ones still see it
        for t in range(lo, min(hi + more, len(ways))):  # upwards: t + 1 still holds the sum over one frame less
            sums[t] = ways[t].fetch(sums[t + 1])
            sums[t] *= trust[t]
            sums[t] += own[t]
    return sums


def _counted(planes: Float) -> Float:
    """The planes (h, w, C) with one more that is 1 everywhere."""
    return _merged([*cv2.split(planes), np.ones(planes.shape[:2], np.float32)])


def _merged(planes: Sequence[npt.NDArray]) -> Float:
    """(h, w, C) of C planes (h, w)."""
    merged = np.asarray(cv2.merge(planes), np.float32)
    return merged.reshape(*planes[0].shape[:2], len(planes))


def interleaved(colour: Colour) -> list[Float]:
    """(T, 2, h, w) as T arrays (h, w, 2), as OpenCV wants planes."""
    return [_merged(frame) for frame in colour]


def planar(frames: Sequence[Float]) -> Colour:
    """T arrays (h, w, 2) as (T, 2, h, w)."""
    return np.stack([np.stack(cv2.split(frame)) for frame in frames])


def forget() -> None:
    """Forget all motion that was found, for measurements."""
    with _lock:
        _known.clear()


_known: OrderedDict[bytes, tuple[View, View]] = OrderedDict()
_lock = threading.Lock()


def _pair(earlier: tuple[Small, bytes], later: tuple[Small, bytes]) -> tuple[View, View]:
    """Motion between two frames, each with its digest, both ways; remembered by the digests."""
    key = earlier[1] + later[1]
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    ahead, back = _flow(earlier[0], later[0]), _flow(later[0], earlier[0])
    lights = [_half(light).astype(np.float32) for light, _ in (earlier, later)]
    found = _view(ahead, back, lights[0], lights[1]), _view(back, ahead, lights[1], lights[0])
    with _lock:
        _known[key] = found
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return found


def _flow(here: Small, there: Small) -> Float:
    """(h, w, 2) float32: where each px of `here` is in `there`, in px of half the pictures' size.

    A searcher of its own each time: one that has seen a very small picture searches larger ones differently from then
    on, and a film's colour must not hang on what was restored before it.
    """
    flow: Float = _half(cv2.DISOpticalFlow.create(PRESET).calc(here, there, None))  # type: ignore[call-overload]
    flow *= np.float32(0.5)
    return flow


def _half(planes: npt.NDArray) -> npt.NDArray:
    return cv2.resize(planes, (planes.shape[1] // 2, planes.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _view(there: Float, back: Float, here: Float, beyond: Float) -> View:
    """From flows both ways in px of this grid, and both frames' light (h, w) float32 in 0..255."""
    found = _fetched(cv2.merge([back, beyond]), there + _grid(*here.shape), cv2.BORDER_CONSTANT, (OUTSIDE, OUTSIDE, 0))
    off_x, off_y, seen = cv2.split(found)
    x, y = cv2.split(there)
    miss = cv2.magnitude(cv2.add(off_x, x), cv2.add(off_y, y))
    miss = cv2.addWeighted(miss, 2.0, cv2.magnitude(x, y), -4 * RELATIVE, 0.0)  # in px of the searched picture
    (mean, spread), (other, other_spread) = _exposure(here), _exposure(beyond)
    gain = min(max(spread / max(other_spread, 1e-3), 0.5), 2.0)
    change = np.asarray(cv2.absdiff(seen * np.float32(gain), here - np.float32(mean - gain * other)), np.float32)
    change *= np.float32(1 / 255)
    return View(there, np.maximum(np.asarray(miss, np.float32), 0), change)


def _fetched(planes: npt.NDArray, where: Float, border: int, beyond: Sequence[float] = (0,)) -> Float:
    """Planes (h, w, C) float32 looked up at px coordinates (h, w, 2), bilinear; `beyond`: a constant border's value."""
    found = cv2.remap(planes, where, None, cv2.INTER_LINEAR, borderMode=border, borderValue=beyond)  # type: ignore[call-overload]
    return np.asarray(found, np.float32)


def _exposure(light: Float) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(light)
    return float(mean[0, 0]), float(spread[0, 0])


def _way(view: View, size: tuple[int, ...], tolerance: Tolerance) -> Way:
    height, width = size
    shift, small_size = view.shift, view.miss.shape
    belief = _belief(view.miss, tolerance.occlusion)
    belief *= _belief(view.change, tolerance.light)
    if small_size != (height, width):
        shift = shift * np.array([width / small_size[1], height / small_size[0]], np.float32)
        shift = _sized(shift, height, width)
        belief = _sized(belief, height, width)
    return Way(shift + _grid(height, width), belief)


def _sized(planes: Float, height: int, width: int) -> Float:
    sized = np.asarray(cv2.resize(planes, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return sized.reshape(height, width, *planes.shape[2:])


def _belief(error: Float, tolerance: float) -> Float:
    belief = error * np.float32(-1 / tolerance)
    belief += np.float32(2)
    return np.clip(belief, 0, 1, out=belief)


@functools.lru_cache(maxsize=8)
def _grid(height: int, width: int) -> Float:
    """(height, width, 2) float32: the px coordinates x, y themselves."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = np.dstack([x, y])
    grid.flags.writeable = False  # it is shared
    return grid
