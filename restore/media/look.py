"""The child process in which a film that nobody has looked at yet is opened first; `restore.media.guard` starts it.

It takes its request from the command line as JSON, gives itself limits before it reads a byte of the film, and prints
what it found as JSON. Whatever a broken or hostile film does to a decoder happens here.
"""

from __future__ import annotations

import ctypes
import json
import resource
import signal
import sys
import traceback
from fractions import Fraction
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
"""Linux's numbers (linux/prctl.h)."""


def confine(memory: int, seconds: int) -> None:
    """Limit this process for good: bytes of memory, seconds of processor time, no file larger than nothing, no core
    dump, no way to more rights; and it dies with its parent."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # other systems have none; the limits hold there all the same
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for what, limit, last in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, seconds, seconds + 1),  # at the first SIGXCPU, which tells why; then SIGKILL
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, most = resource.getrlimit(what)
        resource.setrlimit(
            what, (limit, last) if most == resource.RLIM_INFINITY else (min(limit, most), min(last, most))
        )


def look(asked: dict[str, Any]) -> dict[str, Any]:
    """What became of a request: {"reel": …}, {"error": name of its class, "message": …} or {"bug": traceback}."""
    from restore.errors import RestoreError
    from restore.film import to_plain
    from restore.media.probe import probe

    try:
        rate = None if asked["rate"] is None else Fraction(asked["rate"])
        reel = probe(asked["path"], stream=asked["stream"], rate=rate, deinterlace=asked["deinterlace"], digest=False)
        return {"reel": to_plain(reel)}
    except RestoreError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": "MemoryError", "message": ""}
    except Exception:  # our own bug, or a fault of PyAV that we do not know yet: the parent tells it from others
        return {"bug": traceback.format_exc()}


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    confine(request["memory"], request["seconds"])
    sys.stdout.write(json.dumps(look(request)))
