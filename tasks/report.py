"""Prefect task: write the page, the scorecard, the list of shots and the provenance."""

from __future__ import annotations

from restore.film import Master, Scorecard, Shot, Survey, Take
from restore.steps.prepare import Plan
from restore.steps.publish import Outputs
from restore.steps.report import report as write
from restore.tasks._step import step


@step("report")
def report(
    plan: Plan, survey: Survey, shots: tuple[Shot, ...], takes: tuple[Take, ...], master: Master,
    scorecard: Scorecard, seconds: dict[str, float], made: Outputs,
) -> None:  # fmt: skip
    write(plan, survey, shots, takes, master, scorecard, seconds, made)
