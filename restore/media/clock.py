"""The time of every frame: the source's own timestamps, mended by one stated rule where they cannot be used."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from restore.film import VideoStream
from restore.media.index import NO_TIME, Index

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clock:
    """Times of all frames in decode-output order, strictly rising, in units of `time_base` seconds."""

    times: Times  # (N,)
    time_base: Fraction
    step: int  # nominal length of a frame, at least 1
    steady: bool  # every frame within a tick of its place at the film's rate
    mended: tuple[int, ...]  # frames whose source timestamp is missing or out of order

    @property
    def late(self) -> int:
        """Whole seconds by which a finished file moves everything, sound and chapters too: 0, unless the pictures
        begin before time zero. Matroska and MP4 have no such times; players drop what MP4 shows before zero."""
        return self.seconds_below(int(self.times[0]))

    def seconds_below(self, tick: int) -> int:
        """Whole seconds, whole in the time base too, that lift `tick` to zero or above it."""
        base = self.time_base
        return 0 if tick >= 0 else math.ceil(Fraction(-tick) * base / base.numerator) * base.numerator

    @property
    def notes(self) -> tuple[str, ...]:
        notes = list[str]()
        if self.mended:
            count, first = len(self.mended), self.mended[0]
            notes.append(
                f"timestamps of {count} of {len(self.times)} frames are missing, repeated or go backward in the source "
                f"(the first at frame {first}): those frames follow the one before at the film's rate"
            )
        if self.late:
            begin = float(int(self.times[0]) * self.time_base)
            notes.append(
                f"the source's pictures begin at {begin:.3f} s, before zero, which Matroska and MP4 cannot say: "
                f"everything in master and access copy lies {self.late} s later"
            )
        return tuple(notes)

    def decode_times(self, delay: int) -> Times:
        """Decoding times of pictures stored in decoding order, where none is shown more than `delay` places late.

        They are the frame times moved `delay` places on, so each is at most its own picture's time, and they rise.
        """
        before = self.times[0] - self.step * np.arange(delay, 0, -1)
        return np.concatenate([before, self.times[: len(self.times) - delay]])[: len(self.times)]


def clock(video: VideoStream, index: Index) -> Clock:
    """The clock of a film that has been read once.

    A frame keeps the source's timestamp when there is one and it lies after the frame before. Any other frame comes
    one frame's length after the frame before it, and so does one that lies beyond the next frame's timestamp, since
    then it is the odd one out. Later frames are taken back to the source's own time as soon as that rises again.
    """
    step = max(1, round(1 / (video.rate * video.time_base)))
    source, times = array("q", index.pts.tobytes()), array("q")
    mended = list[int]()
    for frame, stamp in enumerate(source):
        before = times[-1] if times else None
        after = source[frame + 1] if frame + 1 < len(source) else NO_TIME
        if _fits(stamp, before, after):
            times.append(stamp)
            continue
        mended.append(frame)
        times.append(_begin(source, step) if before is None else _follow(before, after, step))
    found = np.frombuffer(times, dtype=np.int64)
    places = np.arange(len(found)) * float(1 / (video.rate * video.time_base))
    steady = bool(np.all(np.abs(found - found[:1] - places) <= 1.0))
    return Clock(found, video.time_base, step, steady, tuple(mended))


def _fits(stamp: int, before: int | None, after: int) -> bool:
    if stamp == NO_TIME or (before is not None and stamp <= before):
        return False
    odd_one_out = after != NO_TIME and after <= stamp and (before is None or after > before)
    return before is None or not odd_one_out


def _begin(source: array[int], step: int) -> int:
    """Time of a first frame without timestamp: as far before the first one that has it as there are frames between."""
    known = next((frame for frame, stamp in enumerate(source) if stamp != NO_TIME), None)
    return 0 if known is None else source[known] - known * step


def _follow(before: int, after: int, step: int) -> int:
    """One step on, or half the way when the next frame comes sooner than that."""
    room = after - before if after != NO_TIME and after > before else 2 * step
    return before + max(1, min(step, room // 2 if room < 2 * step else step))
