"""Which frame of the film is meant: by its number, by timecode, or by the time at which a player shows it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from restore.errors import BadInput
from restore.shots.table import Clock, timecode

_TIMECODE = re.compile(r"(?:^|[^0-9])(\d{1,2})[-_:](\d{2})[-_:](\d{2})[-_:](\d{2})$", re.ASCII)
_TIME = re.compile(r"(?:^|[^0-9])(\d{1,2})[-_:](\d{2})[-_:](\d{2})[.,](\d{1,3})$", re.ASCII)
_NUMBER = re.compile(r"(\d{1,9})$", re.ASCII)


@dataclass(frozen=True)
class When:
    """A place in time as someone wrote it. One of three: a frame's number, hours, minutes, seconds and frames, or
    seconds from the film's first frame."""

    frame: int | None = None
    timecode: tuple[int, int, int, int] | None = None
    seconds: Fraction | None = None


@dataclass(frozen=True)
class Timeline:
    """A film's frames in time. `clock`: seconds from the first frame at which a frame begins."""

    frames: int
    rate: Fraction
    clock: Clock

    def frame(self, when: When, where: str) -> int:
        """The frame that is meant, from 0. Raises BadInput, naming `where` it was said, for one that is not there.

        A timecode counts frames at the nominal rate, without drop frame, as an edit decision list does: at 24000/1001
        frames a second 00:00:01:00 is frame 24. A time means the frame that is on the screen then.
        """
        if when.frame is not None:
            found, said = when.frame, f"frame {when.frame}"
        elif when.timecode is not None:
            found, said = self._counted(when.timecode, where), "timecode " + ":".join(f"{n:02d}" for n in when.timecode)
        else:
            assert when.seconds is not None
            said = f"time {timecode(float(when.seconds))}"
            found = self.frames
            if when.seconds < Fraction(self.clock(self.frames)).limit_denominator(10**6):
                found = bisect_right(range(self.frames), float(when.seconds) + 5e-4, key=self.clock) - 1
        if found >= self.frames:
            raise BadInput(
                f"{where}: {said} is past the end; the film has {self.frames} frames, 0 to {self.frames - 1} "
                f"({timecode(self.clock(self.frames))})"
            )
        return found

    def _counted(self, code: tuple[int, int, int, int], where: str) -> int:
        hours, minutes, seconds, frames = code
        nominal = max(1, round(self.rate))
        if frames >= nominal or minutes > 59 or seconds > 59:
            raise BadInput(
                f"{where}: timecode {':'.join(f'{n:02d}' for n in code)} is none at {float(self.rate):g} frames a "
                f"second: frames go from 00 to {nominal - 1:02d}, seconds and minutes to 59"
            )
        return ((hours * 60 + minutes) * 60 + seconds) * nominal + frames


def named(stem: str) -> When | None:
    """What the end of a file's name (without suffix) says: 000123, frame_123, 00-01-02-12 (a timecode) or 00-01-02.480
    (a time). None where it says nothing."""
    if code := _TIMECODE.search(stem):
        hours, minutes, seconds, frames = (int(part) for part in code.groups())
        return When(timecode=(hours, minutes, seconds, frames))
    if time := _TIME.search(stem):
        return When(seconds=_seconds(*time.groups()))
    number = _NUMBER.search(stem)
    return When(frame=int(number[1])) if number else None


def written(text: str | float) -> When | None:
    """A time as a list of hints has it: seconds as a number, "00:01:02.480", or "00:01:02:12" with frames."""
    if not isinstance(text, str):
        return When(seconds=Fraction(text).limit_denominator(10**6)) if text >= 0 else None
    found = named(text.strip())
    return found if found is not None and found.frame is None else None


def _seconds(hours: str, minutes: str, seconds: str, decimals: str) -> Fraction:
    return Fraction(int(hours) * 3600 + int(minutes) * 60 + int(seconds)) + Fraction(int(decimals), 10 ** len(decimals))
