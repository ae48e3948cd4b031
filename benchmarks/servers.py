"""What befalls the Prefect server of a run: killed, locked, away, away for good; and a run killed on a server.

    python benchmarks/servers.py [NAME…] [--write docs/reliability.md]

The program, Prefect and the servers are the real ones; only the network is a wash of brown that takes a second a shot,
so that there is a run to befall. Each scenario must end with the bytes of an undisturbed run, at once or by the same
command given again. Six minutes on an idle machine, most of them waiting.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

SHOTS, LENGTH = 60, 4
PACE_S = 1.0
PATIENCE_S = 900.0


def slow() -> None:
    """The program with a network that takes PACE_S seconds a shot; its words are the program's."""
    from stand_in import Wash

    import restore.runtime
    from restore.flows import cli

    class Slow(Wash):
        def __call__(self, *words: Any, **more: Any) -> Any:
            time.sleep(PACE_S)
            return super().__call__(*words, **more)

    restore.runtime.Runtime.painter = lambda *_: Slow()  # type: ignore[assignment,method-assign,return-value]
    cli.main()


class Bench:
    """A film, and runs of it in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        from films import Film, lights

        self.folder, self.out = folder, folder / "out"
        pictures = lights(SHOTS * LENGTH, 64, 48)
        self.film = Film(rate=Fraction(24)).write(folder / "reel.mkv", pictures)
        self.shots = folder / "edited.csv"
        self.shots.write_text("start frame\n" + "".join(f"{at}\n" for at in range(0, SHOTS * LENGTH, LENGTH)))
        self.right = ""

    def start(self, server: str = "") -> subprocess.Popen[str]:
        """The run, on the server at this address, or on its own."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment |= {"PREFECT_HOME": str(self.folder / "home")} | ({"PREFECT_API_URL": server} if server else {})
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import servers; servers.slow()"
        words = ["run", str(self.film), "--recipe", "draft", "--shots", str(self.shots), "-o", str(self.out)]
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code, *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def takes(self) -> int:
        return len(list(self.out.glob(".restore/*/takes/[!.]*.json")))

    def at_work(self, run: subprocess.Popen[str], takes: int = 3) -> None:
        """Wait until some takes lie there."""
        until = time.monotonic() + PATIENCE_S
        while self.takes() < takes and run.poll() is None and time.monotonic() < until:
            time.sleep(0.02)

    def ended(self, run: subprocess.Popen[str], *codes: int) -> list[str]:
        """Wait for the end; what is wrong with it, or with what lies there then."""
        try:
            _, said = run.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            run.kill()
            return ["hangs"]
        lines = [line for line in said.splitlines() if line.startswith("restore: ")]
        wrong = [] if run.returncode in codes else [f"ended with {run.returncode}: {said[-400:]}"]
        if "Traceback" in said or (run.returncode and len(lines) != 1):
            wrong.append(f"said {said[-400:]!r}")
        master = self.out / "reel.master.mkv"
        if run.returncode == 0 and (left := list(self.out.rglob(".*"))):
            wrong.append(f"left over: {left[0]}")
        if master.exists() == bool(run.returncode):
            wrong.append(f"ended with {run.returncode}, and a master is {'there' if master.exists() else 'missing'}")
        if master.exists():
            sha256 = hashlib.sha256(master.read_bytes()).hexdigest()
            self.right = self.right or sha256
            wrong += [] if sha256 == self.right else ["the master differs"]
        return wrong


class Server:
    """A Prefect server beside the runs, as an archive would have one; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.home = Path(tempfile.mkdtemp(dir=folder))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {"PREFECT_HOME": str(self.home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | settings
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/health", timeout=2).close()
                return
            time.sleep(0.2)
        raise SystemExit("the Prefect server does not start")

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def states(self) -> list[str]:
        """The states of all flow runs that it knows."""
        asked = urllib.request.Request(
            f"{self.url}/flow_runs/filter", b"{}", {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return sorted(run["state_type"] for run in json.load(answer))

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


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
    """The server is killed and does not come back; the same command goes on, on a server of its own"""
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
    """S17: the run is killed; the same command goes on, on the same server"""
    with Server(bench.folder) as server:
        run = bench.start(server.url)
        bench.at_work(run)
        run.kill()
        wrong = bench.ended(run, -signal.SIGKILL)[2:]
        again = bench.start(server.url)
        wrong += bench.ended(again, 0)
        states = server.states()
    return f"{run.returncode}, then {again.returncode}; the server knows {', '.join(states).lower()}", wrong


PLAYS: tuple[Callable[[Bench], Ended], ...] = (
    undisturbed, own_killed, killed_for(10), killed_for(50), locked_for(20), locked_for(75), away_at_start,
    away_for_good, run_killed,
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
            subprocess.run(["rm", "-rf", str(bench.out)], check=True)


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
