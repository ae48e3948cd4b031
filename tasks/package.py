"""Prefect task: put the results into one bag, with all that an archive wants beside a film."""

from __future__ import annotations

from restore.progress import meter
from restore.steps.package.make import package as pack
from restore.steps.papers import Finished
from restore.steps.publish import Outputs
from restore.tasks._step import step


@step("package")
def package(reel: Finished, made: Outputs) -> tuple[str, ...]:
    return pack(reel, made, meter("package"))
