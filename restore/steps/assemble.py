"""Joins the takes to one reel with all that travels beside the picture, reads it back, and proves what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from restore.errors import ProofFailed, shown
from restore.film import Gate, Master, Shot, Survey, Take
from restore.media import assemble as joining
from restore.media.index import Index
from restore.media.prove import prove
from restore.progress import Progress
from restore.steps import provenance
from restore.steps.prepare import Plan, unchanged
from restore.steps.publish import Outputs
from restore.store import file_sha256, write_json


def assemble(
    plan: Plan, survey: Survey, shots: Sequence[Shot], takes: Sequence[Take], made: Outputs, *,
    progress: Progress | None = None,
) -> Master:  # fmt: skip
    """Write master and access copy under the names `made`, with the provenance attached, and prove them.

    `progress` goes over all frames twice: once for joining, once for reading back. Raises BadInput when the source
    was changed meanwhile, ProofFailed naming the gate that did not hold, Unavailable without an ffmpeg program,
    DiskError.
    """
    unchanged(survey.reel)
    index = Index.load(Path(survey.index_path))
    attached = Path(made.provenance).with_name("attached.json")
    write_json(attached, provenance.before(plan, survey, shots, takes))
    access = None if made.access is None else Path(made.access)
    name = Path(plan.outputs.provenance).name
    out = joining.Outputs(Path(made.master), access, attached, name)
    joined = joining.assemble(survey, index, takes, plan.spec, out, _half(progress, 0))
    gates = prove(survey, index, plan.spec, out.master, out.access, _half(progress, 1))
    unchanged(survey.reel)
    _all_hold(gates, survey)
    return Master(
        path=made.master,
        sha256=file_sha256(out.master),
        access_path=made.access,
        access_sha256=None if access is None else file_sha256(access),
        gates=gates,
        notes=(*plan.spec.notes, *joined.notes),
    )


def _half(progress: Progress | None, half: int) -> Progress | None:
    """The first (0) or second (1) half of a way that is told as one."""
    if progress is None:
        return None
    return lambda done, total: progress(half * total + done, 2 * total)


def _all_hold(gates: Sequence[Gate], survey: Survey) -> None:
    failed = [f"{gate.name}: {gate.detail}" for gate in gates if gate.passed is False]
    if failed:
        raise ProofFailed(
            f"{shown(survey.reel.path)}: the proof failed, nothing is published: {'; '.join(failed)}; "
            "send us the log and keep the film as it is"
        )
