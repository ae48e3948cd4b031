"""What the linter cannot see of the source: pickles in NumPy's and torch's files, and shells, by whatever name."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MUST_BE = {"allow_pickle": "False", "shell": "False", "weights_only": "True"}


def forbidden(source: str) -> list[str]:
    """Calls that may run what a file says."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call):
            given = {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg in MUST_BE}
            called = ast.unparse(call.func) if given or getattr(call.func, "attr", "") == "load" else ""
            if any(value != MUST_BE[name] for name, value in given.items()) or (
                called == "torch.load" and "weights_only" not in given
            ):
                found.append(f"line {call.lineno}: {called}")
    return found


@pytest.mark.parametrize(
    "source",
    ["np.load(f, allow_pickle=True)", "run('ls', shell=1)", "torch.load(f)", "torch.load(f, weights_only=safe)"],
)
def test_the_forbidden_is_seen(source: str) -> None:
    assert forbidden(source)


def test_no_file_of_ours_runs_what_a_file_says() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]
    assert len(files) > 200
    assert {str(file): found for file in files if (found := forbidden(file.read_text(encoding="utf-8")))} == {}
