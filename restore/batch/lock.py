"""One batch, one service, for one folder of results: a lock that ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from restore.errors import Busy, shown
from restore.store import disk_errors


def private(out: Path) -> Path:
    """The folder beside the results for what only this program reads."""
    return out / ".restore"


@contextlib.contextmanager
def held(file: Path, what: str) -> Iterator[None]:
    """Hold the lock `file` while inside; it then has this process's id in it. Raises Busy, which names the holder's id
    and says that `what` is at work, DiskError, and OutputExists where the folder takes no file."""
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise Busy(f"{shown(file)}: {what} is at work here already (process {holder}); wait or stop it") from None
        with disk_errors(file):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(file: Path) -> bool:
    """Whether some process holds the lock `file` now."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
