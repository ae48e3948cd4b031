"""The profile adds up what stages worked and waited, and says how near the reel came to what was possible."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from restore import profile
from restore.film import to_plain
from restore.overlap import overlapped


def busy(seconds: float) -> None:
    """Use so much of the processor."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_work_and_waits_are_told_apart() -> None:
    profile.begin()
    with profile.step("restore", 10), profile.working("write", 10):
        busy(0.05)
        with profile.waiting():
            time.sleep(0.1)
    step, stage = profile.taken(10).stages
    assert (step.step, step.name, stage.name, stage.frames) == ("restore", "", "write", 10)
    assert 0.05 <= stage.cpu_s < 0.09
    assert stage.waited_s >= 0.1
    assert step.wall_s >= stage.wall_s + 0.09


def test_a_stage_in_a_thread_of_its_own_is_written_down_under_its_name() -> None:
    def source() -> Iterator[int]:
        busy(0.05)
        yield from range(4)

    profile.begin()
    with profile.step("restore"):
        for _ in overlapped(source(), depth=1, stage="read"):
            time.sleep(0.1)  # the reader waits for room
    stage = {stage.name: stage for stage in profile.taken(4).stages}["read"]
    assert 0.05 <= stage.cpu_s < 0.09
    assert stage.waited_s > 0.09


def test_the_bound_is_the_least_of_all_processors_and_the_slowest_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile.os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)
    profile.begin()
    with profile.step("restore", 100):
        workers = [threading.Thread(target=_named, args=(name, 0.1)) for name in ("one", "two")]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    found = profile.taken(100)
    assert found.processors == 2
    assert found.bound_fps <= 100 / 0.1 + 1  # no stage faster than its own thread
    assert found.percent == pytest.approx(100 * found.fps / found.bound_fps, abs=0.2)
    assert profile.taken(100, at_once=2).bound_fps >= found.bound_fps
    assert to_plain(found)["stages"][0]["step"] == "restore"
    said = list(profile.lines(found))
    assert "% of the bound" in said[-1]
    assert len(said) == len(found.stages) + 2


def _named(name: str, seconds: float) -> None:
    with profile.working(name, 100):
        busy(seconds)


def test_another_reel_begins_from_nothing() -> None:
    with profile.step("restore"):
        pass
    profile.begin()
    assert profile.taken(0).stages == ()
    assert profile.taken(0).percent == 0
