"""What the same things look like in the frames around: averages along motion, and neighbours seen from here."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Colour
from restore.motion import Float, Step, Way

NEAR = 4
"""Frames to each side over which colour is summed at its own size; sums over more are made at half of it."""
ALIKE = 0.15
"""Difference of two means, in Cb, Cr from −0.5 to 0.5, at which one counts in the other's sum by 1/e. A colour that
drifts, as networks' colours do, is 0.05 away after a second; what an occlusion hides, mostly more than this."""


class Averages:
    """Averages along motion of one shot's planes over up to `reach` frames before and after each, as frames come.

    Every frame counts by the belief in the whole way to it: a way that an occlusion cuts brings nothing from beyond it.
    Sums over 2, 4, 8, … frames are each made of two of half as many, and so are the ways over as many: work grows with
    the logarithm of the reach, and no plane is resampled more often than that. Of those over more than `NEAR` frames
    only what they change in the average is wanted: that covers whole surfaces, and half the size is enough for it.
    """

    def __init__(self, reach: int) -> None:
        """reach: a power of two. Raises ValueError for another one."""
        levels = reach.bit_length() - 1
        if reach < 1 or reach != 1 << levels:
            raise ValueError(f"a reach of {reach} frames; it must be a power of two")
        self._after, self._before = _Side(levels, 1), _Side(levels, -1)
        self._recent = dict[int, Float]()  # the last planes, counted
        self._near = dict[int, tuple[Float, Float]]()  # see `_nearby`; kept in place of the sums, which are larger

    def show(self, frame: int, colour: Colour, step: Step | None) -> None:
        """The next frame: number, planes (C, h, w), C to 3, and the step that leads to it; None to the first."""
        self._recent[frame] = own = _counted(colour)
        if step is not None:
            ahead, back = step
            self._before.lead(0, frame, back)
            self._before.add(0, frame, _believed(back, self._recent[frame - 1]))
            self._after.add(0, frame - 1, _believed(ahead, own))
            self._after.lead(0, frame - 1, ahead)
        whole = frame - (1 << self._after.levels)
        if whole in self._recent:
            self._near[whole] = self._nearby(whole, self._recent.pop(whole))
            for side in (self._after, self._before):
                side.sums[-1].pop(whole, None)

    def of(self, frame: int, colour: Colour) -> Colour:
        """(C, h, w): the average of a frame that was shown with this colour. Those in reach after it must have been
        shown too, or the shot's last."""
        own = _counted(colour)
        made, small = self._near[frame] if frame in self._near else self._nearby(frame, own)
        coarse = [side.coarser for side in (self._after, self._before) if side.coarser is not None]
        if coarse:
            slow = _means(_sum([_halved(own), *(side.over(side.levels, frame) for side in coarse)]))
            sides = made.shape[1::-1]
            made = made + cv2.resize(slow - small, sides, interpolation=cv2.INTER_LINEAR).reshape(made.shape)
        return np.ascontiguousarray(made.transpose(2, 0, 1))

    def _nearby(self, frame: int, own: Float) -> tuple[Float, Float]:
        """The average over at most `NEAR` frames to each side, at full and at half the size."""
        total = _sum([own, *(side.over(side.levels, frame) for side in (self._after, self._before))])
        return _means(total), _means(_halved(total))

    def forget(self, frame: int) -> None:
        """Nothing before this frame will be asked for."""
        self._near = {t: kept for t, kept in self._near.items() if t >= frame}
        self._after.forget(frame)
        self._before.forget(frame)


