"""Prefect task: join the takes with sound, subtitles and chapters, and prove that light and time are the source's."""

from __future__ import annotations

from restore.film import Master, Shot, Survey, Take
from restore.progress import meter
from restore.steps.assemble import assemble as join
from restore.steps.prepare import Plan
from restore.steps.publish import Outputs
from restore.tasks._step import step


@step("assemble")
def assemble(plan: Plan, survey: Survey, shots: tuple[Shot, ...], takes: tuple[Take, ...], made: Outputs) -> Master:
    return join(plan, survey, shots, takes, made, progress=meter("assemble"))
