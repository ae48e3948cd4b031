"""Speaks to the Prefect server that PREFECT_API_URL names: what runs there are, what they say, new ones, their end."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from restore.errors import BadInput, MissingInput, Unavailable, UsageError, shown
from restore.flows.said import said
from restore.flows.server import QUIET
from restore.progress import check_stop

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse

FLOWS = ("restore night", "restore reel")
REEL = "restore reel"

PRIORITIES = ("high", "normal", "low")
"""Queues of a work pool, first come first served in each; in a pool, a queue of its own for each."""


@dataclass(frozen=True)
class Run:
    """A run as the server knows it."""

    id: str
    name: str  # of a film: its path
    flow: str
    state: str  # Prefect's name of it: Scheduled, Running, Completed, Failed, Crashed, Cancelled, …
    message: str
    where: str  # machine and process, once it is known
    scheduled: str | None  # ISO 8601, UTC
    began: str | None
    ended: str | None
    seconds: float


def url() -> str:
    """The server's address. Raises Unavailable, which says how to start one, where none is named."""
    if given := os.environ.get("PREFECT_API_URL"):
        return given
    raise Unavailable(
        "no Prefect server is named: start one (restore serve, or restore server start) and set "
        "PREFECT_API_URL=http://127.0.0.1:4200/api"
    )


@contextlib.contextmanager
def client() -> Iterator[SyncPrefectClient]:
    """A client of the server. Raises Unavailable in one line where the server is away, or does not let us in."""
    address = url()
    os.environ.update({name: os.environ.get(name, value) for name, value in {**QUIET, **HASTY}.items()})
    import httpx
    from prefect.client.orchestration import get_client

    try:
        with get_client(sync_client=True) as found:
            yield found
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        if code in (401, 403):
            raise Unavailable(f"the Prefect server at {address} wants a password (PREFECT_API_AUTH_STRING)") from None
        raise Unavailable(f"the Prefect server at {address} answers {code}: {_told(error.response)}") from error
    except httpx.HTTPError as error:
        raise Unavailable(f"no Prefect server at {address}: {error or type(error).__name__}") from error


HASTY = {"PREFECT_CLIENT_MAX_RETRIES": "1", "PREFECT_LOGGING_LEVEL": "ERROR"}
"""A person waits: a server that is away is said at once."""


def _told(response: Any) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        found = response.json().get("detail") or response.json().get("exception_message")
        return shown(str(found))[:300]
    return ""


def runs(server: SyncPrefectClient, limit: int = 100) -> list[Run]:
    """The latest runs, newest first; those that are only planned for a later night come as they are scheduled."""
    return [_run(found, names[found.flow_id]) for found, names in _latest(server, limit)]


def _latest(server: SyncPrefectClient, limit: int) -> Iterator[tuple[FlowRun, dict[UUID, str]]]:
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName
    from prefect.client.schemas.sorting import FlowRunSort

    ours = FlowFilter(name=FlowFilterName(any_=list(FLOWS)))
    names = {flow.id: flow.name for flow in server.read_flows(flow_filter=ours)}
    if not names:
        return
    offset = 0
    while offset < limit:
        some = server.read_flow_runs(
            flow_filter=ours, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=min(200, limit - offset), offset=offset
        )
        yield from ((found, names) for found in some)
        if len(some) < 200:
            return
        offset += len(some)


def _run(found: FlowRun, flow: str) -> Run:
    def time_of(moment: datetime | None) -> str | None:
        return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")

    state = found.state
    return Run(
        str(found.id), found.name, flow, state.name or str(state.type) if state else "Unknown",
        (state.message or "") if state else "", found.infrastructure_pid or "", time_of(found.expected_start_time),
        time_of(found.start_time), time_of(found.end_time), round(found.estimated_run_time.total_seconds(), 1),
    )  # fmt: skip


SEEN = 2000
"""Runs among which one is looked for by the name of its film."""


def find(server: SyncPrefectClient, which: str, *, busy: bool = False) -> Run:
    """The run with this id, or the beginning of one, or the latest run of this film: a path, or the name of its file.

    busy: only among runs that have not ended. Raises MissingInput, and UsageError where several are meant.
    """
    found = [run for run in runs(server, SEEN) if not busy or run.ended is None]
    whole = said(str(Path(which).absolute()))
    for meant in (
        [run for run in found if run.id == which],
        [run for run in found if run.name in (which, whole)][:1],
        [run for run in found if len(which) >= 4 and run.id.startswith(which)],
    ):
        if len(meant) == 1:
            return meant[0]
    named = [run for run in found if which in (Path(run.name).name, Path(run.name).stem)]
    if len({run.name for run in named}) > 1:
        raise UsageError(f"{shown(which)}: several films are called so; give the whole path, or the run's id")
    if named:
        return named[0]
    what = "no run that has not ended" if busy else "no run"
    raise MissingInput(f"{shown(which)}: {what} has this id or film; see: restore status")


