"""The shot detector on films whose cuts are known: made scenes, clean and worn."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from restore.shots.likeness import look
from restore.shots.luma import LONG, Evidence, LumaDetector

H, W = 120, 160


def scene(seed: int, frames: int, speed: float = 1.0, sizes: tuple[float, ...] = (2, 4, 8, 16)) -> list[np.ndarray]:
    """A camera that pans over a cloudy landscape of its own, (H, W) uint8 each."""
    rng = np.random.default_rng(seed)
    land = sum(_clouds(rng, size) for size in sizes)  # detail of all sizes, as the world has
    land = 120 + 45 * land / land.std()
    pan = [land[10 : 10 + H, round(i * speed) : round(i * speed) + W] for i in range(frames)]
    return [np.clip(p, 16, 235).astype(np.uint8) for p in pan]


def _clouds(rng: np.random.Generator, size: float) -> np.ndarray:
    noise = cv2.GaussianBlur(rng.normal(0, 1, (H + 40, W + 200)).astype(np.float32), (0, 0), size)
    return noise / noise.std()


def worn(film: list[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """Flicker, gate weave, grain and dust."""
    rng = np.random.default_rng(seed)
    out = []
    for frame in film:
        shift = np.array([[1, 0, rng.normal(0, 1)], [0, 1, rng.normal(0, 1)]])
        f = cv2.warpAffine(frame.astype(np.float32), shift, (W, H), borderMode=cv2.BORDER_REPLICATE)
        f = f * rng.normal(1, 0.08) + rng.normal(0, 6) + rng.normal(0, 8, f.shape)
        for _ in range(rng.poisson(3)):
            cv2.circle(f, (int(rng.integers(W)), int(rng.integers(H))), 2, float(rng.choice([0, 255])), -1)
        out.append(np.clip(f, 0, 255).astype(np.uint8))
    return out


def find(film: list[np.ndarray], depth: int = 8) -> list[tuple[int, str]]:
    detector = LumaDetector()
    detector.begin(Fraction(24))
    for index, frame in enumerate(film):
        detector.add(index, frame, depth)
    found = detector.finish()
    assert all(0 < t.frame < len(film) and 0.5 <= t.confidence <= 1 for t in found)
    return [(t.frame, t.why) for t in found]


CUTS = [(30, "cut"), (41, "cut"), (80, "cut")]


def four_scenes() -> list[np.ndarray]:
    return scene(1, 30) + scene(2, 11) + scene(3, 39, speed=3) + scene(4, 40, speed=0)


def test_finds_every_cut_of_a_clean_film() -> None:
    assert find(four_scenes()) == CUTS


@pytest.mark.parametrize("seed", range(5))
def test_finds_the_same_cuts_when_the_film_is_worn(seed: int) -> None:
    assert find(worn(four_scenes(), seed)) == CUTS


def test_cut_near_the_ends_is_found() -> None:
    assert find(scene(1, 3) + scene(2, 30) + scene(3, 3)) == [(3, "cut"), (33, "cut")]


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_not_a_cut(length: int) -> None:
    film = scene(5, 40)
    for i in range(20, 20 + length):
        film[i] = np.full_like(film[i], 250)
        film[i][:, : W // 2] = 200
    assert find(film) == []


def test_a_blotch_is_not_a_cut() -> None:
    film = scene(5, 40)
    cv2.ellipse(film[20], (80, 60), (60, 45), 0, 0, 360, 255, -1)
    assert find(film) == []


def test_a_fade_through_black_is_one_fade_in_its_black() -> None:
    before, after = scene(6, 30), scene(7, 30)
    for i in range(10):
        before[-1 - i] = (16 + (before[-1 - i] - 16.0) * (i + 1) / 11).astype(np.uint8)
        after[i] = (16 + (after[i] - 16.0) * (i + 1) / 11).astype(np.uint8)
    [(frame, why)] = find(before + [np.full((H, W), 16, np.uint8)] * 6 + after)
    assert why == "fade"
    assert 28 <= frame <= 38


def test_a_fade_into_the_same_picture_is_no_new_shot() -> None:
    still = scene(8, 1)[0]
    levels = [1.0] * 20 + [1 - i / 10 for i in range(11)] + [i / 10 for i in range(11)] + [1.0] * 20
    assert find([(16 + (still - 16.0) * level).astype(np.uint8) for level in levels]) == []


def mixed(before: list[np.ndarray], after: list[np.ndarray], length: int) -> list[np.ndarray]:
    """The last `length` frames of `before` dissolve into the first of `after`."""
    shares = [(i + 1) / (length + 1) for i in range(length)]
    tail = zip(before[-length:], after[:length], shares, strict=True)
    middle = [np.round(a * (1 - s) + b * s).astype(np.uint8) for a, b, s in tail]
    return before[:-length] + middle + after[length:]


@pytest.mark.parametrize("length", [10, 24, 48])
@pytest.mark.parametrize("damage", [lambda film: film, worn])
def test_a_dissolve_is_found_near_its_middle(length: int, damage: Callable) -> None:
    film = mixed(scene(21, 80, speed=0.3), scene(22, 80, speed=0.3), length)
    [(frame, why)] = find(damage(film))
    assert why == "dissolve"
    assert abs(frame - (80 - length / 2)) <= max(4, length / 4)  # in its middle half


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("speed", [0, 2, 4])
def test_camera_moves_are_neither_cuts_nor_dissolves(seed: int, speed: float) -> None:
    assert find(scene(30 + seed, 50, speed)) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_pan_over_something_soft_is_no_dissolve(seed: int) -> None:
    assert find(scene(40 + seed, 60, 1.0, sizes=(9,))) == []


def in_front_of(wall: np.ndarray, seed: int, frames: int) -> list[np.ndarray]:
    """Somebody, drawn anew by `seed`, who sways a little in front of a wall: a fifth of the picture."""
    figure = scene(seed, 1)[0][:90, :60]
    film = [wall.copy() for _ in range(frames)]
    for i, frame in enumerate(film):
        left = 50 + round(3 * np.sin(i / 5))
        frame[30:, left : left + 60] = figure
    return film


@pytest.mark.parametrize("damage", [lambda film: film, worn])
def test_another_person_in_front_of_the_same_wall_is_a_new_shot(damage: Callable) -> None:
    wall = (80 + 0.4 * scene(50, 1)[0]).astype(np.uint8)
    assert find(damage(in_front_of(wall, 51, 30) + in_front_of(wall, 52, 30))) == [(30, "cut")]


def test_frames_that_are_missing_make_no_new_shot() -> None:
    film = scene(53, 60, speed=2)
    assert find(film[:30] + film[33:]) == []


def test_two_cuts_as_near_as_shots_may_be_are_both_found() -> None:
    assert find(scene(1, 30) + scene(2, 6) + scene(3, 30)) == [(30, "cut"), (36, "cut")]


def test_a_picture_that_is_there_at_once_after_a_fade_out_is_a_cut() -> None:
    before = scene(6, 30)
    for i in range(10):
        before[-1 - i] = (16 + (before[-1 - i] - 16.0) * (i + 1) / 11).astype(np.uint8)
    assert find(before + [np.full((H, W), 16, np.uint8)] * 6 + scene(7, 30)) == [(36, "cut")]


def test_a_title_that_comes_up_is_at_most_a_doubtful_dissolve() -> None:
    still = scene(54, 1)[0] // 2
    title = still.copy()
    title[20:70, 20:140] = 235
    levels = [0.0] * 40 + [i / 24 for i in range(25)] + [1.0] * 40
    detector = LumaDetector()
    for index, level in enumerate(levels):
        detector.add(index, np.round(still * (1 - level) + title * level).astype(np.uint8), 8)
    assert all(change.confidence == 0.5 for change in detector.finish())


def test_evidence_is_told_of_every_step_once_and_in_order() -> None:
    told: list[Evidence] = []
    detector = LumaDetector(told.append)
    for index, frame in enumerate(four_scenes()):
        detector.add(index, frame, 8)
    detector.finish()
    assert [evidence.frame for evidence in told] == list(range(1, 120))
    assert [evidence.frame for evidence in told if evidence.odds > 0] == [30, 41, 80]


def test_black_leader_cut_hard_is_a_cut_at_each_end() -> None:
    film = scene(1, 30) + [np.full((H, W), 16, np.uint8)] * 20 + scene(2, 30)
    assert find(film) == [(30, "cut"), (50, "cut")]


@pytest.mark.parametrize("depth", [10, 12, 16])
def test_deep_film_gives_what_8_bits_give(depth: int) -> None:
    deep = [frame.astype(np.uint16) << (depth - 8) for frame in four_scenes()]
    assert find(deep, depth) == CUTS


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (1, 500), (3, 3)])
def test_smallest_films_are_read(height: int, width: int) -> None:
    film = [np.full((height, width), 30 + i, np.uint8) for i in range(20)]
    assert find(film) == []


def test_a_film_without_frames_has_no_transitions() -> None:
    assert find([]) == []


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float((look(one, 8).views * look(other, 8).views).sum() / 2)


def test_exposure_and_contrast_do_not_show_in_a_look() -> None:
    frame = scene(9, 1)[0]
    dimmed = np.round(frame * 0.6 + 20).astype(np.uint8)
    assert likeness(frame, dimmed) > 0.98
    assert likeness(frame, scene(10, 1)[0]) < 0.3


def test_weave_hardly_shows_in_a_look() -> None:
    wide = scene(11, 1)[0]
    assert likeness(wide, np.roll(wide, (1, -1), (0, 1))) > 0.9  # 160/64 = 120/48 = 2.5 px a proxy pixel


def test_memory_is_a_small_ring() -> None:
    detector = LumaDetector()
    for index, frame in enumerate(scene(12, 90)):
        detector.add(index, frame, 8)
        assert len(detector._seen) <= 2 * LONG
