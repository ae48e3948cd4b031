"""Which frames are most worth painting: those whose content covers most of the film, by the time it is on the screen.

A frame is worth as much as what its colours will be carried to. For a few frames of each shot, evenly spread, it is
measured which places of the others each of them shows too, wherever they have moved. Then frames are taken one after
the other, each time the one that adds most seconds of picture: the greedy way to cover most, which is within
1 − 1/e of the best choice there is (Nemhauser, Wolsey and Fisher 1978, "An analysis of approximations for maximizing
submodular set functions").

So it is known in seconds which shots need paint most. Which frame of a shot, `restore.guidance.rehearsal` can tell
better: it takes as long as rendering the shot does.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from restore.film import Shot
from restore.guidance import rehearsal
from restore.guidance.proxies import HEIGHT, WIDTH, Float, Small
from restore.shots.table import Clock, scenes

LOOKED_AT = 12
"""Frames of a shot that are compared; more in long ones."""

EVERY_S = 4.0
"""Seconds after which a long shot has one more of them."""

MOST = 40
"""Frames of one shot that are compared at the most."""

REACH = 8
"""Proxy px to each side in which a place is looked for: a sixth of the picture's width."""

PATCH = 5
"""Proxy px of the square that stands for a place."""

SAME = 0.2
"""Mean difference of a place's light, in units of the picture's own contrast, up to which it is the same place."""

FADES_S = 20.0
"""Seconds over which what can be carried from a frame falls to a third: ways that long go wrong somewhere."""

DIM = 0.8
"""Share of its shot's best contrast below which a frame is worth less: nobody can paint what is nearly black."""

MIXED_S, MIXED = 0.5, 0.2
"""Seconds at a dissolve or a fade in which frames may show two shots, and what such a frame is worth."""

LEAST = 0.03
"""Share of what its shot needs that a frame must add to be worth painting."""

Covers = npt.NDArray[np.float32]
"""(K, K, 36, 48): how far each of K frames, by the first index, shows each place of each other, by the second."""


@dataclass(frozen=True)
class Suggestion:
    """A frame that is worth painting."""

    frame: int
    shot: int  # number of its shot
    seconds: float  # of whole picture that it adds to what the frames before it in the list cover
    share: float  # of the time of its shot that is covered with it and those before it


@dataclass
class _Scene:
    """One shot while frames of it are chosen."""

    shot: Shot
    frames: Sequence[int]
    seconds: Float  # (K,) that each compared frame stands for
    covers: Covers
    clear: Float  # (K,) how well each can be painted, 0 to 1
    needed: Float  # (K, 36, 48) how much colour each place lacks, 0 to 1
    covered: Float  # (K, 36, 48) how far the best of the frames taken so far shows it

    def best(self) -> tuple[float, int, float]:
        """What the best frame is worth, which it is, and the seconds of picture that it adds."""
        gains = self.gains()
        best = int(np.argmax(gains * self.clear))
        return float(gains[best] * self.clear[best]), best, float(gains[best])

    def take(self, which: int) -> None:
        self.covered = np.maximum(self.covered, self.covers[which])

    def nearest(self, frame: int) -> int:
        """The compared frame that is nearest to a frame of the shot."""
        return int(np.argmin(np.abs(np.array(self.frames) - frame)))

    def candidates(self, most: int) -> list[tuple[int, float]]:
        """The compared frames that are worth most, in order, with how well each can be painted."""
        some = np.sort(np.argsort(-self.gains() * self.clear, kind="stable")[:most])
        return [(self.frames[each], float(self.clear[each])) for each in some]

    def gains(self) -> Float:
        """(K,): seconds of picture that each compared frame would add."""
        return np.array([self.gain(which) for which in range(len(self.covers))], np.float32)

    def gain(self, which: int) -> float:
        """Seconds of picture that one would add."""
        return self._seconds(np.maximum(self.covers[which] - self.covered, 0))

    def share(self) -> float:
        """How much of what was needed is covered."""
        return self._seconds(self.covered) / max(self.whole(), 1e-9)

    def whole(self) -> float:
        return self._seconds(np.ones_like(self.needed))

    def _seconds(self, places: Float) -> float:
        return float(((places * self.needed).mean(axis=(1, 2)) * self.seconds).sum())


Doubt = Callable[[int], Float | None]
"""How much colour a frame lacks, (36, 48) in [0, 1] of its proxy; None: all of it."""

Rehearse = Callable[[Shot, Sequence[tuple[int, float]]], int]
"""Which frame of a shot to paint, among some and those between them; see `restore.guidance.rehearsal`."""


def all_of_it(_frame: int) -> Float | None:
    """The doubt where nothing was painted yet."""
    return None


def chosen(
    shots: Sequence[Shot], small: Small, clock: Clock, count: int, *, doubt: Doubt = all_of_it,
    already: Sequence[int] = (), tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Suggestion, ...]:  # fmt: skip
    """Up to `count` frames, most worth first. small (N, 36, 48) uint8: the proxies of all frames.

    already: frames that are painted; what they cover needs no more. Shots that are left as they are have nothing to
    paint. `tell` is told shots done and in all.
    """
    return Choice(shots, small, clock, doubt=doubt, already=already, tell=tell).taken(count)


