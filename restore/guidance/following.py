"""Follows painted colour from frame to frame, one way through a shot, and says of each place how far it may be off.

A place's colour is told in up to five ways, each with its doubt (`restore.guidance.doubt`): followed from the painted
frame through all frames between, and set right on it at every frame, so that nothing drifts; from the frame before; and
every few frames looked for in the painted frame at once; told by the memory of what coloured places look like; and by
its surroundings, the surface it belongs to and light that is even. The surer a way, the more it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore.guidance import doubt as doubts
from restore.guidance.doubt import MOST, Float, Place
from restore.guidance.known import Frame, Known, framed, held, joined
from restore.guidance.memory import Memory, places
from restore.guidance.surroundings import Sheet, named, painted, spread
from restore.guidance.ways import Flows, Search, compared, moved, placed, still
from restore.motion import Small

FOUND, AROUND = 2, 4
"""Each so many-th frame after a painted one is looked for in it at once, and is told by memory and by its surroundings.
Doing both at every frame took nearly twice the time, and brought colours of six films no nearer to the truth (0.02 dB
where a frame was painted, 0.00 dB where dots were); looking at once at each fourth only cost one of a waved hand
0.3 dB."""
SURER = 1.0
"""By so much (a factor of e) must the colour found at once be surer for the way that was followed to be given up."""
ASK = 40.0
"""Doubt beyond which memory is asked."""
BETTER = 0.5
"""Code values by which light must fit better for a way to be set right."""


@dataclass(frozen=True)
class _Key:
    """The painted frame that colours come from now."""

    frame: Frame
    known: Known


class Follower:
    """One way through a shot. Frames come in order, forwards or backwards; nothing older than one frame is kept, but
    the last painted frame and the memory.

    passing: the other way will lead by here too, from another painted frame. Then memory and surroundings are left to
    it, and the painted frame is looked for at once half as often: over six spans of the films that choices are made by,
    three frames of each painted in part, that cost 0.06 dB, and a tenth of the work.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.passing = False
        self._search = Search()
        self._key: _Key | None = None
        self._way: Place | None = None  # from the last frame to the painted one
        self._last: tuple[Frame, Known] | None = None
        self._since = 0  # frames since the first, or since the last painted one

    def painted(self, light: Small, sheet: Sheet, spread: Sequence[Known] = (), flows: Flows | None = None) -> Known:
        """The next frame (h, w), on which this was painted, and where to that spreads."""
        before = self.step(light, flows)
        frame = framed(light)
        known = painted(frame, sheet, spread, before)
        self._key, self._way, self._since = _Key(frame, known), still(light.shape), 1
        self._last = frame, known
        self._memory.add(frame.tone, known, named(frame, sheet))
        return known

    def step(self, light: Small, flows: Flows | None = None) -> Known:
        """The next frame (h, w), of which nothing is painted. flows: to the frame before and back, where known."""
        frame, since, told = framed(light), self._since, list[Known]()
        self._since += 1
        if self._last is not None:
            told.append(self._stepped(frame, *self._last, flows))
        if self._key is not None:
            told += self._from_key(frame, self._key, at_once=since % (AROUND if self.passing else FOUND) == 0)
        known = joined(told, light.shape)
        if since % AROUND == 0 and not self.passing:
            known = spread(frame, self._remembered(frame, known))
        self._last = frame, known
        return known

    def _stepped(self, frame: Frame, last: Frame, known: Known, flows: Flows | None) -> Known:
        """From the frame before; the way to the painted frame is led on by the way."""
        place = placed(*(flows or self._search.both(frame.light, last.light)))
        told = self._told(doubts.STEPPED, frame, place, last, known)
        if self._way is not None:
            way = self._way
            miss = np.maximum(place.fetch(way.miss), place.miss)
            self._way = Place(place.fetch(way.x), place.fetch(way.y), miss)
        return told

    def _told(self, kind: Float, frame: Frame, place: Place, there: Frame, known: Known) -> Known:
        """What is `known` of another frame, as seen from this one by a way of this kind."""
        more = doubts.doubt(kind, compared(frame.tone, there.tone, place), place, frame.busy)
        return Known(place.fetch(known.ab), held(place.fetch(known.doubt) + more))

    def _from_key(self, frame: Frame, key: _Key, *, at_once: bool) -> list[Known]:
        """From the painted frame: followed, and where it is looked for `at_once` found."""
        assert self._way is not None
        self._way = way = self._set_right(frame, key, self._way)
        followed = self._told(doubts.FOLLOWED, frame, way, key.frame, key.known)
        if not at_once:
            return [followed]
        found = placed(*self._search.both(frame.light, key.frame.light))
        direct = self._told(doubts.FOUND, frame, found, key.frame, key.known)
        self._way = way.where(direct.doubt * np.float32(np.exp(SURER)) < followed.doubt, found)
        return [followed, direct]

    def _set_right(self, frame: Frame, key: _Key, way: Place) -> Place:
        """The way to the painted frame without what it drifted: what it shows is compared with what is there."""
        shown = way.fetch(key.frame.tone)
        whole: Small = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
        nearer = moved(self._search.rough(frame.light, whole))
        right = Place(nearer.fetch(way.x), nearer.fetch(way.y), way.miss)
        before, after = (
            doubts.near(doubts.difference(frame.tone, seen)) for seen in (shown, right.fetch(key.frame.tone))
        )
        return way.where(after + np.float32(BETTER) < before, right)

    def _remembered(self, frame: Frame, known: Known) -> Known:
        """With what the memory says of places that are in doubt."""
        rows, columns = frame.light.shape
        small = places(frame.light.shape)
        unsure = cv2.resize(known.doubt, small[::-1], interpolation=cv2.INTER_AREA).reshape(small) > ASK
        if not len(self._memory) or not unsure.any():
            return known
        ab, doubt = self._memory.asked(frame.tone, unsure)
        doubt = np.minimum(doubt, np.float32(MOST))
        told = Known(
            *(cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_LINEAR).astype(np.float32)
              for plane in (ab, doubt))
        )  # fmt: skip
        return joined([known, told], frame.light.shape)
