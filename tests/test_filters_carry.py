"""Painted colour goes with the things it was painted on, both ways, and knows where it ran out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from painters import film, shot

from restore.contracts import Frames, Painted, Scene
from restore.film import ColourTags, Hint, Shot
from restore.filters.carry import Carry
from restore.guidance import carried
from restore.guidance.alike import remembered
from restore.guidance.carried import _Steps, shape_of
from restore.guidance.known import Known
from restore.guidance.memory import Memory
from restore.guidance.scratch import Planes
from restore.guidance.spreading import bonds, settled, smoothed
from restore.guidance.surroundings import grown

TAGS = ColourTags("bt601", False, "center")
FRAMES, ROWS, COLUMNS = 20, 96, 128
RED, BLUE = (60.0, 40.0), (10.0, -50.0)


def lit(t: int, hidden: bool = False) -> np.ndarray:
    """Frame `t`: a light disc that moves 2 px a frame over a dark, mottled ground; it is gone where `hidden`."""
    rng = np.random.default_rng(4)
    ground = cv2.resize(
        rng.uniform(40, 90, (12, 16)).astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC
    )
    if not hidden:
        disc = disc_at(t)
        shade = cv2.resize(rng.uniform(150, 190, (8, 8)).astype(np.float32), (61, 61), interpolation=cv2.INTER_CUBIC)
        canvas = np.zeros((ROWS + 80, COLUMNS + 80), np.float32)
        canvas[40 + 48 - 30 : 40 + 48 + 31, 40 + 30 + 2 * t - 30 : 40 + 30 + 2 * t + 31] = shade
        ground = np.where(disc, canvas[40:-40, 40:-40], ground)
    return ground.round().astype(np.uint8)


def disc_at(t: int) -> np.ndarray:
    y, x = np.mgrid[:ROWS, :COLUMNS]
    return (y - 48) ** 2 + (x - 30 - 2 * t) ** 2 < 20**2


def truth(t: int) -> np.ndarray:
    """(2, h, w) a*b*: the disc is red, the ground blue."""
    disc = disc_at(t)
    return np.stack([np.where(disc, red, blue) for red, blue in zip(RED, BLUE, strict=True)]).astype(np.float32)


def painted(t: int, sure: np.ndarray | None = None) -> Painted:
    confidence = np.ones((ROWS, COLUMNS), np.float32) if sure is None else sure
    return Painted(t, truth(t), confidence, f"{t}.png")


def scene(tmp_path: Path, *paint: Painted, lights: list[np.ndarray] | None = None, elsewhere: int = 7) -> Scene:
    stack = np.stack(lights or [lit(t) for t in range(FRAMES)])

    def frames() -> Iterator[Frames]:
        for t in range(0, len(stack), 8):
            yield Frames(stack[t : t + 8], None, t, 8, TAGS)

    return Scene(0, len(stack), paint, frames, lambda _frame: lit(elsewhere), str(tmp_path), "k" * 64)


def hints(seen: Scene, **settings: object) -> np.ndarray:
    frames = Frames(np.concatenate([f.light for f in seen.frames()]), None, 0, 8, TAGS)
    whole = Shot(1, 1, 0, len(frames), 0, len(frames), "start")
    made = Carry(**settings).foresee(whole, seen)(frames).hints
    assert made is not None and made.shape == (len(frames), 3, ROWS, COLUMNS) and made.dtype == np.float32
    return made


def off(made: np.ndarray, t: int) -> float:
    """Root mean square distance in a*b* from the truth, away from the disc's rim."""
    rim = cv2.dilate(disc_at(t).astype(np.uint8), np.ones((7, 7))) != cv2.erode(
        disc_at(t).astype(np.uint8), np.ones((7, 7))
    )
    away = np.square(made[t, :2] - truth(t)).sum(0)
    return float(np.sqrt(away[~rim].mean()))


@pytest.mark.parametrize("key", [0, 10, 19])
def test_colour_goes_with_things_both_ways(tmp_path: Path, key: int) -> None:
    made = hints(scene(tmp_path, painted(key)))
    assert off(made, key) < 0.2 and made[key, 2].min() > 0.999
    assert max(off(made, t) for t in range(FRAMES)) < 6
    assert made[:, 2].mean() > 0.9


