"""Noticing lost or hurt film: what FFmpeg says while it decodes, and whether frames and times add up afterwards.

Decoders repair what they can and go on without raising anything, so "no exception" proves nothing. FFmpeg's own error
log is the best single sign; raised packets, frames flagged corrupt and missing stretches of time add the rest. What a
header claims is not trusted: on its own a wrong frame count is a note, beside another sign it is damage.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av.logging

from restore.errors import shown
from restore.film import Damage, Reel

Line = tuple[int, str, str]
"""Level, part of FFmpeg that speaks (a decoder, a demuxer), message."""

LIMIT = 2000
"""Entries kept for one reel; the rest are only counted, so that a ruined hour cannot fill the memory."""

logging.getLogger("libav").addHandler(logging.NullHandler())  # what nobody listens to goes to the log, not to stderr


@contextmanager
def listening() -> Iterator[list[Line]]:
    """Collects FFmpeg's error lines, of all its threads, for as long as the `with` lasts. Not to be nested."""
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    with av.logging.Capture(local=False) as lines:
        yield lines


class Ledger:
    """The damage and the oddities of one reel, entered while it is read from its first frame to its last."""

    def __init__(self) -> None:
        self.damage: list[Damage] = []
        self.notes: list[str] = []
        self._beyond = 0
        self._times = _Times()

    def enter(self, frame: int, kind: str, message: str) -> None:
        """One sign of damage before or in frame number `frame`. Repeated lines are entered once a frame."""
        entry = Damage(frame, kind, message)
        if entry in self.damage[-8:]:
            return
        if len(self.damage) < LIMIT:
            self.damage.append(entry)
        else:
            self._beyond += 1

    def lines(self, frame: int, lines: list[Line]) -> None:
        """Enter what FFmpeg said while it was on its way to frame number `frame`; empties `lines`."""
        for _, part, message in lines:
            self.enter(frame, "log", f"{part}: {shown(message.strip())}" if part else shown(message.strip()))
        lines.clear()

    def saw(self, pts: int | None, duration: int | None) -> None:
        """The time of the next frame, in stream ticks."""
        self._times.saw(pts, duration)

    def close(self, reel: Reel, frames: int) -> None:
        """Draw the balance after the last frame: holes in time, frames found against frames claimed."""
        self._holes(reel)
        claimed = reel.video.frames_claimed
        if claimed is not None and claimed != frames:
            message = f"{frames} frames found, the header claims {claimed}"
            if self.damage:
                self.enter(frames, "count", message)
            self.notes.append(f"{message}.")
        if self._times.missing:
            self.notes.append(f"{self._times.missing} frames have no timestamp.")
        if self._times.backward:
            self.notes.append(f"Timestamps go back or stand still at {self._times.backward} frames; order is kept.")
        if self._beyond:
            self.notes.append(f"{self._beyond} further signs of damage are not listed one by one.")

    def _holes(self, reel: Reel) -> None:
        times = self._times
        holes = times.holes
        if not holes:
            return
        first, ticks = holes[0]
        seconds = float(ticks * reel.video.time_base)
        message = f"no picture for {seconds:.3f} s before frame {first}"
        # In MP4 each frame lasts until the next, so a gap between them means that a piece of the file is gone. Other
        # containers hold gaps for honest reasons (variable rate, a paused recording).
        if "mp4" in reel.container and reel.video.frames_claimed is None and times.steady:
            for frame, gap in holes:
                self.enter(frame, "hole", f"no picture for {float(gap * reel.video.time_base):.3f} s before it")
        self.notes.append(f"Timestamps leave {times.gaps} gaps longer than 1.5 frames: {message}.")


class _Times:
    """Steps between timestamps; sums and the first few gaps only, whatever the length of the reel."""

    def __init__(self) -> None:
        self.missing = self.backward = self.gaps = 0
        self.first: int | None = None
        self.end: int | None = None
        self._last: tuple[int, int | None] | None = None
        self._count = 0
        self.holes: list[tuple[int, int]] = []  # (frame after the gap, ticks missing) of the first ones
        self._durations: set[int] = set()

    @property
    def steady(self) -> bool:
        """True where all frames state one and the same duration."""
        return len(self._durations) == 1

    def saw(self, pts: int | None, duration: int | None) -> None:
        number, self._count = self._count, self._count + 1
        if duration and len(self._durations) < 3:
            self._durations.add(duration)
        if pts is None:
            self.missing += 1
            self._last = None
            return
        if self._last is not None:
            before, lasted = self._last
            self.backward += pts <= before
            if lasted and pts - before > Fraction(3, 2) * lasted:
                self.gaps += 1
                if len(self.holes) < 100:
                    self.holes.append((number, pts - before - lasted))
        self.first = pts if self.first is None else min(self.first, pts)
        self.end = max(self.end or pts, pts + (duration or 0))
        self._last = (pts, duration)
