"""Sends the films of a batch through the flow, one after the other, on one server; the record is kept as it goes."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from restore import progress, store
from restore.batch import page, queue, record
from restore.batch.catalogue import Entry
from restore.batch.inbox import Settling
from restore.batch.known import Known
from restore.batch.lock import held, private
from restore.batch.queue import Source
from restore.batch.record import Night, Result
from restore.batch.terms import Terms
from restore.batch.work import Batch
from restore.errors import DiskError, Unavailable
from restore.flows import console
from restore.flows.reels import restored
from restore.flows.server import Server
from restore.flows.show_batch import Told
from restore.progress import Event

log = logging.getLogger(__name__)

TRIES = 3
"""Times that a film is begun again when its Prefect server went away meanwhile; what was finished is found again."""

BACK_S = 600.0
"""Seconds that a batch waits for its server to come back."""

PAGE_EVERY_S = 60.0
"""Seconds between two pages while a batch is at work; its record is written after each film."""


@dataclass(frozen=True)
class Wish:
    """What a batch is to do, and for how long.

    settle_s  seconds for which a film must not have been written to
    until     moment at which nothing more is begun
    watch     look into the inbox again and again, until the end of the time
    """

    source: Source
    settle_s: float = 30.0
    until: datetime | None = None
    max_hours: float | None = None
    quota_gb: float | None = None
    watch: bool = False


@dataclass(frozen=True)
class Papers:
    """Where a batch writes down what came of it: a record, and a page made of it."""

    record: Path
    page: Path
    title: str

    def keep(self, night: Night) -> None:
        """The record alone. Raises DiskError, OutputExists."""
        with store.disk_errors(self.record):
            self.record.parent.mkdir(parents=True, exist_ok=True)
        record.save(night, self.record)

    def publish(self, night: Night) -> None:
        """Record and page. A disk that is full then is said, and costs only them."""
        try:
            self.keep(night)
            page.write(night, self.page)
        except DiskError as error:
            console.fail(error)


def run_batch(wish: Wish, papers: Papers, server: Server, told: Told, *, goes_on: bool = False) -> Night:
    """Restore what there is to restore; returns the record, and leaves it and its page behind.

    goes_on: the record that lies there is of the same night, which was interrupted.

    Raises Busy for a folder in which another batch is at work, and what the catalogue, the inbox and the server raise.
    """
    progress.allow()
    out = wish.source.out
    with held(private(out) / "batch.lock", "a batch"), _log(private(out) / "batch.log"):
        known = Known(private(out))
        before = record.load(papers.record)
        failed = [result.film for result in _last(before, papers) if result.state == "failed"]
        found = queue.find(wish.source, known, failed)
        night = replace(before, ended="", why_ended="") if goes_on and before is not None else _begun(wish, papers)
        batch = Batch(
            night=night, found=found,
            terms=Terms(out, wish.until, wish.max_hours, None if wish.quota_gb is None else int(wish.quota_gb * 1e9)),
            known=known, settling=Settling(wish.settle_s), restore=_Restoring(server), told=told, keep=_Keeping(papers),
            again=(lambda: queue.find(wish.source, known, failed)) if wish.watch else None,
        )  # fmt: skip
        if found.entries and not server.own:
            server.ready()  # one that is away is no film's fault
        papers.keep(night)
        night = batch.run()
        papers.publish(night)
        known.save()
    return night


def _last(before: Night | None, papers: Papers) -> tuple[Result, ...]:
    """What came of each film the last time: in the record before this one, where this one is new."""
    if before is None:
        earlier = sorted(papers.record.parent.glob("*.json"))[-1:]
        before = record.load(earlier[0]) if earlier else None
    return before.results if before is not None else ()


def _begun(wish: Wish, papers: Papers) -> Night:
    inbox = wish.source.catalogue or wish.source.inbox
    return Night(papers.title, str(inbox), str(wish.source.out), began=record.now())


@contextmanager
def _log(path: Path) -> Iterator[None]:
    """The log goes into the work folder of the film at work, and between films into `path`."""

    def into(event: Event) -> None:
        if event.kind == "folder":
            console.log.into(Path(event.message) / "log.txt" if event.message else path)

    console.log.into(path)
    try:
        with progress.listening(into):
            yield
    finally:
        console.log.into(None)


class _Keeping:
    """Keeps the record after each film, and now and then the page."""

    def __init__(self, papers: Papers) -> None:
        self._papers, self._paged, self._said = papers, time.monotonic(), False

    def __call__(self, night: Night) -> None:
        try:
            self._papers.keep(night)
            if time.monotonic() - self._paged > PAGE_EVERY_S:
                page.write(night, self._papers.page)
                self._paged = time.monotonic()
            self._said = False
        except DiskError as error:
            if not self._said:  # of a disk that stays full, once
                log.warning("the record of the batch cannot be written: %s", error)
            self._said = True


class _Restoring:
    """Restores one film by the flow. A server that goes away meanwhile is waited for, and the film gone on with."""

    def __init__(self, server: Server) -> None:
        self._server, self._ready = server, False

    def __call__(self, entry: Entry) -> Any:
        if not self._ready:
            self._server.ready()
            self._ready = True
        for left in range(TRIES, -1, -1):
            try:
                return restored(entry.film, entry.options, self._server)
            except Unavailable as error:
                if left == 0 or self._server.answers():  # it was something else that is away
                    raise
                log.warning("%s; waiting for it", error)
                self._server.revive(BACK_S)
        raise AssertionError("the last try returns or raises")
