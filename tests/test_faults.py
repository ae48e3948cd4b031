"""Runs are killed and broken at their disk calls and at random moments, and go on: see benchmarks/faults.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = Path(__file__).parents[1] / "benchmarks" / "faults.py"
sys.path.insert(0, str(FAULTS.parent))

from tracing import works  # noqa: E402 (it lies beside the command)


@pytest.mark.timeout(600)
def test_forty_kills_and_what_else_befalls_a_run(tmp_path: Path) -> None:
    watched = ["--kills", "20", "--errors", "2"] if works() else ["--kills", "0", "--errors", "0"]
    rest = "18" if works() else "38"
    done = subprocess.run(
        [sys.executable, str(FAULTS), *watched, "--random", rest, "--double", "1", "--jobs", "2"],
        capture_output=True, text=True, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "Nothing went wrong." in done.stdout
