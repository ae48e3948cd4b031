"""Goes through the films of a batch: skips what is done, waits for what is still being copied, goes on past what fails.

What is at fault is told apart. A film that is bad fails, and the next one's turn comes; where the machine is at fault
(disk full, GPU or server away, memory short) the others would fare no better, so the batch ends and can be given again.
"""

from __future__ import annotations

import logging
import resource
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from restore import progress
from restore.batch import done, record
from restore.batch.catalogue import Entry
from restore.batch.inbox import Settling, sign
from restore.batch.known import Known
from restore.batch.queue import Found, same_names
from restore.batch.record import Night, Result
from restore.batch.terms import Terms
from restore.configs import recipe as recipes
from restore.errors import Cancelled, DiskError, Resting, RestoreError, Stopped, Unavailable, known, shown
from restore.media.spec import plan
from restore.steps.prepare import estimate
from restore.steps.probe import Wanted, probe

log = logging.getLogger(__name__)

PATIENCE = 10
"""Times the settling time that a batch waits, at its end, for a film that is still written to."""

AWAY = 2
"""Films in a row that may find a server, a GPU or memory away before the batch ends."""

EVERY_S = 10.0
"""Seconds between two looks into the inbox of a batch that watches it."""


@dataclass(frozen=True)
class Standing:
    """How far the batch is."""

    done: int  # films that it is through with
    total: int
    left_s: float | None  # seconds left, by the bytes of films so far and to come; None before that can be said


