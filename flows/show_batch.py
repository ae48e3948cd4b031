"""How a batch looks while it goes: a line for each film, with how much is left of all; or JSON events."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from restore import progress
from restore.batch.catalogue import Entry
from restore.batch.record import Result
from restore.batch.work import Standing
from restore.errors import shown
from restore.film import to_plain
from restore.flows import console
from restore.flows.show import STEPS, Counter, Json, clock
from restore.progress import Event

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

Told = Callable[[Standing, Entry, Result | None], None]

EVERY_S = 60.0
"""Seconds between two signs of life of one film, where no terminal shows them all the time."""

STATES = {
    "restored": "restored", "damaged": "restored; ", "failed": "failed: ", "cancelled": "cancelled: ",
    "waiting": "waiting: ", "done": "done before",
}  # fmt: skip


def line(standing: Standing, result: Result) -> str:
    """`[12/33] reel 7: restored, 480 frames, 1:07; 21 to go, 23:40 left`"""
    said = f"[{standing.done}/{standing.total}] {shown(result.name)}: {STATES[result.state]}{shown(result.why)}"
    if result.state in ("restored", "damaged"):
        said += f", {result.frames} frames, {clock(result.seconds)}"
    left = standing.total - standing.done
    if left:
        said += f"; {left} to go"
        if standing.left_s is not None:
            said += f", {clock(standing.left_s)} left"
    return said


class Lines:
    """A line on standard error when a film is through, and one each minute while it is at work."""

    def __init__(self) -> None:
        self._counter, self._said, self._name = Counter(), 0.0, ""

    def told(self, standing: Standing, entry: Entry, result: Result | None) -> None:
        if result is not None:
            console.say(line(standing, result))
        self._name, self._said = shown(Path(entry.film).name), time.monotonic()

    def event(self, event: Event) -> None:
        self._counter.take(event)
        if event.kind == "warning" and not event.step:  # a signal was heard
            console.say(event.message)
        elif event.kind == "progress" and time.monotonic() - self._said >= EVERY_S:
            self._said = time.monotonic()
            console.say(f"{self._name}: {STEPS.get(event.step, event.step)}: {self._counter.words()}")


class Screen:
    """On a terminal: finished films scroll by above two bars, of the film at work and of all films."""

    def __init__(self, bars: Bars) -> None:
        self._bars, self._counter, self._name = bars, Counter(), ""
        self._all = bars.add_task("all films", total=None, words="")
        self._film = bars.add_task("", total=None, words="", visible=False)

    def told(self, standing: Standing, entry: Entry, result: Result | None) -> None:
        if result is not None:
            self._bars.console.print(line(standing, result), markup=False, highlight=False)
        words = f"{standing.done} of {standing.total}"
        if standing.left_s is not None:
            words += f", {clock(standing.left_s)} left"
        self._bars.update(self._all, completed=standing.done, total=standing.total, words=words)
        self._name = shown(Path(entry.film).name)
        self._bars.update(self._film, description=self._name, total=None, words="", visible=result is None)

    def event(self, event: Event) -> None:
        self._counter.take(event)
        if event.kind == "warning" and not event.step:
            self._bars.console.print(shown(event.message), markup=False, highlight=False)
        elif event.kind in ("begin", "progress", "found"):
            counter, step = self._counter, STEPS.get(event.step, event.step)
            self._bars.update(
                self._film, completed=counter.done, total=counter.total or None, words=f"{step}: {counter.words()}"
            )


class Events:
    """JSON lines: `film` when one is begun, `result` when it is through, and the events of the run between."""

    def __init__(self) -> None:
        self._json = Json()

    def told(self, standing: Standing, entry: Entry, result: Result | None) -> None:
        left = None if standing.left_s is None else round(standing.left_s, 1)
        where = {"films_done": standing.done, "films_total": standing.total, "batch_left_s": left}
        if result is None:
            self._json.write({"event": "film", "film": entry.film, **where})
        else:
            self._json.write({"event": "result", **to_plain(result), **where})

    def event(self, event: Event) -> None:
        self._json(event)


@contextmanager
def showing(as_json: bool) -> Iterator[Told]:
    """Show this process's events as those of a batch; yields what the batch tells its films to."""
    lock = threading.RLock()  # a signal's message may come while another is being shown

    def watched(sink: Lines | Screen | Events) -> tuple[Told, progress.Sink]:
        def told(standing: Standing, entry: Entry, result: Result | None) -> None:
            with lock:
                sink.told(standing, entry, result)

        def event(event: Event) -> None:
            with lock:
                sink.event(event)

        return told, event

    if not as_json and sys.stderr.isatty() and not console.log.quiet:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            told, event = watched(Screen(bars))
            with progress.listening(event):
                yield told
        return
    told, event = watched(Events() if as_json else Lines())
    with progress.listening(event):
        yield told
