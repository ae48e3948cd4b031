"""Reads the finished reel back from disk, once: proves what was promised, and scores it on the way."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from restore.errors import ProofFailed, shown
from restore.film import Gate, Master, Scorecard, Shot, Survey, Take
from restore.media import framemd5
from restore.media.assemble import Assembled
from restore.media.framemd5 import FrameSums, Listing
from restore.media.index import Index
from restore.media.open import unchanged
from restore.media.prove import prove as proof_of
from restore.media.read import Picture
from restore.progress import Event, Progress, check_stop, tell
from restore.steps import policy
from restore.steps.judge import Judging, judge
from restore.steps.prepare import Plan
from restore.steps.publish import LISTS, Outputs
from restore.store import file_sha256


@dataclass(frozen=True)
class Made:
    """What lies in the work folder, not proved yet: every take, and the files that were joined from them."""

    takes: tuple[Take, ...]
    outputs: Outputs
    joined: Assembled


def prove(
    plan: Plan, survey: Survey, shots: Sequence[Shot], made: Made, *, progress: Progress | None = None
) -> tuple[Master, Scorecard]:
    """Prove master and access copy, and score the master: every picture is decoded once for both.

    Raises BadInput when the source was changed meanwhile, ProofFailed naming the gate that did not hold, what
    `restore.steps.judge.judge` raises for a truth that does not fit, DiskError.
    """
    cards = list[Scorecard]()
    files, options = made.outputs, plan.options
    sums = None if files.bag is None else FrameSums()

    def look(pictures: Generator[Picture]) -> None:
        wanted = Judging(options.truth, Path(files.scores))
        noted = pictures if sums is None else sums.noting(pictures)
        cards.append(judge(files.master, survey, shots, wanted, noted))
        for _ in noted:  # the judge may have seen enough
            pass

    master, access = Path(files.master), None if files.access is None else Path(files.access)
    index = Index.load(Path(survey.index_path))
    proof = proof_of(survey, index, plan.spec, master, access, progress, made.takes, look)
    unchanged(survey.reel)
    _all_hold(proof.gates, survey)
    held = _policy(plan, master)
    if sums is not None:
        _write_lists(sums, proof.listing, master.parent, same=plan.spec.lossless and not plan.recipe.changes_light)
    stop_here = None if progress is None else lambda _done, _bytes: check_stop()
    proved = Master(
        path=files.master,
        sha256=file_sha256(master, stop_here),
        access_path=files.access,
        access_sha256=None if access is None else file_sha256(access, stop_here),
        gates=(*proof.gates, *held),
        hashes=proof.hashes,
        notes=(*plan.spec.notes, *made.joined.notes),
    )
    return proved, cards[0]


def _policy(plan: Plan, master: Path) -> tuple[Gate, ...]:
    """The policy's gate, where one was asked for. Raises ProofFailed when the master does not pass."""
    if plan.options.policy is None:
        return ()
    gate = policy.hold(master, plan.options.policy)
    if not gate.passed:
        raise ProofFailed(
            f"{shown(plan.reel.path)}: the master does not pass, nothing is published: {gate.name}: {gate.detail}; "
            "change the recipe's master, or leave --policy out: what is finished is kept"
        )
    tell(Event("note", "prove", message=f"{gate.name}: pass: {gate.detail}"))
    return (gate,)


def _write_lists(sums: FrameSums, listing: Listing, work: Path, *, same: bool) -> None:
    """Lists of the checksums of the master's frames and, where its luma is the source's, of that luma."""
    whole, luma = LISTS
    framemd5.write(work / whole, sums.pictures, listing)
    (work / luma).unlink(missing_ok=True)
    if same:
        framemd5.write(work / luma, sums.luma, listing)


def _all_hold(gates: Sequence[Gate], survey: Survey) -> None:
    failed = [f"{gate.name}: {gate.detail}" for gate in gates if gate.passed is False]
    if failed:
        raise ProofFailed(
            f"{shown(survey.reel.path)}: the proof failed, nothing is published: {'; '.join(failed)}; "
            "send us the log and keep the film as it is"
        )
