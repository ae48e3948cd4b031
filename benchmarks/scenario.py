"""How a scenario is judged: how a run must end, how it is gone on with, and how one is stopped half way."""

from __future__ import annotations

import os
import signal
import time

from rehearsal import Run, Stage

Ended = tuple[str, list[str]]
"""How a scenario ended, in words, and what was wrong with that."""


def must(run: Run, code: int, *says: str) -> Ended:
    """The run ended with `code` and one line that has these words in it."""
    wrong = []
    lines = [line for line in run.said.splitlines() if line.startswith("restore: ")]
    if run.code != code:
        wrong.append(f"ended with {run.code}, must be {code}: {run.said.strip()[-200:]}")
    if "Traceback" in run.said or (code and len(lines) != 1):
        wrong.append(f"said {run.said.strip()[-200:]!r}")
    wrong += [f"does not say {word!r}: {run.said.strip()[-200:]}" for word in says if word not in run.said]
    return f"{run.code}", wrong


def then_right(stage: Stage, ended: Ended, *more: str) -> Ended:
    """The same command ends with 0 now, and the right bytes."""
    said, wrong = ended
    kept, run = stage.takes(), stage.run(*more)
    return f"{said}, then {run.code}", [
        *wrong,
        *stage.partial(),
        *stage.wrong_after(run, kept),
    ]


def halfway(stage: Stage, *more: str, number: int = signal.SIGTERM, times: int = 1) -> Run:
    """A run that is stopped when its first take lies there; again where it was done before it could be stopped."""
    for _ in range(8):
        run = stage.start(*more)
        until = time.monotonic() + 30
        while not stage.takes() and time.monotonic() < until:
            time.sleep(0.002)
        signalled = time.monotonic()
        for _ in range(times):
            os.kill(run.pid, number)
            time.sleep(0.02)
        code = run.wait().code
        run.seconds = time.monotonic() - signalled  # what it took to stop
        if code:
            break
        stage.clear()
    return run
