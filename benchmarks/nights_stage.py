"""A small archive to play nights in: an inbox of tiny films, the real commands, and what must be true in the end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from nights_command import Command

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from films import Film, lights

PATIENCE_S = 600.0
LONG, LONG_S = "film_(long).mkv", 40
BAD = {"empty.mkv": b"", "text.mkv": b"no film at all\n" * 40, "torn.mp4": b"\0\0\0\x18ftypisom" + b"\xff" * 400}


@dataclass(frozen=True)
class Cast:
    """What the plays are played with.

    films     of a night
    many      of the long queue, ten of them bad
    clips     folder of real films for the real night, or None
    pictures  where pictures of its morning page go, or None
    """

    films: int = 8
    many: int = 500
    clips: Path | None = None
    pictures: Path | None = None


class Stage:
    """A folder with an inbox, results and a Prefect home of its own. A context manager: it ends what it started."""

    def __init__(self, folder: Path, cast: Cast) -> None:
        self.folder, self.cast, self.films, self.many = folder, cast, cast.films, cast.many
        self._reference = folder.parent / "reference"  # made once
        self.inbox, self.out = folder / "inbox", folder / "out"
        self.problems: list[str] = []
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.home = folder.parent / "prefect"  # its database is migrated once
        self._started: list[Command] = []

    def __enter__(self) -> Stage:
        self.inbox.mkdir(parents=True)
        self.home.mkdir(exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for command in reversed(self._started):
            for pid in command.runs():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            command.kill()

    def last_words(self) -> str:
        """The end of what each command said, for a play that went wrong."""
        said = {log.name: log.read_text(errors="replace").splitlines() for log in self.folder.glob("*.log")}
        heard = {name: [line for line in lines if "| INFO " not in line][-150:] for name, lines in said.items()}
        return "\n".join(f"{name}: …\n{chr(10).join(lines)}" for name, lines in heard.items())

    def fill(self, films: int | None = None, bad: int = 3) -> None:
        """Put films into the inbox, every one with light of its own; the same files in every play."""
        pool = self.folder.parent / "films"
        pool.mkdir(exist_ok=True)
        for number in range(self.films if films is None else films):
            film = pool / f"film_{number:03d}.mkv"
            if not film.exists():
                Film().write(film, [np.roll(picture, number, axis=1) for picture in lights(8, 64, 48)])
            (self.inbox / film.name).write_bytes(film.read_bytes())
        for number in range(bad):
            name, content = list(BAD.items())[number % len(BAD)]
            (self.inbox / f"bad_{number:02d}_{name}").write_bytes(content)
        self.note_sources()

    def fill_long(self) -> float:
        """Put a film of many shots into the inbox, which takes long and goes first; the same in every play. Returns the
        seconds that an undisturbed run of it took."""
        whole = self.folder.parent / "long" / LONG
        if not whole.exists():
            if self.run("demo", "--film-only", "--seconds", str(LONG_S), "--out", str(whole.parent))[0]:
                raise RuntimeError("the long film cannot be made")
            (whole.parent / "demo.mkv").rename(whole)
            began = time.monotonic()
            self.run("run", str(whole), "--out", str(whole.parent / "out"), "--threads", "1")
            (whole.parent / "seconds").write_text(f"{time.monotonic() - began:.1f}")
        (self.inbox / LONG).write_bytes(whole.read_bytes())
        self.note_sources()
        return float((whole.parent / "seconds").read_text())

    def note_sources(self) -> None:
        """From now on nothing may change what lies in the inbox."""
        self._sources = _digests(self.inbox)

    def compare_long(self) -> None:
        """The long film's master must have the bytes of the undisturbed run's."""
        name = f"{Path(LONG).stem}.master.mkv"
        if _digest(self.folder.parent / "long" / "out" / name) != _digest(self.out / name):
            self.problems.append(f"{name}: not the bytes of an undisturbed run")

    def environment(self, served: bool = False, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "RESTORE_"))}
        named = {"PREFECT_API_URL": self.url} if served else {}
        return {**kept, "PREFECT_HOME": str(self.home), "XDG_STATE_HOME": str(self.folder / "state"),
                "OMP_NUM_THREADS": "1", **named, **more}  # fmt: skip

    def start(self, *words: str, log: str, served: bool = False, **more: str) -> Command:
        command = Command(self.folder / log, words, self.environment(served, **more))
        self._started.append(command)
        return command

    def run(self, *words: str, served: bool = False, **more: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "restore.flows.cli", *words], capture_output=True, text=True, cwd=self.folder,
            env=self.environment(served, **more), timeout=6 * PATIENCE_S,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def server(self) -> Command:
        """A server of its own, which answers."""
        command = self.start("server", "start", "--port", str(self.port), log="server.log")
        self.until(self.answers, "the server to answer")
        return command

    def answers(self) -> bool:
        return self.ask("GET", "/health") is not None

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """What the server answers; None where it does not."""
        import urllib.error
        import urllib.request

        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            token = self.ask("GET", "/csrf-token?client=nights")  # the server takes no writes without one
            if token is None:
                return None
            headers |= {"Prefect-Csrf-Token": token["token"], "Prefect-Csrf-Client": "nights"}
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json", **headers}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def serve(self, *words: str, served: bool = False, log: str = "service.log", **more: str) -> Command:
        """The nightly service, in the middle of its window unless `words` say otherwise: it begins at once."""
        window = () if "--at" in words else self.window()
        return self.start(
            "serve", "--inbox", str(self.inbox), "--out", str(self.out), "--settle", "0s", "--threads", "1", "--port",
            str(self.port), *window, *words, log=log, served=served, **more,
        )  # fmt: skip

    @staticmethod
    def window(begins_min: int = -1, ends_min: int = 180) -> tuple[str, ...]:
        """Options of a window, in minutes from the one that runs now."""
        at, until = (datetime.now() + timedelta(minutes=minutes) for minutes in (begins_min, ends_min))
        return "--at", f"{at:%H:%M}", "--until", f"{until:%H:%M}"

    def until(self, holds: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
        """Wait until something holds; returns it."""
        end = time.monotonic() + within_s
        while not (found := holds()):
            if time.monotonic() > end:
                raise TimeoutError(f"waited {within_s:.0f} s for {what}")
            time.sleep(0.25)
        return found

    def night(self) -> dict[str, Any]:
        """The record of the night; empty before there is one."""
        for file in sorted((self.out / "nights").glob("*.json"), reverse=True):
            with contextlib.suppress(OSError, ValueError):
                found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
                return found
        return {}

    def made(self) -> int:
        return len(list(self.out.rglob("*.master.mkv")))

    def half(self) -> int:
        """Wait until some films are restored and others are not."""
        return int(self.until(lambda: self.made() >= max(1, self.films // 3) and self.made(), "some films"))

    def ended(self) -> dict[str, Any]:
        """Wait for the end of the night; returns its record."""
        return dict(self.until(lambda: self.night().get("ended") and self.night(), "the end of the night"))

    def judge(
        self, *commands: Command, bad: int = 3, record: dict[str, Any] | None = None, compared: bool = True
    ) -> str:
        """Look whether all is as it must be after a night that came to its end; says how it ended.

        compared: whether the results must have the bytes of an undisturbed batch."""
        night = record if record is not None else self.night()
        counted = Counter(result["state"] for result in night.get("results", ()))
        good = len(list(self.inbox.glob("film_*")))
        if counted["restored"] + counted["done"] != good or counted["failed"] != bad:
            self.problems.append(f"{dict(counted)}, must be {good} restored and {bad} failed")
        named = {Path(r["film"]).name for r in night.get("results", ()) if r["state"] == "failed" and r["why"]}
        if named != {path.name for path in self.inbox.glob("bad_*")}:
            self.problems.append(f"named as failed: {sorted(named)}")
        if compared:
            self._same_bytes()
        said = "".join({command.log: command.said() for command in commands}.values())
        twice = [name for name, times in Counter(_restored(said)).items() if times > 1]
        if twice:
            self.problems.append(f"restored twice: {twice}")
        if _digests(self.inbox) != self._sources:
            self.problems.append("a source was changed")
        left = [*self.out.rglob(".part-*"), *(self.out / ".restore").glob("*/takes")]
        if left:
            self.problems.append(f"left: {left}")
        return ", ".join(f"{number} {state}" for state, number in sorted(counted.items()))

    def _same_bytes(self) -> None:
        reference = self.reference()
        for name, digest in reference.items():
            file = self.out / name
            if file.name.partition(".")[0] in {path.stem for path in self.inbox.iterdir()} and (
                not file.exists() or _digest(file) != digest
            ):
                self.problems.append(f"{name}: not the bytes of an undisturbed batch")

    def reference(self) -> dict[str, str]:
        """Masters and access copies of an undisturbed batch of the first films, by name."""
        if not self._reference.exists():
            folder = self._reference.with_name("reference-films")
            folder.mkdir(exist_ok=True)
            for film in sorted(self.inbox.glob("film_[0-9]*"))[: self.films]:
                (folder / film.name).write_bytes(film.read_bytes())
            code, _, said = self.run(
                "batch", str(folder), "--out", str(self._reference), "--settle", "0s", "--threads", "1"
            )
            if code:
                raise RuntimeError(f"the undisturbed batch ended with {code}: {said[-400:]}")
        return {file.name: _digest(file) for file in self._reference.glob("*.m*") if ".m" in file.name}

    def unfinished(self) -> list[str]:
        """Runs that the server takes for running."""
        return self.runs_that_are("RUNNING", "PENDING", "CANCELLING")

    def runs_that_are(self, *states: str) -> list[str]:
        """Runs that the server knows in one of these states."""
        found = self.ask("POST", "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": states}}}})
        if found is None:
            raise TimeoutError("the server does not say which runs it knows")
        return [f"{run['name']} {run['state_name']}" for run in found]

    def nobody_at_work(self) -> None:
        """No run is left as running on the server."""
        end = time.monotonic() + 30
        while (left := self.unfinished()) and time.monotonic() < end:
            time.sleep(1)
        if left:
            self.problems.append(f"left as running: {left}")


def _restored(said: str) -> list[str]:
    """Names of films in the lines `[3/12] name: restored, …` of a service."""
    return [
        line.partition("] ")[2].partition(":")[0]
        for line in said.splitlines() if ": restored, " in line and "] " in line
    ]  # fmt: skip


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _digests(folder: Path) -> dict[str, str]:
    return {file.name: _digest(file) for file in sorted(folder.iterdir()) if file.is_file()}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
