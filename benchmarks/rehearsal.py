"""A stage for faults: real runs of a tiny film, forked from a warm process, so that each takes half a second.

Everything in a run is the product's own but three things: Prefect's decorators do nothing (no server boots), the
network is a wash of brown (no minutes of compiling), and the names of temporary files are counted, not drawn by lot
(so that strace can be told which files to watch). One process imports everything once; `Stage.start` forks it.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import itertools
import json
import os
import pkgutil
import resource
import shutil
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from understudy import NoServer, without_prefect

FRAMES, SHOT = 48, 16
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2): orphans below us become our children
FINISHED = ("reel.master.mkv", "reel.access.mp4", "reel.shots.csv")
"""Results that are the same bytes in every run; the others tell times."""


def rehearse() -> None:
    """Import all that a run imports, and put the stand-ins in place. Only once, before anything else."""
    without_prefect()
    from stand_in import Wash

    import restore.runtime
    from restore import store
    from restore.flows import cli, reels, restore_reel, runs, server
    from restore.flows.commands import run
    from restore.steps import restore_shot

    restore.runtime.Runtime.painter = lambda *_: Wash()  # type: ignore[assignment,method-assign,return-value]
    os.environ[server.ALONE_MARK] = "1"
    runs.is_submitted = lambda: False
    server.Server = NoServer  # type: ignore[assignment,misc]
    numbers = itertools.count()
    store.secrets = types.SimpleNamespace(token_hex=lambda _: f"{next(numbers):04}")  # type: ignore[attr-defined]
    tempfile._name_sequence = (f"{next(numbers):04}" for _ in itertools.count())  # type: ignore[attr-defined]
    assert cli and run and reels and restore_reel and restore_shot
    for shelf in ("restore.filters", "restore.metrics", "restore.media"):
        for part in pkgutil.iter_modules(importlib.import_module(shelf).__path__, f"{shelf}."):
            importlib.import_module(part.name)


def fresh() -> None:
    """One run in a process of its own, for what cannot be changed by forking: its words are the program's."""
    from restore.flows import cli

    rehearse()
    cli.main()


@dataclass
class Run:
    """One forked run: process id, what it printed, how it ended (negative: the signal)."""

    pid: int
    said_in: Path  # without the suffixes .out and .err
    began: float
    code: int | None = None
    seconds: float = 0.0
    said: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    def wait(self, limit: float = 300.0) -> Run:
        """Wait for its end; a run that goes on beyond `limit` seconds is killed and has the code None."""
        while time.monotonic() - self.began < limit:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.005)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.seconds = time.monotonic() - self.began
        said, told = (self.said_in.with_suffix(suffix) for suffix in (".err", ".out"))
        self.said, lines = said.read_text(errors="replace"), told.read_text(errors="replace").splitlines()
        said.unlink()
        told.unlink()
        self.events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return self

    @property
    def found(self) -> int:
        """Shots that were there from an earlier run."""
        return sum(event["event"] == "found" for event in self.events)


