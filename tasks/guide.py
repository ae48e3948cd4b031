"""Prefect task: gather what people ask for of the film's colours."""

from __future__ import annotations

from pathlib import Path

from restore.film import Shot, Survey
from restore.progress import meter
from restore.steps.guide import Guided
from restore.steps.guide import guide as gather
from restore.steps.prepare import Plan
from restore.tasks._step import step


@step("guide")
def guide(plan: Plan, survey: Survey, shots: tuple[Shot, ...], work: str) -> Guided:
    return gather(plan, survey, shots, Path(work), meter("guide"))