class Choice:
    """Looks through the shots once, and takes frames from them. Arguments as of `chosen`."""

    def __init__(
        self, shots: Sequence[Shot], small: Small, clock: Clock, *, doubt: Doubt = all_of_it,
        already: Sequence[int] = (), tell: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:  # fmt: skip
        whole = scenes(shots)
        asked = [shot for shot in whole if not shot.left]
        softly = frozenset(shot.start for shot in whole if shot.why in ("dissolve", "fade"))
        self._scenes = list[_Scene]()
        for number, shot in enumerate(asked, start=1):
            scene = _scene(shot, small, clock, doubt)
            scene.clear *= _unmixed(scene, softly, clock)
            for frame in already:
                if shot.start <= frame < shot.stop:
                    scene.take(scene.nearest(frame))
            self._scenes.append(scene)
            tell(number, len(asked))

    def taken(self, count: int, rehearse: Rehearse | None = None) -> tuple[Suggestion, ...]:
        """Up to `count` frames, most worth first; `rehearse` says which frame of a shot, where it is given."""
        scenes = [replace(scene) for scene in self._scenes]  # what is taken is taken from these alone
        waiting = [
            (-worth, number, best, gain) for number, scene in enumerate(scenes) for worth, best, gain in (scene.best(),)
        ]
        heapq.heapify(waiting)
        made = list[Suggestion]()
        while waiting and len(made) < count:
            _, number, best, gain = heapq.heappop(waiting)
            scene = scenes[number]
            if gain < LEAST * scene.whole():
                continue
            frame = scene.frames[best]
            if rehearse is not None:
                frame = rehearse(scene.shot, scene.candidates(rehearsal.TRIED))
                gain = scene.gain(scene.nearest(frame))
                if gain < LEAST * scene.whole():  # or what the rehearsal finds covered would be asked for again
                    scene.take(best)
            scene.take(scene.nearest(frame))
            made.append(Suggestion(frame, scene.shot.number, round(gain, 2), round(scene.share(), 3)))
            worth, best, gain = scene.best()
            heapq.heappush(waiting, (-worth, number, best, gain))
        return tuple(made)


def _scene(shot: Shot, small: Small, clock: Clock, doubt: Doubt) -> _Scene:
    lasts = clock(shot.stop) - clock(shot.start)
    count = min(shot.frames, MOST, LOOKED_AT + int(lasts / EVERY_S))
    edges = [shot.start + shot.frames * n // count for n in range(count + 1)]
    frames = [(lo + hi - 1) // 2 for lo, hi in pairwise(edges)]
    seconds = np.array([clock(hi) - clock(lo) for lo, hi in pairwise(edges)], np.float32)
    needed = np.stack([np.ones((HEIGHT, WIDTH), np.float32) if (d := doubt(f)) is None else d for f in frames])
    pictures = small[frames].astype(np.float32)
    covers, contrast = _covers(pictures), pictures.std(axis=(1, 2))
    clear = np.minimum(1, contrast / max(DIM * float(contrast.max()), 1.0)).astype(np.float32)
    times = np.array([clock(frame) for frame in frames])
    covers *= np.exp(-np.abs(times[:, None] - times) / FADES_S).astype(np.float32)[:, :, None, None]
    return _Scene(shot, frames, seconds, covers, clear, np.asarray(needed, np.float32), np.zeros_like(needed))


def _unmixed(scene: _Scene, softly: frozenset[int], clock: Clock) -> Float:
    """(K,): 1 for frames that show this shot alone, less for those beside a transition that begins `softly`."""
    borders = [clock(frame) for frame in (scene.shot.start, scene.shot.stop) if frame in softly]
    mixed = min(MIXED_S, (clock(scene.shot.stop) - clock(scene.shot.start)) / 4)
    near = [any(abs(clock(frame) - border) < mixed for border in borders) for frame in scene.frames]
    return np.where(near, np.float32(MIXED), np.float32(1))


def _covers(pictures: Float) -> Covers:
    """pictures (K, 36, 48) of one shot. Light that flickers is evened out: each has mean 0 and contrast 1 first."""
    contrast = pictures.std(axis=(1, 2))
    even = (pictures - pictures.mean(axis=(1, 2))[:, None, None]) / np.maximum(contrast, 1.0)[:, None, None]
    count = len(pictures)
    covers = np.zeros((count, count, HEIGHT, WIDTH), np.float32)
    for one in range(count):
        covers[one] = _seen_in(even, even[one]) <= SAME
        covers[one, one] = 1
    return covers


def _seen_in(pictures: Float, picture: Float) -> Float:
    """(K, 36, 48): for each place of `pictures`, how much it differs from the most alike place of `picture` near it."""
    wide = np.pad(picture, REACH, mode="constant", constant_values=1e3)
    least = np.full(pictures.shape, np.inf, np.float32)
    for down in range(0, 2 * REACH + 1, 2):
        for across in range(2 * REACH + 1):
            apart = np.abs(pictures - wide[down : down + HEIGHT, across : across + WIDTH])
            np.minimum(least, _blurred(apart), out=least)
    return least


def _blurred(stack: Float) -> Float:
    """Means over squares, of each picture of (K, 36, 48); OpenCV takes the pictures for channels."""
    planes = np.ascontiguousarray(stack.transpose(1, 2, 0))
    return np.asarray(cv2.blur(planes, (PATCH, PATCH)), np.float32).reshape(planes.shape).transpose(2, 0, 1)
