"""Plays of what an operator asks of a night: an end, an hour, room, a watch, a cancelled film, a cluster."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cluster import dask_workers
from nights_stage import LONG, Command, Stage

PASSES_S = 240.0
"""Seconds that a window of minutes may take to come, and to end."""


def states(stage: Stage) -> Counter[str]:
    return Counter(result["state"] for result in stage.night().get("results", ()))


def takes(stage: Stage) -> int:
    """Shots that are finished; those at work have names that begin with a dot."""
    return len(list((stage.out / ".restore").glob("*/takes/[!.]*.mkv")))


def until(stage: Stage) -> str:
    """The window ends in the middle of a film (--until); the next night, begun by its schedule, goes on"""
    ahead = timedelta(seconds=25 + stage.fill_long() / 2)  # of the service: then it is in the middle of the long film
    stage.fill(films=2, bad=0)
    time.sleep(60 - (datetime.now() + ahead).second)  # windows end at whole minutes
    begins = datetime.now() - timedelta(minutes=1)
    first = stage.serve("--at", f"{begins:%H:%M}", "--until", f"{datetime.now() + ahead:%H:%M}")
    night = stage.until(lambda: stage.night().get("ended") and stage.night(), "the end of the window", PASSES_S)
    late = datetime.now().second
    kept, told = takes(stage), night["why_ended"]
    if "the window ended at" not in told or not kept or stage.made():
        stage.problems.append(f"{told!r}, {kept} takes, {stage.made()} films")
    first.stop()
    second = stage.serve(*stage.window(1, 180))
    stage.until(lambda: stage.made() == 3, "the films that were left")
    stage.ended()
    stage.judge(first, second, bad=0)
    stage.compare_long()
    if f"resuming: {kept}/" not in second.said():
        stage.problems.append(f"did not go on with {kept} shots")
    return f"ended {late} s after the window, {kept} shots kept; the next night went on with them: 3 restored"


def hours(stage: Stage) -> str:
    """The hours of a night are used up (--max-hours); the next night, begun by its schedule, goes on"""
    stage.fill(bad=0)
    first = stage.serve("--max-hours", "0.003")
    night = stage.ended()
    made = stage.made()
    if "hours are used up" not in night["why_ended"] or made >= stage.films:
        stage.problems.append(f"{night['why_ended']!r}, {made} films")
    time.sleep(50)  # longer than the service looks whether a night was killed: this one must not begin again
    if stage.made() != made:
        stage.problems.append("it went on in the same window")
    first.stop()
    second = stage.serve(*stage.window(1, 180), "--max-hours", "2")
    stage.until(lambda: stage.made() == stage.films, "the films that were left")
    stage.ended()
    return f"{made} films, the others waited; the next night: {stage.judge(first, second, bad=0)}"


def quota(stage: Stage) -> str:
    """A quota of room (--quota-gb): a film that is too large is put off, smaller ones have their turn"""
    stage.fill_long()
    stage.fill(bad=0)
    first = stage.serve("--quota-gb", "0.02")
    night = stage.ended()
    counted = states(stage)
    (waiting,) = [result for result in night["results"] if result["state"] == "waiting"]
    if Path(waiting["film"]).name != LONG or counted["restored"] != stage.films or "the quota of" not in waiting["why"]:
        stage.problems.append(f"{dict(counted)}, waiting: {waiting}")
    first.stop()
    second = stage.serve(*stage.window(1, 180), "--quota-gb", "2")
    stage.until(lambda: stage.made() == stage.films + 1, "the large film")
    stage.ended()
    said = stage.judge(first, second, bad=0)
    stage.compare_long()
    return (
        f"{counted['restored']} restored, the large one waited with {waiting['code']}; with 2 GB the next night: {said}"
    )


def watch(stage: Stage) -> str:
    """Films that come during the night (--watch), the last one copied slowly"""
    stage.fill(films=3, bad=0)
    last = stage.inbox / "film_002.mkv"
    content = last.read_bytes()
    last.unlink()
    service = stage.serve(*stage.window(ends_min=4), "--watch", "--settle", "3s")
    stage.until(lambda: stage.made() == 2, "the first films", PASSES_S)
    with last.open("wb") as copy:
        for part in range(6):
            copy.write(content[part * len(content) // 6 : (part + 1) * len(content) // 6])
            copy.flush()
            time.sleep(1)
    stage.until(lambda: stage.made() == 3, "the film that came", PASSES_S)
    stage.ended()
    said = stage.judge(service, bad=0)
    return f"taken when it was whole: {said}; {stage.night()['why_ended']}"


def cancel(stage: Stage) -> str:
    """A film of a night is cancelled at its work; it is submitted again"""
    stage.fill_long()
    film = stage.inbox / LONG
    stage.fill(films=2)
    service = stage.serve()
    stage.until(lambda: takes(stage) >= 2, "the film to be at work")
    began = time.monotonic()
    code, said, told = stage.run("cancel", film.name, served=True)
    if code or "stopping at its next frames" not in said:
        stage.problems.append(f"cancel {code}: {said}{told}")
    stage.until(lambda: states(stage)["cancelled"], "it to stop", 120)
    took, kept = time.monotonic() - began, takes(stage)
    stage.ended()
    if states(stage) != Counter(restored=2, failed=3, cancelled=1) or not kept:
        stage.problems.append(f"{dict(states(stage))}, {kept} shots kept")
    code, said, told = stage.run("submit", str(film), "--out", str(stage.out), "--wait", served=True)
    logged = stage.run("logs", str(film), served=True)[1]
    if code or f"resuming: {kept}/" not in logged:
        resumed = [line for line in logged.splitlines() if "resum" in line]
        stage.problems.append(f"submitted again: {code}, {kept} kept, {len(logged)} signs logged, {resumed}: {told}")
    stage.compare_long()
    listed = stage.run("status", served=True)[1]
    if not ("Cancelled" in listed and "Completed" in listed):
        stage.problems.append(f"status: {listed}")
    stage.nobody_at_work()
    service.stop()
    return f"stopped after {took:.0f} s, {kept} shots kept, the others restored; submitted again it went on and is done"


def spread(stage: Stage) -> str:
    """A night whose shots go over two Dask workers (--cluster dask:2), of which one is killed (SIGKILL)"""
    stage.fill_long()
    stage.fill(films=2)
    service = stage.serve("--cluster", "dask:2")
    stage.until(lambda: takes(stage) >= 1, "the film to be at work")
    (night,) = service.runs()
    victim = dask_workers(night)[0]
    os.kill(victim, signal.SIGKILL)
    stage.until(lambda: victim not in dask_workers(night) and len(dask_workers(night)) == 2, "another worker", 60)
    stage.ended()
    said = stage.judge(service)
    stage.compare_long()
    stage.nobody_at_work()
    _stopped(service, stage)
    return f"a third worker took its place: {said}, the same bytes"


def _stopped(service: Command, stage: Stage) -> None:
    if (code := service.stop()) != 143:
        stage.problems.append(f"stopped with {code}")


PLAYS: tuple[Callable[[Stage], str], ...] = (until, hours, quota, watch, cancel, spread)
