"""A night of a thousand reels on a hundred machines, played by discrete events with measured times; for docs/scale.md.

    python benchmarks/scale.py                                the table, for both ways to share the work
    python benchmarks/scale.py --page docs/scale.md --figure docs/img/scale.svg

Nothing is restored here. What a frame costs was measured on two processors (640×480, recipe film: docs/performance.md),
and so were what a reel costs besides and what a task run costs a Prefect server; sizes, faults and prices are
assumptions, named below.
"""

from __future__ import annotations

import argparse
import heapq
import random
import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from scale_figure import figure

FPS = 44.8
"""Frames a second from opening to proof on one machine of two processors, measured."""

CPU_MS = {"probe": 0.05, "split": 1.81, "restore": 28.82, "assemble": 0.65, "prove": 7.76}
"""Processor milliseconds a frame of each step, measured; they share out 1 / FPS."""

BEGIN_S, PAGE_S = 5.0, 4.0
"""Seconds that a reel costs besides, whatever its length: the start of its process, and its report. Measured."""

SERVER_S = 0.018
"""Processor seconds that a Prefect server spends on one task run: 16 to 19 ms, measured."""

STEPS = 5  # task runs of a reel beside its shots


@dataclass(frozen=True)
class Night:
    """What is to be done, on what, and what befalls it."""

    reels: int = 1000
    frames: int = 14_400  # of a reel: ten minutes at 24 a second
    shots: int = 10  # of a reel, each of a minute, the longest part that a shot is cut into
    machines: int = 100
    spread: bool = False  # False: a reel a machine (restore worker); True: shots over all (--cluster)
    open_reels: int = 40  # with `spread`: reels begun at a time
    poll_s: float = 15.0  # between two looks of a worker for work
    bad: float = 0.02  # of reels: no film, refused at once
    passing: float = 0.01  # of shots: fail once and are tried again
    between_deaths_h: float = 200.0  # of one machine
    dead_s: float = 1800.0  # until it is back
    noticed_s: float = 300.0  # until a dead machine's work is given to another
    storage_gbit: float = 25.0  # of the shared storage
    source_mb: float = 300.0  # of a reel
    made_mb: float = 3300.0  # of its takes, and of its master with access copy: half of the raw planes
    seed: int = 1

    def seconds(self, step: str, frames: int) -> float:
        """Of one machine for `frames` of a step."""
        return frames / FPS * CPU_MS[step] / sum(CPU_MS.values())


@dataclass
class Piece:
    """What a machine does without putting it down."""

    reel: int
    seconds: float
    mb: float  # moved to or from the storage
    then: Callable[[], None]
    asked_s: float = 0.0


@dataclass
class Played:
    """What came of it."""

    hours: float = 0.0
    busy: float = 0.0  # of all machine time until the last reel, the share at work
    redone_h: float = 0.0
    deaths: int = 0
    waits_s: list[float] = field(default_factory=list)
    moved_tb: float = 0.0
    storage: float = 0.0  # share of its capacity in use
    server: float = 0.0
    finished: int = 0
    refused: int = 0
    shots: int = 0


