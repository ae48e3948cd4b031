"""A take is found again only when nothing that went into it changed; parts equal the whole; a stop leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from films import Film, lights

from restore.configs import recipe as recipes
from restore.errors import Stopped
from restore.film import Shot, Take
from restore.media.probe import probe
from restore.media.spec import plan
from restore.steps import studio as room
from restore.steps.restore_shot import Job, restore_shot, take_key
from restore.steps.split import split

FRAMES = 30


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Film(codec="ffv1").write(tmp_path_factory.mktemp("film") / "film.mkv", lights(FRAMES, 64, 48))


@pytest.fixture
def job(film: Path, tmp_path: Path) -> Iterator[Job]:
    reel = probe(film)
    survey, _ = split(reel, tmp_path / "index.npz")
    recipe = recipes.load("film")
    takes = tmp_path / "takes"
    takes.mkdir()
    yield Job(survey, recipe, plan(reel, recipe.master, recipe.access), str(takes), "cpu", 1)
    room.leave_studio("cpu", 1)


def shot(start: int = 0, stop: int = FRAMES) -> Shot:
    return Shot(1, 1, start, stop, 0, FRAMES, "start")


def planes(take: Take) -> list[bytes]:
    """Bytes of every plane of the master picture, frame by frame."""
    with av.open(take.path) as file:
        return [b"".join(bytes(p) for p in frame.planes) for frame in file.decode(file.streams.video[0])]


def test_a_take_is_found_again(job: Job) -> None:
    told: list[tuple[int, int]] = []
    first = restore_shot(shot(), job, progress=lambda done, total: told.append((done, total)))
    again = restore_shot(shot(), job)
    assert not first.found
    assert again.found
    assert (again.path, again.sha256) == (first.path, first.sha256)
    assert told[-1] == (FRAMES, FRAMES)
    assert len(planes(first)) == FRAMES


def test_parts_equal_the_whole(job: Job) -> None:
    whole = planes(restore_shot(shot(), job))
    assert planes(restore_shot(shot(0, 13), job)) + planes(restore_shot(shot(13, FRAMES), job)) == whole


def test_two_shots_at_a_time_and_three_threads_give_the_same_bytes(job: Job, tmp_path: Path) -> None:
    shots = [shot(0, 9), shot(9, 21), shot(21, FRAMES)]
    alone = [restore_shot(one, job).sha256 for one in shots]
    for workers, threads in ((2, 1), (3, 3)):
        again = replace(job, takes=str(tmp_path / f"again{workers}"), threads=threads)
        Path(again.takes).mkdir()
        with ThreadPoolExecutor(workers) as places:
            together = list(places.map(lambda one, again=again: restore_shot(one, again).sha256, shots))
        room.leave_studio("cpu", threads)
        assert together == alone


def test_a_flipped_bit_is_noticed(job: Job) -> None:
    first = restore_shot(shot(), job)
    content = bytearray(Path(first.path).read_bytes())
    content[len(content) // 2] ^= 0x10
    Path(first.path).write_bytes(content)
    again = restore_shot(shot(), job)
    assert not again.found
    assert again.sha256 == first.sha256


def test_a_cut_note_costs_work_not_the_run(job: Job) -> None:
    first = restore_shot(shot(), job)
    note = Path(first.path).with_suffix(".json")
    note.write_bytes(note.read_bytes()[:10])
    assert restore_shot(shot(), job).sha256 == first.sha256


def test_everything_that_decides_the_picture_is_in_the_key(job: Job) -> None:
    key = take_key(shot(), job)
    other = recipes.load("film", ["colorize.saturation=0.5"])
    crf = recipes.load("film", ["access.crf=30"])
    reel = job.survey.reel
    changed = [
        take_key(shot(0, 20), job),
        take_key(shot(), replace(job, recipe=other)),
        take_key(shot(), replace(job, spec=plan(reel, crf.master, crf.access))),
        take_key(shot(), replace(job, survey=replace(job.survey, reel=replace(reel, sha256="0" * 64)))),
    ]
    assert len({key, *changed}) == len(changed) + 1


def test_where_a_film_lies_is_not_in_the_key(job: Job) -> None:
    moved = replace(
        job, survey=replace(job.survey, reel=replace(job.survey.reel, path="/elsewhere/a.mkv", modified_ns=1))
    )
    assert take_key(shot(), moved) == take_key(shot(), job)


def test_a_stop_leaves_nothing_half_made(job: Job) -> None:
    def stop(done: int, total: int) -> None:
        if done >= 8:
            raise Stopped("enough")

    with pytest.raises(Stopped):
        restore_shot(shot(), job, progress=stop)
    assert list(Path(job.takes).iterdir()) == []
    assert len(planes(restore_shot(shot(), job))) == FRAMES


def test_luma_is_the_sources(job: Job, film: Path) -> None:
    take = restore_shot(shot(), job)
    with av.open(take.path) as file:
        got = [np.frombuffer(f.planes[0], np.uint8).reshape(48, -1)[:, :64].copy() for f in file.decode(video=0)]
    assert all(np.array_equal(a, b) for a, b in zip(got, lights(FRAMES, 64, 48), strict=True))
