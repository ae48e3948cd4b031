"""A service is kept at its work through a server that goes away, and runs that were killed are begun again or not."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from prefect.client.schemas.objects import DeploymentStatus, FlowRun
from prefect.client.schemas.responses import DeploymentResponse

from restore.errors import Unavailable
from restore.flows import keeping, remote, runs


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PAUSE_S", 0.0)


class Faults:
    """Work that meets these errors, one each time, and then comes to its end."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.times = list(errors), 0

    async def __call__(self) -> None:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)


AWAY = (
    httpx.ConnectError("refused"),
    RuntimeError("Service exceeded error threshold."),  # Prefect's loops, of a server whose database is away
    ExceptionGroup("unhandled errors in a TaskGroup", [RuntimeError("Service exceeded error threshold.")]),
)


def test_a_server_that_goes_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "waited_for", lambda *_: "")
    work = Faults(*AWAY)
    keeping.keep(work, "http://127.0.0.1:1/api")
    assert work.times == 4


def test_one_that_stays_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "BACK_S", 0.0)
    with pytest.raises(Unavailable, match="stays away: no answer"):
        keeping.keep(Faults(*AWAY), "http://127.0.0.1:1/api")


def test_a_bug_is_not_taken_for_a_server_that_is_away() -> None:
    work = Faults(RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        keeping.keep(work, "http://127.0.0.1:1/api")
    assert work.times == 1


@pytest.mark.parametrize(
    ("told", "again"),
    [
        ({"parameters": {"film": "/a.mkv"}}, True),
        ({"parameters": {"film": "/a.mkv"}, "parent_task_run_id": uuid4()}, False),
        ({"parameters": {"film": "/a.mkv"}, "deployment_id": None}, False),
        ({"parameters": {"wish": {}}}, False),  # a service's night: the service itself begins it again
        ({"parameters": {"wish": {}}, "work_pool_name": "cpu", "run_count": runs.AGAIN_TIMES}, True),
        ({"parameters": {"wish": {}}, "work_pool_name": "cpu", "run_count": runs.AGAIN_TIMES + 1}, False),
    ],
)
def test_which_runs_that_were_killed_go_on(told: dict[str, object], again: bool) -> None:
    run = FlowRun.model_validate({"flow_id": uuid4(), "deployment_id": uuid4(), **told})
    assert runs._goes_on(run) is again


@pytest.mark.parametrize(
    ("known", "pool", "meant"),
    [
        ("archive-colour*, cpu/", None, "archive-colour"),  # the service whose folder it is
        ("archive-colour, archive-other*", None, "archive-colour"),
        ("old, cpu/*", None, "cpu"),  # what ended long ago is known still
        ("gpu/*, cpu/*", None, "gpu cpu"),
        ("gpu/*, cpu/*", "cpu", "cpu"),
        ("old", None, "old"),
        ("archive*", None, "archive"),
    ],
)
def test_who_restores_what_is_submitted(known: str, pool: str | None, meant: str) -> None:
    """Names with / are of a work pool, those with * are at work now."""
    found = [
        DeploymentResponse(
            name=name.strip("/*"), flow_id=uuid4(), work_pool_name=name.strip("/*") if "/" in name else None,
            status=DeploymentStatus.READY if "*" in name else DeploymentStatus.NOT_READY,
        ) for name in known.split(", ")
    ]  # fmt: skip
    assert [each.name for each in remote.chosen(found, pool, "/archive/colour")] == meant.split()
