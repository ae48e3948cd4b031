"""The plays of `nights.py`: each breaks something in a night, and returns how it ended in a few words."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nights_stage import Stage

DOWN_S = 50.0
LOCKED_S = 75.0
CRASHED_S = 10.0
"""Within this a run whose process was killed must be told as crashed (S17)."""


def server(stage: Stage) -> str:
    """The server is killed, and is back after 50 s"""
    stage.fill()
    house = stage.server()
    service = stage.serve(served=True)
    before = stage.half()
    house.kill()
    time.sleep(DOWN_S)
    meanwhile = stage.made() - before
    stage.server()
    stage.ended()
    said = stage.judge(service)
    stage.nobody_at_work()
    return f"{said}; {meanwhile} of them while it was away"


def own_server(stage: Stage) -> str:
    """The service's own server is killed"""
    stage.fill()
    service = stage.serve()
    stage.half()
    (found,) = [pid for pid in _children(service.process.pid) if b"house_server" in _words(pid)]
    os.kill(found, signal.SIGKILL)
    stage.ended()
    said = stage.judge(service)
    stage.nobody_at_work()
    return said


def database(stage: Stage) -> str:
    """The server's database is locked for 75 s"""
    stage.fill()
    stage.server()
    service = stage.serve(served=True)
    before = stage.half()
    with contextlib.closing(sqlite3.connect(stage.home / "house.db", isolation_level=None, timeout=60)) as database:
        database.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCKED_S)
        meanwhile = stage.made() - before
        database.execute("ROLLBACK")
    stage.ended()
    said = stage.judge(service)
    stage.nobody_at_work()
    return f"{said}; {meanwhile} of them while it was locked"


def run(stage: Stage) -> str:
    """The process of the night is killed (SIGKILL); the service begins it again"""
    stage.fill()
    service = stage.serve()
    stage.half()
    (pid,) = service.runs()
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    stage.until(lambda: stage.runs_that_are("CRASHED"), "the server to know that it was killed")
    took = time.monotonic() - began
    if took > CRASHED_S:
        stage.problems.append(f"told as crashed after {took:.0f} s")
    stage.ended()
    said = stage.judge(service)
    if not stage.run("status", served=True)[1].count("Crashed"):
        stage.problems.append("restore status does not say that it was killed")
    stage.nobody_at_work()
    code = service.stop()
    if code != 143:
        stage.problems.append(f"stopped with {code}")
    return f"told as crashed after {took:.1f} s; {said}; stopped at last with {code}"


def service(stage: Stage) -> str:
    """The service is killed (SIGKILL), its night lives on; the service is started again"""
    stage.fill()
    stage.server()
    first = stage.serve(served=True)
    stage.half()
    (pid,) = first.runs()
    first.kill()
    began = time.monotonic()
    stage.until(lambda: not Path(f"/proc/{pid}").exists(), "the night to end with its service", 60)
    took = time.monotonic() - began
    second = stage.serve(served=True)
    stage.ended()
    said = stage.judge(first, second)
    stage.nobody_at_work()
    return f"the night stopped after {took:.0f} s and went on: {said}"


def both(stage: Stage) -> str:
    """Service and night are killed together (SIGKILL); the service is started again"""
    stage.fill()
    stage.server()
    first = stage.serve(served=True)
    stage.half()
    (pid,) = first.runs()
    first.kill()
    os.kill(pid, signal.SIGKILL)
    stale = stage.unfinished()
    if not stale:
        stage.problems.append("nothing was left as running: this play shows nothing")
    second = stage.serve(served=True)
    stage.ended()
    said = stage.judge(first, second)
    stage.nobody_at_work()
    return f"{len(stale)} stale runs swept: {said}"


def away(stage: Stage) -> str:
    """The server is away when batch, submit and service begin; it comes"""
    stage.fill(films=2)
    ends = []
    for words in (("batch", str(stage.inbox), "--out", str(stage.out)), ("submit", "x.mkv"), ("status",)):
        began = time.monotonic()
        code, _, said = stage.run(*words, served=True)
        ends.append(f"{words[0]} {code} after {time.monotonic() - began:.0f} s")
        if code != 69 or said.count("restore: ") != 1 or "Traceback" in said:
            stage.problems.append(f"{words[0]}: {code}, {said[-200:]!r}")
    first = stage.serve(served=True)
    stage.until(lambda: "is away" in first.said(), "the service to say so", 60)
    stage.server()
    stage.ended()
    return f"{', '.join(ends)}; the service waited: {stage.judge(first)}"


def disk(stage: Stage) -> str:
    """The disk is full in the night; room is made; the night goes on by itself"""
    stage.fill(bad=0)
    stage.out.mkdir()
    with _small_disk(stage.out, megabytes=64):
        ballast = stage.out / "ballast"
        service = stage.serve()
        before = stage.half()
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65536)
        with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 512)
        stage.until(
            lambda: "o space left" in service.said() or " free, at least" in service.said(), "it to be told", 180
        )
        stage.until(lambda: not service.runs(), "the night to end", 180)
        told = [line for line in service.said().splitlines() if "o space left" in line or " free, at least" in line]
        if any("Traceback" in line for line in service.said().splitlines()):
            stage.problems.append("a traceback")
        ballast.unlink()
        stage.until(lambda: stage.made() == stage.films, "the films that were left")
        stage.ended()
        said = stage.judge(service, bad=0)
        stage.nobody_at_work()
        service.stop()
    return f"{before} films, then told in {len(told)} lines, the night ended; with room again: {said}"


def gpu(stage: Stage) -> str:
    """The GPU is gone; the next batch is given the processor"""
    stage.fill(films=4, bad=0)
    words = ("batch", str(stage.inbox), "--out", str(stage.out), "--settle", "0s", "--threads", "1")
    code, _, said = stage.run(*words, "--device", "cuda:0")
    if code != 69 or "0 restored" in said or "Traceback" in said:
        stage.problems.append(f"{code}: {said[-300:]!r}")
    again, _, _ = stage.run(*words)
    if again or stage.made() != 4:
        stage.problems.append(f"then {again}, {stage.made()} films")
    return f"{code}, no film marked as failed; then {again}, {stage.made()} films"


def twice(stage: Stage) -> str:
    """Two services, and a batch beside a night, for one folder of results"""
    stage.fill_long()
    stage.fill()
    first = stage.serve()
    stage.until(first.runs, "the night to begin")
    stage.until(lambda: (stage.out / "nights").exists(), "the night to be at work")
    words = ("batch", str(stage.inbox), "--out", str(stage.out))
    beside = stage.start(*words, log="batch.log")
    second = stage.serve("--port", str(stage.port + 1), log="second.log", PREFECT_HOME=str(stage.folder / "other"))
    batch, code = beside.process.wait(120), second.process.wait(120)
    if (code, batch) != (75, 75) or not first.runs():
        stage.problems.append(f"second service {code}, batch {batch}: {second.said()[-99:]!r} {beside.said()[-99:]!r}")
    stage.ended()
    said = stage.judge(first)
    stage.compare_long()
    return f"second service {code}, batch {batch}, in a line each; the first: {said}"


def _children(pid: int) -> list[int]:
    return [
        int(child) for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]  # fmt: skip


def _words(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@contextlib.contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A disk of its own, in memory (needs the right to mount)."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


PLAYS: tuple[Callable[[Stage], str], ...] = (
    server, own_server, database, run, service, both, away, disk, gpu, twice,
)  # fmt: skip
