"""How far the work is, told upward from the steps to whoever watches, and the wish to stop, told downward.

A step takes `progress: Progress | None` and calls it with (frames done, frames in all) after every window. What it
is given comes from `meter`, which also raises Stopped there once `request_stop` was called: so a signal ends the run
at the next window, and no step knows about signals, terminals or Prefect.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from restore import profile
from restore.errors import Resting, Stopped

Progress = Callable[[int, int], None]
"""Called with (done, total), both in frames; may raise Stopped."""


@dataclass(frozen=True)
class Event:
    """One thing that happened on the way of a reel."""

    kind: str  # "reel" | "folder" | "begin" | "progress" | "found" | "end" | "note" | "warning" | "lost"
    step: str = ""  # "probe" | "split" | "restore" | "assemble" | "prove" | "judge" | "report" | "package"
    done: int = 0  # frames of this step, or of this shot; bytes in "probe" and "package"
    total: int = 0  # the same; 0 where it is not known
    shot: str = ""  # "12 of 120", when the step goes shot by shot
    message: str = ""  # for people


Sink = Callable[[Event], None]

_sinks: list[Sink] = []
_stop = threading.Event()
_reason: list[BaseException] = []
_rest: list[Callable[[], str]] = []


def tell(event: Event) -> None:
    """Hand an event to everyone who listens. Called from any thread."""
    for sink in tuple(_sinks):
        sink(event)


@contextlib.contextmanager
def listening(sink: Sink) -> Iterator[None]:
    """While inside, `sink` gets every event of this process; it must be quick and safe to call from any thread."""
    _sinks.append(sink)
    try:
        yield
    finally:
        _sinks.remove(sink)


@contextlib.contextmanager
def stage(step: str, seconds: dict[str, float], total: int = 0) -> Iterator[None]:
    """Tell the listeners that a step begins and, when it succeeds, ends; its time goes into `seconds`."""
    check_stop()
    tell(Event("begin", step, total=total))
    began = time.monotonic()
    with profile.step(step, total):
        yield
    seconds[step] = round(time.monotonic() - began, 3)
    tell(Event("end", step, total=total, message=f"{seconds[step]:.1f} s"))


class Diary:
    """A listener that notes when each step began and ended: UTC, ISO 8601, to the second."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[str, ...]] = {}

    def __call__(self, event: Event) -> None:
        if event.kind in ("begin", "end"):
            before = () if event.kind == "begin" else self.steps.get(event.step, ())
            self.steps[event.step] = (*before, datetime.now(UTC).isoformat(timespec="seconds"))


def request_stop(reason: BaseException) -> None:
    """Ask all steps of this process to stop at their next window; the first reason given is the one they raise."""
    if not _stop.is_set():
        _reason.append(reason)
        _stop.set()


def allow() -> None:
    """Take earlier wishes to stop or to rest back, before new work begins."""
    _stop.clear()
    _reason.clear()
    _rest.clear()


def rest_when(over: Callable[[], str]) -> None:
    """From now on no shot is begun once `over()` says why not; those at work are finished. See `check_rest`."""
    _rest[:] = [over]


def check_rest() -> None:
    """Raise Resting when the time for new work is over. Whatever begins a piece of work asks this first."""
    if _rest and (why := _rest[0]()):
        raise Resting(why)


def withdraw(reason: BaseException) -> None:
    """Take the wish to stop back if `reason` was the one given first: what it stopped has come to its end."""
    if _reason[:1] == [reason]:
        allow()


def check_stop() -> None:
    """Raise Stopped when a stop was asked for."""
    if _stop.is_set():
        reason = _reason[0]
        kind = type(reason) if isinstance(reason, Stopped) else Stopped
        raise kind(str(reason), reason.exit_code - 128 if isinstance(reason, Stopped) else 2)


def meter(step: str, shot: str = "") -> Progress:
    """A `Progress` for one step (of one shot): tells the listeners, and stops the step when asked to."""

    def progress(done: int, total: int) -> None:
        check_stop()
        tell(Event("progress", step, done, total, shot))

    return progress