class Stage:
    """The play: a clock, machines, one queue, storage that serves in turn."""

    def __init__(self, night: Night) -> None:
        self.night, self.out = night, Played()
        self.now, self._count = 0.0, 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._queue: deque[Piece] = deque()
        self._free = night.machines
        self._storage_until, self._spent, self._asked = 0.0, 0.0, 0
        self._luck = random.Random(night.seed)
        self._waiting = deque(range(night.reels))

    def at(self, seconds: float, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + seconds, self._count, what))

    def play(self) -> Played:
        for _ in range(min(self.night.reels, self.night.open_reels if self.night.spread else self.night.reels)):
            self._begin()
        last = 0.0
        while self._events and self.out.finished + self.out.refused < self.night.reels:
            self.now, _, what = heapq.heappop(self._events)
            what()
            last = self.now
        out, night = self.out, self.night
        out.hours = last / 3600
        out.busy = self._spent / (last * night.machines)
        out.storage = out.moved_tb * 8e6 / (last * night.storage_gbit * 1e3)
        out.server = self._asked * SERVER_S / last
        return out

    def _begin(self) -> None:
        """The next reel is in line; a bad one is refused by its first step."""
        if not self._waiting:
            return
        reel, night = self._waiting.popleft(), self.night
        first = BEGIN_S + night.seconds("probe", night.frames) + night.seconds("split", night.frames)
        self._asked += STEPS
        if self._luck.random() < night.bad:
            self._ask(Piece(reel, 2.0, 1.0, lambda: self._end(reel, refused=True)))
        elif night.spread:
            self._ask(Piece(reel, first, 2 * night.source_mb, lambda: self._shots(reel)))
        else:
            self._ask(Piece(reel, first, 2 * night.source_mb, lambda: self._shot(reel, 0, alone=True)), poll=True)

    def _shots(self, reel: int) -> None:
        """All shots are in line; the last one to come back lets the reel be put together."""
        left = [self.night.shots]

        def done() -> None:
            left[0] -= 1
            if not left[0]:
                self._finish(reel)

        for _ in range(self.night.shots):
            self._shot(reel, None, then=done)

    def _shot(
        self, reel: int, number: int | None, *, alone: bool = False, then: Callable[[], None] | None = None
    ) -> None:
        night = self.night
        self.out.shots += 1
        self._asked += 1
        seconds = night.seconds("restore", night.frames // night.shots)
        if self._luck.random() < night.passing:
            self.out.redone_h += seconds / 2 / 3600
            seconds += seconds / 2 + 5
        mb = (night.source_mb + night.made_mb) / night.shots
        if alone and number is not None:
            after = (lambda: self._finish(reel)) if number + 1 == night.shots else (
                lambda: self._shot(reel, number + 1, alone=True)
            )  # fmt: skip
            self._ask(Piece(reel, seconds, mb, after), first=True)  # its own machine goes on with it
        elif then is not None:
            self._ask(Piece(reel, seconds, mb, then))

    def _finish(self, reel: int) -> None:
        night = self.night
        seconds = night.seconds("assemble", night.frames) + night.seconds("prove", night.frames) + PAGE_S
        self._ask(Piece(reel, seconds, 3 * night.made_mb, lambda: self._end(reel)), first=True)

    def _end(self, reel: int, *, refused: bool = False) -> None:
        del reel
        self.out.refused += refused
        self.out.finished += not refused
        if self.night.spread:
            self._begin()

    def _ask(self, piece: Piece, *, first: bool = False, poll: bool = False) -> None:
        piece.asked_s = self.now
        if poll:
            piece.seconds += self._luck.random() * self.night.poll_s
        (self._queue.appendleft if first else self._queue.append)(piece)
        self._give()

    def _give(self) -> None:
        while self._free and self._queue:
            self._free -= 1
            self._work(self._queue.popleft())

    def _work(self, piece: Piece) -> None:
        """One machine has it: files come and go in turn with all others', work goes on beside; or the machine dies."""
        night, out = self.night, self.out
        out.waits_s.append(self.now - piece.asked_s)
        moving = piece.mb * 8e-3 / night.storage_gbit
        self._storage_until = max(self._storage_until, self.now) + moving
        takes = max(piece.seconds, self._storage_until - self.now)
        out.moved_tb += piece.mb / 1e6
        dies = self._luck.expovariate(1 / (night.between_deaths_h * 3600))
        if dies < takes:
            out.deaths += 1
            out.redone_h += dies / 3600
            self._spent += dies
            self.at(dies + night.noticed_s, lambda: self._ask(piece, first=True))
            self.at(dies + night.dead_s, self._back)
            return
        self._spent += takes

        def done() -> None:
            self._free += 1
            piece.then()
            self._give()

        self.at(takes, done)

    def _back(self) -> None:
        self._free += 1
        self._give()


HEAD = (
    "way", "machines", "last reel after", "at work, or waiting for storage", "longest wait (95 %)", "work done twice",
    "machines that died", "moved", "storage in use", "server in use",
)  # fmt: skip


def row(night: Night) -> tuple[str, ...]:
    """A line of the table."""
    out = Stage(night).play()
    assert out.finished + out.refused == night.reels, "every reel ends"
    wait = statistics.quantiles(out.waits_s, n=20)[-1]
    return (
        "shots over all" if night.spread else "a reel a machine", str(night.machines), f"{out.hours:.2f} h",
        f"{out.busy:.0%}", f"{wait / 60:.1f} min", f"{out.redone_h:.1f} h", str(out.deaths), f"{out.moved_tb:.1f} TB",
        f"{out.storage:.0%}", f"{out.server:.1%}",
    )  # fmt: skip


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--reels", type=int, default=1000)
    wanted.add_argument("--page", type=Path, help="put the table between its marks in this page")
    wanted.add_argument("--figure", type=Path, help="write the figure here, as SVG")
    asked = wanted.parse_args()
    rows, points = [HEAD], dict[str, list[tuple[int, float]]]()
    whole = (Night(reels=asked.reels).frames / FPS + BEGIN_S + PAGE_S) * asked.reels / 3600
    points["no losses"] = [(count, whole / count) for count in (25, 50, 100, 200, 400)]
    for spread in (False, True):
        for count in (25, 50, 100, 200, 400):
            found = row(Night(reels=asked.reels, machines=count, spread=spread, open_reels=max(8, count * 2 // 5)))
            rows.append(found)
            points.setdefault(found[0], []).append((count, float(found[2].split()[0])))
    rows.append(("**storage of 100 Gbit/s**: " + (quick := row(replace(Night(reels=asked.reels), storage_gbit=100)))[0],
                 *quick[1:]))  # fmt: skip
    rows.append(
        ("**storage of 10 Gbit/s**: " + (slow := row(replace(Night(reels=asked.reels), storage_gbit=10)))[0], *slow[1:])
    )
    table = "\n".join(
        ["| " + " | ".join(rows[0]) + " |", "| " + " | ".join("---" for _ in rows[0]) + " |"]
        + ["| " + " | ".join(line) + " |" for line in rows[1:]]
    )
    print(table)
    if asked.figure:
        asked.figure.write_text(figure(points), encoding="utf-8")
    if asked.page:
        begin, end = "<!-- table -->\n", "<!-- end of table -->"
        text = asked.page.read_text(encoding="utf-8")
        head, rest = text.split(begin, 1)
        asked.page.write_text(f"{head}{begin}{table}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
