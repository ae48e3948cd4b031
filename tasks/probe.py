"""Prefect task: open the film, check that the run can be done, take the film's digest."""

from __future__ import annotations

from restore.progress import meter
from restore.steps.options import Options
from restore.steps.prepare import Plan, opened
from restore.tasks._step import step


@step("probe")
def probe(film: str, options: Options) -> Plan:
    return opened(film, options, progress=meter("probe"))
