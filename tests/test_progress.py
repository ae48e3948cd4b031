"""Events reach all who listen; a wish to stop reaches the step at its next window."""

from __future__ import annotations

import pytest

from restore import progress
from restore.errors import DiskError, Stopped
from restore.progress import Event


@pytest.fixture(autouse=True)
def allowed() -> None:
    progress.allow()


def test_listeners_hear_while_they_listen() -> None:
    heard: list[Event] = []
    with progress.listening(heard.append):
        progress.meter("split")(3, 10)
    progress.meter("split")(4, 10)
    assert heard == [Event("progress", "split", 3, 10)]


def test_the_first_reason_to_stop_is_the_one_given() -> None:
    progress.request_stop(Stopped("stopped by SIGTERM", 15))
    progress.request_stop(DiskError("full"))
    with pytest.raises(Stopped, match="SIGTERM") as stopped:
        progress.meter("restore")(1, 2)
    assert stopped.value.exit_code == 143
    progress.allow()
    progress.meter("restore")(1, 2)


def test_only_the_reason_that_was_given_can_be_taken_back() -> None:
    full, signal = DiskError("full"), Stopped("stopped by SIGINT")
    progress.request_stop(full)
    progress.withdraw(full)
    progress.check_stop()
    progress.request_stop(signal)
    progress.request_stop(full)
    progress.withdraw(full)
    with pytest.raises(Stopped, match="SIGINT"):
        progress.check_stop()


def test_a_stage_tells_begin_end_and_seconds() -> None:
    heard: list[Event] = []
    seconds: dict[str, float] = {}
    with progress.listening(heard.append), progress.stage("judge", seconds, 7):
        pass
    assert [(event.kind, event.step, event.total) for event in heard] == [("begin", "judge", 7), ("end", "judge", 7)]
    assert seconds["judge"] >= 0


def test_a_stage_that_fails_has_no_end() -> None:
    heard: list[Event] = []
    seconds: dict[str, float] = {}
    with pytest.raises(DiskError), progress.listening(heard.append), progress.stage("judge", seconds):
        raise DiskError("full")
    assert [event.kind for event in heard] == ["begin"]
    assert seconds == {}


def test_no_stage_begins_after_a_stop() -> None:
    progress.request_stop(Stopped("enough"))
    with pytest.raises(Stopped), progress.stage("judge", {}):
        raise AssertionError("the stage ran")
