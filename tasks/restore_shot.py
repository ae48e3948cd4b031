"""Prefect task: render one shot, or find it rendered already."""

from __future__ import annotations

from restore.film import Shot, Take
from restore.progress import Event, check_rest, check_stop, meter, tell
from restore.steps.places import here
from restore.steps.restore_shot import Job
from restore.steps.restore_shot import restore_shot as render
from restore.tasks._slot import gpu_slot
from restore.tasks._step import step


@step("restore shot", run_name="shot {number} of {count}")
def restore_shot(shot: Shot, number: int, count: int, job: Job) -> Take:
    check_stop()
    places, label = here(), f"{number} of {count}"
    with places.one(number) as place:
        check_rest()
        with gpu_slot(job.device):
            take = render(shot, job, progress=places.counting(meter("restore", label)), place=place)
    if take.found:
        tell(Event("found", "restore", shot.frames, shot.frames, label))
    return take
