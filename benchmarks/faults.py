"""Kills and breaks real runs of a tiny film, everywhere, and looks whether the same command then goes on rightly.

    python benchmarks/faults.py                         everything: half an hour on two idle processors
    python benchmarks/faults.py --kills 30 --random 10 --double 0 --errors 0 --no-scenarios

Needs Linux, strace and ffmpeg. A run is forked from a warm process (see rehearsal.py). strace notes its disk calls
(opening, writing, fsync, renaming, linking, removing, making folders) on everything under the output folder, in all its
threads and programs, and then kills it at each of them, or makes each of them fail (see tracing.py). After each fault:

    a file under its final name is right or absent; the same command, given again, ends with 0 and makes the same bytes
    as an uninterrupted run; every finished shot is found again; no temporary file, folder or process is left; the
    source is untouched

and an injected error must be told (65, 69, 70, 73, 74) or harmless (0 and the right bytes), never a bug (1), a
traceback or a death. With a journal, every result is written down at once, and the same command goes on from it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rehearsal
import scenarios
from rehearsal import Stage
from scenario import must
from tracing import Point, calls, out_of_order, points, traced

WRITES = ("write", "pwrite64", "writev", "ftruncate")
NAMES = ("rename", "renameat", "renameat2", "link", "linkat")
ERRORS = (
    (WRITES, "ENOSPC", "a write: the disk is full"),
    (WRITES, "EIO", "a write: the disk fails"),
    (("fsync", "fdatasync"), "EIO", "an fsync: the disk fails"),
    (NAMES, "EACCES", "a rename or link: there is no right to"),
    (NAMES, "EIO", "a rename or link: the disk fails"),
    (("openat",), "EMFILE", "an open: too many files are open"),
    (("openat",), "EIO", "an open: the disk fails"),
    (("mkdir",), "ENOSPC", "a new folder: the disk is full"),
    (("unlink", "unlinkat", "rmdir"), "EIO", "a removal: the disk fails"),
)
TOLD = (65, 69, 70, 73, 74)
"""65: a file that cannot be opened at all is told as one, be it the film or our own."""


@dataclass
class Found:
    """What one fault did."""

    what: str
    place: str
    struck: bool = True  # else the call was not met again, and nothing happened
    end: str = ""
    partial: list[str] = field(default_factory=list)  # files under a final name that are not right
    wrong: list[str] = field(default_factory=list)  # whatever else went wrong


@dataclass(frozen=True)
class Fault:
    """A fault to play: a kind, a place, and how."""

    what: str
    place: str
    play: Callable[[Stage, Found], None]


def all_done(stage: Stage) -> bool:
    """Whether all results have their names and the work folder has lost its own: nothing is left to go on with."""
    work = list((stage.out / ".restore").glob("[!.]*"))
    return all((stage.out / name).exists() for name in rehearsal.FINISHED) and not work


def go_on(stage: Stage, found: Found) -> None:
    """After a fault: look at what lies there, give the same command again, look again."""
    found.partial, kept = stage.partial(), stage.takes()
    if all_done(stage):
        found.wrong += [*must(stage.run(), 73, "--overwrite")[1], *stage.left()]
    else:
        found.wrong += stage.wrong_after(stage.run(), kept)


def told(run: rehearsal.Run) -> list[str]:
    """What is wrong with how a run told of its failure."""
    wrong = [] if run.code in TOLD else [f"ended with {run.code}"]
    if "Traceback" in run.said or sum(line.startswith("restore: ") for line in run.said.splitlines()) != 1:
        wrong.append(f"said {run.said[-300:]!r}")
    return wrong


def kill(point: Point) -> Callable[[Stage, Found], None]:
    """Kill whoever makes this call: the run, or the ffmpeg program that it feeds, which the run then must tell."""

    def play(stage: Stage, found: Found) -> None:
        run, log = traced(stage, *point.struck("signal=KILL"))
        found.struck, found.end = "+++ killed by SIGKILL +++" in log, f"{run.code}"
        if found.struck and run.code != -signal.SIGKILL:
            found.wrong += told(run)
        if found.struck:
            go_on(stage, found)
        else:
            found.wrong += stage.wrong_after(run)

    return play


def fail(point: Point, error: str) -> Callable[[Stage, Found], None]:
    """Make this call fail."""

    def play(stage: Stage, found: Found) -> None:
        run, log = traced(stage, *point.struck(f"error={error}"))
        found.struck, found.end = "(INJECTED)" in log, f"{run.code}"
        if run.code == 0:
            kept = "could not be removed" in run.said  # a work folder, and that is told
            found.wrong += [wrong for wrong in stage.wrong_after(run) if not (kept and wrong.startswith("left over"))]
        else:
            found.wrong += told(run)
            go_on(stage, found)

    return play


def at_random(moments: Sequence[float]) -> Callable[[Stage, Found], None]:
    """Kill at moments of a run, in seconds; of several, each run that goes on is killed too. Where a run was done
    before its moment it is begun again, and killed earlier."""

    def play(stage: Stage, found: Found) -> None:
        for moment in moments:
            while (code := _killed_after(stage, moment)) == 0:
                stage.clear()
                moment *= 0.7
            found.end = "killed" if code == -signal.SIGKILL else f"{code}"
        go_on(stage, found)

    return play


def _killed_after(stage: Stage, seconds: float) -> int | None:
    run = stage.start()
    time.sleep(seconds)
    os.kill(run.pid, signal.SIGKILL)
    return run.wait().code


def order(stage: Stage, found: Found) -> None:
    """The disk calls of a run are in the order that a power cut wants."""
    made = calls(stage)
    found.wrong, found.end = list(out_of_order(made, stage.out)), f"{len(made)} calls"


def scenario(play: Callable[[Stage], tuple[str, list[str]]]) -> Callable[[Stage, Found], None]:
    def played(stage: Stage, found: Found) -> None:
        found.end, found.wrong = play(stage)

    return played


def spread(count: int, wanted: int) -> list[int]:
    """0 to `count`, or `wanted` of them evenly."""
    return list(range(count)) if wanted >= count else sorted({n * count // wanted for n in range(wanted)})


def planned(asked: argparse.Namespace, stage: Stage) -> Iterator[Fault]:
    """All faults that are asked for."""
    if asked.kills or asked.errors:
        named, unnamed = points(calls(stage))
        print(f"{len(named)} disk calls, and {unnamed} that have no name of their own", file=sys.stderr, flush=True)
        yield Fault("write, fsync, rename, fsync of the folder: in that order", "", order)
        for at in spread(len(named), asked.kills):
            yield Fault("SIGKILL at a disk call", named[at].shown(stage.out), kill(named[at]))
        for names, error, what in ERRORS:
            some = [point for point in named if point.call in names]
            for at in spread(len(some), asked.errors):
                yield Fault(f"{error} at {what}", some[at].shown(stage.out), fail(some[at], error))
    for twice, count, what in (
        (False, asked.random, "SIGKILL at a random moment"),
        (True, asked.double, "SIGKILL, and again while it goes on"),
    ):
        for number in range(count):
            lot = random.Random(f"{asked.seed}/{what}/{number}")
            yield Fault(what, f"{number}", at_random([lot.uniform(0, stage.seconds * 1.1) for _ in range(1 + twice)]))
    for play in scenarios.PLAYS if asked.scenarios else ():
        yield Fault(_name(play), "", scenario(play))


def _name(play: Callable[[Stage], tuple[str, list[str]]]) -> str:
    return (play.__doc__ or "").splitlines()[0]


def play(asked: argparse.Namespace, folder: Path, journal: Path) -> None:
    """Play one share of the faults that are not in the journal yet, and write each into it."""
    stage = Stage(folder)
    mine, of = (int(number) for number in asked.share.split("/"))
    known = {(found.what, found.place) for found in noted(journal)}
    for number, fault in enumerate(planned(asked, stage)):
        if number % of != mine or (fault.what, fault.place) in known:
            continue
        stage.clear()
        found = Found(fault.what, fault.place)
        fault.play(stage, found)
        with journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(vars(found)) + "\n")
        if found.partial or found.wrong:
            print(fault.what, fault.place, *found.partial, *found.wrong, sep="\n  ", file=sys.stderr, flush=True)


def noted(journal: Path) -> list[Found]:
    """What a journal tells; a line that was cut off is none."""
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    return [Found(**json.loads(line)) for line in lines if line.endswith("}")]


def table(found: Sequence[Found]) -> list[str]:
    """Every kind of fault in a line, then every scenario, then what went wrong."""
    kinds: dict[str, list[Found]] = {}
    for each in found:
        kinds.setdefault(each.what, []).append(each)
    lines = [
        "| fault | times | partial final files | differing bytes | processes left | went on wrongly | ended with |",
        "|---|" + "---|" * 6,
    ]
    alone = ["| scenario | ended with |", "|---|---|"]
    played = [_name(play) for play in scenarios.PLAYS]
    for what, some in sorted(kinds.items(), key=lambda kind: played.index(kind[0]) if kind[0] in played else -1):
        if len(some) == 1:
            alone.append(f"| {what} | {some[0].end} |")
            continue
        struck = [each for each in some if each.struck]
        partial, lost = sum(bool(each.partial) for each in struck), sum(bool(each.wrong) for each in struck)
        differs = sum(any("differs" in line for line in each.wrong) for each in struck)
        left = sum(any("a process is left" in line for line in each.wrong) for each in struck)
        ends = ", ".join(f"{end}: {count}×" for end, count in sorted(Counter(each.end for each in struck).items()))
        lines.append(f"| {what} | {len(struck)} | {partial} | {differs} | {left} | {lost} | {ends} |")
    wrong = [f"{each.what}, {each.place}: {line}" for each in found for line in (*each.partial, *each.wrong)]
    missed = sum(not each.struck for each in found)
    return [*lines, "", *alone, "", *(f"* {line}" for line in wrong or ["Nothing went wrong."]),
            *([f"* {missed} calls were not met again."] if missed else [])]  # fmt: skip


def main() -> int:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("--kills", type=int, default=10_000, help="disk calls to kill at; all by default")
    said.add_argument("--random", type=int, default=200, help="kills at random moments")
    said.add_argument("--double", type=int, default=25, help="the same, and again while it goes on")
    said.add_argument("--errors", type=int, default=10_000, help="calls of each kind made to fail; all by default")
    said.add_argument("--scenarios", action=argparse.BooleanOptionalAction, default=True)
    said.add_argument("--jobs", type=int, default=1, help="processes beside each other")
    said.add_argument("--seed", type=int, default=5)
    said.add_argument("--journal", type=Path, help="a file to write results into as they come, and to go on from")
    said.add_argument("--share", default="", help=argparse.SUPPRESS)
    said.add_argument("--write", type=Path, help="put the table between the marks in this file")
    asked = said.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        journal = asked.journal or Path(folder) / "journal"
        if asked.share:
            rehearsal.rehearse()
            play(asked, Path(folder), journal)
            return 0
        words = [sys.executable, __file__, *sys.argv[1:], "--journal", str(journal)]
        shares = [subprocess.Popen([*words, "--share", f"{number}/{asked.jobs}"]) for number in range(asked.jobs)]
        codes = [share.wait() for share in shares]
        if any(codes):
            raise SystemExit("a share of the faults could not be played")
        found = noted(journal)
    lines = table(found)
    print("\n".join(lines))
    if asked.write:
        begin, end = "<!-- faults -->\n", "<!-- /faults -->"
        text = asked.write.read_text(encoding="utf-8")
        head, _, rest = text.partition(begin)
        asked.write.write_text(f"{head}{begin}{chr(10).join(lines)}\n{end}{rest.partition(end)[2]}")
    return 1 if any(each.partial or each.wrong for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
