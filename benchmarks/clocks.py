"""A wall clock that is wrong, or jumps, for a program and all that it starts: clock.c, compiled when it is wanted."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DAY_S, YEAR_S = 86_400, 31_536_000
CLOCKS = {"a day early": (-DAY_S, 0), "a year late": (YEAR_S, 0), "a year to and fro": (YEAR_S, 50)}
"""Seconds that the time of day is off, and milliseconds after which it jumps there and back; 0: it does not jump."""


def jumping(name: str, folder: Path) -> dict[str, str] | None:
    """What must be added to a program's environment for one of CLOCKS; None where there is no C compiler."""
    compiler, made = shutil.which("cc"), folder / "clock.so"
    if compiler is None:
        return None
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", made, source], check=True)
    by, every = CLOCKS[name]
    return {"LD_PRELOAD": str(made), "JUMPS": f"{by} {every}"}


def misread(name: str, events: Iterable[dict[str, Any]]) -> list[str]:
    """What is wrong with the times that a run's events tell: each time of day that this clock shows must be there."""
    by, every = CLOCKS[name]
    seen = {round((datetime.fromisoformat(event["time"]) - datetime.now(UTC)).total_seconds() / DAY_S)
            for event in events if "time" in event}  # fmt: skip
    wanted = {by // DAY_S, *([0] if every else [])}
    return [] if seen == wanted else [f"the run read days that were off by {sorted(seen)}, not {sorted(wanted)}"]
