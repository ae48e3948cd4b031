"""Finds cuts, fades and dissolves in old film: flicker, flashes, dust and gate weave are not cuts.

Every frame is looked at small (see `likeness`). A cut parts two groups of eight frames that are alike among themselves
and unlike each other, in one step (see `evidence`), so that no single spoilt frame decides; next to very short shots,
groups of four. A fade is a spell without
outlines that two frames share, between two different pictures: grain and dust are no picture. For dissolves see
`dissolve`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from restore.contracts import Light
from restore.shots.detector import Transition
from restore.shots.dissolve import OFF_LINE, DissolveFinder, Mixture
from restore.shots.evidence import Floats, measures, odds
from restore.shots.likeness import Look, Small, look

LONG = 8  # frames in each of the two groups
SHORT = 4  # the same where another cut is near; also between two cuts
DOUBT = 3.0  # taken off the logarithm of the odds that short groups give: they are fooled more easily
BLANK = 0.6  # 8-bit code values of shared outlines below which there is no picture
PICTURE = 1.5  # and above which there is one
FAINT = 0.7  # of the outlines that follow: a picture that starts fainter than this is fading in
FLASH = 2  # frames that a flash lasts at most
MOST = 0.5  # of the picture changes in a dissolve; where less does, a title may have come up: that is doubtful
OTHER = 0.5  # likeness across a fade below which the picture after is another one


@dataclass
class _Seen:
    index: int
    views: Small  # (2, 768)
    shown: float  # 8-bit code values: outlines shared with a neighbour, which grain and dust are not


@dataclass(frozen=True)
class Evidence:
    """What speaks for a new shot at `frame`: `measured` (2, 7) as `evidence.measures` has it, masses and outlines."""

    frame: int
    odds: float  # logarithm of the odds for a cut
    shown: float  # 8-bit code values of outlines shared with a neighbour; little in black and blank film
    measured: Floats


Watch = Callable[[Evidence], None]
"""Is told what was seen in every frame but the first, in order, some frames late."""


@dataclass(frozen=True)
class _Fade:
    first: int  # without a picture
    stop: int
    likeness: float  # of the pictures on both sides
    sudden: bool  # the picture after it is there at once: a cut from blank film


class LumaDetector:
    """The first detector: one pass, a delay of some frames, memory of a few dozen small pictures."""

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self.begin(Fraction(24))

    def begin(self, rate: Fraction) -> None:
        del rate  # it counts in frames, as a splice does
        self._seen: deque[_Seen] = deque(maxlen=2 * LONG)
        self._last: Look | None = None
        self._steps: list[tuple[float, int, bool]] = []  # odds, frame, at the edge of a fade
        self._dissolves = DissolveFinder()
        self._fades: list[_Fade] = []
        self._before: deque[Small] = deque(maxlen=SHORT)  # the last sure pictures
        self._after: list[_Seen] = []  # the first ones after a blank spell
        self._blank: tuple[int, int] | None = None

    def add(self, index: int, light: Light, depth: int) -> None:
        now = look(light, depth)
        last = now if self._last is None else self._last
        shared = max(float(np.mean(now.outlines * last.outlines)), 0.0) ** 0.5
        self._last = now
        if self._seen:
            self._seen[-1].shown = max(self._seen[-1].shown, shared)
            self._watch_fade(self._seen[-1])
        self._seen.append(_Seen(index, now.views, shared))
        self._dissolves.add(index, now.small)
        if len(self._seen) >= LONG:
            self._judge(len(self._seen) - LONG)

    def finish(self) -> tuple[Transition, ...]:
        for at in range(max(0, len(self._seen) - LONG + 1), len(self._seen)):
            self._judge(at)
        self._seen.clear()
        fades = [_transition(fade) for fade in self._fades]
        cuts = [cut for cut in self._cuts() if not any(_within(cut.frame, fade) for fade in self._fades)]
        hard = [cut.frame for cut in cuts]
        fades = [f for f, span in zip(fades, self._fades, strict=True) if not _touched(span, hard)]
        sharp = [change.frame for change in cuts + fades]
        dissolves = [
            Transition(m.frame, "dissolve", _confidence(_fit(m)))
            for m in self._dissolves.found
            if not any(abs(m.frame - frame) <= m.half + SHORT for frame in sharp)
        ]
        return tuple(sorted(cuts + fades + dissolves))

    def _judge(self, at: int) -> None:
        """Whether a shot begins at position `at` of the ring; at the film's ends its last frame stands for more."""
        if at == 0:
            return
        ring = list(self._seen)
        seen = [ring[min(max(i, 0), len(ring) - 1)] for i in range(at - LONG, at + LONG)]
        views = np.stack([one.views for one in seen], axis=1)
        alike = views @ views.transpose(0, 2, 1)
        near = slice(LONG - SHORT, LONG + SHORT)
        measured, here = measures(alike), ring[at]
        likely = max(odds(measured), odds(measures(alike[:, near, near])) - DOUBT)
        if self._watch is not None:
            self._watch(Evidence(here.index, likely, here.shown, measured))
        if likely > 0:
            self._steps.append((likely, here.index, self._edge_of_fade(seen[near])))

    def _cuts(self) -> list[Transition]:
        """The best step of each neighbourhood, unless it is where a fade begins or ends."""
        kept: list[tuple[float, int, bool]] = []
        for step in sorted(self._steps, key=lambda step: (-step[0], step[1])):
            if all(abs(step[1] - other[1]) > SHORT for other in kept):
                kept.append(step)
        return [Transition(frame, "cut", round(_chance(likely), 3)) for likely, frame, faint in kept if not faint]

    @staticmethod
    def _edge_of_fade(near: list[_Seen]) -> bool:
        """The step is between a blank frame and the faint end of a picture that is coming or going."""
        before, after = near[SHORT - 1].shown, near[SHORT].shown
        if min(before, after) > BLANK:
            return False
        side = near[SHORT:] if after > before else near[:SHORT]
        return max(before, after) < FAINT * max((seen.shown for seen in side), default=0.0)

    def _watch_fade(self, seen: _Seen) -> None:
        if seen.shown < BLANK:
            self._close_fade()
            first = seen.index if self._blank is None else self._blank[0]
            self._blank = (first, seen.index + 1)
        elif seen.shown > PICTURE:
            if self._blank is None:
                self._before.append(_whole(seen.views))
            else:
                self._after.append(seen)
                if len(self._after) == SHORT:
                    self._close_fade()

    def _close_fade(self) -> None:
        """The picture is back (or a blotch on black leader looked like one for a few frames: then it goes on)."""
        if self._blank is None or not self._after:
            return
        if len(self._after) == SHORT:
            after = [_whole(seen.views) for seen in self._after]
            if self._before:
                likeness = float((np.stack(after) @ np.stack(list(self._before)).T).max())
                if likeness < OTHER and self._blank[1] - self._blank[0] > FLASH:
                    self._fades.append(_Fade(*self._blank, likeness, self._sudden(self._blank[1])))
            self._before.clear()
            self._before.extend(after)
            self._blank = None
        self._after = []

    def _sudden(self, stop: int) -> bool:
        """The picture after a blank spell that ends at `stop` does not start faintly."""
        first = self._after[0]
        return first.index == stop and first.shown > FAINT * max(seen.shown for seen in self._after)


