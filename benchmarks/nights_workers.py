"""Plays of workers of a work pool that are killed with a film, or a whole night, at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

from nights_stage import Stage

from restore.batch.terms import time_zone


def worker(stage: Stage) -> str:
    """A worker and its run are killed (SIGKILL) with a film at work; another worker is started"""
    stage.fill(bad=0)
    stage.server()
    words = ("worker", "--pool", "small", "--root", str(stage.folder))
    first = stage.start(*words, log="worker.log", served=True)
    stage.until(lambda: "works for pool" in first.said(), "the worker")
    film = sorted(stage.inbox.glob("film_*"))[0]
    submit = ("submit", str(film), "--out", str(stage.out), "--pool", "small")
    code, said, told = stage.run(*submit, served=True)
    if code:
        raise RuntimeError(told)
    (pid,) = stage.until(first.runs, "the run to begin", 120)
    stage.until(lambda: list((stage.out / ".restore").glob("*/takes")), "the film to be at work", 120)
    first.kill()
    os.kill(pid, signal.SIGKILL)
    second = stage.start(*words, log="worker.log", served=True)
    stage.until(stage.made, "the film", 180)
    stage.nobody_at_work()
    number = said.split()[0]
    ended = stage.until(
        lambda: "Completed" in stage.run("status", served=True)[1], "the run to be told as completed", 60
    )
    if not ended:
        stage.problems.append("not told as completed")
    second.stop()
    return f"run {number[:8]} was begun again and completed"


def worker_night(stage: Stage) -> str:
    """A night on a worker, which is stopped; the next one is killed with its run (SIGKILL); a third one comes"""
    stage.fill()
    stage.server()
    words = ("worker", "--pool", "small", "--root", str(stage.folder))
    first = stage.start(*words, log="worker.log", served=True)
    stage.until(lambda: "works for pool" in first.said(), "the worker")
    (stage.folder / "prefect.yaml").write_text(_deployment(stage), encoding="utf-8")
    for ordered in (("deploy", "--all"), ("deployment", "run", "restore night/night")):
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *ordered], capture_output=True, text=True,
            cwd=stage.folder, env=stage.environment(served=True, PREFECT_LOGGING_LEVEL="ERROR"),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{ordered}: {done.stdout[-500:]}{done.stderr[-500:]}")
    before = stage.half()
    code = first.stop()
    if code != 143 or stage.night().get("ended", "") == "" or stage.made() == stage.films:
        stage.problems.append(f"stopped with {code}, {stage.made()} films")
    second = stage.start(*words, log="worker.log", served=True)
    (pid,) = stage.until(second.runs, "the night that was given back", 180)
    stage.until(lambda: stage.made() > before, "another film")
    second.kill()
    os.kill(pid, signal.SIGKILL)
    third = stage.start(*words, log="worker.log", served=True)
    stage.until(lambda: stage.made() == stage.films, "the films that were left")
    stage.until(lambda: not third.runs(), "the end of the night")
    said = stage.judge(third)
    stage.nobody_at_work()
    third.stop()
    return f"{before} restored when it was stopped; gone on with twice in the same window: {said}"


def _deployment(stage: Stage) -> str:
    until = stage.window()[3]
    return f"""
name: night
prefect-version: 3.8.8
build: null
push: null
pull: null
deployments:
  - name: night
    entrypoint: restore.flows.night.restore_night
    parameters:
      wish:
        inbox: {stage.inbox}
        options: {{out: {stage.out}, threads: 1}}
        settle_s: 0
        until: "{until}"
        zone: {time_zone()}
    work_pool: {{name: small, work_queue_name: low}}
"""


PLAYS: tuple[Callable[[Stage], str], ...] = (worker, worker_night)
