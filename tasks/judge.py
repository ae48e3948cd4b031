"""Prefect task: score the master against the truth, where there is one, beside the gray film's own score."""

from __future__ import annotations

from restore.film import Master, Scorecard, Shot, Survey
from restore.progress import meter
from restore.steps.judge import judge as score
from restore.steps.prepare import Plan
from restore.tasks._step import step


@step("judge")
def judge(plan: Plan, survey: Survey, shots: tuple[Shot, ...], master: Master) -> Scorecard:
    return score(master.path, plan.options.truth, survey, shots, progress=meter("judge"))
