"""What a run tells its Prefect server beside its state: in which process of which machine it is.

And which runs that a server takes for running are gone: their process was killed and could not say so.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore import progress
from restore.errors import Cancelled, RestoreError, Stopped, shown

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, State

log = logging.getLogger(__name__)

AGAIN = "Resuming"
"""Name of the state of a run that is to be begun again."""

EVERY_S = 5.0
"""Seconds between two questions whether a run was cancelled."""

SERVICE = "RESTORE_SERVICE_PID"
"""Environment variable: the process whose end ends the run."""

END = signal.SIGUSR1
"""Signal by which a service asks its runs to stop. Prefect takes SIGTERM for a crash."""

AGAIN_TIMES = 3
"""Times that a night on a worker is begun again in its window; a film that kills it each time is still there."""

AGAIN_S = 90.0
"""Seconds until a run that was handed back is begun again: its service has ended by then."""

GRACE_S = 60.0
"""Seconds that a run is given to stop by itself when its service is gone."""

FLOWS = ("restore reel", "restore night")

ENDED: dict[str, Any] = {}
"""How reels came to their end in this process, by film: what was made (an Outcome), or the error. It holds even when
the server can no longer be told so."""


def alive(pid: int) -> bool:
    """Whether a process of this machine is there, and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


def place() -> str:
    """This process, as a run's `infrastructure_pid` on the server: machine, process id, and when it began, as ids are
    given again."""
    return f"{platform.node()}:{os.getpid()}:{_began(os.getpid())}"


def _began(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def here_and_gone(where: str | None) -> bool:
    """Whether a run was in a process of this machine that is there no more."""
    host, _, rest = (where or "").partition(":")
    pid, _, began = rest.partition(":")
    if host != platform.node() or not pid.isdigit():
        return False
    return not alive(int(pid)) or bool(began and _began(int(pid)) != began)


def say_where() -> None:
    """Tell the server in which process the run at hand is."""
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    if flow_run.id is not None:
        with get_client(sync_client=True) as client:
            client.update_flow_run(flow_run.id, infrastructure_pid=place())


def is_cancelled() -> bool:
    """Whether the server was asked to cancel the run at hand."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    if flow_run.id is None:
        return False
    with contextlib.suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        return _asked_to_end(client, flow_run.id)
    return False


def _asked_to_end(client: SyncPrefectClient, run: Any) -> bool:
    state = client.read_flow_run(run).state
    return state is not None and (state.is_cancelling() or state.is_cancelled())


def end_with_service() -> None:
    """Stop at the next frames when the service or worker that started this run ends or is gone; what is finished is
    kept. The one that follows finds everything free, and goes on with it."""
    service = os.environ.get(SERVICE)
    if service is None:
        return
    reason = Stopped("the service that started this run ended; the next one goes on", 15)
    if threading.current_thread() is threading.main_thread():
        signal.signal(END, lambda *_: progress.request_stop(reason))

    def watch() -> None:
        while alive(int(service)):
            time.sleep(1.0)
        progress.request_stop(reason)
        time.sleep(GRACE_S)
        os._exit(
            143
        )  # it waits for a server that is gone, too; what is finished is on disk, the kernel frees the locks

    threading.Thread(target=watch, daemon=True, name="service?").start()


def is_submitted() -> bool:
    """Whether the run at hand was made by a server, from a deployment, and not by code that waits for it."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and context.flow_run.deployment_id is not None


def is_of_pool() -> bool:
    """Whether the run at hand was taken from a work pool: any of its workers may go on with it, and no service does."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and context.flow_run.work_pool_name is not None


def failed(error: RestoreError) -> State[Any]:
    """How the run at hand ends by a known error: whoever called it is given that; on a server one line stands."""
    from prefect.states import Failed

    said = shown(str(error))
    if is_submitted():  # nobody is there to catch it, and Prefect would print its traceback as that of a bug
        for name in ("prefect.engine", "prefect.flow_runs"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        log.error("%s", said)
    return Failed(message=said, data=error)


def hand_back() -> None:
    """Give the run at hand back to the server, to be begun again by the next service or worker, and end this process.
    Where the server is away, the next one finds that the process is gone, and does it."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run
    from prefect.states import Scheduled

    state: State[Any] = Scheduled(
        scheduled_time=datetime.now(UTC) + timedelta(seconds=AGAIN_S), name=AGAIN, message="its service ended"
    )
    with contextlib.suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, state, force=True)
    os._exit(0)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """While inside, this run's process is known to the server, and the run stops when it is cancelled there: also one
    that runs within another, which no worker would stop. Only on a server that others use, too."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.context import FlowRunContext
    from prefect.runtime import flow_run

    run, done = flow_run.id, threading.Event()
    if run is None:
        yield
        return
    with contextlib.suppress(httpx.HTTPError):
        say_where()
    if FlowRunContext.get().flow_run.parent_task_run_id is None:  # type: ignore[union-attr]
        end_with_service()

    def watch() -> None:
        with get_client(sync_client=True) as client:
            while not done.wait(EVERY_S):
                with contextlib.suppress(httpx.HTTPError):  # it may come back; the run does not need it to go on
                    if _asked_to_end(client, run):
                        progress.request_stop(Cancelled("cancelled by the operator; the same command goes on", 15))
                        return

    from contextvars import copy_context

    thread = threading.Thread(target=copy_context().run, args=(watch,), daemon=True, name="cancelled?")
    thread.start()
    try:
        yield
    finally:
        done.set()


@dataclass(frozen=True)
class Swept:
    """Runs that were taken for running and are gone: marked as crashed, or put back to be run again."""

    crashed: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


def sweep(mine: frozenset[UUID] = frozenset()) -> Swept:
    """Mark runs of this machine whose process is gone, so that nobody waits for them; submitted films run again, and
    nights of a work pool, which keep the end of their window. (A service begins its own night again by itself.)

    mine: deployments that nobody but the caller runs: their runs without a process were ours, too.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed, Scheduled

    crashed, again = list[str](), list[str]()
    with get_client(sync_client=True) as client:
        for run in _unfinished(client):
            where = run.infrastructure_pid
            if not (here_and_gone(where) or (not where and run.deployment_id in mine)):
                continue
            state: State[Any] = Scheduled(name=AGAIN, message="its process was gone")
            if _goes_on(run) and run.state is not None and run.state.type is not StateType.CANCELLING:
                client.set_flow_run_state(run.id, state, force=True)
                again.append(run.name)
            else:
                client.set_flow_run_state(run.id, Crashed(message="its process is gone"), force=True)
                crashed.append(run.name)
    return Swept(tuple(crashed), tuple(again))


def _goes_on(run: FlowRun) -> bool:
    """Whether a run that was killed is to be begun again."""
    if run.deployment_id is None or run.parent_task_run_id is not None:
        return False
    return "film" in run.parameters or (run.work_pool_name is not None and run.run_count <= AGAIN_TIMES)


def _unfinished(client: SyncPrefectClient) -> list[FlowRun]:
    """All runs of our flows that the server takes for running, or about to."""
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType

    busy = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    found, offset = list[Any](), 0
    while True:
        some = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=list(FLOWS))),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=busy))),
            limit=200, offset=offset,
        )  # fmt: skip
        found += some
        if len(some) < 200:
            return found
        offset += 200
