"""Finds cuts, fades and dissolves in old film: flicker, flashes, dust and gate weave are not cuts.

Every frame becomes a small luma picture, 64×48, with its dust taken out by a median and its exposure taken out by mean
and standard deviation. Two such pictures are compared at the best of nine small shifts, because film weaves in the
gate. A cut is a step that stands out from the steps around it (the adaptive ratio of PySceneDetect's
AdaptiveDetector) and that still shows between the frames further out on both sides: a flash or a blotch does not.
A fade is a spell without a picture between two different pictures; for dissolves see `dissolve`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Light
from restore.shots.detector import Transition
from restore.shots.dissolve import OFF_LINE, DissolveFinder

Small = npt.NDArray[np.float32]

WIDTH, HEIGHT = 64, 48
REACH = 6  # frames looked at on each side of a step
SPREAD_FLOOR = 6.0  # 8-bit code values: a frame with less contrast than this is not stretched further
CLIP = 1.5  # standard deviations: one bright corner shall not decide
SURE = 0.4  # mean distance above which a step is a cut even where the picture moves
LOW = 0.22  # and below which it never is: a jump cut in front of the same wall lies between
STANDS_OUT = 3.0  # a step below SURE must be this many times the median step around it
MOVES = 1.8  # and one above it this many times
ACROSS = 0.8  # of the step's threshold must remain between the frames further out
QUIET = 0.05  # median step of a still picture, so that the ratio means something there too
FLAT = 5.0  # 8-bit code values of contrast below which a frame shows no picture
FAINT = 0.7  # of the contrast that follows: a picture that starts fainter than this is fading in
PICTURE = 12.0  # and above which it surely does


@dataclass(frozen=True)
class _Seen:
    index: int
    small: Small
    contrast: float  # before normalising, 8-bit code values
    step: float  # distance from the frame before


def proxy(light: Light, depth: int) -> tuple[Small, float]:
    """Small normalised luma and its contrast.

    light (H, W) uint8 or uint16 of `depth` bits → (48, 64) float32 of mean 0 and standard deviation 1 (less where the
    picture is nearly flat), and the standard deviation before, in 8-bit code values.
    """
    apart = max(1, min(light.shape[0] // (4 * HEIGHT), light.shape[1] // (4 * WIDTH)))
    thinned = light[::apart, ::apart]  # at least 4×4 samples for one of the proxy: they suffice
    small = cv2.resize(thinned.copy(), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    values = cv2.medianBlur(small, 5).astype(np.float32) * np.float32(2.0 ** (8 - depth))
    mean, spread = cv2.meanStdDev(values)
    contrast = float(spread[0, 0])
    return (values - np.float32(mean[0, 0])) / np.float32(max(contrast, SPREAD_FLOOR)), contrast


def distance(one: Small, other: Small) -> float:
    """Mean clipped difference of two proxies at the best of the nine shifts by up to one pixel; 0 is the same.

    Below QUIET it is that of no shift: how quiet a quiet step is decides nothing.
    """
    still = float(np.minimum(np.abs(one - other), CLIP).mean())
    if still < QUIET:
        return still
    shifted = np.lib.stride_tricks.sliding_window_view(one, (HEIGHT - 2, WIDTH - 2))
    difference = np.abs(shifted - other[1:-1, 1:-1])
    np.minimum(difference, CLIP, out=difference)
    return float(difference.mean(axis=(2, 3)).min())


class LumaDetector:
    """The first detector: one pass, a delay of some frames, memory of a few dozen small pictures."""

    def __init__(self) -> None:
        self.begin(Fraction(24))

    def begin(self, rate: Fraction) -> None:
        del rate  # it counts in frames, as a splice does
        self._seen: deque[_Seen] = deque(maxlen=2 * REACH + 1)
        self._cuts: list[Transition] = []
        self._dissolves = DissolveFinder()
        self._fades: list[tuple[int, int, float]] = []  # first flat frame, first frame after, distance across
        self._before: Small | None = None  # the last sure picture
        self._flat_from: int | None = None
        self._flat_to = 0

    def add(self, index: int, light: Light, depth: int) -> None:
        small, contrast = proxy(light, depth)
        step = distance(small, self._seen[-1].small) if self._seen else 0.0
        self._seen.append(_Seen(index, small, contrast, step))
        self._dissolves.add(index, small * np.float32(max(contrast, SPREAD_FLOOR)))
        self._watch_fade(index, small, contrast)
        if len(self._seen) > REACH:
            self._judge(len(self._seen) - 1 - REACH)

    def finish(self) -> tuple[Transition, ...]:
        for at in range(max(0, len(self._seen) - REACH), len(self._seen)):
            self._judge(at)
        self._seen.clear()
        fades = [
            Transition((first + after) // 2, "fade", _confidence(across / LOW))
            for first, after, across in self._fades
            if not any(first - REACH <= cut.frame <= after + REACH for cut in self._cuts)
        ]
        sharp = [change.frame for change in self._cuts + fades]
        dissolves = [
            Transition(m.frame, "dissolve", _confidence(OFF_LINE / max(m.off_line, OFF_LINE / 4)))
            for m in self._dissolves.found
            if not any(abs(m.frame - frame) <= m.half + REACH for frame in sharp)
        ]
        return tuple(sorted(self._cuts + fades + dissolves))

    def _judge(self, at: int) -> None:
        """Is the step into the frame at position `at` of the ring a cut?"""
        ring = self._seen
        here = ring[at]
        around = [ring[i].step for i in range(len(ring)) if i != at and ring[i].index > 0]
        if at == 0 or not around or here.step <= LOW:
            return
        usual = max(float(np.median(around)), QUIET)
        enough = max(MOVES * usual, min(SURE, max(LOW, STANDS_OUT * usual)))
        nearest = max(ring[i].step for i in range(max(0, at - 3), min(len(ring), at + 4)))
        if here.step <= enough or here.step < nearest or self._edge_of_fade(at):
            return
        across = min(distance(ring[after].small, ring[before].small) for before, after in self._pairs(at))
        margin = min(here.step, across / ACROSS) / enough
        if margin > 1.0:
            self._cuts.append(Transition(here.index, "cut", _confidence(margin)))

    def _edge_of_fade(self, at: int) -> bool:
        """The step is between a flat frame and the faint end of a picture that is coming or going."""
        contrast = [seen.contrast for seen in self._seen]
        before, after = contrast[at - 1], contrast[at]
        if min(before, after) > FLAT:
            return False
        side = contrast[at:] if after > before else contrast[:at]
        return max(before, after) < FAINT * max(side)

    def _pairs(self, at: int) -> list[tuple[int, int]]:
        """Frames on both sides of a cut before position `at` that must differ too: a flash lasts up to two frames."""
        last = len(self._seen) - 1
        wanted = ((2, 1), (1, 2), (3, 1), (2, 2), (3, 4))  # frames before, frames after
        return [(max(0, at - back), min(last, at + ahead)) for back, ahead in wanted]

    def _watch_fade(self, index: int, small: Small, contrast: float) -> None:
        if contrast < FLAT:
            if self._flat_from is None:
                self._flat_from = index
            self._flat_to = index + 1
        elif contrast > PICTURE:
            if self._flat_from is not None and self._before is not None:
                across = distance(small, self._before)
                if across > LOW:
                    self._note_fade(self._flat_from, self._flat_to, across)
            self._before, self._flat_from = small, None

    def _note_fade(self, first: int, after: int, across: float) -> None:
        """A blotch on black leader looks like a picture for a frame: what it parts is still one fade."""
        if self._fades and first - self._fades[-1][1] <= REACH:
            first, _, known = self._fades.pop()
            across = max(across, known)
        self._fades.append((first, after, across))


def _confidence(margin: float) -> float:
    """How sure, from how many times over its threshold: 1 → 0.5 (doubtful), 2 → 0.875, 4 → 0.97."""
    return round(1.0 - 0.5 / max(margin, 1.0) ** 2, 3)
