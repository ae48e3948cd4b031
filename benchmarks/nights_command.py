"""One of the product's commands at work in a play."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path


class Command:
    """One of the product's commands at work; what it says is in `log`."""

    def __init__(self, log: Path, words: tuple[str, ...], environment: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "restore.flows.cli", *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment, cwd=log.parent,
            )  # fmt: skip

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM, within_s: float = 90.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(within_s)

    def runs(self) -> list[int]:
        """Processes of the runs that it started."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and b"prefect.engine" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return found
