"""Prefect task: render one shot on a worker of a cluster; its take comes back by digest, its progress as it goes."""

from __future__ import annotations

import os
import time

from restore.errors import Stopped
from restore.film import Shot, Take
from restore.progress import Progress
from restore.steps.afar import Parcel, shot_afar
from restore.steps.restore_shot import Job
from restore.tasks import OWN
from restore.tasks._step import step

if OWN in os.environ:  # in a worker's process: as restore.flows.server does in the run's
    from prefect.events.clients import NullEventsClient
    from prefect.events.worker import EventsWorker

    EventsWorker.set_client_override(NullEventsClient)

SAY_EVERY_S = 0.5

_stopped = set[str]()
"""Runs that were asked to stop, in this worker's process."""


def stop(run: str) -> None:
    """Called in every worker of a cluster: shots of this run stop at their next window."""
    _stopped.add(run)


def topic(run: str) -> str:
    """Where workers tell how far the shots of a run are."""
    return f"restore {run}"


@step("restore shot", run_name="shot {number} of {count}")
def restore_shot_afar(
    shot: Shot, number: int, count: int, job: Job, key: str, parcel: Parcel | None, run: str
) -> Take:  # fmt: skip
    return shot_afar(shot, job, key, parcel, _telling(f"{number} of {count}", run))


def _telling(label: str, run: str) -> Progress:
    """Tells whoever listens to the run's topic, now and then; raises Stopped once the run was stopped."""
    from distributed import get_worker

    worker, said = get_worker(), 0.0

    def progress(done: int, total: int) -> None:
        nonlocal said
        if run in _stopped:
            raise Stopped("the run was stopped; what is finished is kept")
        if done == total or time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            worker.log_event(topic(run), {"shot": label, "done": done, "total": total})

    return progress
