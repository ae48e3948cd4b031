"""Spreads the shots of a reel over the workers of a Dask cluster: on this machine, or wherever its scheduler is."""

from __future__ import annotations

import contextlib
import logging
import signal
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import resource_tracker
from typing import Any

from restore import progress
from restore.errors import Resting, RestoreError, Unavailable, UsageError, shown
from restore.film import Shot, Take
from restore.progress import Event, check_stop
from restore.steps.afar import Parcel, bring, clear, earlier, send
from restore.steps.options import Options
from restore.steps.restore_shot import Job, take_key

LOCAL = "dask"
MOST = 64
"""Workers of a cluster on this machine, at the most."""

WORKERS_WITHIN_S = 60.0
"""Seconds in which a cluster's first worker must be there."""

AHEAD = 2
"""Shots handed to the cluster for each of its workers: one at work and one that waits for it."""

LOOK_S = 0.5
"""Seconds between two looks whether the run is to stop."""

log = logging.getLogger(__name__)


def workers_of(cluster: str) -> int | None:
    """How many workers are to be started on this machine; None for the address of a scheduler. Raises UsageError."""
    name, _, count = cluster.partition(":")
    if name != LOCAL:
        if "://" not in cluster:
            raise UsageError(
                f"--cluster {shown(cluster)}: write dask, dask:4, or a scheduler's address: tcp://host:8786"
            )
        return None
    if count and not (count.isdigit() and 1 <= int(count) <= MOST):
        raise UsageError(f"--cluster {shown(cluster)}: write a number of workers from 1 to {MOST}")
    return int(count or 2)


def checked(options: Options) -> None:
    """What can be known wherever the work is done. Raises UsageError."""
    if options.cluster is not None:
        workers_of(options.cluster)
    elif options.depot is not None:
        raise UsageError("--depot goes with --cluster")


def check(options: Options, own_server: bool) -> None:
    """What can be known before the first frame: the cluster's name, its packages, and a server that workers reach.

    Raises UsageError, Unavailable.
    """
    checked(options)
    if options.cluster is None:
        return
    away = workers_of(options.cluster) is None
    try:
        import distributed  # noqa: F401
        import prefect_dask  # noqa: F401
    except ImportError as error:
        raise Unavailable(f"--cluster wants {error.name}; install restore-film[scale]") from error
    if away and own_server and "//127.0.0.1" not in options.cluster and "//localhost" not in options.cluster:
        raise UsageError(
            "--cluster: workers elsewhere cannot reach this run's own Prefect server; set PREFECT_API_URL to another"
        )


@contextlib.contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that are started from inside do not hear Ctrl-C, which a terminal sends to all: the run stops them.

    A process inherits the blocked signals of the thread that starts it, and a thread those of its own starter; so
    this holds for workers that replace others, too.
    """
    resource_tracker.ensure_running()  # Python's own helper: its start would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _runner(cluster: str, threads: int) -> Iterator[Any]:
    """Prefect's task runner on the cluster, with at least one worker. Raises Unavailable."""
    import distributed
    from prefect_dask.task_runners import DaskTaskRunner

    count = workers_of(cluster)
    patience = {"timeout": WORKERS_WITHIN_S}
    if count is None:
        runner = DaskTaskRunner(address=cluster, client_kwargs=patience)
    else:
        # Loopback only, no page, no limit of memory: a shot holds what it holds, and a killed worker helps nobody.
        own = {"n_workers": count, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1",
               "dashboard_address": None, "memory_limit": 0, "silence_logs": logging.CRITICAL}  # fmt: skip
        runner = DaskTaskRunner(cluster_kwargs=own, client_kwargs=patience)
    for chatty in ("distributed", "prefect.task_runner.dask"):  # it names a page, too, that is not there
        logging.getLogger(chatty).setLevel(logging.WARNING)
    log.debug("cluster %s, %d threads a worker", cluster, threads)
    with contextlib.ExitStack() as stack:
        try:
            with _deaf_children():
                stack.enter_context(runner)
                client = runner.client
            client.wait_for_workers(1, timeout=WORKERS_WITHIN_S)
        except (OSError, TimeoutError, distributed.comm.core.CommClosedError) as error:
            raise Unavailable(
                f"--cluster {shown(cluster)}: no worker within {WORKERS_WITHIN_S:.0f} s: {error}"
            ) from error
        yield runner


