"""Kills and breaks real runs of a tiny film, everywhere, and looks whether the same command then goes on rightly.

    python benchmarks/faults.py                         everything: 20 minutes on two processors
    python benchmarks/faults.py --kills 30 --random 10 --double 0 --errors 0 --no-scenarios

Needs Linux, strace and ffmpeg. A run is forked from a warm process (see rehearsal.py). strace counts its disk calls
(opening, writing, fsync, renaming, linking, removing, making folders) on everything under the output folder, and kills
it at the n-th, or makes the n-th fail. After each fault:

    a file under its final name is right or absent; the same command, given again, ends with 0 and makes the same bytes
    as an uninterrupted run; every finished shot is found again; no temporary file, folder or process is left; the
    source is untouched

and an injected error must be told (65, 69, 70, 73, 74) or harmless (0 and the right bytes), never a bug (1), a
traceback or a death.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rehearsal
import scenarios
from rehearsal import Run, Stage

CALLS = (
    "openat", "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat",
    "unlink", "unlinkat", "mkdir", "rmdir", "ftruncate",
)  # fmt: skip
ERRORS = (
    ("write,pwrite64,writev,ftruncate", "ENOSPC", "full disk at a write"),
    ("fsync,fdatasync", "EIO", "failing disk at an fsync"),
    ("rename,renameat,renameat2,link,linkat", "EACCES", "no right at a rename or link"),
    ("openat", "EMFILE", "too many open files at an open"),
    ("openat", "EIO", "failing disk at an open"),
)
TOLD = (65, 69, 70, 73, 74)
"""65: a file that cannot be opened at all is told as one, be it the film or our own."""


@dataclass
class Row:
    """One kind of fault: how often it struck, and what went wrong."""

    what: str
    faults: int = 0
    partial: int = 0
    lost: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def enter(self, place: str, partial: Sequence[str], wrong: Sequence[str]) -> None:
        self.faults += 1
        self.partial += bool(partial)
        self.lost += bool(wrong)
        self.wrong += [f"{self.what}, {place}: {each}" for each in (*partial, *wrong)]


def traced(stage: Stage, paths: Sequence[str], *words: str) -> tuple[Run, str]:
    """A run under strace with these words more; returns it and strace's log. It watches `paths` only, if any."""
    ready, go = os.pipe()
    run = stage.start(before=lambda: bool(os.read(ready, 1)) or None)
    log = stage.folder / "strace.log"
    watch = [word for path in paths for word in ("-P", path)]
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-y", "-p", str(run.pid), "-o", str(log), *watch, *words], stderr=subprocess.DEVNULL
    )
    status = Path(f"/proc/{run.pid}/status")
    while "TracerPid:\t0\n" in status.read_text():
        time.sleep(0.002)
        if tracer.poll() is not None:
            raise SystemExit("strace cannot watch a process here")
    os.write(go, b"x")
    os.close(ready)
    os.close(go)
    run.wait()
    tracer.wait()
    return run, log.read_text(errors="replace")


def places(stage: Stage) -> tuple[list[str], Counter[str]]:
    """Every path under the output folder that a run touches, and the calls of its busiest thread, by kind."""
    stage.clear()
    run, log = traced(stage, (), "-e", f"trace={','.join(CALLS)}")
    if run.code != 0:
        raise SystemExit(f"a watched run ended with {run.code}: {run.said}")
    ours = [line for line in log.splitlines() if str(stage.out) in line]
    found = set(re.findall(rf'{re.escape(str(stage.out))}[^>",]*', "\n".join(ours)))
    by_thread: dict[str, Counter[str]] = {}
    for line in ours:
        if called := re.match(r"(\d+) +(\w+)\(", line):
            by_thread.setdefault(called[1], Counter())[called[2]] += 1
    return sorted(found), max(by_thread.values(), key=lambda calls: calls.total())


