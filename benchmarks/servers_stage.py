"""A bench for servers.py: a film, runs of the real program in a folder of their own, and real Prefect servers.

Only the network is a wash of brown that takes a second a shot, so that there is a run to befall.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
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

    def start(self, server: str = "", more: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """The run, on the server at this address, or on its own; `more` is for its environment."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment |= {"PREFECT_HOME": str(self.folder / "home")} | ({"PREFECT_API_URL": server} if server else {})
        environment |= more or {}
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from servers_stage import slow; slow()"
        words = ["run", str(self.film), "--recipe", "draft", "--shots", str(self.shots), "-o", str(self.out)]
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code, *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def clear(self) -> None:
        """Away with all that runs made."""
        shutil.rmtree(self.out, ignore_errors=True)

    def takes(self) -> int:
        """Shots that are done."""
        whole = (self.out / "reel.master.mkv").exists()
        return SHOTS if whole else len(list(self.out.glob(".restore/*/takes/[!.]*.json")))

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
