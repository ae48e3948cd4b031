"""What can go wrong with a reel, each kind with the exit code that tells a script what to do next.

    RestoreError                      exit  also a
    ├── UsageError                     2    ValueError        the command line asks for what cannot be
    ├── BadInput                      65    ValueError        the file is not a film we can read
    ├── MissingInput                  66    FileNotFoundError the file is not there, or may not be read
    ├── Unavailable                   69    RuntimeError      a server, a GPU or a program is away
    ├── ProofFailed                   70    ArithmeticError   what was made is not what was promised
    ├── OutputExists                  73    FileExistsError   never write over a film unasked
    ├── DiskError                     74    OSError           full, failing or read-only disk
    ├── Busy                          75    BlockingIOError   another run holds this reel
    ├── Resting                       75    InterruptedError  the time or room given is used up; goes on another time
    ├── BadRecipe                     78    ValueError        recipe: unknown key, wrong value
    ├── BadWeights                    78    ValueError        weights: missing, wrong shape, wrong hash, not finite
    └── Stopped                      130    InterruptedError  SIGINT (130) or SIGTERM (143); resumable
        └── Cancelled                                         one film of several, by the operator

Exit 0 is a clean run, 3 a finished run with listed damage (a result, not an error), 1 a bug of ours.
Every message says what, where (file, frame, key) and what would do. Errors carry text only: no tickets, no arrays.
"""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

DAMAGED = 3
"""Exit code of a run that finished, with damage in the source that the report lists."""


class RestoreError(Exception):
    """Root of the tree. `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(RestoreError, ValueError):
    exit_code = 2


class BadInput(RestoreError, ValueError):
    exit_code = 65


class MissingInput(RestoreError, FileNotFoundError):
    exit_code = 66


class Unavailable(RestoreError, RuntimeError):
    exit_code = 69


class ProofFailed(RestoreError, ArithmeticError):
    exit_code = 70


class OutputExists(RestoreError, FileExistsError):
    exit_code = 73


class DiskError(RestoreError, OSError):
    exit_code = 74


class Busy(RestoreError, BlockingIOError):
    exit_code = 75


class Resting(RestoreError, InterruptedError):
    """No new work is begun: the window of the night, its hours or its quota are used up. What is finished is kept."""

    exit_code = 75


class BadRecipe(RestoreError, ValueError):
    exit_code = 78


class BadWeights(RestoreError, ValueError):
    exit_code = 78


class Stopped(RestoreError, InterruptedError):
    """Interrupted by a signal; everything finished so far is kept. `exit_code` is 128 + the signal's number."""

    def __init__(self, message: str, signal_number: int = 2) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


class Cancelled(Stopped):
    """The operator cancelled this one film; of a batch the others go on."""


_FAILING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
_SHORT = {errno.EMFILE: "ulimit -n", errno.ENFILE: "fs.file-max", errno.ENOMEM: "memory"}


_CLOSE = 256 << 20
"""Bytes under the limit of memory at which it may have been met: libraries ask for as many at once."""


def _at_memory_limit() -> bool:
    """Whether this process came near the limit of its address space (ulimit -v). Where memory is refused, libraries
    raise what comes to hand: "can't start new thread", "failed to map segment", errors without a message."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return False
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except MemoryError:
        return True
    except OSError:  # other systems do not tell
        return False
    peak = next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmPeak:")), 0)
    return peak > limit - _CLOSE


def known(error: BaseException) -> RestoreError | None:
    """What an error of the system means that no room has met with; None for those that mean a bug of ours."""
    if isinstance(error, RestoreError):
        return error
    if isinstance(error, MemoryError) or _at_memory_limit():
        return Unavailable(
            "there is not enough memory; end other programs, or raise its limit: the same command goes on"
        )
    if not isinstance(error, OSError) or error.errno is None:
        return None
    what = os.strerror(error.errno)
    where = f"{shown(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if error.errno in _FAILING:
        return DiskError(f"{where}{what}; what is finished is kept, the same command goes on")
    if error.errno in _SHORT:
        return Unavailable(f"{where}{what}; raise the limit ({_SHORT[error.errno]}): the same command goes on")
    return None


def shown(path: str | bytes | os.PathLike[str]) -> str:
    """A file's name as messages and reports show it: one line, nothing hidden in it.

    Bytes that are no UTF-8 become `\\xNN`; line breaks, control characters and invisible ones (writing-direction
    marks among them) become their Python escape. Letters of every script stay as they are.
    """

    def safe(sign: str) -> str:
        if "\udc80" <= sign <= "\udcff":  # how Python holds a byte that is not UTF-8
            return f"\\x{ord(sign) - 0xDC00:02x}"
        return sign if sign.isprintable() else sign.encode("unicode_escape", "backslashreplace").decode("ascii")

    return "".join(safe(sign) for sign in os.fsdecode(path))
