"""Joins the takes to one reel with all that travels beside the picture, reads it back, and proves what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from restore.errors import ProofFailed, shown
from restore.film import Gate, Master, Shot, Survey, Take
from restore.media import assemble as joining
from restore.media.index import Index
from restore.media.prove import prove
from restore.progress import Progress, check_stop
from restore.steps import provenance
from restore.steps.prepare import Plan, unchanged
from restore.steps.publish import Outputs
from restore.steps.restore_shot import leave_studio
from restore.store import file_sha256, write_json


def assemble(
    plan: Plan, survey: Survey, shots: Sequence[Shot], takes: Sequence[Take], made: Outputs, *,
    progress: Progress | None = None,
) -> Master:  # fmt: skip
    """Write master and access copy under the names `made`, with the provenance attached, and prove them.

    `progress` goes over all frames: of joining, and of reading the master back, with the access copy beside it.
    Raises BadInput when the source was changed meanwhile, ProofFailed naming the gate that did not hold, Unavailable
    without an ffmpeg program, DiskError.
    """
    unchanged(survey.reel)
    attached = Path(made.provenance).with_name(provenance.ATTACHED)
    known = provenance.before(plan, survey, shots, takes)
    leave_studio(plan.options.device, plan.options.pinned_threads)
    index = Index.load(Path(survey.index_path))
    known["survey"]["timestamps"] = provenance.timestamps(index, survey.reel)
    write_json(attached, known)
    del known  # the whole list of takes and times: what follows wants the memory
    access = None if made.access is None else Path(made.access)
    name = shown(Path(plan.outputs.provenance).name)  # Matroska's names are UTF-8
    out = joining.Outputs(Path(made.master), access, attached, name)
    told = None if progress is None else laps(progress, 2)
    joined = joining.assemble(survey, index, takes, plan.spec, out, told)
    proof = prove(survey, index, plan.spec, out.master, out.access, told, takes)
    unchanged(survey.reel)
    _all_hold(proof.gates, survey)
    stop_here = None if progress is None else lambda _done, _bytes: check_stop()
    return Master(
        path=made.master,
        sha256=file_sha256(out.master, stop_here),
        access_path=made.access,
        access_sha256=None if access is None else file_sha256(access, stop_here),
        gates=proof.gates,
        hashes=proof.hashes,
        notes=(*plan.spec.notes, *joined.notes),
    )


def laps(progress: Progress, count: int) -> Progress:
    """Several passes over the same frames, told as one way: a pass that begins again is the next lap."""
    lap, before = 0, 0

    def told(done: int, total: int) -> None:
        nonlocal lap, before
        lap += done < before
        before = done
        progress(min(lap, count - 1) * total + done, count * total)

    return told


def _all_hold(gates: Sequence[Gate], survey: Survey) -> None:
    failed = [f"{gate.name}: {gate.detail}" for gate in gates if gate.passed is False]
    if failed:
        raise ProofFailed(
            f"{shown(survey.reel.path)}: the proof failed, nothing is published: {'; '.join(failed)}; "
            "send us the log and keep the film as it is"
        )
