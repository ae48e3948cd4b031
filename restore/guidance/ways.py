"""Where the things of one picture are in another: by flow, there and back, at one exposure."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from restore.guidance import doubt as doubts
from restore.guidance.doubt import Float, Place
from restore.motion import Small

FINEST, STRIDE, ROUGH = 1, 3, 4
"""The scale at which DIS ends, half of the carried planes, and px between its patches there: where colour comes along
the way, and where a way is only set right. What the preset "medium" does besides (more steps, variational refinement)
brought colours no nearer to the truth, 0.1 dB over ten shots, for twice the work. A stride of 4 everywhere, as
"ultrafast" has it, cost 0.3 dB on four of these. For setting right it cost nothing over seven spans of the films that
choices are made by; for the way back neither, but there a wipe was taken for motion (half as much flicker again)."""

Flows = tuple[Float, Float]
"""(h, w, 2) px each: from one frame to another, and back."""


class Search:
    """Looks for motion by DIS flow (Kroeger et al. 2016), at OpenCV's preset "ultrafast" but for how fine it is.

    A searcher for each shot and way: one that has seen a very small picture searches larger ones differently from then
    on (see `restore.motion.dis`).
    """

    def __init__(self) -> None:
        self._fine, self._rough = _searcher(STRIDE), _searcher(ROUGH)

    def both(self, here: Small, there: Small) -> Flows:
        """From here to there, and back."""
        return _found(self._fine, here, there), _found(self._fine, there, here)

    def rough(self, here: Small, there: Small) -> Float:
        """(h, w, 2) px from here to there, less finely."""
        return _found(self._rough, here, there)


def _searcher(stride: int) -> Any:
    made = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    made.setFinestScale(FINEST)
    made.setPatchStride(stride)
    return made


def _found(searcher: Any, here: Small, there: Small) -> Float:
    return np.asarray(searcher.calc(here, there, None), np.float32)


def placed(ahead: Float, back: Float) -> Place:
    """Where things are in another frame, with how far the way there and back misses."""
    place = moved(ahead)
    off = place.fetch(back) + ahead
    miss = cv2.magnitude(np.ascontiguousarray(off[..., 0]), np.ascontiguousarray(off[..., 1]))
    rows, columns = miss.shape
    gone = (place.x < -0.5) | (place.x > columns - 0.5) | (place.y < -0.5) | (place.y > rows - 0.5)
    return Place(place.x, place.y, np.asarray(miss, np.float32) + np.float32(doubts.FAR) * gone)


def still(shape: tuple[int, ...]) -> Place:
    """Every px where it is."""
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    return Place(x, y, np.zeros(shape[:2], np.float32))


def moved(flow: Float) -> Place:
    """Every px moved by its flow (h, w, 2)."""
    own = still(flow.shape)
    return Place(own.x + flow[..., 0], own.y + flow[..., 1], own.miss)


def exposed(seen: Float, tone: Float, place: Place) -> Float:
    """`seen` at the exposure of `tone`, where that makes light fit better: old film flickers, and films fade."""
    there, here = seen[::4, ::4], tone[::4, ::4]
    sure = place.miss[::4, ::4] < 1
    if np.count_nonzero(sure) < 64:
        return seen
    there, here = there[sure], here[sure]
    gain = float(np.clip(here.std() / max(float(there.std()), 1e-3), 0.5, 2.0))
    matched = (there - there.mean()) * gain + here.mean()
    if np.abs(matched - here).mean() > 0.8 * np.abs(there - here).mean():
        return seen
    made: Float = (seen - there.mean()) * np.float32(gain) + here.mean()
    return made


def compared(here: Float, there: Float, place: Place) -> Float:
    """Absolute difference, in code values, of light `here` (h, w) and of what the place shows of `there`, at one
    exposure."""
    return doubts.difference(here, exposed(place.fetch(there), here, place))