class Stage:
    """A folder with the film, the list of its shots, and what an uninterrupted run makes of it."""

    def __init__(self, folder: Path) -> None:
        from films import Film, lights

        self.folder, self.out, self.numbers = folder, folder / "out", itertools.count()
        if ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")  # else what a killed run leaves would be init's, and unseen
        pictures = lights(FRAMES, 64, 48)
        for number, picture in enumerate(pictures):
            if number // SHOT == 1:
                picture[:] = 255 - picture
        same = {"fflags": "+bitexact"}  # the same bytes in every process, so that a journal's places mean the same
        self.film = Film(sound=2.0, rate=Fraction(24), muxer=same).write(folder / "reel.mkv", pictures)
        self.shots = folder / "edited.csv"
        self.shots.write_text("start frame\n" + "".join(f"{at}\n" for at in range(0, FRAMES, SHOT)))
        self.source = self.sha256(self.film), self.film.stat().st_mtime_ns
        self.words = [
            "run",
            str(self.film),
            "--recipe",
            "draft",
            "--shots",
            str(self.shots),
            "--json",
            "-o",
        ]
        self._known_before()
        whole = self.run()
        if whole.code != 0:
            raise SystemExit(f"the uninterrupted run ended with {whole.code}: {whole.said}")
        self.seconds = whole.seconds
        self.right = {name: self.sha256(self.out / name) for name in FINISHED}

    def _known_before(self) -> None:
        """Look the film over and ask ffmpeg for its version here, so that the forked runs need not."""
        from restore.media import ffmpeg
        from restore.steps.probe import probe

        probe(str(self.film), digest=False)
        ffmpeg.program()

    @staticmethod
    def sha256(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def clear(self) -> None:
        """Away with all that runs made."""
        shutil.rmtree(self.out, ignore_errors=True)

    def start(
        self,
        *more: str,
        before: Callable[[], None] | None = None,
        words: Sequence[str] | None = None,
    ) -> Run:
        """Fork a run into `out`; `before` is called in the child, first."""
        name = f"run{next(self.numbers)}"
        pid = os.fork()
        if pid:
            return Run(pid, self.folder / name, time.monotonic())
        code = 99
        try:
            for number, suffix in ((1, "out"), (2, "err")):
                file = os.open(self.folder / f"{name}.{suffix}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
                os.dup2(file, number)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if before is not None:
                before()
            from restore.flows import cli

            sys.argv = ["restore", *(words or [*self.words, str(self.out), *more])]
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:  # whatever happens, the child does not go on as its parent
            with suppress(OSError, ValueError):
                sys.stdout.flush()
            with suppress(OSError, ValueError):
                sys.stderr.flush()
            os._exit(code)
        raise AssertionError  # never reached

    def run(self, *more: str, **how: Any) -> Run:
        """A run from beginning to end."""
        return self.start(*more, **how).wait()

    def takes(self) -> int:
        """Takes that an interrupted run has put away."""
        return len(list(self.out.glob(".restore/*/takes/[!.]*.json")))

    def partial(self) -> list[str]:
        """Final names that hold something other than the right bytes. Empty is well."""
        wrong = [name for name, sha256 in self.right.items()
                 if (self.out / name).exists() and self.sha256(self.out / name) != sha256]  # fmt: skip
        for path in self.out.glob("reel.*.json"):
            try:
                json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                wrong.append(path.name)
        return wrong

    def wrong_after(self, run: Run, kept: int | None = None) -> list[str]:
        """What is wrong after a run that went on with an interrupted one; `kept`: takes that were there before it."""
        wrong = []
        if run.code != 0:
            wrong.append(f"the same command ended with {run.code}: {run.said.strip()[-300:]}")
        wrong += [f"{name} is missing" for name in FINISHED if not (self.out / name).exists()]
        wrong += [f"{name} differs" for name in self.partial()]
        if kept is not None and run.found < kept:
            wrong.append(f"{kept} takes were there, {run.found} were found")
        return wrong + self.left()

    def left(self) -> list[str]:
        """Files, folders and processes that no run should leave behind; the film, if it was changed."""
        names = (".part", ".re")
        found = [str(path.relative_to(self.out)) for path in self.out.rglob("*") if path.name.startswith(names)]
        wrong = [f"left over: {', '.join(found)}"] if found else []
        if (self.sha256(self.film), self.film.stat().st_mtime_ns) != self.source:
            wrong.append("the film was changed")
        return wrong + [f"a process is left: {line}" for line in self.children()]

    def children(self, patience: float = 3.0) -> list[str]:
        """Processes that runs have left, by their command lines, after `patience` seconds: orphans that were given to
        us, and whoever else has a name in this folder in its words."""
        until = time.monotonic() + patience
        while True:
            found = [line for pid, line in _processes() if pid in _ours() or str(self.folder) in line]
            if not found or time.monotonic() > until:
                return found
            time.sleep(0.05)


def _ours() -> set[int]:
    """Our children, once those that have ended are buried."""
    listed = [thread.joinpath("children").read_text() for thread in Path("/proc/self/task").iterdir()]
    pids = {int(pid) for pid in " ".join(listed).split()}
    return {pid for pid in pids if os.waitpid(pid, os.WNOHANG) == (0, 0)}


def _processes() -> Iterator[tuple[int, str]]:
    """(id, command line) of all processes but our own."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if int(process.parent.name) != os.getpid():
                yield int(process.parent.name), line[:200]
