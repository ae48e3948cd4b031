"""Runs watched by strace: every disk call on the output folder, each of which can be met again and made to fail.

strace counts calls apart for each thread, path and kind of call. A `Point` names one call by these three, so that a
second run can be struck at exactly it, in whichever thread or program it is made.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal import Run, Stage

CALLS = (
    "openat", "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat",
    "unlink", "unlinkat", "mkdir", "rmdir", "ftruncate",
)  # fmt: skip
BY_NUMBER = ("write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate")
"""Calls whose file is named by its open number only; their other words are content."""


@dataclass(frozen=True)
class Point:
    """One disk call of a run: the `nth` of its kind on `path` in its thread."""

    path: str
    call: str
    nth: int

    def struck(self, how: str) -> tuple[str, ...]:
        """strace's words to strike exactly here, with "signal=KILL" or "error=EIO"."""
        return "-P", self.path, "-e", f"inject={self.call}:{how}:when={self.nth}"

    def shown(self, out: Path) -> str:
        return f"{self.call} {self.nth} of {os.path.relpath(self.path, out)}"


@dataclass(frozen=True)
class Call:
    """A line of strace's log: who called what, on which paths under the output folder."""

    thread: str
    name: str
    paths: tuple[str, ...]
    words: str
    worked: bool


def works() -> bool:
    """Whether processes may be watched here; some machines have no strace, some forbid it."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", os.devnull, "true"], stderr=subprocess.DEVNULL).returncode == 0


def traced(stage: Stage, *words: str) -> tuple[Run, str]:
    """A run under strace with these words more; returns it and strace's log."""
    ready, go = os.pipe()
    run = stage.start(before=lambda: bool(os.read(ready, 1)) or None)
    log = stage.folder / "strace.log"
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-y", "-p", str(run.pid), "-o", str(log), *words], stderr=subprocess.DEVNULL
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


def calls(stage: Stage) -> list[Call]:
    """Every disk call on the output folder that an uninterrupted run makes, in order."""
    stage.clear()
    run, log = traced(stage, "-e", f"trace={','.join(CALLS)}")
    if run.code != 0:
        raise SystemExit(f"a watched run ended with {run.code}: {run.said}")
    return [call for line in log.splitlines() if (call := _read(line, str(stage.out))) and call.paths]


def _read(line: str, out: str) -> Call | None:
    called = re.match(r"(\d+) +(\w+)\((.*)", line)
    if called is None:  # the second half of a call, or a death
        return None
    thread, name, line = called.groups()
    words, _, result = line.rpartition(") = ")
    words = words or line
    found = re.findall(r"(?:^|, )\d+<([^>]+)>", words)
    found = found[:1] if name in BY_NUMBER else [*found, *re.findall(r'"([^"]*)"', words)]
    return Call(thread, name, tuple(path for path in found if path == out or path.startswith(f"{out}/")), words,
                not result.startswith("-1"))  # fmt: skip


def points(found: list[Call]) -> tuple[list[Point], int]:
    """A point for every call that one can name, and how many cannot be: another thread is the first to fit its name."""
    counts = Counter[tuple[str, str, str]]()
    taken, named = set[Point](), list[Point]()
    for call in found:
        mine = list[Point]()
        for path in dict.fromkeys(call.paths):
            counts[call.thread, path, call.name] += 1
            mine.append(Point(path, call.name, counts[call.thread, path, call.name]))
        free = [point for point in mine if point not in taken]
        named += free[:1]
        taken.update(mine)
    return named, len(found) - len(named)


def out_of_order(found: list[Call], out: Path) -> Iterator[str]:
    """What would not survive a power cut: a file that got its name before its content was on disk (fsync), a name whose
    folder was not synced before the next one was given, a folder that its parent never heard of (but for the
    outermost, whose parent is not watched), a result that was written under its final name."""
    unsynced, waiting = set[str](), dict[str, str]()
    for call in found:
        path, folder = call.paths[-1], str(Path(call.paths[-1]).parent)
        if not call.worked:
            continue
        if call.name in ("write", "pwrite64", "writev", "ftruncate"):
            unsynced.add(path)
        elif call.name in ("fsync", "fdatasync"):
            unsynced.discard(path)
            waiting.pop(path, None)
        elif call.name.startswith(("rename", "link")) and len(call.paths) == 2:
            if Path(path).name.startswith("made."):  # synced when it is published, under its final name
                continue
            if call.paths[0] in unsynced:
                yield f"{path} got its name before its content was on disk"
            if folder in waiting:
                yield f"{path} got its name before its folder knew of {waiting[folder]}"
            waiting[folder] = path
        elif call.name == "mkdir" and not Path(path).name.startswith(".part-") and Path(path) != out:
            waiting[folder] = path
        elif call.name == "openat" and "O_CREAT" in call.words and Path(path).parent == out:
            yield f"{path} is written under its final name"
    yield from (f"the folder of {final} was never synced" for final in waiting.values())
