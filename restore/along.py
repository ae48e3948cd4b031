"""What the same things look like in the frames around: averages along motion, and neighbours seen from here."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Colour
from restore.motion import Float, Step, Way


def averaged(planes: Sequence[Float], between: Sequence[Step], reach: int, wanted: tuple[int, int]) -> Colour:
    """The wanted frames' planes averaged along motion over up to `reach` frames before and after each.

    planes: T arrays (h, w, C), C to 3; between: T − 1 steps for that size; wanted [lo, hi) counts in them. Returns
    (hi − lo, C, h, w). Every frame counts by the belief in the whole way to it: a way that an occlusion cuts brings
    nothing from beyond it.
    """
    lo, hi = wanted
    own = [merged([*cv2.split(frame), np.ones(frame.shape[:2], np.float32)]) for frame in planes]
    ahead = _gathered(own, [step[0] for step in between], reach, wanted)
    mirrored = (len(own) - hi, len(own) - lo)
    back = _gathered(own[::-1], [step[1] for step in reversed(between)], reach, mirrored)[::-1]
    made = np.empty((hi - lo, planes[0].shape[2], *planes[0].shape[:2]), np.float32)
    for t in range(lo, hi):
        total = ahead[t] + back[t]
        total -= own[t]  # it is in both
        *sums, count = cv2.split(total)
        for plane, values in zip(made[t - lo], sums, strict=True):
            np.divide(values, count, out=plane)
    return made


def _gathered(own: list[Float], ways: list[Way], reach: int, wanted: tuple[int, int]) -> list[Float]:
    """Sums of `own` along the ways to the next `reach` frames: S(t, k) = own(t) + trust · S(t + 1, k − 1) seen from t.

    The last channel is 1 in every frame and becomes how many frames were added.
    """
    lo, hi = wanted
    sums = list(own)
    last = min(hi + reach - 1, len(ways))
    trust = {t: merged([ways[t].trust] * own[t].shape[2]) for t in range(lo, last)}
    for more in reversed(range(reach)):  # a frame that is not wanted is needed as far as wanted ones still see it
        for t in range(lo, min(hi + more, len(ways))):  # upwards: t + 1 still holds the sum over one frame less
            sums[t] = ways[t].fetch(sums[t + 1])
            sums[t] *= trust[t]
            sums[t] += own[t]
    return sums


def neighbours(colour: Sequence[Colour], between: Sequence[Step]) -> list[tuple[Colour, Colour]]:
    """For each frame (C, h, w) the frame before and after, fetched along motion; its own where that is not believed,
    and where there is none."""
    return [beside(colour, between, t) for t in range(len(colour))]


def beside(colour: Sequence[Colour], between: Sequence[Step], t: int) -> tuple[Colour, Colour]:
    """The same for frame t alone."""
    mine = colour[t]
    before = _beside(mine, colour[t - 1], between[t - 1][1]) if t > 0 else mine
    after = _beside(mine, colour[t + 1], between[t][0]) if t < len(colour) - 1 else mine
    return before, after


def _beside(mine: Colour, other: Colour, way: Way) -> Colour:
    """Plane by plane, as OpenCV and NumPy are fast at."""
    made = np.empty_like(mine)
    for plane, own, there in zip(made, mine, other, strict=True):
        plane[...] = way.fetch(there)
        plane -= own
        plane *= way.trust
        plane += own
    return made


def merged(planes: Sequence[npt.NDArray]) -> Float:
    """(h, w, C) of C planes (h, w)."""
    made = np.asarray(cv2.merge(planes), np.float32)
    return made.reshape(*planes[0].shape[:2], len(planes))


def interleaved(colour: Colour) -> list[Float]:
    """(T, 2, h, w) as T arrays (h, w, 2), as OpenCV wants planes."""
    return [merged(frame) for frame in colour]
