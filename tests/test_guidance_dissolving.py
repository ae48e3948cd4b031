"""In a dissolve painted colours come from both sides, each as far as its picture is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.contracts import Frames, Painted, Scene
from restore.film import ColourTags, Hint, Shot
from restore.filters.carry import Carry
from restore.guidance.dissolving import across, mix, ramp
from restore.steps.scene import named, reaching

TAGS = ColourTags("bt601", False, "center")
ROWS, COLUMNS, FRAMES, BORDER, HALF = 96, 128, 60, 30, 8
RED, BLUE = (60.0, 40.0), (10.0, -50.0)
SHOTS = (Shot(1, 1, 0, 30, 0, 30, "start"), Shot(2, 1, 30, 60, 30, 60, "dissolve"))


def share(t: int) -> float:
    """How much of the later picture is in frame `t`."""
    return float(np.clip(0.5 + (t + 0.5 - BORDER) / (2 * HALF), 0, 1))


def film() -> np.ndarray:
    """Two mottled pictures that pan slowly, one dissolving into the other."""
    rng = np.random.default_rng(3)
    sides = [
        cv2.resize(rng.uniform(lo, lo + 90, (12, 24)).astype(np.float32), (COLUMNS + 60, ROWS)) for lo in (40, 120)
    ]
    frames = [
        (1 - share(t)) * sides[0][:, t // 2 : t // 2 + COLUMNS]
        + share(t) * sides[1][:, 30 - t // 2 : 30 - t // 2 + COLUMNS]
        for t in range(FRAMES)
    ]
    return np.stack(frames).round().astype(np.uint8)


def painted(t: int, colour: tuple[float, float]) -> Painted:
    ab = np.stack([np.full((ROWS, COLUMNS), value, np.float32) for value in colour])
    return Painted(t, ab, np.ones((ROWS, COLUMNS), np.float32), f"{t}.png")


def hints(
    tmp_path: Path, number: int, paint: tuple[Painted, ...], beside: tuple[tuple[int, Painted], ...]
) -> np.ndarray:
    light, shot = film(), SHOTS[number - 1]

    def reel(start: int, stop: int) -> Iterator[Frames]:
        yield Frames(light[max(start, 0) : stop], None, max(start, 0), 8, TAGS)

    scene = Scene(shot.start, shot.stop, paint, lambda: reel(shot.start, shot.stop), lambda t: light[t], str(tmp_path),
                  f"{number}" * 64, reel, beside)  # fmt: skip
    made = Carry().foresee(shot, scene)(next(reel(shot.start, shot.stop))).hints
    assert made is not None
    return made


@pytest.mark.parametrize("number", [1, 2])
def test_colours_of_both_sides_are_mixed_as_light_is(tmp_path: Path, number: int) -> None:
    red, blue = painted(10, RED), painted(50, BLUE)
    own, other = (red, blue) if number == 1 else (blue, red)
    made = hints(tmp_path, number, (own,), ((BORDER, other),))
    alone = hints(tmp_path / "alone", number, (own,), ())
    first = SHOTS[number - 1].start
    for t in (BORDER - 2, BORDER + 2):
        if first <= t < first + 30:
            expected = np.array(RED) * (1 - share(t)) + np.array(BLUE) * share(t)
            found = made[t - first, :2].reshape(2, -1).mean(axis=1)
            assert (
                np.abs(found - expected).max()
                < 12
                < np.abs(alone[t - first, :2].reshape(2, -1).mean(axis=1) - expected).max()
            )
    far = 5 if number == 1 else 25
    assert np.array_equal(made[far], alone[far])


def test_the_ramp_is_found_in_light_and_stays_one_where_things_move() -> None:
    tiny = np.stack([cv2.resize(frame, (32, 24), interpolation=cv2.INTER_AREA).ravel() for frame in film()])
    found = ramp(tiny[6:54].astype(np.float32), BORDER - 6)
    assert np.abs(found - [share(t) for t in range(6, 54)]).max() < 0.15
    assert (np.diff(found) >= 0).all() and found[0] == 0 and found[-1] == 1


def test_what_is_surer_counts_more() -> None:
    sure, unsure = np.ones((1, 3, 2, 2), np.float32), np.zeros((1, 3, 2, 2), np.float32)
    made = mix(sure, unsure, np.array([0.25], np.float32))
    assert np.allclose(made[0, :2], 1, atol=1e-5) and np.allclose(made[0, 2], 0.75)


def test_only_the_nearest_painted_frames_reach_over_a_dissolve_and_never_over_a_cut() -> None:
    asked = tuple(Hint(frame, "x", f"{frame}", "x.png") for frame in (4, 20, 33, 58))
    found = across(asked, SHOTS)
    assert [hint.across for hint in found] == [(), (30,), (30,), ()]
    assert [hint.frame for hint in reaching(SHOTS[0], found)] == [4, 20, 33]
    assert [hint.frame for hint in reaching(SHOTS[1], found)] == [20, 33, 58]
    cut = (SHOTS[0], Shot(2, 1, 30, 60, 30, 60, "cut"))
    assert all(not hint.across for hint in across(asked, cut))
    assert named(asked) == [[hint.frame, hint.sha256] for hint in asked]  # takes without a dissolve keep their names
