"""What befalls the Prefect server of a run: killed, locked, away, away for good; and a run killed on a server.

    python benchmarks/servers.py [NAME…] [--write docs/reliability.md]

The program, Prefect and the servers are the real ones (servers_stage.py). Each scenario must end with the bytes of an
undisturbed run, at once or by the same command given again. Half an hour on an idle machine, most of it waiting.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import clocks
from servers_stage import Bench, Server

Ended = tuple[str, list[str]]


def undisturbed(bench: Bench) -> Ended:
    """Nothing happens"""
    return "0", bench.ended(bench.start(), 0)


def own_killed(bench: Bench) -> Ended:
    """The run's own server is killed"""
    run = bench.start()
    bench.at_work(run)
    for line in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = line.read_text().rpartition(")")[2].split()[1]
            if int(parent) == run.pid and b"temporary_server" in line.with_name("cmdline").read_bytes():
                os.kill(int(line.parent.name), signal.SIGKILL)
                break
    else:
        return "not met", ["its server was not met"]
    wrong = bench.ended(run, 0)
    return f"{run.returncode}", wrong


def killed_for(seconds: float) -> Callable[[Bench], Ended]:
    def play(bench: Bench) -> Ended:
        with Server(bench.folder) as server:
            run = bench.start(server.url)
            bench.at_work(run)
            server.kill()
            before = bench.takes()
            time.sleep(seconds)
            working = bench.takes() - before
            server.start()
            wrong = bench.ended(run, 0)
            states = server.states()
        wrong += [] if states == ["COMPLETED"] else [f"the server knows {states}"]
        return f"{run.returncode}, {working} shots done meanwhile", wrong

    play.__doc__ = f"S14: the Prefect server is killed, and comes back {seconds:.0f} s later"
    play.__name__ = f"killed_for_{seconds:.0f}"
    return play


def locked_for(seconds: float) -> Callable[[Bench], Ended]:
    def play(bench: Bench) -> Ended:
        with Server(bench.folder) as server:
            run = bench.start(server.url)
            bench.at_work(run)
            with contextlib.closing(sqlite3.connect(server.home / "prefect.db", timeout=30)) as database:
                database.execute("BEGIN EXCLUSIVE")
                time.sleep(seconds)
                database.rollback()
            wrong = bench.ended(run, 0)
            states = server.states()
        wrong += [] if states == ["COMPLETED"] else [f"the server knows {states}"]
        return f"{run.returncode}", wrong

    play.__doc__ = f"S16: the server's database is locked for {seconds:.0f} s"
    play.__name__ = f"locked_for_{seconds:.0f}"
    return play


def away_at_start(bench: Bench) -> Ended:
    """S15: no server at the address that is given"""
    began = time.monotonic()
    run = bench.start("http://127.0.0.1:9/api")
    wrong = bench.ended(run, 69)
    return f"{run.returncode} after {time.monotonic() - began:.0f} s", wrong


def away_for_good(bench: Bench) -> Ended:
    """The server is killed and does not come back"""
    with Server(bench.folder) as server:
        run = bench.start(server.url)
        bench.at_work(run)
    began = time.monotonic()
    wrong = bench.ended(run, 0, 69)
    if run.returncode == 0:
        return f"0, {time.monotonic() - began:.0f} s after the server", wrong
    kept, again = bench.takes(), bench.start()
    wrong += bench.ended(again, 0)
    return f"{run.returncode} with {kept} takes, then {again.returncode}", wrong


def run_killed(bench: Bench) -> Ended:
    """S17, S19: the run is killed; the same command goes on, on the same server, which learns of the first one's end"""
    with Server(bench.folder) as server:
        run = bench.start(server.url)
        bench.at_work(run)
        run.kill()
        run.communicate()
        wrong = ["a master is there"] if (bench.out / "reel.master.mkv").exists() else []
        again = bench.start(server.url)
        wrong += bench.ended(again, 0)
        states = server.states()
    wrong += [] if states == ["COMPLETED", "CRASHED"] else [f"the server knows {states}"]
    return f"{run.returncode}, then {again.returncode}; the server knows {', '.join(states).lower()}", wrong


def clock_jumps(bench: Bench) -> Ended:
    """S13: the clock of the run and of its own server is wrong, or jumps a year to and fro"""
    said, wrong = list[str](), list[str]()
    for name in clocks.CLOCKS:
        environment = clocks.jumping(name, bench.folder)
        if environment is None:
            return "not played: wants a C compiler", []
        run = bench.start(more=environment)
        wrong += [f"{name}: {each}" for each in bench.ended(run, 0)]
        said.append(f"{name}: {run.returncode}")
        bench.clear()
    return ", ".join(said), wrong


PLAYS: tuple[Callable[[Bench], Ended], ...] = (
    undisturbed, own_killed, killed_for(10), killed_for(50), locked_for(20), locked_for(75), away_at_start,
    away_for_good, run_killed, clock_jumps,
)  # fmt: skip


def all_of(names: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """(name, how it ended, what was wrong) of the scenarios with these names, or of all."""
    with tempfile.TemporaryDirectory(prefix="servers-") as folder:
        bench = Bench(Path(folder))
        for play in PLAYS:
            if names and play.__name__ not in (*names, "undisturbed"):
                continue
            said, wrong = play(bench)
            print(play.__name__, said, *wrong, sep="\n  ", file=sys.stderr, flush=True)
            yield (play.__doc__ or "").splitlines()[0], said, wrong
            bench.clear()


def main() -> int:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("names", nargs="*", help="scenarios; all by default")
    said.add_argument("--write", type=Path, help="put the table between the marks in this file")
    asked = said.parse_args()
    rows = list(all_of(asked.names))
    lines = ["| scenario | ended with |", "|---|---|", *(f"| {name} | {ended} |" for name, ended, _ in rows), ""]
    lines += [f"* {name}: {each}" for name, _, wrong in rows for each in wrong] or ["Nothing went wrong."]
    print("\n".join(lines))
    if asked.write:
        begin, end = "<!-- servers -->\n", "<!-- /servers -->"
        text = asked.write.read_text(encoding="utf-8")
        head, _, rest = text.partition(begin)
        asked.write.write_text(f"{head}{begin}{chr(10).join(lines)}\n{end}{rest.partition(end)[2]}")
    return 1 if any(wrong for _, _, wrong in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
