"""Noticing lost or hurt film: what FFmpeg says while it decodes, and whether frames and times add up afterwards.

Decoders repair what they can and go on without raising anything, so "no exception" proves nothing. FFmpeg's own error
log is the best single sign; raised packets, frames flagged corrupt and missing stretches of time add the rest. What a
header claims is not trusted: on its own a wrong frame count is a note, beside another sign it is damage.
"""

from __future__ import annotations

import logging
from collections import deque
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
def listening(threads: bool = False) -> Iterator[list[Line]]:
    """Collects the error lines that FFmpeg writes in the calling thread for as long as the `with` lasts.

    threads: of all threads instead, for a decoder that shares its work out; only one film at a time can have that.
    """
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    with av.logging.Capture(local=not threads) as lines:
        yield lines


def plain(problem: Exception) -> str:
    """What an exception of PyAV or of the system says, in one line of words: no numbers, no function names."""
    said = str(getattr(problem, "strerror", None) or problem).splitlines()
    line = getattr(problem, "log", None)  # PyAV keeps FFmpeg's last error line here
    words = [said[0].lower() if said else type(problem).__name__]
    return ": ".join(shown(word.strip()) for word in (*words, *([line[2]] if line else [])))


class Ledger:
    """The damage and the oddities of one reel, entered while it is read from its first frame to its last."""

    def __init__(self) -> None:
        self.damage: list[Damage] = []
        self.notes: list[str] = []
        self._recent: deque[Damage] = deque(maxlen=8)
        self._beyond = 0
        self._times = _Times()

    def enter(self, frame: int, kind: str, message: str) -> None:
        """One sign of damage before or in frame number `frame`. Repeated lines are entered once a frame."""
        entry = Damage(frame, kind, message)
        if entry in self._recent:
            return
        self._recent.append(entry)
        if len(self.damage) < LIMIT:
            self.damage.append(entry)
        else:
            self._beyond += 1

    def lines(self, frame: int, lines: list[Line]) -> None:
        """Enter what FFmpeg said while it was on its way to frame number `frame`; empties `lines`."""
        for part, message in _sentences(lines):
            self.enter(frame, "log", f"{part}: {message}" if part else message)
        lines.clear()

    def saw(self, pts: int | None, duration: int | None) -> None:
        """The time of the next frame, in stream ticks."""
        self._times.saw(pts, duration)

    def close(self, reel: Reel, frames: int) -> None:
        """Draw the balance after the last frame: holes in time, frames found against frames claimed."""
        times = self._times
        self._holes(reel, frames)
        if reel.container == "mpegts" and all(reel.size_bytes % packet for packet in (188, 192, 204)):
            self.enter(frames, "count", "the file ends in the middle of a transport packet: it was cut off")
        claimed = reel.video.frames_claimed
        if claimed is not None and claimed != frames:
            message = f"{_counted(frames, 'frame')} found, the header claims {claimed}"
            if self.damage or times.backward:
                self.enter(frames, "count", message)
            self.notes.append(f"{message}.")
        if times.missing:
            self.notes.append(f"Timestamps are missing at {_counted(times.missing, 'frame')}.")
        if times.backward:
            number = _counted(times.backward, "frame")
            self.notes.append(f"Timestamps go back or stand still at {number}; the order of the film is kept.")
        if self._beyond:
            self.notes.append(f"{_counted(self._beyond, 'further sign')} of damage not listed one by one.")

    def _holes(self, reel: Reel, frames: int) -> None:
        """Gaps in time. A note, unless the container has no honest reason for them.

        In MP4 each frame lasts until the next, and a transport stream with one frame duration has a steady clock: a
        gap there means that a piece is gone. Other containers leave gaps for variable rates and paused recordings.
        """
        times, tick = self._times, reel.video.time_base
        if not times.gaps or times.gaps > frames // 2:  # gaps everywhere are a rate, not a loss
            return
        uncounted = "mp4" in reel.container and reel.video.frames_claimed is None
        if times.steady and (uncounted or reel.container == "mpegts"):
            for frame, gap in times.holes:
                self.enter(frame, "hole", f"no picture for {float(gap * tick):.3f} s before this frame")
        frame, gap = times.holes[0]
        self.notes.append(
            f"Timestamps leave {_counted(times.gaps, 'gap')} longer than 1.5 frames, the first of "
            f"{float(gap * tick):.3f} s before frame {frame}."
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _sentences(lines: list[Line]) -> Iterator[tuple[str, str]]:
    """(part, message) of whole lines: FFmpeg writes some of them in pieces, and only the last ends the line."""
    begun = ""
    for level, part, message in lines:
        if level > av.logging.ERROR:
            continue
        begun = f"{begun} {message}" if begun else message
        if message.endswith("\n"):
            yield part, shown(begun.strip())
            begun = ""
    if begun.strip():
        yield lines[-1][1], shown(begun.strip())


class _Times:
    """Steps between timestamps; sums and the first few gaps only, whatever the length of the reel."""

    def __init__(self) -> None:
        self.missing = self.backward = self.gaps = 0
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
        self._last = (pts, duration)
