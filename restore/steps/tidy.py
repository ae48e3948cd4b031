"""Clears rendered shots that nothing names any more, so that whoever paints for weeks does not fill the disk."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from pathlib import Path

from restore.store import size_said

log = logging.getLogger(__name__)


def tidy(takes: Path, used: Collection[str]) -> str:
    """Remove takes that a finished run did not use, those first whose last use is longest ago, until what is left of
    them is no larger than what it did use. Returns a sentence about it, or nothing.

    used: keys of the run's takes. So the way back to yesterday's paint costs no rendering, and the folder holds no more
    than twice the film. Only while the work folder is held. A take of which half is gone is no take: the next run that
    wants it makes it again.
    """
    room, others = 0, list[tuple[float, int, Path]]()
    for path in takes.glob("[!.]*.mkv"):
        note = path.with_suffix(".json")
        try:
            if path.stem in used:
                os.utime(note)  # this is when it was last used
                room += path.stat().st_size
            else:
                dated = note if note.exists() else path
                others.append((dated.stat().st_mtime, path.stat().st_size, path))
        except OSError as problem:
            log.warning("%s: could not be looked at (%s); it stays", path, problem.strerror)
    count = freed = 0
    for _, size, path in sorted(others, reverse=True):
        room -= size
        if room >= 0:
            continue
        try:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
        except OSError as problem:
            log.warning("%s: could not be removed (%s)", path, problem.strerror)
            continue
        count, freed = count + 1, freed + size
    if not count:
        return ""
    which = "one rendered shot of earlier runs was" if count == 1 else f"{count} rendered shots of earlier runs were"
    return f"{which} cleared, {size_said(freed)}, as no more stay than this run used; --keep-takes keeps all"