def spread(count: int, wanted: int) -> list[int]:
    """1 to `count`, or `wanted` of them evenly."""
    return list(range(1, count + 1)) if wanted >= count else sorted({1 + n * count // wanted for n in range(wanted)})


def go_on(stage: Stage, row: Row, place: str) -> None:
    """After a fault: look at what lies there, give the same command again, look again."""
    partial, kept = stage.partial(), stage.takes()
    if all((stage.out / name).exists() for name in rehearsal.FINISHED) and not (stage.out / ".restore").exists():
        row.enter(place, partial, [])  # all was done before it struck
        return
    row.enter(place, partial, stage.wrong_after(stage.run(), kept))


def killed(stage: Stage, paths: Sequence[str], points: Sequence[int]) -> Row:
    row = Row("SIGKILL at a disk call")
    for point in points:
        stage.clear()
        run, _ = traced(stage, paths, "-e", f"inject={','.join(CALLS)}:signal=KILL:when={point}")
        if run.code == -signal.SIGKILL:
            go_on(stage, row, f"call {point}")
        elif wrong := stage.wrong_after(run):
            row.enter(f"call {point}", [], wrong)
    return row


def failed(
    stage: Stage,
    paths: Sequence[str],
    calls: str,
    error: str,
    what: str,
    points: Sequence[int],
) -> Row:
    row = Row(what)
    for point in points:
        stage.clear()
        run, log = traced(stage, paths, "-e", f"inject={calls}:error={error}:when={point}")
        if "(INJECTED)" not in log:
            continue
        row.ends[f"{run.code}"] += 1
        place = f"call {point} ({log.split('(INJECTED)')[0].splitlines()[-1][:160]})"
        told = [] if run.code in TOLD else stage.wrong_after(run) if run.code == 0 else [f"ended with {run.code}"]
        if "Traceback" in run.said or (run.code and run.said.count("restore: ") != 1):
            told.append(f"said {run.said[-300:]!r}")
        partial, kept = stage.partial(), stage.takes()
        if run.code == 0:
            row.enter(place, partial, told)
        else:
            row.enter(place, partial, [*told, *stage.wrong_after(stage.run(), kept)])
    return row


def at_random(stage: Stage, count: int, lot: random.Random, *, twice: bool) -> Row:
    """Kill at random moments; with `twice`, the run that goes on is killed too, and then goes on again."""
    row = Row("SIGKILL, and again while it goes on" if twice else "SIGKILL at a random moment")
    for _ in range(count):
        stage.clear()
        moments = [lot.uniform(0, stage.seconds * 1.1) for _ in range(1 + twice)]
        for moment in moments:
            run = stage.start()
            time.sleep(moment)
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
        go_on(stage, row, ", ".join(f"{moment:.3f} s" for moment in moments))
    return row


def work(asked: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """All faults of one share."""
    stage = Stage(folder)
    mine, of = (int(number) for number in asked.share.split("/"))
    lot = random.Random(asked.seed + mine)

    def share(points: Sequence[int]) -> Sequence[int]:
        return points[mine::of]

    if asked.kills or asked.errors:
        paths, calls = places(stage)
        yield killed(
            stage,
            paths,
            share(spread(calls.total(), asked.kills)) if asked.kills else [],
        )
        for names, error, what in ERRORS if asked.errors else ():
            count = sum(calls[name] for name in names.split(","))
            yield failed(stage, paths, names, error, what, share(spread(count, asked.errors)))
    yield at_random(stage, len(share(range(asked.random))), lot, twice=False)
    yield at_random(stage, len(share(range(asked.double))), lot, twice=True)
    if asked.scenarios and mine == 0:
        yield from (Row(name, faults=1, ends=Counter({said: 1}), wrong=wrong, lost=bool(wrong))
                    for name, said, wrong in scenarios.all_of(stage))  # fmt: skip


def merged(rows: Sequence[Row]) -> list[Row]:
    """Rows of the same kind added up."""
    found: dict[str, Row] = {}
    for row in rows:
        into = found.setdefault(row.what, Row(row.what))
        into.faults, into.partial, into.lost = (
            into.faults + row.faults,
            into.partial + row.partial,
            into.lost + row.lost,
        )
        into.ends += row.ends
        into.wrong += row.wrong
    return [row for row in found.values() if row.faults]


def table(rows: Sequence[Row]) -> list[str]:
    lines = [
        "| fault | times | partial final files | went on wrongly | ended with |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        ends = ", ".join(f"{end}" if row.faults == 1 else f"{end}: {count}×" for end, count in sorted(row.ends.items()))
        lines.append(f"| {row.what} | {row.faults} | {row.partial} | {row.lost} | {ends} |")
    wrong = [line for row in rows for line in row.wrong]
    return [*lines, "", *(f"* {line}" for line in wrong or ["Nothing went wrong."])]


def shared(asked: argparse.Namespace, folder: Path) -> list[Row]:
    """The rows of all shares, each made by a process of its own."""
    workers = [
        subprocess.Popen(
            [sys.executable, __file__, *sys.argv[1:], "--jobs", "1", "--share", f"{number}/{asked.jobs}"],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)},
        )
        for number in range(asked.jobs)
    ]  # fmt: skip
    rows = []
    for worker in workers:
        said, _ = worker.communicate()
        if worker.returncode not in (0, 1):
            raise SystemExit(f"a share ended with {worker.returncode}")
        rows += [Row(**{**plain, "ends": Counter(plain["ends"])}) for plain in map(json.loads, said.splitlines())]
    return rows


def main() -> int:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument(
        "--kills",
        type=int,
        default=10_000,
        help="disk calls to kill at; all by default",
    )
    said.add_argument("--random", type=int, default=200, help="kills at random moments")
    said.add_argument(
        "--double",
        type=int,
        default=25,
        help="kills at random moments, and again while it goes on",
    )
    said.add_argument(
        "--errors",
        type=int,
        default=10_000,
        help="calls of each kind that are made to fail; all by default",
    )
    said.add_argument("--scenarios", action=argparse.BooleanOptionalAction, default=True)
    said.add_argument("--jobs", type=int, default=1, help="processes beside each other")
    said.add_argument("--seed", type=int, default=5)
    said.add_argument("--share", default="0/1", help=argparse.SUPPRESS)
    said.add_argument("--write", type=Path, help="put the table between the marks in this file")
    asked = said.parse_args()
    one_share = asked.jobs == 1 and asked.share != "0/1"
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        if asked.jobs > 1:
            rows = merged(shared(asked, Path(folder)))
        else:
            rehearsal.rehearse()
            rows = []
            for row in work(asked, Path(folder)):
                rows = merged([*rows, row])
                print(f"{row.what}: {row.faults} faults", *row.wrong, sep="\n  ", file=sys.stderr, flush=True)
    if one_share:
        for row in rows:
            print(json.dumps(row.__dict__))
        return 0
    print("\n".join(table(rows)))
    if asked.write:
        begin, end = "<!-- faults -->\n", "<!-- /faults -->"
        text = asked.write.read_text(encoding="utf-8")
        head, _, rest = text.partition(begin)
        asked.write.write_text(f"{head}{begin}{chr(10).join(table(rows))}\n{end}{rest.partition(end)[2]}")
    return 1 if any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
