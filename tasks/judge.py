"""Prefect task: score the master against the truth, where there is one, beside the gray film's own score."""

from __future__ import annotations

from pathlib import Path

from restore.film import Master, Scorecard, Shot, Survey
from restore.progress import meter
from restore.steps.judge import Judging
from restore.steps.judge import judge as score
from restore.steps.prepare import Plan
from restore.tasks._step import step


@step("judge")
def judge(plan: Plan, survey: Survey, shots: tuple[Shot, ...], master: Master, curves: str) -> Scorecard:
    return score(master.path, survey, shots, Judging(plan.options.truth, Path(curves), meter("judge")))
