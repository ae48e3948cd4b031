"""Prefect task: read the whole film once, note every frame, find the shots."""

from __future__ import annotations

from pathlib import Path

from restore.film import Shot, Survey
from restore.progress import meter
from restore.steps.guide import PROXIES
from restore.steps.prepare import Plan
from restore.steps.split import Splitting
from restore.steps.split import split as split_reel
from restore.tasks._step import step


@step("split")
def split(plan: Plan, work: str) -> tuple[Survey, tuple[Shot, ...]]:
    settings = plan.recipe.shots
    proxies = str(Path(work) / PROXIES) if plan.options.guided else None
    wanted = Splitting(plan.options.shots, settings.min_frames, settings.part_s, plan.leave, proxies)
    return split_reel(plan.reel, Path(work) / "index.npz", wanted, progress=meter("split"))
