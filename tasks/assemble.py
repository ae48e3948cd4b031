"""Prefect task: join the takes with sound, subtitles and chapters."""

from __future__ import annotations

from restore.film import Shot, Survey, Take
from restore.media.assemble import Assembled
from restore.progress import meter
from restore.steps.assemble import assemble as join
from restore.steps.prepare import Plan
from restore.steps.publish import Outputs
from restore.tasks._step import step


@step("assemble")
def assemble(plan: Plan, survey: Survey, shots: tuple[Shot, ...], takes: tuple[Take, ...], made: Outputs) -> Assembled:
    return join(plan, survey, shots, takes, made, progress=meter("assemble"))