def restored(shots: Sequence[Shot], job: Job, options: Options) -> tuple[Take, ...]:
    """All takes, in order, made by the workers of `options.cluster`; those of an earlier run are used again.

    When one fails or the run is to stop, the others are stopped at their next window, and the error is raised.
    """
    cluster = str(options.cluster)
    count = workers_of(cluster)
    job = replace(job, threads=max(1, job.threads // count)) if count else job
    parcel = None if options.depot is None else send(job, options.depot)
    run = uuid.uuid4().hex
    with _runner(cluster, job.threads) as runner, _listening(runner.client, run):
        takes = _sent(runner, shots, job, parcel, run)
    if parcel is not None and not options.takes_stay:
        clear(parcel, takes)
    return takes


def _sent(runner: Any, shots: Sequence[Shot], job: Job, parcel: Parcel | None, run: str) -> tuple[Take, ...]:
    from restore.tasks.restore_shot_afar import restore_shot_afar

    takes, waiting = list[Take](), deque[Any]()
    try:
        for number, shot in enumerate(shots, start=1):
            key = take_key(shot, job)
            if (take := earlier(shot, job, key, parcel)) is not None:
                label = f"{number} of {len(shots)}"
                progress.tell(Event("found", "restore", shot.frames, shot.frames, label))
                waiting.append(take)
                continue
            progress.check_rest()
            asked = {"shot": shot, "number": number, "count": len(shots), "job": job, "key": key, "parcel": parcel,
                     "run": run}  # fmt: skip
            waiting.append(runner.submit(restore_shot_afar, asked))
            while len(waiting) > AHEAD * max(1, len(runner.client.nthreads())):
                takes.append(_come(waiting.popleft(), parcel))
        while waiting:
            takes.append(_come(waiting.popleft(), parcel))
    except Resting:
        for made in waiting:  # what is at work is finished, and kept
            _come(made, parcel)
        raise
    except BaseException:
        _stop(runner.client, run, waiting)
        raise
    return tuple(takes)


def _come(made: Any, parcel: Parcel | None) -> Take:
    """A take that is there, or one that a worker is making, as soon as it is here. Raises what made it fail."""
    import distributed

    while not isinstance(made, Take):
        check_stop()
        try:
            return bring(made.result(timeout=LOOK_S), parcel)
        except TimeoutError:
            continue
        except distributed.scheduler.KilledWorker as error:
            raise Unavailable(f"a shot ended three workers: {error}; the same command goes on") from error
        except (distributed.CancelledError, distributed.comm.core.CommClosedError) as error:
            raise Unavailable(f"the cluster went away: {error}; the same command goes on") from error
    return made


def _stop(client: Any, run: str, waiting: Sequence[Any]) -> None:
    """Shots at work stop at their next window; those that wait are taken back."""
    from restore.tasks.restore_shot_afar import stop

    with contextlib.suppress(Exception):  # a cluster that is gone has nothing to stop
        client.run(stop, run, on_error="ignore")
        client.cancel([made._wrapped_future for made in waiting if not isinstance(made, Take)])


@contextlib.contextmanager
def _listening(client: Any, run: str) -> Iterator[None]:
    """What workers tell of their shots is told here."""
    from restore.tasks.restore_shot_afar import topic

    def told(event: tuple[float, dict[str, Any]]) -> None:
        said = event[1]
        with contextlib.suppress(RestoreError):
            progress.tell(Event("progress", "restore", int(said["done"]), int(said["total"]), str(said["shot"])))

    client.subscribe_topic(topic(run), told)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # a cluster that is gone tells nothing
            client.unsubscribe_topic(topic(run))
