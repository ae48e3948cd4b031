"""Keeps a service or a worker at its work: through a server that goes away, until a signal ends it and its runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from restore.errors import Stopped, Unavailable, shown
from restore.flows import console, runs
from restore.flows.server import waited_for

log = logging.getLogger(__name__)

BACK_S = 3600.0
"""Seconds for which a server that went away is waited for."""

PAUSE_S = 5.0
"""Seconds before work is begun again that failed: a server may answer, and fail all the same."""

WORKED_S = 60.0
"""Seconds after which work counts as begun: what fails then is another fault than the one before."""

END_S = 60.0
"""Seconds that runs are given to come to the end of their frames; they go on stopping when nobody waits any more."""


def keep(work: Callable[[], Coroutine[Any, Any, None]], url: str) -> None:
    """Do `work`, again when the server at `url` was away meanwhile, until SIGINT or SIGTERM.

    Prefect's own answer to signals is to leave its children behind; so it works in a thread, where it hears none.
    Raises Stopped after a signal, Unavailable for a server that stays away, and what `work` raises.
    """
    failure: list[BaseException] = []
    thread = threading.Thread(target=_again_and_again, args=(work, url, failure), daemon=True, name="service")
    with _signals() as heard:
        thread.start()
        while thread.is_alive() and not heard:
            thread.join(0.2)
        if heard:
            _end_runs()
            raise Stopped(f"stopped by {signal.Signals(heard[0]).name}; start it again to go on", heard[0])
    if failure:
        raise failure[0]


def _again_and_again(work: Callable[[], Coroutine[Any, Any, None]], url: str, failure: list[BaseException]) -> None:
    failing_since: float | None = None
    try:
        while True:
            began = time.monotonic()
            try:
                asyncio.run(work())
            except Exception as error:
                if not _away(error):
                    raise
                if failing_since is None or time.monotonic() - began > WORKED_S:
                    failing_since = time.monotonic()
                log.warning("the Prefect server at %s is away (%s); waiting for it", url, _named(error))
                time.sleep(PAUSE_S)
                if problem := waited_for(url, failing_since + BACK_S, lambda: "", 2.0):
                    raise Unavailable(f"the Prefect server at {url} stays away: {problem}") from error
            else:
                return
    except BaseException as error:  # carried to the main thread, which raises it
        failure.append(error)


def _named(error: BaseException) -> str:
    """An error in a few words; of a group, its first one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return shown(str(error).partition("\n")[0])[:120] or type(error).__name__


def _away(error: BaseException) -> bool:
    """Whether an error, or one that it was made of, says that the server cannot be reached, or not do its work."""
    import httpx

    if isinstance(error, BaseExceptionGroup):
        return any(_away(each) for each in error.exceptions)
    if isinstance(error, RuntimeError) and "error threshold" in str(error):
        return True  # Prefect's loops ask a server whose database is away a few times, and end by this, without a cause
    causes = (error.__cause__, error.__context__)
    return isinstance(error, httpx.HTTPError) or any(_away(cause) for cause in causes if cause is not None)


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """SIGINT and SIGTERM while inside: the first is noted, the second ends this process at once."""
    heard: list[int] = []

    def hear(number: int, _frame: Any) -> None:
        if heard:
            os._exit(128 + number)
        heard.append(number)
        console.say(f"{signal.Signals(number).name}: stopping after these frames; again to stop at once")

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_runs() -> None:
    """Ask every run of this process to stop at its next frames, and wait for their end."""
    asked = children()
    for pid in asked:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, runs.END)
    until = time.monotonic() + END_S
    while set(children()) & set(asked) and time.monotonic() < until:
        time.sleep(0.2)


def children() -> list[int]:
    """Processes of runs that this one started."""
    found = []
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (thread / "children").read_text(encoding="ascii").split()]
    return [pid for pid in found if _is_run(pid)]


def _is_run(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"prefect.engine" in words or b"flow-run" in words