def _whole(views: Small) -> Small:
    """Both views as one unit vector."""
    return views.ravel() * np.float32(0.5**0.5)


def _chance(odds: float) -> float:
    return 1 / (1 + math.exp(-min(odds, 20.0)))


def _transition(fade: _Fade) -> Transition:
    sure = _confidence((1 - fade.likeness) / (1 - OTHER))
    if fade.sudden:
        return Transition(fade.stop, "cut", sure)
    return Transition((fade.first + fade.stop) // 2, "fade", sure)


def _fit(found: Mixture) -> float:
    """How many times better than need be the frames fit a dissolve."""
    return OFF_LINE / max(found.off_line, OFF_LINE / 4) if found.changed > MOST else 1.0


def _within(cut: int, fade: _Fade) -> bool:
    """The cut is the middle of the fade. At an edge of the blank spell a picture comes or goes at once: a cut."""
    return abs(cut - (fade.first + fade.stop) // 2) <= SHORT and min(abs(cut - fade.first), abs(cut - fade.stop)) > 1


def _touched(fade: _Fade, cuts: list[int]) -> bool:
    return any(fade.first - SHORT <= cut <= fade.stop + SHORT for cut in cuts)


def _confidence(margin: float) -> float:
    """How sure, from how many times over its threshold: 1 → 0.5 (doubtful), 2 → 0.875, 4 → 0.97."""
    return round(1.0 - 0.5 / max(margin, 1.0) ** 2, 3)
