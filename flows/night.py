"""One night's work as a Prefect flow: everything in the inbox, until the window ends, and the morning page."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Cancelled as CancelledState
from pydantic import BaseModel, ConfigDict, Field

from restore.batch import page, record
from restore.batch.catalogue import Entry
from restore.batch.queue import Source
from restore.batch.record import Night, Result
from restore.batch.terms import clock_time, next_time
from restore.batch.work import Standing, exit_code
from restore.errors import DiskError, RestoreError, Stopped, Unavailable, shown
from restore.flows import console, runs
from restore.flows.batches import Papers, Wish, run_batch
from restore.flows.reels import signals
from restore.flows.server import Server
from restore.flows.show_batch import line
from restore.steps import roots
from restore.steps.options import Options

log = logging.getLogger(__name__)

FOLDER = "nights"
"""In the folder of results: a page and a record for each night, and index.html."""


MACHINE: dict[int, type[RestoreError]] = {Unavailable.exit_code: Unavailable, DiskError.exit_code: DiskError}
"""What ends a night that is no film's fault and not the end of its time: its run has failed, and says why."""


class NightWish(BaseModel):
    """What is to be done each night; plain JSON types, so that a server can keep it and a worker check it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inbox: str = Field(description="folder of films; with a catalogue, where its names are looked up")
    options: Options = Field(description="settings of all films; options.out is the folder of all results")
    catalogue: str | None = Field(default=None, description="CSV or TOML: which films, each with its own settings")
    recursive: bool = Field(default=True, description="look into folders in the inbox, too")
    settle_s: float = Field(default=30.0, ge=0, description="leave a film alone that was written to in so many seconds")
    until: str | None = Field(default=None, description="time of day after which nothing is begun, as 07:00")
    zone: str = Field(default="UTC", description="time zone (IANA) of `until`")
    max_hours: float | None = Field(default=None, ge=0, description="begin nothing after so many hours")
    quota_gb: float | None = Field(default=None, ge=0, description="begin no film with which the results take more")
    watch: bool = Field(default=False, description="look for new films until the window ends")
    night: str | None = Field(default=None, description="date of an earlier night that is gone on with, as 2026-11-27")

    def source(self) -> Source:
        return Source(Path(self.inbox), self.options, None if self.catalogue is None else Path(self.catalogue),
                      self.recursive)  # fmt: skip


@flow(name="restore night", flow_run_name="night in {wish.options.out}", persist_result=False)
def restore_night(wish: NightWish) -> Any:
    """Restore what lies in the inbox, until it is done or the window ends. The next night goes on where this one ended.

    Fails, with the one line that says why, where another night or batch is at work in the same folder of results, or
    what is wished for cannot be.
    """
    try:
        return _night(wish)
    except RestoreError as error:
        return runs.failed(error)


def _night(wish: NightWish) -> Any:
    roots.check(wish.inbox, wish.options)
    if wish.catalogue is not None:
        roots.check(wish.catalogue, wish.options)
    began = flow_run.get_scheduled_start_time() or datetime.now(UTC)
    papers = papers_of(wish, wish.night or date_of(began, wish.zone))
    console.speak(verbose=0, quiet=True)  # warnings are said by Prefect, which listens to our loggers
    runs.say_where()
    runs.end_with_service()
    with Server() as server, signals():
        night = run_batch(_wish(wish, began), papers, server, _told(), goes_on=True)
    try:
        publish_index(Path(wish.options.out))
    except DiskError as error:  # the next night makes it; what ended this one is said by its record, or by the log
        console.fail(error)
    if exit_code(night) > 128:
        if runs.is_cancelled():
            return CancelledState(message="cancelled by the operator; the next night goes on")
        if runs.is_of_pool():
            runs.hand_back()
        raise Stopped(night.why_ended, exit_code(night) - 128)
    if night.why_ended and (fault := MACHINE.get(exit_code(night))):
        return runs.failed(fault(night.why_ended))
    return {"page": str(papers.page), "counted": night.counted(), "why_ended": night.why_ended}


def date_of(moment: datetime, zone: str) -> str:
    """Date of the night that began at `moment`, as calendars in `zone` show it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d}"


def papers_of(wish: NightWish, night: str) -> Papers:
    """Where the night of this date is written down."""
    folder = Path(wish.options.out) / FOLDER
    return Papers(folder / f"{night}.json", folder / f"{night}.html", f"Night of {night}")


def _wish(wish: NightWish, began: datetime) -> Wish:
    until = None if wish.until is None else next_time(clock_time(wish.until), began, wish.zone)
    return Wish(wish.source(), wish.settle_s, until, wish.max_hours, wish.quota_gb, wish.watch)


def _told() -> Any:
    """Each film's line goes into the log of the run on the server."""
    logger = get_run_logger()

    def told(standing: Standing, entry: Entry, result: Result | None) -> None:
        if result is None:
            logger.info("[%d/%d] %s", standing.done, standing.total, shown(entry.film))
        else:
            logger.info("%s", line(standing, result))

    return told


def nights(out: Path) -> dict[str, Night]:
    """All nights that are written down, by the name of their page."""
    found = {file: record.load(file) for file in sorted((out / FOLDER).glob("*.json"))}
    return {file.with_suffix(".html").name: night for file, night in found.items() if night is not None}


def publish_index(out: Path) -> None:
    """Write the list of all nights anew."""
    page.write_index(nights(out), out / FOLDER / "index.html")