class _Side:
    """Sums along motion over the frames after each, or before it, and the ways there, by how many: 1, 2, 4, … units.

    sums[k][t]  (h, w, C + 1): of 2^k units of frames, as seen from t, times the belief in the way to each; the last
                channel is 1 in every frame and becomes how many were added. Fewer where the shot ends.
    ways[k][t]  from t to the frame 2^k units on.

    What is a part of all that is made of it is dropped, but for the longest sums. `unit` is 1 frame, or −1; or `NEAR`
    times that, at half the size: then the longest sums of the side `finer` are the shortest here.
    """

    def __init__(self, levels: int, unit: int, finer: _Side | None = None) -> None:
        near = NEAR.bit_length() - 1
        self.levels = levels if finer is not None else min(levels, near)
        self.unit, self.finer = unit, finer
        self.sums = [dict[int, Float]() for _ in range(self.levels + 1)]
        self.ways = [dict[int, Way]() for _ in range(self.levels)]
        self.coarser = _Side(levels - near, unit * NEAR, self) if levels > self.levels else None

    def lead(self, level: int, t: int, way: Way) -> None:
        """The way from t over 2^level units, and the longer ways that it completes. Each comes after the sums that it
        leads to (before them, where it leads to earlier frames)."""
        if level == self.levels:
            if self.coarser is not None:
                self.coarser.lead(0, t, _halved_way(way))
            return
        ways, span = self.ways[level], self.unit << level
        ways[t] = way
        near = min(t, t - span)  # from where twice as many are spanned now
        if near in ways and near + span in ways:
            self.lead(level + 1, near, _onward(ways[near], ways[near + span]))
            del ways[min(near, near + span)]

    def add(self, level: int, t: int, total: Float) -> None:
        """The sum over 2^level units from t, and the longer sums that it completes."""
        sums, span = self.sums[level], self.unit << level
        sums[t] = total
        near = min(t, t - span)
        if level == self.levels:
            if self.coarser is not None:
                self.coarser.add(0, t, _halved(total))
        elif near in sums:
            self.add(level + 1, near, self._joined(level, near, sums[near], sums.get(near + span)))
            sums.pop(min(near, near + span), None)

    def over(self, level: int, t: int) -> Float | None:
        """sums[level][t], of as many frames as the shot has there; None where it has none."""
        if t in self.sums[level]:
            return self.sums[level][t]
        if level == 0:
            longest = self.finer.over(self.finer.levels, t) if self.finer is not None else None
            return None if longest is None else _halved(longest)
        near = self.over(level - 1, t)
        return (
            None
            if near is None
            else self._joined(level - 1, t, near, self.over(level - 1, t + (self.unit << level - 1)))
        )

    def _joined(self, level: int, t: int, near: Float, far: Float | None) -> Float:
        """A sum from t and the one that goes on where it ends, as seen from t."""
        way = self.ways[level].get(t)
        if way is None or far is None:
            return near
        found = _believed(way, far)
        if self.finer is not None:
            found *= _alike(near, found)[..., None]
        found += near
        return found

    def forget(self, frame: int) -> None:
        """Drop the longest sums from before this frame."""
        for t in [t for t in self.sums[-1] if t < frame]:
            del self.sums[-1][t]
        if self.coarser is not None:
            self.coarser.forget(frame)


def _counted(colour: Colour) -> Float:
    """(C, h, w) → (h, w, C + 1), the last channel 1."""
    return merged([*colour, np.ones(colour.shape[1:], np.float32)])


def _believed(way: Way, planes: Float) -> Float:
    """Planes (h, w, C) of a neighbour as seen from here, times the belief in the way to it."""
    found = way.fetch(planes)
    found *= way.trust[..., None]
    return found


def _onward(way: Way, further: Way) -> Way:
    """The way that goes on, where one ends, by the next."""
    x, y, trust = cv2.split(way.fetch(merged([further.x, further.y, further.trust])))
    return Way(np.asarray(x, np.float32), np.asarray(y, np.float32), np.asarray(trust * way.trust, np.float32))


def _alike(near: Float, far: Float) -> Float:
    """How much two sums (h, w, C + 1) are of one thing, by their means (Welsch's weight): motion goes astray."""
    *mine, count = cv2.split(near)
    *theirs, others = cv2.split(far)
    both, apart = count * others + np.float32(1e-6), np.zeros_like(count)
    for one, two in zip(mine, theirs, strict=True):
        apart += np.square((one * others - two * count) / both)
    return np.asarray(np.exp(apart * np.float32(-1 / ALIKE**2)), np.float32)


def _sum(sums: Sequence[Float | None]) -> Float:
    there = [one for one in sums if one is not None]
    return np.asarray(sum(there[1:], start=there[0]), np.float32)


def _means(total: Float) -> Float:
    """(h, w, C + 1) → (h, w, C)."""
    return total[..., :-1] / total[..., -1:]


def _halved(planes: Float) -> Float:
    rows, columns = (-(-side // 2) for side in planes.shape[:2])
    small = cv2.resize(planes, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).reshape(rows, columns, -1)


def _halved_way(way: Way) -> Way:
    x, y, trust = cv2.split(_halved(merged([way.x, way.y, way.trust])))
    across, down = x.shape[1] / way.x.shape[1], x.shape[0] / way.x.shape[0]
    x, y = (x + 0.5) * np.float32(across) - 0.5, (y + 0.5) * np.float32(down) - 0.5
    return Way(*(np.asarray(plane, np.float32) for plane in (x, y, trust)))


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
