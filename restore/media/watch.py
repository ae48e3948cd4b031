"""The watch over the decoder: a frame that never comes, or swells, ends the program with a line.

A thread that is caught inside a decoder cannot be freed, nor ended alone. So the program ends, as if it were killed:
nothing unfinished has a final name, and the same command goes on with what is finished.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from restore import progress
from restore.errors import BadInput, RestoreError, Unavailable, shown

log = logging.getLogger(__name__)

TICK_S = 1.0
"""Seconds between two looks. Looks are counted, not the clock: a program that was stopped (SIGSTOP), or a machine that
slept, has not been waiting."""

BUSY = 300
"""Looks after which a frame that keeps the processor busy is given up. A picture of 67 million pixels took 20 s."""

BUSY_CPU_S = 120.0
"""Seconds of processor time that the program must have had meanwhile: on a crowded machine it gets little."""

IDLE = 1800
"""Looks after which a frame is given up for which nothing is being done: a disk that does not answer, a deadlock."""

SWOLLEN = 4 << 30
"""Bytes that the program may grow by while it waits for one frame; one of 67 million pixels has 0.5 GB."""


@dataclass(frozen=True, eq=False)
class Wait:
    """One frame that is being waited for."""

    film: str
    frame: int


@dataclass
class Seen:
    """What the watch knows of a wait: how often it saw it, and how the program stood when it first did."""

    wait: Wait
    looks: int
    cpu_s: float
    memory: int


_waits: dict[int, Wait] = {}
_watcher: list[threading.Thread] = []


@contextmanager
def watched(film: str, frame: int) -> Iterator[None]:
    """While inside, this thread waits for a frame of `film`. One at a time in a thread; nothing is raised."""
    if not _watcher or not _watcher[0].is_alive():  # not alive in a forked child
        _watcher[:] = [threading.Thread(target=_watch, name="watch", daemon=True)]
        _watcher[0].start()
    thread = threading.get_ident()
    _waits[thread] = Wait(film, frame)
    try:
        yield
    finally:
        del _waits[thread]


def _watch() -> None:
    known: dict[int, Seen] = {}
    while True:
        time.sleep(TICK_S)
        waits = dict(_waits)
        known = {
            thread: seen if (seen := known.get(thread)) is not None and seen.wait is wait
            else Seen(wait, 0, time.process_time(), _memory())
            for thread, wait in waits.items()
        }  # fmt: skip
        for seen in known.values():
            seen.looks += 1
            if (error := _lost(seen)) is not None:
                _end(error)


def _lost(seen: Seen) -> RestoreError | None:
    where = f"{shown(seen.wait.film)}: frame {seen.wait.frame}"
    kept = "what is finished is kept"
    if seen.looks >= BUSY and time.process_time() - seen.cpu_s >= BUSY_CPU_S:
        return BadInput(f"{where}: the decoder does not come to its end in {seen.looks} s; {kept}; get the film again")
    if seen.looks >= IDLE:
        return Unavailable(f"{where}: has not come for {seen.looks} s; see to the disk: the same command goes on")
    if _memory() - seen.memory > SWOLLEN:
        return BadInput(f"{where}: takes more than {SWOLLEN >> 30} GiB of memory; {kept}; get the film again")
    return None


def _memory() -> int:
    """Bytes of memory that this program holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 (once a second)
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


def _end(error: RestoreError) -> None:
    log.critical("%s", error)
    progress.tell(progress.Event("lost", message=str(error)))
    os._exit(error.exit_code)
