"""For how long, and into how much room, a batch may work: the end of the night, its hours, its gigabytes."""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as Clock
from pathlib import Path
from zoneinfo import ZoneInfo

from restore import store
from restore.errors import UsageError, shown


def clock_time(text: str) -> Clock:
    """`2:00` or `02:00` as a time of day. Raises UsageError."""
    if found := re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip(), re.ASCII):
        hour, minute = int(found[1]), int(found[2])
        if hour < 24 and minute < 60:
            return Clock(hour, minute)
    raise UsageError(f"{shown(text)}: write a time of day from 00:00 to 23:59")


def time_zone() -> str:
    """Name of this machine's time zone (IANA), as a scheduler wants it: TZ, else /etc/timezone or the link
    /etc/localtime, else UTC."""
    names = [os.environ.get("TZ", "").lstrip(":")]
    with contextlib.suppress(OSError, ValueError):
        names.append(Path("/etc/timezone").read_text(encoding="ascii").strip())
    names.append(os.path.realpath("/etc/localtime").partition("zoneinfo/")[2])
    for name in names:
        with contextlib.suppress(ValueError, OSError, KeyError):  # no name at all, a folder, no such zone
            return ZoneInfo(name).key
    return "UTC"


def next_time(wanted: Clock, after: datetime, zone: str) -> datetime:
    """The first moment after `after` at which clocks in `zone` show `wanted`, in UTC.

    On the day on which clocks go forward a time that is left out comes an hour later; on the day on which they go back
    the first of the two counts.
    """
    there = after.astimezone(ZoneInfo(zone))
    for days in (0, 1, 2):
        day = there.date() + timedelta(days=days)
        moment = datetime.combine(day, wanted, ZoneInfo(zone)).astimezone(UTC)
        if moment > after.astimezone(UTC):
            return moment
    raise AssertionError("a day has every time of day, or one an hour later")


def last_time(wanted: Clock, before: datetime, zone: str) -> datetime:
    """The last moment, not after `before`, at which clocks in `zone` showed `wanted`, in UTC."""
    moment = next_time(wanted, before - timedelta(days=2, hours=2), zone)
    while (later := next_time(wanted, moment, zone)) <= before.astimezone(UTC):
        moment = later
    return moment


@dataclass
class Terms:
    """When a batch is to begin nothing more. Times are kept as seconds of the machine's clock that only rises.

    until        moment at which the window ends (UTC), or None
    max_hours    hours that it may work, or None
    quota_bytes  bytes that the folder of results may hold, unfinished work with it, or None
    """

    out: Path
    until: datetime | None = None
    max_hours: float | None = None
    quota_bytes: int | None = None
    _began: float = field(default_factory=time.monotonic)

    def over(self) -> str:
        """Why nothing more is begun; empty while there is time."""
        if self.until is not None and datetime.now(UTC) >= self.until:
            return f"the window ended at {self.until.astimezone():%H:%M}"
        if self.max_hours is not None and time.monotonic() - self._began >= self.max_hours * 3600:
            return f"its {self.max_hours:g} hours are used up"
        return ""

    def too_large(self, wanted: int) -> str:
        """Why a film that wants so many bytes more is not begun; empty when there is room."""
        if self.quota_bytes is None:
            return ""
        held = folder_bytes(self.out)
        if held + wanted <= self.quota_bytes:
            return ""
        return (
            f"the quota of {self.quota_bytes / 1e9:g} GB: {store.size_said(held)} are used, this film wants "
            f"{store.size_said(wanted)}"
        )


def folder_bytes(folder: Path) -> int:
    """Bytes that all files in a folder take on disk, links not followed."""
    held = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                held += (Path(place) / name).lstat().st_blocks * 512
            except OSError:  # gone meanwhile
                continue
    return held
