"""How a run looks while it goes: a bar with the time left, plain lines, or JSON events, all from the same events."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from restore import progress
from restore.errors import shown
from restore.flows import console
from restore.progress import Event

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

PLAIN_EVERY_S = 10.0
JSON_EVERY_S = 0.5
STEPS = {
    "start": "checking, starting",
    "probe": "opening and hashing",
    "split": "reading the whole film",
    "guide": "reading the wanted colours",
    "choose": "choosing frames",
    "rehearse": "rehearsing how colours carry",
    "export": "writing pictures",
    "restore": "restoring",
    "assemble": "putting together",
    "prove": "proving and scoring",
    "judge": "scoring",
    "report": "writing the report",
    "package": "packing",
    "verify": "hashing again",
    "decode": "decoding again",
}


class Counter:
    """How far one step is. Frames found from an earlier run count as done, but not for speed and time left."""

    def __init__(self) -> None:
        self.step, self.total, self.shot = "", 0, ""
        self._done: dict[str, int] = {}
        self._found = 0
        self._began = time.monotonic()

    def take(self, event: Event) -> None:
        if event.kind == "begin":
            self.step, self.total, self.shot = event.step, event.total, ""
            self._done, self._found, self._began = {}, 0, time.monotonic()
        elif event.kind in ("progress", "found"):
            self._done[event.shot] = event.done
            self.shot = event.shot
            self.total = max(self.total, event.total)
            if event.kind == "found":
                self._found += event.done

    @property
    def done(self) -> int:
        return sum(self._done.values())

    @property
    def speed(self) -> float:
        """Frames a second made in this step so far; 0.0 before anything can be said."""
        seconds = time.monotonic() - self._began
        return (self.done - self._found) / seconds if seconds > 0.5 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left in this step, or None before anything can be said."""
        speed = self.speed
        return (self.total - self.done) / speed if speed > 0 and self.total else None

    def words(self) -> str:
        """For people: `34 %, shot 3 of 12, 18.2 frames/s, 1:27 left`."""
        share = f"{100 * self.done // self.total} %" if self.total else f"{self.done} frames"
        parts = [share]
        if self.shot:
            parts.append(f"shot {self.shot}")
        if self.speed:
            in_bytes = self.step in ("probe", "package", "verify")
            parts.append(f"{self.speed / 1e6:.0f} MB/s" if in_bytes else f"{self.speed:.1f} frames/s")
        if (left := self.left_s) is not None:
            parts.append(f"{clock(left)} left")
        return ", ".join(parts)


def clock(seconds: float) -> str:
    """1:27, or 2:05:09."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


class Plain:
    """One line at the beginning and end of each step, and one every ten seconds between, on standard error."""

    def __init__(self) -> None:
        self._counter, self._said = Counter(), 0.0

    def __call__(self, event: Event) -> None:
        self._counter.take(event)
        if event.step == "start":
            return  # a refusal is then the only line
        if event.kind in ("reel", "note", "warning"):
            console.say(event.message)
        elif event.kind == "begin":
            self._said = time.monotonic()
            console.say(f"{STEPS.get(event.step, event.step)} …")
        elif event.kind == "end":
            console.say(f"{STEPS.get(event.step, event.step)}: {event.message}")
        elif event.kind == "progress" and time.monotonic() - self._said >= PLAIN_EVERY_S:
            self._said = time.monotonic()
            console.say(f"{STEPS.get(event.step, event.step)}: {self._counter.words()}")


class Json:
    """One JSON object a line on standard output. A reader that goes away does not stop the run."""

    def __init__(self) -> None:
        self._counter, self._said, self._gone = Counter(), 0.0, False

    def __call__(self, event: Event) -> None:
        self._counter.take(event)
        if event.kind == "progress":
            if time.monotonic() - self._said < JSON_EVERY_S:
                return
            self._said = time.monotonic()
        fields: dict[str, Any] = {k: v for k, v in asdict(event).items() if v not in ("", 0)}
        fields["event"] = fields.pop("kind")
        if event.kind == "progress":
            left = self._counter.left_s
            fields.update(
                step_done=self._counter.done, step_total=self._counter.total, fps=round(self._counter.speed, 2),
                left_s=None if left is None else round(left, 1),
            )  # fmt: skip
        self.write(fields)

    def write(self, fields: dict[str, Any]) -> None:
        """Write one event; `time` is added, in UTC."""
        if self._gone:
            return
        try:
            console.result(json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **fields}))
        except console.ReaderGone:
            self._gone = True


class Bar:
    """A bar on the terminal: step, shot, share, speed, time left. Notes scroll above it."""

    def __init__(self, bars: Bars) -> None:
        self._bars, self._counter = bars, Counter()
        self._task: TaskID | None = None

    def __call__(self, event: Event) -> None:
        self._counter.take(event)
        if event.kind in ("reel", "note", "warning"):
            self._bars.console.print(shown(event.message), markup=False, highlight=False)
        elif event.kind == "begin":
            self._clear()
            label = STEPS.get(event.step, event.step)
            self._task = self._bars.add_task(label, total=event.total or None, words="")
        elif event.kind in ("progress", "found") and self._task is not None:
            counter = self._counter
            self._bars.update(self._task, completed=counter.done, total=counter.total or None, words=counter.words())
        elif event.kind == "end":
            self._clear()
            if event.step == "start":
                return
            label = STEPS.get(event.step, event.step)
            self._bars.console.print(f"{label}: {event.message}", markup=False, highlight=False)

    def _clear(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None


@contextmanager
def showing(as_json: bool) -> Iterator[Json | None]:
    """Show this process's events: as JSON, or on a terminal as a bar, or as plain lines. Yields the JSON writer."""
    lock = threading.RLock()  # a signal's message may come while another is being shown

    def safely(sink: Any) -> progress.Sink:
        def take(event: Event) -> None:
            with lock:
                sink(event)

        return take

    if as_json:
        writer = Json()
        with progress.listening(safely(writer)):
            yield writer
    elif sys.stderr.isatty() and not console.log.quiet:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        screen = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
        with Progress(*columns, console=screen, transient=True) as bars, progress.listening(safely(Bar(bars))):
            yield None
    else:
        with progress.listening(safely(Plain())):
            yield None
