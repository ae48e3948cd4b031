"""Prefect task: read master and access copy back, prove that light and time are the source's, and score the master."""

from __future__ import annotations

from restore.film import Master, Scorecard, Shot, Survey
from restore.progress import meter
from restore.steps.prepare import Plan
from restore.steps.prove import Made
from restore.steps.prove import prove as read_back
from restore.tasks._step import step


@step("prove")
def prove(plan: Plan, survey: Survey, shots: tuple[Shot, ...], made: Made) -> tuple[Master, Scorecard]:
    return read_back(plan, survey, shots, made, progress=meter("prove"))
