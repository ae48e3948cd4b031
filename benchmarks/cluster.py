"""The same reel by one process, by two Dask workers, with a depot, and with a worker killed: the bytes, and the time.

    python benchmarks/cluster.py FILM [--recipe film] [--workers 2]

Seconds are of the step `restore` (workers start inside it) and of the whole run; the load of the machine is printed
beside them, since on a busy one they say little. The killed worker dies by SIGKILL as soon as a shot is finished, and
Dask puts another in its place.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from restore.store import file_sha256


@dataclass(frozen=True)
class Timed:
    """Seconds of `restore` and of all steps, processor seconds of the run and its workers, SHA-256 of the master."""

    restore_s: float
    whole_s: float
    cpu_s: float
    sha256: str


def timed(film: Path, out: Path, words: tuple[str, ...], *, kill: bool = False) -> Timed:
    command = [sys.executable, "-m", "restore.flows.cli", "-q", "run", str(film), "-o", str(out), *words]
    before = os.times()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        if kill:
            kill_a_worker(run, out)
    if run.returncode:
        sys.exit(f"{' '.join(command)} ended with {run.returncode}")
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    (paper,) = out.glob("*.provenance.json")
    seconds = json.loads(paper.read_text(encoding="utf-8"))["run"]["seconds"]
    (master,) = out.glob("*.master.mkv")
    return Timed(seconds["restore"], sum(seconds.values()), spent, file_sha256(master))


def kill_a_worker(run: subprocess.Popen[bytes], out: Path) -> None:
    """Kill one of the run's Dask workers once a shot is finished, and wait until another is there."""
    while not list(out.glob(".restore/*/takes/[!.]*.mkv")):
        if run.poll() is not None:
            sys.exit("the run ended before a worker could be killed")
        time.sleep(0.05)
    before = dask_workers(run.pid)
    os.kill(before[0], signal.SIGKILL)
    while run.poll() is None and not set(dask_workers(run.pid)) - set(before):
        time.sleep(0.05)
    if run.poll() is not None:
        sys.exit("the run ended before another worker was there: take a longer film")


def dask_workers(parent: int) -> list[int]:
    """Processes in which a run's shots are made: those that `multiprocessing` started for it."""
    found = list[int]()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            of = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if of == parent and b"multiprocessing.spawn" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return sorted(found)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("film", type=Path)
    wanted.add_argument("--recipe", default="film")
    wanted.add_argument("--workers", type=int, default=2)
    asked = wanted.parse_args()
    seen = list[Timed]()
    print("| way | restore, s | whole run, s | processor, s | load | master |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="restore-cluster-") as folder:
        os.environ["RESTORE_CACHE"] = f"{folder}/cache"
        cluster = ("--cluster", f"dask:{asked.workers}")
        ways = {"one process": (), "one process, one thread": ("--threads", "1", "--workers", "1"),
                f"{asked.workers} workers": cluster,
                f"{asked.workers} workers, depot": (*cluster, "--depot", f"{folder}/depot"),
                f"{asked.workers} workers, one killed": cluster}  # fmt: skip
        for number, (name, words) in enumerate(ways.items()):
            found = timed(
                asked.film, Path(folder) / str(number), ("--recipe", asked.recipe, *words), kill="killed" in name
            )
            seen.append(found)
            times = " | ".join(f"{seconds:.1f}" for seconds in (found.restore_s, found.whole_s, found.cpu_s))
            print(f"| {name} | {times} | {os.getloadavg()[0]:.1f} | {found.sha256[:12]}… |", flush=True)
    same = len({found.sha256 for found in seen}) == 1
    print("\nThe same bytes every time." if same else "\nTHE MASTERS DIFFER")
    print(f"{asked.workers} workers are {seen[0].restore_s / seen[2].restore_s:.2f} times as fast as one process.")
    sys.exit(not same)


if __name__ == "__main__":
    main()
