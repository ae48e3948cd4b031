"""The way of one reel, from film to verified master, as a Prefect flow: probe, split, restore, assemble, prove, report.

The same flow runs from the command line, on a temporary server of its own, and on a Prefect server. Everything that
makes the result is in `restore.steps`; Prefect shows and retries, the work folder holds the truth.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.futures import PrefectFuture, wait
from prefect.states import Cancelled as CancelledState
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from restore import profile, progress, store
from restore.errors import DAMAGED, BadInput, Cancelled, Resting, RestoreError, Stopped, shown
from restore.film import Hint, Score, Shot, Survey, Take
from restore.flows import cluster, runs, server
from restore.flows.said import heard
from restore.profile import Profile
from restore.progress import Diary, Event, stage
from restore.steps import roots
from restore.steps.guide import wanted as wants_guidance
from restore.steps.leave import HINT, sentence, warning
from restore.steps.options import Options
from restore.steps.papers import Finished
from restore.steps.places import MOST, Places, begin
from restore.steps.prepare import Plan
from restore.steps.prove import Made
from restore.steps.publish import Outputs, in_work_folder, publish
from restore.steps.restore_shot import Job, take_key
from restore.steps.tidy import tidy
from restore.tasks.assemble import assemble
from restore.tasks.guide import guide
from restore.tasks.package import package
from restore.tasks.probe import probe
from restore.tasks.prove import prove
from restore.tasks.report import report
from restore.tasks.restore_shot import restore_shot
from restore.tasks.split import split


@dataclass(frozen=True)
class Outcome:
    """A finished reel: what was made, and the exit code it is worth (0, or 3 with damage in the source)."""

    reel: str
    outputs: Outputs
    exit_code: int
    frames: int
    shots: int
    left: int  # of the shots, left as they are
    damage: int
    proofs: int  # gates that were seen to hold
    scores: tuple[Score, ...]
    seconds: float
    profile: Profile


AHEAD = 2
"""Shots handed to Prefect beyond those at work, so that none waits for Prefect."""

THREADS: TaskRunner[PrefectFuture[Any]] = ThreadPoolTaskRunner(max_workers=MOST + AHEAD)  # type: ignore[assignment]
"""Shots wait in these threads for a place (`restore.steps.places`)."""


@flow(name="restore reel", flow_run_name="{film}", persist_result=False, task_runner=THREADS)
def restore_reel(film: str, options: Options) -> Any:
    """Restore one film: all results get their final names, or none does and the same call goes on later.

    film     path of a film, or of a folder of frames; a name that is no UTF-8 comes as a file: URI (see `said`)
    options  what is wanted of the run

    Raises the errors of restore.errors.
    """
    began, times = time.monotonic(), dict[str, float]()
    profile.begin()
    diary = Diary()
    try:
        with progress.listening(_to_run_log()), progress.listening(diary), _watched():
            roots.check(heard(film), options)
            reel = _restore(heard(film), options, times, diary)
    except Cancelled as error:
        runs.ENDED[film] = error
        return CancelledState(message=str(error))
    except RestoreError as error:
        runs.ENDED[film] = error
        if isinstance(error, Stopped) and runs.is_submitted():
            runs.hand_back()
        return runs.failed(error)
    except Exception as error:
        runs.ENDED[film] = error
        raise
    damage = len(reel.survey.damage)
    outcome = Outcome(
        reel=film,
        outputs=reel.plan.outputs,
        exit_code=DAMAGED if damage else 0,
        frames=reel.survey.frames,
        shots=len({shot.number for shot in reel.shots}),
        left=len({shot.number for shot in reel.shots if shot.left}),
        damage=damage,
        proofs=sum(gate.passed is True for gate in reel.master.gates),
        scores=reel.scorecard.scores,
        seconds=round(time.monotonic() - began, 3),
        profile=reel.profile,
    )
    runs.ENDED[film] = outcome
    return outcome


def _watched() -> AbstractContextManager[None]:
    """On a server that others use, too, they may cancel the run there; on one of its own nobody can."""
    return nullcontext() if os.environ.get(server.ALONE_MARK) else runs.watched()


def _to_run_log() -> progress.Sink:
    """The events, for whoever watches the run on a Prefect server; not every window, that would be thousands."""
    logger = get_run_logger()

    def log(event: Event) -> None:
        if event.kind not in ("progress", "found", "folder"):
            logger.info("%s %s %s", event.kind, event.step, event.message)

    return log


def _restore(film: str, options: Options, times: dict[str, float], diary: Diary) -> Finished:
    try:
        with stage("probe", times):
            plan = probe(film, options)
        with store.WorkFolder(Path(options.out).absolute(), plan.reel.sha256) as work:
            progress.tell(Event("folder", message=str(work.folder)))
            try:
                reel = _make(plan, work, times, diary)
                publish(
                    in_work_folder(plan.outputs, work.folder), plan.outputs, work.folder, overwrite=options.overwrite
                )
            finally:
                progress.tell(Event("folder"))
            if not options.takes_stay:
                work.remove()
            elif not options.keep_takes and (cleared := tidy(work.takes, {take.key for take in reel.takes})):
                progress.tell(Event("note", "publish", message=cleared))
    except Exception:
        raise
    except BaseException:  # a server cancels the run: the tasks stop at their next window
        progress.request_stop(Stopped("the run was cancelled; the same command goes on where it stopped", 15))
        raise
    return reel


def _make(plan: Plan, work: store.WorkFolder, times: dict[str, float], diary: Diary) -> Finished:
    """Make and prove all results inside the work folder."""
    with stage("split", times):
        survey, shots = split(plan, str(work.folder))
    _say_damage(survey, strict=plan.options.strict)
    hints: tuple[Hint, ...] = ()
    if wants_guidance(plan):
        with stage("guide", times):
            guided = guide(plan, survey, shots, str(work.folder))
        plan, survey = guided.of(plan, survey)
        shots, hints = guided.shots, guided.hints
    _say_left(shots)
    device, threads = plan.options.device, plan.options.pinned_threads
    job = Job(survey, plan.recipe, plan.spec, str(work.takes), device, threads, hints)
    with stage("restore", times, survey.frames):
        _say_resuming(shots, job)
        places = begin(plan.options.workers)
        if plan.options.cluster is not None:
            takes = cluster.restored(shots, job, plan.options)
        else:
            takes = _restored(shots, job, places)
    made = in_work_folder(plan.outputs, work.folder)
    with stage("assemble", times):
        joined = assemble(plan, survey, shots, takes, made)
    with stage("prove", times, survey.frames):
        master, scorecard = prove(plan, survey, shots, Made(takes, made, joined))
    spent = profile.taken(survey.frames, places.limit)
    reel = Finished(plan, survey, shots, takes, master, scorecard, spent, diary.steps)
    with stage("report", times):
        report(reel, times, made)
    if made.bag is not None:
        with stage("package", times):
            for note in package(reel, made):
                progress.tell(Event("note", "package", message=note))
    return reel


def _restored(shots: Sequence[Shot], job: Job, places: Places) -> tuple[Take, ...]:
    """All takes, in order: the task is mapped over the shots, a few at a time, so that a stop need not undo thousands.

    When one fails the others are stopped at their next window, and its error is raised.
    """
    takes, waiting, count = list[Take](), deque[PrefectFuture[Take]](), len(shots)
    try:
        for number, shot in enumerate(shots, start=1):
            waiting.append(restore_shot.submit(shot, number, count, job))
            while len(waiting) > places.limit - 1 + AHEAD:
                takes.append(waiting.popleft().result())
        while waiting:
            takes.append(waiting.popleft().result())
    except Exception as error:
        if not isinstance(error, Resting):  # then what is at work is finished, and kept
            progress.request_stop(error)
        wait(list(waiting))
        progress.withdraw(error)  # the reels after this one go on
        raise
    return tuple(takes)


def _say_damage(survey: Survey, *, strict: bool) -> None:
    if not survey.damage:
        return
    first = survey.damage[0]
    count = len(survey.damage)
    what = f"{shown(survey.reel.path)}: {count} signs of damage, the first at frame {first.frame}: {first.message}"
    if strict:
        raise BadInput(f"{what}; without --strict the run goes on and lists them")
    progress.tell(Event("warning", "split", message=f"{what}; the report lists them"))


def _say_left(shots: Sequence[Shot]) -> None:
    """What will not be coloured, before the work."""
    if nothing := warning(shots):
        progress.tell(Event("warning", "split", message=nothing))
    elif some := sentence(shots):
        progress.tell(Event("note", "split", message=f"{some}; {HINT}"))


def _say_resuming(shots: Sequence[Shot], job: Job) -> None:
    there = sum((Path(job.takes) / f"{take_key(shot, job)}.mkv").exists() for shot in shots)
    if there:
        progress.tell(Event("note", "restore", message=f"resuming: {there}/{len(shots)} shots done"))
