"""The service that restores every night: a Prefect deployment with a schedule, run here, gone on with after any end.

It also takes films that are submitted (`restore submit`). One service for one folder of results.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from restore.batch import record
from restore.batch.lock import is_held, private
from restore.batch.record import Night
from restore.batch.terms import clock_time, last_time, next_time
from restore.flows import console, runs
from restore.flows.keeping import keep
from restore.flows.remote import service_name
from restore.flows.server import QUIET, WATCHED
from restore.steps import roots

if TYPE_CHECKING:
    from prefect.runner import Runner

    from restore.flows.night import NightWish

AT_ONCE = 2
"""Runs at a time: the night, and a submitted film."""

MIND_S = 20.0
"""Seconds between two looks whether the night was killed."""

AGAIN = 3
"""Times that a night that was killed is begun again."""

MISSED_S = 120.0
"""Seconds in an open window after which a night that has not begun is begun: its hour came while the schedule was being
made, or the server away."""

LOOK_S = 5.0
"""Seconds between two questions for new runs."""


def settings(url: str, folders: list[Path]) -> dict[str, str]:
    """The environment of a service or a worker and of the runs that it starts, on the server at `url`.

    folders: where films may be read and results written, unless RESTORE_ROOTS says otherwise.
    """
    return {
        **QUIET, **WATCHED,
        "PREFECT_API_URL": url,
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_CLIENT_MAX_RETRIES": "8",  # with growing waits: a server may be away for a minute or two
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # what the service itself says is for its own log
        "PYTHONSAFEPATH": "1",
        runs.SERVICE: str(os.getpid()),
        roots.VARIABLE: os.environ.get(roots.VARIABLE, os.pathsep.join(str(folder) for folder in folders)),
    }  # fmt: skip


def serve(wish: NightWish, at: str, url: str) -> None:
    """Serve until stopped. The settings must be in the environment before Prefect is imported (see `settings`).

    Whoever calls holds the folder's lock of services. Raises Stopped then, Unavailable for a server that stays away.
    """
    keep(lambda: _serve(wish, at), url)


async def _serve(wish: NightWish, at: str) -> None:
    from prefect.runner import Runner
    from prefect.schedules import Cron

    from restore.flows import night, restore_reel

    runner = Runner(name="restore", limit=AT_ONCE, pause_on_shutdown=False, query_seconds=LOOK_S)
    clock = clock_time(at)
    cron = Cron(f"{clock.minute} {clock.hour} * * *", timezone=wish.zone)
    nights = await _added(runner, night.restore_night, service_name(wish.options.out), schedule=cron, parameters={
        "wish": wish.model_dump(mode="json")
    })  # fmt: skip
    reels = await _added(runner, restore_reel.restore_reel, service_name(wish.options.out))
    await _sweep(frozenset({nights, reels}))
    if date := unfinished(wish, at, datetime.now(UTC)):
        console.say(f"the night of {date} goes on")
        await _begin(nights, wish.model_copy(update={"night": date}))
    upcoming = next_time(clock, datetime.now(UTC), wish.zone).astimezone(ZoneInfo(wish.zone))
    console.say(f"the next night by the clock: {upcoming:%Y-%m-%d %H:%M}")
    minding = asyncio.create_task(_mind(wish, at, nights))
    try:
        await runner.start()
    finally:
        minding.cancel()


async def _sweep(mine: frozenset[Any] = frozenset()) -> None:
    swept = await asyncio.to_thread(runs.sweep, mine)
    for name in swept.crashed:
        console.say(f"a run that was killed is marked so: {name}")
    for name in swept.again:
        console.say(f"a film that was submitted goes on: {name}")


async def _mind(wish: NightWish, at: str, nights: Any) -> None:
    """Begin a night whose process was killed, by the kernel for want of memory, say, or that its schedule missed. Not
    for ever: a film that kills it each time is still there."""
    begun, seen, since = Counter[str](), "", time.monotonic()
    while True:
        await asyncio.sleep(MIND_S)
        date = unfinished(wish, at, datetime.now(UTC))
        if date != seen:
            seen, since = date, time.monotonic()
        found = written(wish, date) if date else None
        missed = bool(date) and (found is None or finished(found))
        waited = time.monotonic() - since >= (MISSED_S if missed else MIND_S / 2)  # it may be just about to begin
        if date and waited and begun[date] < AGAIN:
            begun[date] += 1
            console.say(
                f"the night of {date} " + ("was missed; it is begun" if missed else "was cut off; it is begun again")
            )
            await _begin(nights, wish.model_copy(update={"night": date}))
            await _sweep()  # the film at which the killed one was
            seen = ""


async def _added(runner: Runner, flow: Any, name: str, **more: Any) -> Any:
    """Give a deployment to the runner; each run is a process of its own that imports the flow by its module's name."""
    from prefect.types.entrypoint import EntrypointType

    deployment = await called(flow.to_deployment, name, entrypoint_type=EntrypointType.MODULE_PATH, **more)
    return await called(runner.add_deployment, deployment)


async def called(function: Callable[..., Any], *given: Any, **more: Any) -> Any:
    """Call one of Prefect's functions that may be a coroutine's or not, depending on where they are called."""
    found = function(*given, **more)
    return await found if hasattr(found, "__await__") else found


async def _begin(deployment: Any, wish: NightWish) -> None:
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        await client.create_flow_run_from_deployment(deployment, parameters={"wish": wish.model_dump(mode="json")})


def unfinished(wish: NightWish, at: str, now: datetime) -> str:
    """Date of the night that is to be gone on with at once; empty when there is none.

    In a window that has an end: when no night was begun in it, or the one that was did not come to its end. Without an
    end: when the last night was interrupted.
    """
    from restore.flows.night import date_of

    began = last_time(clock_time(at), now, wish.zone)
    date = date_of(began, wish.zone)
    found = written(wish, date)
    if is_held(private(Path(wish.options.out)) / "batch.lock"):
        return ""
    if wish.until is None:
        return date if found is not None and not finished(found) else ""
    inside = now < next_time(clock_time(wish.until), began, wish.zone)
    return date if inside and (found is None or not finished(found) or _before(found, began)) else ""


def _before(night: Night, began: datetime) -> bool:
    """Whether a night that came to its end did so before this window: the hour was changed on the same day."""
    return bool(night.ended) and datetime.fromisoformat(night.ended) < began


def written(wish: NightWish, date: str) -> Night | None:
    """The record of the night of this date."""
    from restore.flows.night import papers_of

    return record.load(papers_of(wish, date).record)


def finished(night: Night) -> bool:
    """Whether a night came to its end: all was tried, or the time given was used up."""
    stopped = any(result.code > 128 or result.code in (69, 74) for result in night.results if result.state == "waiting")
    return bool(night.ended) and not stopped
