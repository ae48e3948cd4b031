"""Two copies of a film brought into step: which frame of the one shows what a frame of the other shows.

Both are known by their small copies. For a few frames of each shot the most alike frames of the other copy are found,
and of these the ones are taken that make the best way forwards through both: dynamic time warping (Sakoe and Chiba
1978) with gaps, as either may lack what the other has. Within a shot time runs evenly: its speed is that of the whole
film (24 frames a second shown at 25, or 18), and where it begins is found to a fraction of a frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from restore.film import Shot
from restore.guidance.proxies import HEIGHT, WIDTH, Float, Small
from restore.shots.table import Clock

COARSE = 16, 12
"""Width and height at which all frames are compared with all."""

OUTLINE = 2.0
"""Sigma, in coarse px, of what is taken off to leave outlines."""

SAMPLE_S = 0.5
"""Seconds between the frames of a shot that are looked for, at the most `SAMPLES` of them, at the least `FEWEST`."""
SAMPLES, FEWEST = 24, 3

PEAKS = 5
"""Places of the other copy that a frame may be at."""

ALIKE = 0.55
"""Likeness below which a frame is rather nowhere."""

JUMP = 0.15
"""What it costs, in likeness, where one sample follows the other at another speed than the film's."""

PARTNER = 0.6
"""Likeness of a whole shot from which on it is the same one."""

JUDGED = 24
"""Shots, the longest ones, by which speeds are compared."""

BETTER = 1.005
"""By how much another speed must fit better than frame by frame."""

_CHUNK = 512  # samples compared at a time


@dataclass(frozen=True)
class Copy:
    """A copy of a film, as it is brought into step. small (N, 36, 48) uint8; clock: seconds at which a frame begins."""

    small: Small
    clock: Clock

    @property
    def times(self) -> npt.NDArray[np.float64]:
        return np.array([self.clock(frame) for frame in range(len(self.small))])


@dataclass(frozen=True)
class Step:
    """Where a shot is in the other copy: seconds there = speed · seconds here + offset. likeness: of the two there."""

    speed: float
    offset: float
    likeness: float


def in_step(film: Copy, other: Copy, shots: Sequence[Shot], even: float) -> dict[int, Step]:
    """For each of the whole shots, by number, where it is in the other copy; those without a partner are left out.

    even: the speed at which both go frame by frame, a likely one.
    """
    samples = [_sampled(film, shot) for shot in shots]
    frames = np.concatenate(samples)
    at, alike = _peaks(_vectors(film.small[frames]), _vectors(other.small))
    here, there = film.times, other.times
    way = _way(here[frames], there, at, alike, _speed(here[frames], there, at, alike))
    edges = np.cumsum([0, *(len(sample) for sample in samples)])
    ways = [way[lo:hi] for lo, hi in pairwise(edges)]
    measured = _speed_of_way(here[frames], there, way)
    longest = sorted(range(len(shots)), key=lambda n: -shots[n].frames)[:JUDGED]

    def placed(n: int, speed: float) -> Step | None:
        known = ways[n] >= 0
        if np.count_nonzero(known) * 3 < len(known):
            return None
        offset = float(np.median(there[ways[n][known]] - speed * here[samples[n][known]]))
        return _refined(film, other, samples[n], Step(speed, offset, 0.0), there)

    def fits(speed: float) -> float:
        return sum(step.likeness for n in longest if (step := placed(n, speed)) is not None)

    speed = max((even, 1.0, measured), key=lambda speed: fits(speed) * (BETTER if speed == even else 1))
    found = {shot.number: step for n, shot in enumerate(shots) if (step := placed(n, speed)) is not None}
    return {number: step for number, step in found.items() if step.likeness >= PARTNER}


def likeness(film: Copy, other: Copy, shots: Sequence[Shot], steps: Mapping[int, Step]) -> float:
    """How alike both are over some shots, each at its step or a few frames beside it: a sum."""
    there = other.times
    refined = [_refined(film, other, _sampled(film, shot), steps[shot.number], there) for shot in shots]
    return sum(step.likeness for step in refined)


def partner(step: Step, second: float, times: npt.NDArray[np.float64]) -> int | None:
    """The frame of the other copy that is on the screen at a second of this one, nearest in time; None: it has none."""
    there = step.speed * second + step.offset
    frame = int(np.argmin(np.abs(times - there)))
    least = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    return frame if abs(times[frame] - there) <= least else None


