"""Renames that Python has no words for: one that replaces nothing, and one that lets two names change places."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a disk without hard links answers: exFAT, FAT, many network shares."""

_HERE, _ALONE, _SWAP = -100, 1, 2
"""AT_FDCWD, RENAME_NOREPLACE and RENAME_EXCHANGE of Linux (fcntl.h, linux/fs.h)."""


def rename_alone(written: Path, final: Path) -> None:
    """Rename a file where the name is free. Raises FileExistsError, OSError; nothing is ever replaced.

    Where neither links nor such a rename are to be had, the name is first taken by an empty file: for that instant it
    holds nothing, which is the best that such a disk can do.
    """
    try:
        os.link(written, final)  # link fails where rename would silently replace
        written.unlink()
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    problem = _renamed(written, final, _ALONE)
    if problem == errno.EEXIST:
        raise FileExistsError(problem, os.strerror(problem), str(written), None, str(final))
    if problem:
        os.close(os.open(final, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        written.replace(final)


def swap(one: Path, other: Path) -> bool:
    """Let two names change places at once; False where system or file system cannot (NFS)."""
    return _renamed(one, other, _SWAP) == 0


def _renamed(one: Path, other: Path, how: int) -> int:
    """renameat2(2): 0, or the error's number; ENOSYS where the system has no such call."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return errno.ENOSYS
    return ctypes.get_errno() if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), how) else 0
