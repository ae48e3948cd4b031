"""What lies in the inbox: which of it are films, by opening them, and whether they have settled."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from restore.errors import BadInput, MissingInput, RestoreError, shown
from restore.media import guard
from restore.media.sequence import frame_files

FILM_NAMES = frozenset({
    ".avi", ".dv", ".flv", ".gxf", ".h264", ".h265", ".hevc", ".m2t", ".m2ts", ".m2v", ".m4v", ".mj2", ".mkv", ".mov",
    ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogg", ".ogv", ".qt", ".ts", ".vob", ".webm", ".wmv", ".y4m",
})  # fmt: skip
"""Endings of names by which a file claims to be a film. One that cannot be opened is a film to complain of; any other
file that cannot be opened is no film (a list, a checksum, a poster) and is passed over."""

UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", "~")
"""Endings of names that programs give to what they are still copying."""

Sign = tuple[int, ...]
"""What a file, or a folder of frames, looks like from outside: it is the same as long as nobody writes to it."""


def look(inbox: Path, recursive: bool, without: Path) -> Iterator[Path]:
    """Everything that could be a film, in the order of names: files, and folders that hold numbered frames.

    Hidden files, unfinished copies, links that lead nowhere, and what lies in `without` (the results) are passed over.
    Raises MissingInput.
    """
    try:
        entries = sorted(inbox.iterdir(), key=lambda path: os.fsencode(path.name))
    except OSError as error:
        raise MissingInput(f"{shown(inbox)}: cannot read the folder: {error.strerror}; check its name") from None
    for path in entries:
        if path.name.startswith(".") or path.name.lower().endswith(UNFINISHED) or path == without:
            continue
        if path.is_dir():
            if _holds_frames(path):
                yield path
            elif recursive and not path.is_symlink():  # a link may lead back here
                yield from look(path, recursive, without)
        elif path.is_file():
            yield path


def _holds_frames(folder: Path) -> bool:
    """Whether it is a folder of scanned frames; one with a gap is one, too: the run then names the gap."""
    try:
        frame_files(str(folder))
    except MissingInput:
        return False
    except BadInput as error:
        return "missing before it" in str(error)
    return True


def is_film(path: Path) -> bool:
    """Whether it can be opened as one, or claims to be one by its name. For folders of frames: yes."""
    if path.is_dir() or path.suffix.lower() in FILM_NAMES:
        return True
    try:
        guard.probe(path, digest=False)  # refuses single pictures, too
    except RestoreError:
        return False
    return True


def sign(path: Path) -> Sign:
    """Size, last change of content and of anything (ns), and inode; of a folder of frames, of all its files, and how
    many they are."""
    if path.is_dir():
        found = [entry.stat() for entry in sorted(path.iterdir()) if entry.is_file()]
        return (
            sum(each.st_size for each in found), max((each.st_mtime_ns for each in found), default=0),
            max((each.st_ctime_ns for each in found), default=0), len(found),
        )  # fmt: skip
    one = path.stat()
    return one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino


@dataclass
class Settling:
    """Who waits until a file is no longer written to: until its size and times have been the same for `seconds`.

    The kernel's time of change (ctime) cannot be set by a copying program, so a file that was last touched long ago
    has settled at once, and no night begins by waiting.
    """

    seconds: float
    _seen: dict[str, tuple[Sign, float]] = field(default_factory=dict)

    def left_s(self, path: Path) -> float:
        """Seconds until `path` has settled, if nobody touches it; 0.0 when it has. Raises MissingInput."""
        try:
            now = sign(path)
        except OSError as error:
            raise MissingInput(f"{shown(path)}: {os.strerror(error.errno or 2)}; it was there before") from None
        if self.seconds <= 0:
            return 0.0
        age = time.time() - now[2] / 1e9
        if age >= self.seconds:
            return 0.0
        before = self._seen.get(str(path))
        if before is None or before[0] != now:
            self._seen[str(path)] = before = (now, time.monotonic())
        # A clock that is ahead of ours (a network share) must not make us wait for ever: then we watch.
        watched = self.seconds - (time.monotonic() - before[1])
        return max(0.0, min(watched, self.seconds - age) if age >= 0 else watched)
