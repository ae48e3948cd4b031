"""The guard at the door: every film is first opened by a child process that may crash or hang in our place.

What the child found comes back as text. A film that kills it, keeps it busy or wants too much memory is refused like
any other that is no film; the process that asked never saw a byte of it.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from restore.errors import BadInput, DiskError, MissingInput, RestoreError, UsageError, shown
from restore.film import Reel, from_plain
from restore.media.sequence import digest_of, frame_files
from restore.progress import check_stop
from restore.store import file_sha256

log = logging.getLogger(__name__)

MEMORY = 3 << 30
"""Bytes that opening a film and decoding its first picture may take; 8192 × 8192 pixels of 16 bits took 0.5 GB."""

SECONDS = 20
"""Seconds that it may take, on the clock and of the processor."""

LONGEST = 16 << 20
"""Bytes of the child's answer: no honest film has tags and chapters for more."""

CHILD = (sys.executable, "-P", "-m", "restore.media.look")
"""The child's command. `-P`: a module in the folder we happen to be in is not imported."""

_ERRORS: dict[str, type[RestoreError]] = {
    kind.__name__: kind for kind in (BadInput, MissingInput, DiskError, UsageError)
}


def probe(
    path: str | os.PathLike[str], *, stream: int | None = None, rate: Fraction | None = None,
    deinterlace: str | None = None, digest: bool = True,
) -> Reel:  # fmt: skip
    """What `restore.media.probe.probe` gives, for films that come from outside: the same arguments, the same errors.

    A film that was looked at before, and is still the same file, is not looked at again. Raises BadInput besides for
    a film whose opening crashes, takes longer than SECONDS or more memory than MEMORY.
    """
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (Path.absolute keeps "..")
    asked = json.dumps(
        {
            "path": name, "stream": stream, "rate": None if rate is None else str(rate), "deinterlace": deinterlace,
            "memory": MEMORY, "seconds": SECONDS,
        }
    )  # fmt: skip
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return _asked(name, asked)  # it says what is wrong with the name
    if Path(name).is_dir():  # its files can change without it
        reel = _asked(name, asked)
        return replace(reel, sha256=digest_of(frame_files(name))) if digest else reel
    reel = _remembered(name, asked, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))
    return replace(reel, sha256=file_sha256(Path(name))) if digest else reel


@functools.lru_cache(maxsize=64)
def _remembered(path: str, asked: str, state: tuple[int, ...]) -> Reel:
    del state  # part of the cache's key: a changed file is another film
    return _asked(path, asked)


def _asked(path: str, asked: str) -> Reel:
    answer = _answer(path, asked)
    if "reel" in answer:
        reel: Reel = from_plain(Reel, answer["reel"])
        return reel
    if "bug" in answer:
        log.debug("%s: what the child says:\n%s", shown(path), answer["bug"])
        raise RuntimeError(f"{shown(path)}: opening it failed: {answer['bug'].strip().splitlines()[-1]}")
    if answer["error"] == "MemoryError":
        raise BadInput(f"{shown(path)}: opening it takes more than {MEMORY >> 30} GiB of memory; {_DOUBTFUL}")
    raise _ERRORS[answer["error"]](answer["message"])


_DOUBTFUL = "it is damaged, or made to do harm: get it again from its source"


def _answer(path: str, asked: str) -> dict[str, Any]:
    """What the child says."""
    child = subprocess.Popen(
        [*CHILD, asked],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches us only, and all that it starts ends with it
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        said = _until(child, time.monotonic() + SECONDS)
    finally:
        _end(child)
    if said is None or child.returncode == -signal.SIGXCPU:
        raise BadInput(f"{shown(path)}: opening it takes longer than {SECONDS} s; {_DOUBTFUL}")
    if child.returncode < 0:
        raise BadInput(
            f"{shown(path)}: opening it crashed the decoder ({signal.Signals(-child.returncode).name}); {_DOUBTFUL}"
        )
    if len(said) > LONGEST:
        raise BadInput(f"{shown(path)}: its tags and chapters take {len(said):,} bytes; {_DOUBTFUL}")
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        raise RuntimeError(f"the child that opens films ended with code {child.returncode} and no answer") from None
    return answer


def _until(child: subprocess.Popen[bytes], end: float) -> bytes | None:
    """All that the child prints, or None when it is not done in time or says too much. Raises Stopped when asked."""
    while time.monotonic() < end:
        check_stop()
        try:
            said, _ = child.communicate(timeout=0.2)
        except subprocess.TimeoutExpired:
            continue
        return said
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
