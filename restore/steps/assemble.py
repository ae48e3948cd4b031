"""Joins the takes to one reel with all that travels beside the picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from restore.errors import shown
from restore.film import Shot, Survey, Take
from restore.media import assemble as joining
from restore.media.index import Index
from restore.media.open import unchanged
from restore.progress import Progress
from restore.steps import provenance
from restore.steps.prepare import Plan
from restore.steps.publish import Outputs
from restore.steps.studio import leave_studio
from restore.store import write_json


def assemble(
    plan: Plan, survey: Survey, shots: Sequence[Shot], takes: Sequence[Take], made: Outputs, *,
    progress: Progress | None = None,
) -> joining.Assembled:  # fmt: skip
    """Write master and access copy under the names `made`, with the provenance attached. Nothing is proved yet.

    Raises BadInput when the source was changed meanwhile, ProofFailed when the takes do not fit it, Unavailable
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
    return joining.assemble(survey, index, takes, plan.spec, out, progress)