def cancel(server: SyncPrefectClient, run: Run) -> str:
    """Ask for the end of a run; returns what will happen. Raises UsageError for one that has ended."""
    from prefect.client.schemas.objects import StateType
    from prefect.states import Cancelled, Cancelling

    found = server.read_flow_run(UUID(run.id))
    if found.state is None or found.state.is_final():
        raise UsageError(f"{run.id}: has ended already ({run.state})")
    if found.state.type in (StateType.SCHEDULED, StateType.PAUSED):
        server.set_flow_run_state(found.id, Cancelled(message="cancelled before it began"), force=True)
        return "cancelled before it began"
    server.set_flow_run_state(found.id, Cancelling(message="asked for by restore cancel"), force=True)
    return "stopping at its next frames; what is finished is kept"


def logs(server: SyncPrefectClient, run: Run, since: int = 0) -> Iterator[str]:
    """The lines of what a run has said, from line `since` (from 0) on."""
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
    from prefect.client.schemas.sorting import LogSort

    chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[UUID(run.id)]))
    while True:
        some = server.read_logs(log_filter=chosen, limit=200, offset=since, sort=LogSort.TIMESTAMP_ASC)
        for entry in some:
            since += 1
            yield f"{entry.timestamp.astimezone():%H:%M:%S} {shown(entry.message)}"
        if len(some) < 200:
            return


def service_name(out: str) -> str:
    """A service's deployments are named after its folder of results; a name may not have / or % in it."""
    return out.strip("/").replace("/", "-").replace("%", "-") or "root"


def deployment(server: SyncPrefectClient, pool: str | None, out: str) -> DeploymentResponse:
    """Who restores submitted films: the deployment of this work pool; else the service whose folder of results `out` is
    in; else the only one at work, or known. Raises Unavailable where there is none, UsageError where there are several.
    """
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    known = server.read_deployments(flow_filter=FlowFilter(name=FlowFilterName(any_=[REEL])))
    found = chosen(known, pool, out)
    if not found:
        what = f"no worker of pool {shown(pool)}" if pool else "neither a service nor a worker"
        raise Unavailable(f"{what} is known to the server: start restore worker --pool NAME, or restore serve")
    if len(found) > 1:
        names = ", ".join(sorted(each.work_pool_name or each.name for each in found))
        raise UsageError(f"several could do it; choose with --pool: {names}")
    return found[0]


def chosen(known: Sequence[DeploymentResponse], pool: str | None, out: str) -> list[DeploymentResponse]:
    """Those of the known deployments that are meant. What ended long ago is known to a server still."""
    if pool is not None:
        return [each for each in known if pool in (each.work_pool_name, each.name)]
    folders = {service_name(str(folder)) for folder in (Path(out), *Path(out).parents)}
    served = [each for each in known if each.work_pool_name is None and each.name in folders]
    ready = [each for each in known if each.status is not None and each.status.value == "READY"]
    return served or ready or [*known]


def submit(server: SyncPrefectClient, to: DeploymentResponse, film: str, options: dict[str, Any], priority: str) -> str:
    """Make a run for one film; returns its id. Raises BadInput for what the server will not take as parameters."""
    from prefect.exceptions import PrefectHTTPStatusError

    queue = priority if to.work_pool_name else None
    try:
        made = server.create_flow_run_from_deployment(
            to.id, parameters={"film": film, "options": options}, work_queue_name=queue, name=film
        )
    except PrefectHTTPStatusError as error:
        if error.response.status_code == 409 or error.response.status_code == 422:
            raise BadInput(f"{shown(film)}: the server does not take it: {_told(error.response)}") from error
        raise
    return str(made.id)


def waited(server: SyncPrefectClient, ids: Sequence[str], every_s: float = 2.0) -> Iterator[Run]:
    """Each run as it ends. Raises Stopped when asked to stop: the runs themselves go on."""
    left = list(ids)
    while left:
        for number in tuple(left):
            found = server.read_flow_run(UUID(number))
            if found.state is not None and found.state.is_final():
                left.remove(number)
                yield _run(found, REEL)
        until = time.monotonic() + every_s
        while left and time.monotonic() < until:
            check_stop()
            time.sleep(0.2)