def test_two_painted_frames_each_rule_where_they_are_near(tmp_path: Path) -> None:
    other = Painted(19, -truth(19), np.ones((ROWS, COLUMNS), np.float32), "19.png")
    made = hints(scene(tmp_path, painted(0), other))
    assert off(made, 0) < 0.2 and off(-made, 19) < 0.2
    assert off(made, 2) < off(-made, 2) and off(-made, 17) < off(made, 17)


def test_dots_spread_over_the_surface_they_lie_on_and_no_further(tmp_path: Path) -> None:
    sure = np.zeros((ROWS, COLUMNS), np.float32)
    cv2.circle(sure, (30, 48), 3, 1, -1)
    made = hints(scene(tmp_path, Painted(0, truth(0) * sure, sure, "dots.json")))
    for t in (0, 10):
        disc = cv2.erode(disc_at(t).astype(np.uint8), np.ones((9, 9))) > 0
        assert np.abs(made[t, 0] - RED[0])[disc].max() < 9
        assert made[t, 2][disc].mean() > 5 * made[t, 2][~disc_at(t)].mean()
        assert made[t, 2][cv2.dilate(disc_at(t).astype(np.uint8), np.ones((9, 9))) == 0].max() < 0.2


@pytest.mark.parametrize("key", [0, 10])
def test_what_nobody_painted_is_left_to_the_network(tmp_path: Path, key: int) -> None:
    rng = np.random.default_rng(6)
    ground = cv2.resize(rng.uniform(60, 110, (12, 20)).astype(np.float32), (COLUMNS + 40, ROWS))
    sky = cv2.resize(rng.uniform(170, 200, (12, 20)).astype(np.float32), (COLUMNS + 40, ROWS))
    scenery = np.where(np.arange(ROWS)[:, None] < ROWS // 2, sky, ground).round().astype(np.uint8)
    lights = [np.ascontiguousarray(scenery[:, t : t + COLUMNS]) for t in range(FRAMES)]
    sure = np.zeros((ROWS, COLUMNS), np.float32)
    sure[: ROWS // 2] = 1
    red = np.stack([np.full((ROWS, COLUMNS), value, np.float32) for value in RED])
    made = hints(scene(tmp_path, Painted(key, red * sure, sure, "half.png"), lights=lights))
    assert made[:, 2, : ROWS // 2 - 3, :-20].min() > 0.9
    assert made[:, 2, ROWS // 2 + 2 :].max() < 0.35 and made[:, 2, ROWS // 2 + 2 :].mean() < 0.08


def test_what_was_never_seen_is_in_doubt(tmp_path: Path) -> None:
    lights = [lit(0, hidden=True)] * 8 + [lit(8)] * 8
    ground = np.stack([np.full((ROWS, COLUMNS), value, np.float32) for value in BLUE])
    blue = Painted(0, ground, np.ones((ROWS, COLUMNS), np.float32), "0.png")
    made = hints(scene(tmp_path, blue, lights=lights))
    inside = cv2.erode(disc_at(8).astype(np.uint8), np.ones((9, 9))) > 0
    assert made[7, 2].min() > 0.9
    assert made[9, 2][inside].mean() < 0.8 < made[9, 2][~disc_at(8)].mean()


def test_what_comes_back_finds_its_colour(tmp_path: Path) -> None:
    lights = [lit(0), lit(1), *[lit(0, hidden=True)] * 6, lit(12), lit(13)]
    made = hints(scene(tmp_path, painted(0), lights=lights))
    inside = cv2.erode(disc_at(13).astype(np.uint8), np.ones((9, 9))) > 0
    assert np.median(made[9, 0][inside]) > RED[0] * 0.6


def test_another_shot_is_coloured_from_memory_and_counts_less(tmp_path: Path) -> None:
    elsewhere = Painted(500, truth(7), np.ones((ROWS, COLUMNS), np.float32), "500.png")
    made = hints(scene(tmp_path, elsewhere))
    assert off(made, 3) < 25 and 0.5 < made[3, 2].mean() < 0.99


def test_parts_of_a_shot_get_what_the_whole_shot_gets(tmp_path: Path) -> None:
    seen = scene(tmp_path, painted(4))
    frames = Frames(np.concatenate([f.light for f in seen.frames()]), None, 0, 8, TAGS)
    whole = hints(seen)
    part = Carry().foresee(Shot(1, 2, 12, 20, 0, 20, "start"), seen)(frames.part(11, 20)).hints
    assert part is not None and np.array_equal(part, whole[11:])


def test_nothing_painted_is_nothing_done() -> None:
    frames = film((3, 20, 28))
    assert Carry().begin(shot(frames), None)(frames) is frames


def test_spreading_keeps_within_edges() -> None:
    light = np.zeros((32, 40), np.float32)
    light[:, 20:] = 200
    ab, weight = np.zeros((32, 40, 2), np.float32), np.zeros((32, 40), np.float32)
    ab[5, 5], weight[5, 5] = RED, 10
    ab[20, 30], weight[20, 30] = BLUE, 10
    spread, reach = settled(ab, weight, bonds(light), np.full_like(light, 1 / 900))
    assert np.abs(spread[:, :18] - RED).max() < 8 and np.abs(spread[:, 22:] - BLUE).max() < 8
    assert reach.min() > 0 and reach[5, 5] == reach[:, :20].max()
    planes = np.stack([weight * ab[..., 0], weight]).astype(np.float32)
    fast = smoothed(planes, bonds(light))
    assert np.allclose(fast.sum(axis=(1, 2)), planes.sum(axis=(1, 2)), rtol=1e-3)
    assert np.abs((fast[0] / fast[1])[3:8, 2:9] - RED[0]).max() < 2


def test_memory_doubts_what_it_never_saw() -> None:
    memory = Memory()
    assert np.isinf(memory.asked(np.zeros((64, 64), np.float32), np.ones((16, 16), bool))[1]).all()
    known = Known(np.ascontiguousarray(truth(0).transpose(1, 2, 0)), np.full((ROWS, COLUMNS), 0.1, np.float32))
    memory.add(lit(0).astype(np.float32), known)
    wanted = np.ones((24, 32), bool)
    ab, doubt = memory.asked(lit(0).astype(np.float32), wanted)
    assert abs(ab[12, 7, 0] - RED[0]) < 10 and abs(ab[3, 28, 1] - BLUE[1]) < 10
    assert doubt.mean() < memory.asked(255 - lit(0).astype(np.float32), wanted)[1].mean()


def test_a_shot_remembers_the_painted_frame_that_shows_the_same() -> None:
    rng = np.random.default_rng(2)
    scenery = [cv2.resize(rng.uniform(0, 255, (5, 6)).astype(np.float32), (48, 36)) for _ in range(2)]
    scenery[1] = scenery[1] * 0.2 + 200
    moved = np.roll(scenery[0], 8, 1)
    small = np.stack([scenery[0]] * 12 + [scenery[1]] * 12 + [moved] * 12).clip(0, 255).astype(np.uint8)
    shots = [Shot(n, 1, 12 * n - 12, 12 * n, 12 * n - 12, 12 * n, "cut") for n in (1, 2, 3)]
    hint = Hint(4, "x", "y", "4.png")
    assert remembered([hint], {4}, {}, shots, small)[0].beyond == (3,)
    assert remembered([hint], set(), {}, shots, small)[0].beyond == ()


def test_an_object_with_a_name_is_known_again_before_other_scenery() -> None:
    rng = np.random.default_rng(3)
    scenery = [cv2.resize(rng.uniform(0, 255, (5, 6)).astype(np.float32), (48, 36)) for _ in range(3)]
    thing = cv2.resize(rng.uniform(0, 255, (4, 4)).astype(np.float32), (16, 16))
    scenery[0][10:26, 4:20] = thing
    scenery[1][12:28, 22:38] = thing
    scenery[2] *= 0.2  # at night
    small = np.stack([picture for picture in scenery for _ in range(12)]).clip(0, 255).astype(np.uint8)
    shots = [Shot(n, 1, 12 * n - 12, 12 * n, 12 * n - 12, 12 * n, "cut") for n in (1, 2, 3)]
    objects = np.zeros((90, 120), np.uint8)
    objects[25:65, 10:50] = 7
    drawn = [Hint(4, "x", "y", "cast.toml: coat of Anna"), Hint(20, "x", "z", "20.png")]
    assert remembered(drawn, {4, 20}, {}, shots, small)[0].beyond == ()
    assert remembered(drawn, {4, 20}, {4: objects}, shots, small)[0].beyond == (2,)  # painted itself, or not


@pytest.mark.parametrize("dotted", [False, True])
def test_named_objects_tell_other_shots_before_what_only_looks_the_same(tmp_path: Path, dotted: bool) -> None:
    whole = np.ones((ROWS, COLUMNS), np.float32)
    plain = Painted(600, truth(7), whole, "600.png")
    disc = disc_at(7).astype(np.float32)
    sure = np.zeros_like(disc)
    for x, y in ((44, 48), (36, 40), (50, 56), (40, 58), (52, 42)) if dotted else ():
        cv2.circle(sure, (x, y), 3, 1, -1)
    sure = sure if dotted else disc
    green = np.stack([-50 * sure, 50 * sure]).astype(np.float32)
    named = Painted(500, green, sure, "cast.toml: ball", (sure > 0).astype(np.uint8))
    inside = cv2.erode(disc_at(3).astype(np.uint8), np.ones((9, 9))) > 0
    made = [
        hints(replace(scene(tmp_path, one, plain), key=f"{number}" * 64))[3]
        for number, one in enumerate((named, replace(named, objects=None)))
    ]
    first, beside = (float(np.median(one[0][inside])) for one in made)
    assert first < -30 and beside > -20
    assert np.median(made[0][1][~disc_at(3)]) < -25  # the ground has the plain one's colour


def test_carrying_tells_how_far_it_is(tmp_path: Path) -> None:
    told = list[tuple[int, int]]()
    hints(replace(scene(tmp_path, painted(4)), tell=lambda done, total: told.append((done, total))))
    assert told == [(n, 16 + 5) for n in range(1, 22)]


def test_a_picture_of_any_shape_is_carried_in_as_many_places() -> None:
    assert shape_of((720, 1280), 320) == (180, 320)
    assert shape_of((480, 640), 320) == (208, 278)
    assert shape_of((400, 1000), 320) == (128, 320)
    assert shape_of((100, 120), 320) == (100, 120)


def test_motion_is_looked_for_once_and_led_back_by(tmp_path: Path) -> None:
    file = (tmp_path / "light").open("x+b", buffering=0)
    motion = (tmp_path / "motion").open("x+b", buffering=0)
    with file, motion:
        lights = Planes(file, np.uint8, (ROWS, COLUMNS))
        for t in range(3):
            lights.write(t, lit(t))
        steps = _Steps(lights, motion, range(2))
        there, back = steps.flows(1, 0)
        again_back, again_there = steps.flows(0, 1)
        for one, other in ((there, again_there), (back, again_back)):
            assert other.dtype == np.float32 and np.abs(one - other).mean() < 0.02
        assert np.abs(there + back).mean() < 0.5 < np.abs(there).max()
        steps.flows(2, 1)
        with pytest.raises(OSError, match="not in the file"):
            lights.read(2, 4)


def test_how_paint_spreads_is_worked_out_once_for_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[int]()
    monkeypatch.setattr(carried, "grown", lambda frame, sheet: seen.append(1) or grown(frame, sheet))
    sure = np.zeros((ROWS, COLUMNS), np.float32)
    sure[:, : COLUMNS // 2] = 1
    made = hints(scene(tmp_path, painted(4, sure), painted(12, sure)))
    assert len(seen) == 2
    for t in (4, 12):
        assert made[t, 2, :, : COLUMNS // 2].min() == 1 > made[t, 2, :, COLUMNS // 2 + 1 :].max()
