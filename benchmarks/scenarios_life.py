"""What befalls a run that is under way: signals, clocks, changed films, takes and recipes, terminals (S11 to S25)."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import clocks
from rehearsal import Run, Stage
from scenario import Ended, halfway, must, then_right


def stopped(stage: Stage) -> Ended:
    """S11: SIGINT and SIGTERM: it stops within 5 s, and goes on"""
    said, wrong = list[str](), list[str]()
    for number in (signal.SIGINT, signal.SIGTERM):
        run = halfway(stage, number=number)
        if run.code != 128 + number or run.seconds > 15:  # 5 on a machine with nothing else to do
            wrong.append(f"{number.name}: ended with {run.code} {run.seconds:.1f} s later: {run.said[-200:]}")
        wrong += [f"a process is left: {line}" for line in stage.children()]
        more, also = then_right(stage, (f"{run.code}", []))
        said.append(more)
        wrong += also
        stage.clear()
    return "; ".join(said), wrong


def stopped_twice(stage: Stage) -> Ended:
    """S11: a second SIGINT ends it at once"""
    run = halfway(stage, number=signal.SIGINT, times=2)
    return then_right(stage, (f"{run.code}", [] if run.code == 130 else [f"ended with {run.code}"]))


def frozen(stage: Stage) -> Ended:
    """S12: SIGSTOP, and SIGCONT two seconds later"""
    run = stage.start()
    for _ in range(3):
        time.sleep(stage.seconds / 5)
        os.kill(run.pid, signal.SIGSTOP)
        time.sleep(0.7)
        os.kill(run.pid, signal.SIGCONT)
    return f"{run.wait().code}", stage.wrong_after(run)


def clock_jumps(stage: Stage) -> Ended:
    """S13: the clock is a day early, a year late, or jumps a year to and fro while the run is at work"""
    said, wrong = list[str](), list[str]()
    for name in clocks.CLOCKS:
        environment = clocks.jumping(name, stage.folder)
        if environment is None:
            return "not played: wants a C compiler", []
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import rehearsal; rehearsal.fresh()"
        words = [sys.executable, "-c", code, *stage.words, str(stage.out)]
        done = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300)
        run = Run(0, stage.folder, 0.0, done.returncode, said=done.stderr)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        wrong += [f"{name}: {each}" for each in (*stage.wrong_after(run), *clocks.misread(name, events))]
        said.append(f"{run.code}")
        stage.clear()
    return ", ".join(said), wrong


def film_changes(stage: Stage) -> Ended:
    """S20: the film is changed while it is read"""
    content, times = stage.film.read_bytes(), stage.film.stat()
    run = stage.start()
    while not stage.takes():
        time.sleep(0.002)
    stage.film.write_bytes(content + b"more")
    said, wrong = must(run.wait(), 65, "was changed")
    stage.film.write_bytes(content)
    os.utime(stage.film, ns=(times.st_atime_ns, times.st_mtime_ns))
    wrong += [name for name in stage.right if (stage.out / name).exists()]
    return then_right(stage, (said, wrong))


def spoilt(stage: Stage, pattern: str, change: Callable[[Path], None]) -> Ended:
    """Stop a run half way, change the files in its work folder that fit `pattern`, go on."""
    run = halfway(stage)
    for path in stage.out.glob(f".restore/*/{pattern}"):
        change(path)
    again = stage.run()
    return f"{run.code}, then {again.code}", stage.wrong_after(again)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def take_flipped(stage: Stage) -> Ended:
    """S21: a bit of each finished take flips before the run goes on"""
    return spoilt(stage, "takes/*.mkv", flip)


def notes_emptied(stage: Stage) -> Ended:
    """S22: the notes beside the takes, and the index, are emptied or cut"""
    said, wrong = [], []
    for pattern in ("takes/*.json", "index.npz"):
        for change in (
            lambda path: path.write_bytes(b""),
            lambda path: path.write_bytes(path.read_bytes()[:40]),
            flip,
        ):
            more, also = spoilt(stage, pattern, change)
            said.append(more)
            wrong += [f"{pattern}: {each}" for each in also]
            stage.clear()
    return "; ".join(sorted(set(said))), wrong


def otherwise(stage: Stage, first: tuple[str, ...], second: tuple[str, ...]) -> Ended:
    """Begin with some words, go on with others: what comes out is what the others alone give."""
    stage.run(*second)
    wanted = stage.sha256(stage.out / "reel.master.mkv")
    stage.clear()
    begun, run = halfway(stage, *first), stage.run(*second)
    made = stage.out / "reel.master.mkv"
    wrong = [] if run.code == 0 and stage.sha256(made) == wanted else [f"ended with {run.code}: {run.said[-200:]}"]
    return f"{begun.code}, then {run.code}", wrong


def recipe_changed(stage: Stage) -> Ended:
    """S23: another recipe when the run goes on"""
    return otherwise(stage, (), ("--set", "filters=['colorize','median']"))


def threads_changed(stage: Stage) -> Ended:
    """S24: another number of threads when the run goes on"""
    return otherwise(stage, ("--threads", "1"), ("--threads", "2"))


def closed_pipes(stage: Stage) -> Ended:
    """S25: standard output and standard error are closed, or nobody reads them"""
    said, wrong = list[str](), list[str]()

    def shut() -> None:
        os.close(1)
        os.close(2)

    def unread() -> None:
        ends = os.pipe()
        os.dup2(ends[1], 1)
        os.dup2(ends[1], 2)
        os.close(ends[0])
        os.close(ends[1])
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)  # ours may be files

    for before in (shut, unread):
        run = stage.run(before=before)
        said.append(f"{run.code}")
        wrong += stage.partial()
        if run.code not in (0, 141):
            wrong.append(f"{before.__name__}: ended with {run.code}")
        if all((stage.out / name).exists() for name in stage.right):
            wrong += stage.left() + must(stage.run(), 73, "--overwrite")[1]
        else:
            wrong += stage.wrong_after(stage.run(), stage.takes())
        stage.clear()
    return ", ".join(said), wrong


def terminals(stage: Stage) -> Ended:
    """S25: a terminal of ten columns, one of none, and LANG=C"""
    said, wrong = list[str](), list[str]()
    words = [word for word in stage.words if word != "--json"]
    for columns, language in ((10, "C.UTF-8"), (0, "C.UTF-8"), (80, "C")):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 5, columns, 0, 0))

        def seen(theirs: int = theirs, language: str = language) -> None:
            os.environ.update(LANG=language, LC_ALL=language, TERM="xterm")
            os.dup2(theirs, 2)

        run = stage.start(before=seen, words=[*words, str(stage.out)])
        os.close(theirs)
        while True:
            try:
                if not os.read(ours, 65536):
                    break
            except OSError:
                break
        os.close(ours)
        said.append(f"{run.wait().code}")
        wrong += [f"{columns} columns, {language}: {each}" for each in stage.wrong_after(run)]
        stage.clear()
    return ", ".join(said), wrong


def programs_end(stage: Stage) -> Ended:
    """The ffmpeg program is killed while it puts the reel together"""
    run = stage.start()
    until = time.monotonic() + 30
    killed = False
    while not killed and time.monotonic() < until:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if b"matroska" in line.read_bytes() and str(stage.out).encode() in line.read_bytes():
                    os.kill(int(line.parent.name), signal.SIGKILL)
                    killed = True
    said, wrong = must(run.wait(), 69)
    return then_right(stage, (said, wrong if killed else ["it was not met"]))


def two_masters(stage: Stage) -> Ended:
    """A run is killed while its ffmpeg program writes; that one is held up, and the next run starts at once"""
    run = stage.start()
    until, helper = time.monotonic() + 30, 0
    while not helper and time.monotonic() < until:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if b"matroska" in line.read_bytes() and str(stage.out).encode() in line.read_bytes():
                    helper = int(line.parent.name)
    if not helper:
        return "not played: the program was not met", []
    os.kill(helper, signal.SIGSTOP)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    partial = stage.partial()
    again = stage.start()
    time.sleep(stage.seconds)
    with contextlib.suppress(ProcessLookupError):
        os.kill(helper, signal.SIGCONT)
    return f"{run.code}, then {again.wait().code}", [
        *partial,
        *stage.wrong_after(again),
    ]