@dataclass
class Batch:
    """What a batch works with.

    restore  restores one film, as `restore.flows` knows how; raises the errors of restore.errors
    told     is called with each result and where the batch stands, and before a film is begun with its entry
    keep     writes the record down; called after each film
    again    looks into the inbox once more; None for a batch that does not watch it
    """

    night: Night
    found: Found
    terms: Terms
    known: Known
    settling: Settling
    restore: Callable[[Entry], Any]
    told: Callable[[Standing, Entry, Result | None], None]
    keep: Callable[[Night], None]
    again: Callable[[], Found] | None = None
    _sizes: dict[str, int] = field(default_factory=dict)
    _made: list[tuple[int, float]] = field(default_factory=list)  # bytes, seconds of films restored now
    _through: set[str] = field(default_factory=set)
    _away: int = 0
    _code: int = 75  # of films that are not begun any more

    def run(self) -> Night:
        """Go through all films; returns the record, which says why it ended before all was done, if it did.

        Raises nothing that a film or the machine can be blamed for: the results carry that, and the exit codes.
        """
        began, before = time.monotonic(), self.night.seconds
        progress.rest_when(self.terms.over)
        refused = same_names(self.found.entries)
        for entry, ready in self._turns():
            if entry.film in refused:
                result = self._result(entry, state="failed", code=2, why=refused[entry.film])
            elif isinstance(ready, str):
                result = self._result(entry, state="waiting", code=self._code, why=ready)
            else:
                self.told(self._standing(), entry, None)
                result = self._one(entry)
            self._enter(entry, result)
            self.night = replace(self.night, seconds=round(before + time.monotonic() - began, 3))
            self.keep(self.night)
        self.night = replace(
            self.night, ended=record.now(), passed_over=self.found.passed_over,
            seconds=round(before + time.monotonic() - began, 3),
        )  # fmt: skip
        return self.night

    def _turns(self) -> Iterator[tuple[Entry, str | None]]:
        """Every film when its turn comes, with why it cannot be begun where it cannot. Ends early where the batch does,
        all that is left being named then."""
        waiting = deque(self.found.entries)
        unsettled = deque[Entry]()
        seen = {entry.film for entry in waiting}
        impatient = 0.0
        while True:
            if why := self._over():
                yield from ((entry, why) for entry in (*waiting, *unsettled))
                return
            if waiting:
                entry = waiting.popleft()
                if self._settles(entry):
                    unsettled.append(entry)
                else:
                    yield entry, None
                    impatient = 0.0
                continue
            if unsettled:
                impatient = impatient or time.monotonic() + PATIENCE * self.settling.seconds
                if time.monotonic() > impatient and self.again is None:
                    yield from ((entry, "it is still being written to") for entry in unsettled)
                    return
            elif self.again is None:
                return
            self._rest(1.0 if unsettled else EVERY_S)
            waiting, unsettled = unsettled, deque()
            for entry in self._arrived(seen):
                waiting.append(entry)

    def _arrived(self, seen: set[str]) -> list[Entry]:
        """Films that have come into the inbox meanwhile."""
        if self.again is None:
            return []
        found = self.again()
        new = [entry for entry in found.entries if entry.film not in seen]
        seen.update(entry.film for entry in new)
        self.found = Found((*self.found.entries, *new), found.passed_over)
        return new

    def _settles(self, entry: Entry) -> bool:
        """Whether it is still being written to. A film that is not there is not: its turn will name it."""
        try:
            return self.settling.left_s(Path(entry.film)) > 0
        except RestoreError:
            return False

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._over():
            time.sleep(0.2)

    def _over(self) -> str:
        """Why nothing more is begun: time is over, a stop was asked for, or an earlier film met a broken machine."""
        try:
            progress.check_stop()
        except Stopped as stopped:
            self._end(str(stopped), stopped.exit_code)
        if not self.night.why_ended and (why := self.terms.over()):
            self._end(why, Resting.exit_code)
        return self.night.why_ended

    def _end(self, why: str, code: int) -> None:
        """Begin nothing more. The first reason stays."""
        if not self.night.why_ended:
            self.night, self._code = replace(self.night, why_ended=why), code

    def _one(self, entry: Entry) -> Result:
        """Restore one film, unless it is done."""
        began, cpu = time.monotonic(), _cpu_s()
        try:
            fields = self._looked(entry)
        except Exception as error:
            fields = self._failed(entry, error)
        spent = {"seconds": round(time.monotonic() - began, 3), "cpu_s": round(_cpu_s() - cpu, 3)}
        if fields["state"] in ("restored", "damaged"):
            self._made.append((self._size(entry), spent["seconds"]))
        return self._result(entry, **{**fields, **spent})

    def _looked(self, entry: Entry) -> dict[str, Any]:
        """Look at what there is of a film, and restore it unless it is done."""
        found = done.look(entry, self.known)
        if found.state == "done" and found.provenance is not None:
            return {"state": "done", **record.of_provenance(found.provenance)}
        if found.state == "other" and not entry.options.overwrite:
            return {"state": "failed", "code": 73, "why": f"{found.why}; give --overwrite to replace them"}
        if found.state == "hurt":  # they are this film's own, and are not what was made
            log.warning("%s: %s; it is made again", shown(entry.film), found.why)
            entry = replace(entry, options=entry.options.model_copy(update={"overwrite": True}))
        if self.terms.quota_bytes is not None and (why := self.terms.too_large(wanted_bytes(entry))):
            return {"state": "waiting", "code": 75, "why": why}
        return self._restored(entry)

    def _restored(self, entry: Entry) -> dict[str, Any]:
        outcome = self.restore(entry)
        self._away = 0
        folder, name = done.place(entry)
        written = done.provenance(folder, name) or {}
        self._note(Path(entry.film), folder, written)
        device = str(written["device"].get("device", "cpu"))
        master = folder / written["outputs"][0]["name"]
        return {
            "state": "damaged" if outcome.damage else "restored", "code": outcome.exit_code,
            "why": f"{outcome.damage} signs of damage in the film" if outcome.damage else "",
            "gpu_s": 0.0 if device == "cpu" else float(written["run"]["seconds"].get("restore", 0.0)),
            "master_bytes": master.stat().st_size, **record.of_provenance(written),
        }  # fmt: skip

    def _note(self, film: Path, out: Path, written: Any) -> None:
        """What has just been hashed need not be hashed again the next night."""
        self.known.note(film, written["source"]["sha256"])
        for output in written["outputs"]:
            self.known.note(out / output["name"], output["sha256"])
        self.known.save()

    def _failed(self, entry: Entry, error: Exception) -> dict[str, Any]:
        """What the record says of a film that was not restored. Ends the batch where the machine is at fault."""
        if isinstance(error, Cancelled):
            progress.allow()
            progress.rest_when(self.terms.over)
            return {"state": "cancelled", "code": 0, "why": str(error)}
        told = known(error)
        if told is None:
            log.error("%s: a bug of ours: %s: %s", shown(entry.film), type(error).__name__, error, exc_info=error)
            return {"state": "failed", "code": 1, "why": f"a bug of ours: {type(error).__name__}: {error}"}
        machine = isinstance(told, DiskError | Stopped | Resting)
        if isinstance(told, Unavailable):
            self._away += 1
            machine = self._away >= AWAY
        if machine:
            self._end(str(told), told.exit_code)
        waits = isinstance(told, DiskError | Stopped | Resting | Unavailable) or told.exit_code == 75
        return {"state": "waiting" if waits else "failed", "code": told.exit_code, "why": str(told)}

    def _result(self, entry: Entry, **fields: Any) -> Result:
        folder, name = done.place(entry)
        return Result(entry.film, name, str(folder), note=entry.note, **fields)

    def _enter(self, entry: Entry, result: Result) -> None:
        self._through.add(entry.film)
        self.night = self.night.with_result(result)
        self.told(self._standing(), entry, result)

    def _standing(self) -> Standing:
        left = [self._size(entry) for entry in self.found.entries if entry.film not in self._through]
        total = len(self.found.entries)
        made_bytes = sum(size for size, _ in self._made)
        left_s = sum(left) * sum(took for _, took in self._made) / made_bytes if made_bytes else None
        return Standing(total - len(left), total, left_s)

    def _size(self, entry: Entry) -> int:
        if entry.film not in self._sizes:
            try:
                self._sizes[entry.film] = max(1, sign(Path(entry.film))[0])
            except OSError:
                self._sizes[entry.film] = 1
        return self._sizes[entry.film]


def wanted_bytes(entry: Entry) -> int:
    """Bytes that a film's takes and results will want at the least; 0 where its header does not say how long it is.

    Raises what `restore.steps.prepare` raises for a film that cannot be opened."""
    options = entry.options
    recipe = recipes.load(options.recipe, options.overrides)
    reel = probe(entry.film, Wanted(options.stream, options.frame_rate, options.deinterlace), digest=False)
    return estimate(reel, plan(reel, recipe.master, recipe.access)) or 0


SEVERITY = (3, 75, 69, 74, 1, 143, 130)
"""What a batch ends with, mildest first. What ended it early comes before what it lists."""


def exit_code(night: Night) -> int:
    """0: every film is restored or done; 3: all were tried, some failed or are damaged; else why it ended early."""
    codes = [3 for result in night.results if result.state in ("failed", "damaged")]
    codes += [result.code for result in night.results if result.state == "waiting"]
    return max(codes, key=lambda code: SEVERITY.index(code) if code in SEVERITY else 0, default=0)


def _cpu_s() -> float:
    """Processor seconds of this process and of the programs that it ran and that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