def _sampled(film: Copy, shot: Shot) -> npt.NDArray[np.int64]:
    lasts = film.clock(shot.stop) - film.clock(shot.start)
    count = min(shot.frames, SAMPLES, max(FEWEST, int(lasts / SAMPLE_S)))
    return np.array([shot.start + (2 * n + 1) * shot.frames // (2 * count) for n in range(count)])


def _vectors(small: Small) -> Float:
    """(N, 384) float32 of unit length: masses and outlines of each frame, exposure and tint taken out."""
    made = np.empty((len(small), 2 * COARSE[0] * COARSE[1]), np.float32)
    for frame, out in zip(small, made, strict=True):
        tiny = np.asarray(cv2.resize(frame, COARSE, interpolation=cv2.INTER_AREA), np.float32)
        lines = tiny - cv2.GaussianBlur(tiny, (0, 0), OUTLINE)
        halves = [plane.ravel() - plane.mean() for plane in (tiny, lines)]
        out[:] = np.concatenate([half / max(float(np.linalg.norm(half)), 8.0) for half in halves]) / np.sqrt(2)
    return made


def _peaks(ours: Float, theirs: Float) -> tuple[npt.NDArray[np.int64], Float]:
    """For each of K frames the `PEAKS` places that are most alike, (K, P) frames and likenesses; neighbours of a better
    place are no places of their own."""
    count = min(PEAKS, len(theirs))
    at, alike = np.empty((len(ours), count), np.int64), np.empty((len(ours), count), np.float32)
    for start in range(0, len(ours), _CHUNK):
        table = ours[start : start + _CHUNK] @ theirs.T
        wide = cv2.dilate(table, np.ones((1, 9), np.uint8))
        peaks = np.where(table >= wide, table, -1)
        best = np.argsort(-peaks, axis=1)[:, :count]
        at[start : start + _CHUNK] = best
        alike[start : start + _CHUNK] = np.take_along_axis(peaks, best, axis=1)
    return at, alike


def _speed(here: npt.NDArray, there: npt.NDArray, at: npt.NDArray, alike: Float) -> float:
    """Seconds there for a second here, by the surest places of frames that follow each other; 1 where none tell."""
    sure = np.flatnonzero(alike[:, 0] > ALIKE)
    one, other = sure[:-1], sure[1:]
    passed = here[other] - here[one]
    ratio = (there[at[other, 0]] - there[at[one, 0]]) / np.maximum(passed, 1e-6)
    near = ratio[(ratio > 0.5) & (ratio < 2) & (passed > 0)]
    return float(np.median(near)) if len(near) else 1.0


def _speed_of_way(here: npt.NDArray, there: npt.NDArray, way: npt.NDArray) -> float:
    """The same from the whole way: the middle of the slopes between samples some way apart (Theil and Sen)."""
    known = np.flatnonzero(way >= 0)
    reach = max(1, min(len(known) // 4, 12))
    one, other = known[:-reach], known[reach:]
    passed = here[other] - here[one]
    slopes = (there[way[other]] - there[way[one]])[passed > 0] / passed[passed > 0]
    return float(np.median(slopes)) if len(slopes) else 1.0


def _way(here: npt.NDArray, there: npt.NDArray, at: npt.NDArray, alike: Float, speed: float) -> npt.NDArray[np.int64]:
    """The frame there of each sample, −1 where it is nowhere: the best way forwards."""
    count, peaks = at.shape
    score = np.zeros((count, peaks))
    back = np.full((count, peaks, 2), -1, np.int64)
    best_end, best = (-1, -1), 0.0
    for n in range(count):
        own = alike[n] - ALIKE
        score[n] = own
        for m in range(max(0, n - SAMPLES), n):
            steps = there[at[n]][:, None] - there[at[m]][None]
            expected = speed * (here[n] - here[m])
            cost = np.where(np.abs(steps - expected) <= 0.1 * expected + 0.1, 0.0, JUMP)
            total = np.where(steps > 0, score[m][None] - cost, -np.inf) + own[:, None]
            which = total.argmax(axis=1)
            better = total[np.arange(peaks), which] > score[n]
            score[n] = np.where(better, total[np.arange(peaks), which], score[n])
            back[n][better] = np.stack([np.full(peaks, m), which], axis=1)[better]
        if score[n].max() > best:
            best, best_end = float(score[n].max()), (n, int(score[n].argmax()))
    way = np.full(count, -1, np.int64)
    n, which = best_end
    while n >= 0:
        way[n] = at[n, which]
        n, which = back[n, which]
    return way


def _refined(film: Copy, other: Copy, sample: npt.NDArray, step: Step, there: npt.NDArray) -> Step:
    """The shot's place to a fraction of a frame: likenesses around it, and the top of the parabola through the best."""
    tick = float(np.median(np.diff(there))) if len(there) > 1 else 0.04
    ours = _fine(film.small[sample])
    shifts = np.arange(-12, 13)
    found = np.full(len(shifts), -1.0)
    seconds = step.speed * np.array([film.clock(int(frame)) for frame in sample]) + step.offset
    for n, shift in enumerate(shifts):
        frames = np.searchsorted(there, seconds + shift * tick - tick / 2)
        inside = (frames >= 0) & (frames < len(there))
        if inside.any():
            found[n] = float((ours[inside] * _fine(other.small[frames[inside]])).sum(axis=1).mean())
    best = int(found.argmax())
    part = 0.0
    if 0 < best < len(shifts) - 1:
        low, top, high = found[best - 1 : best + 2]
        bend = low - 2 * top + high
        part = float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < -1e-9 else 0.0
    return Step(step.speed, step.offset + float(shifts[best] + part) * tick, float(found[best]))


def _fine(small: Small) -> Float:
    """(N, 3456) float32 of unit length: masses and outlines at the proxies' own size."""
    made = np.empty((len(small), 2 * HEIGHT * WIDTH), np.float32)
    for frame, out in zip(small, made, strict=True):
        plane = frame.astype(np.float32)
        lines = plane - cv2.GaussianBlur(plane, (0, 0), OUTLINE)
        halves = [half.ravel() - half.mean() for half in (plane, lines)]
        out[:] = np.concatenate([half / max(float(np.linalg.norm(half)), 16.0) for half in halves]) / np.sqrt(2)
    return made
