"""Prefect task: write the page, the scorecard, the list of shots and the provenance."""

from __future__ import annotations

from restore.steps.papers import Finished, papers
from restore.steps.publish import Outputs
from restore.tasks._step import step


@step("report")
def report(reel: Finished, seconds: dict[str, float], made: Outputs) -> None:
    papers(reel, seconds, made)
