"""The way of a film through our steps when the network costs nothing: what `pipeline.py` measures as a child process.

    python benchmarks/bare_way.py FILM RECIPE

Prints frames, seconds and processor seconds from the first decoding to the proof, as JSON. No server, no report.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from pipeline import Blank

from restore import profile
from restore.progress import stage
from restore.runtime.cpu import CpuPainter
from restore.steps.assemble import assemble
from restore.steps.options import Options
from restore.steps.prepare import opened
from restore.steps.prove import Made, prove
from restore.steps.publish import in_work_folder
from restore.steps.restore_shot import Job, restore_shot
from restore.steps.split import split


def main() -> None:
    film, recipe = sys.argv[1:]
    blank = Blank()
    CpuPainter.__call__ = lambda _painter, *given, **more: blank(*given, **more)  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        scratch, times = Path(folder), dict[str, float]()
        plan = opened(film, Options(out=folder, recipe=recipe, device="cpu"))
        profile.begin()
        with stage("split", times):
            survey, shots = split(plan.reel, scratch / "index.npz")
        job = Job(survey, plan.recipe, plan.spec, folder, "cpu", plan.options.pinned_threads)
        with stage("restore", times):
            takes = tuple(restore_shot(shot, job) for shot in shots)
        made = in_work_folder(plan.outputs, scratch)
        with stage("assemble", times):
            joined = assemble(plan, survey, shots, takes, made)
        with stage("prove", times):
            prove(plan, survey, shots, Made(takes, made, joined))
        spent = profile.taken(survey.frames)
    print(json.dumps({"frames": spent.frames, "fps": spent.fps, "cpu_s": spent.cpu_s}))


if __name__ == "__main__":
    main()
