"""Motion: that it is found where it is, that what is covered or changed is not believed, and that it is shared."""

from __future__ import annotations

from unittest import mock

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painters import TAGS, shot

from restore import along, motion
from restore.contracts import Frames

SIZE = (48, 64)


def ground(height: int = 120, width: int = 200, seed: int = 3) -> np.ndarray:
    """A picture with detail at several sizes, 8 bits, 40..210."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.random((n, n), np.float32), (width, height), interpolation=cv2.INTER_CUBIC) for n in (6, 20)
    ]
    return np.clip(40 + 170 * (0.6 * layers[0] + 0.4 * layers[1]), 40, 210).astype(np.uint8)


def panned(frames: int, pace: int = 2, depth: int = 8) -> Frames:
    """A camera that moves `pace` px to the right every frame over 96 × 128 px of ground."""
    scene = ground(96, 128 + pace * frames)
    light = np.stack([scene[:, t * pace : t * pace + 128] for t in range(frames)])
    if depth > 8:
        light = light.astype(np.uint16) << (depth - 8)
    return Frames(light, None, 10, depth, TAGS)


def step(frames: Frames, size: tuple[int, int] = SIZE, **tolerance: float) -> motion.Step:
    return motion.Paths(motion.Tolerance(**tolerance)).steps(frames, size)[0]


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_a_pan_is_found_both_ways_and_believed(depth: int) -> None:
    ahead, back = step(panned(2, pace=2, depth=depth))
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    inside = np.s_[6:-6, 6:-6]
    assert np.abs(ahead.x - x + 1)[inside].mean() < 0.15  # 2 px of 128 are 1 of 64
    assert np.abs(back.x - x - 1)[inside].mean() < 0.15
    assert np.abs(ahead.y - y)[inside].mean() < 0.15
    assert ahead.trust[inside].mean() > 0.95 and back.trust[inside].mean() > 0.95
    assert ahead.trust.dtype == np.float32 and ahead.x.dtype == np.float32


def test_what_leaves_the_picture_is_not_followed() -> None:
    ahead, back = step(panned(2, pace=16))
    assert ahead.trust[8:-8, :4].mean() < 0.03  # the camera moves right, the left edge is gone in the next frame
    assert back.trust[8:-8, -4:].mean() < 0.03
    assert ahead.trust[8:-8, 24:-8].mean() > 0.8


def test_what_is_covered_is_not_followed() -> None:
    scene = ground(96, 128)
    light = np.stack([scene, scene])
    other = ground(96, 128, seed=8)
    light[0, 30:66, 20:56] = other[30:66, 20:56]
    light[1, 30:66, 36:72] = other[30:66, 20:56]  # a patch moves 16 px to the right
    ahead, _ = step(Frames(light, None, 0, 8, TAGS))
    assert ahead.trust[18:30, 30:34].mean() < 0.35  # ground that the patch covers
    assert ahead.trust[4:12, 44:60].mean() > 0.95  # ground that stays


def test_another_exposure_is_no_change_but_another_light_is() -> None:
    scene = ground(96, 128)
    darker = (scene * 0.8 - 5).astype(np.uint8)
    ahead, _ = step(Frames(np.stack([scene, darker]), None, 0, 8, TAGS))
    assert ahead.trust[4:-4, 4:-4].mean() > 0.95
    lit = scene.copy()
    lit[40:60, 60:90] = np.minimum(lit[40:60, 60:90] + 45, 255)
    ahead, _ = step(Frames(np.stack([scene, lit]), None, 0, 8, TAGS))
    assert ahead.trust[22:28, 33:42].mean() < 0.1
    assert ahead.trust[2:16, 4:-4].mean() > 0.9


def test_a_change_of_picture_is_hardly_followed() -> None:
    light = np.stack([ground(96, 128), ground(96, 128, seed=77)])
    ahead, back = step(Frames(light, None, 0, 8, TAGS))
    assert ahead.trust.mean() < 0.15 and back.trust.mean() < 0.15


@pytest.mark.parametrize("picture", [(1, 1), (2, 300), (16, 16), (40, 3000), (1080, 1920), (37, 53)])
def test_pictures_of_any_shape_have_motion(picture: tuple[int, int]) -> None:
    light = np.random.default_rng(1).integers(0, 256, (2, *picture), dtype=np.uint8)
    seen = motion.small(light[0], 8)
    assert min(seen.shape) >= motion.SHORTEST and not any(side % 2 for side in seen.shape)
    assert max(seen.shape) <= motion.LONGEST
    ahead, _ = step(Frames(light, None, 0, 8, TAGS), (3, 5))
    assert ahead.x.shape == ahead.y.shape == (3, 5) and ahead.trust.shape == (3, 5)
    assert np.isfinite(ahead.x).all() and ahead.trust.min() >= 0 and ahead.trust.max() <= 1


def test_black_and_flat_frames_have_no_accidents() -> None:
    light = np.zeros((3, 64, 80), np.uint8)
    light[2] = 200
    for ahead, back in motion.Paths(motion.Tolerance()).steps(Frames(light, None, 0, 8, TAGS), SIZE):
        assert np.isfinite(ahead.trust).all() and np.isfinite(back.x).all()


def test_a_pair_is_looked_at_once_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    search = motion.Search("counted", False, lambda here, there: asked.append(1) or motion.dis(here, there))
    motion.forget()
    film = panned(6)
    one = motion.Paths(motion.Tolerance(), search)
    first = one.steps(film.part(10, 14), SIZE)
    assert len(asked) == 3
    again = one.steps(film.part(12, 16), SIZE)
    assert again[0] is first[2] and len(asked) == 5
    motion.Paths(motion.Tolerance(), search).steps(film, (24, 32))
    assert len(asked) == 5
    assert len(motion._known) == 5
    motion.Paths(motion.Tolerance(light=0.2), search).steps(film, (24, 32))  # what is believed is remembered, too
    assert len(asked) == 10


def test_motion_does_not_hang_on_what_was_seen_before() -> None:
    film = panned(2)
    motion.forget()
    before, _ = step(film)
    for side in (1, 16, 24, 40, 400):
        motion.Paths(motion.Tolerance()).steps(Frames(film.light[:, :side, :side], None, 0, 8, TAGS), SIZE)
    motion.forget()
    after, _ = step(film)
    assert np.array_equal(before.x, after.x) and np.array_equal(before.trust, after.trust)


def test_memory_of_motion_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion, "KEPT", 3)
    motion.forget()
    motion.Paths(motion.Tolerance()).steps(panned(8), SIZE)
    assert len(motion._known) == 3


def still(count: int) -> list[motion.Step]:
    """Steps between frames in which nothing moves and everything is believed."""
    y, x = np.mgrid[:4, :5].astype(np.float32)
    way = motion.Way(x, y, np.ones((4, 5), np.float32))
    return [(way, way)] * (count - 1)


def averaged(planes: list[np.ndarray], between: list[motion.Step], reach: int) -> np.ndarray:
    """Averages of planes (C, h, w), all of which are a shot."""
    averages = along.Averages(reach)
    for t, (plane, step) in enumerate(zip(planes, [None, *between], strict=True)):
        averages.show(t, plane, step)
    return np.stack([averages.of(t, plane) for t, plane in enumerate(planes)])


def levels(*values: float) -> list[np.ndarray]:
    return [np.full((1, 4, 5), value / 1e5, np.float32) for value in values]


def test_a_still_average_is_the_mean_of_the_frames_within_reach() -> None:
    planes = levels(0, 1, 2, 7, 4)
    assert 1e5 * averaged(planes, still(5), 1)[:, 0, 0, 0] == pytest.approx([0.5, 1.0, 10 / 3, 13 / 3, 5.5])
    assert 1e5 * averaged(planes, still(5), 2)[:, 0, 0, 0] == pytest.approx([1.0, 2.5, 14 / 5, 3.5, 13 / 3])
    assert np.allclose(1e5 * averaged(planes, still(5), 8), 14 / 5)


def test_an_average_does_not_reach_past_a_cut_way() -> None:
    between = still(4)
    shut = motion.Way(between[0][0].x, between[0][0].y, np.zeros((4, 5), np.float32))
    between[1] = (shut, shut)
    assert 1e5 * averaged(levels(0, 3, 6, 9), between, 4)[:, 0, 2, 2] == pytest.approx([1.5, 1.5, 7.5, 7.5])


def test_half_a_belief_counts_half() -> None:
    between = still(2)
    half = motion.Way(between[0][0].x, between[0][0].y, np.full((4, 5), 0.5, np.float32))
    assert 1e5 * averaged(levels(0, 3), [(half, half)], 1)[:, 0, 0, 0] == pytest.approx([1.0, 2.0])


def test_what_is_not_alike_counts_less() -> None:
    """Over long ways a drift is averaged away; another thing, to which motion went astray, is not mixed in."""

    def shot(change: float) -> list[np.ndarray]:
        levels = [0.1, *[0.1] * 15, *[0.1 + change] * 16]
        return [np.full((1, 4, 5), level, np.float32) for level in levels]

    apart = [np.ptp(averaged(shot(change), still(32), 16)[[4, 27], 0, 0, 0]) for change in (0.05, 0.4)]
    assert apart[0] < 0.05 * 0.6 and apart[1] > 0.4 * 0.9


def test_another_reach_is_refused() -> None:
    for reach in (0, 3, 12, 31):
        with pytest.raises(ValueError, match="power of two"):
            along.Averages(reach)


@given(count=st.integers(1, 40), level=st.integers(0, 5), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_averages_are_those_of_the_plain_definition(count: int, level: int, seed: int) -> None:
    """Every frame within reach, fetched along the whole way to it, weighed by the product of beliefs on that way; by
    whole px, where resampling loses nothing, and in float64. Also when frames are asked for as soon as may be. (At
    full size throughout; halves are what `test_halves_change_little` is about.)"""
    dice, reach = np.random.default_rng(seed), 2**level
    height, width = 7, 9
    planes = dice.random((count, 2, height, width), np.float32) * np.float32(1e-4)
    shifts, beliefs = dice.integers(-1, 2, (2, count, 2)), dice.random((2, count, height, width), np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)

    def way(direction: int, t: int) -> motion.Way:
        down, right = shifts[direction, t]
        at = (np.clip(x + right, 0, width - 1), np.clip(y + down, 0, height - 1))
        return motion.Way(*(np.asarray(plane, np.float32) for plane in at), beliefs[direction, t])

    steps = [(way(0, t), way(1, t + 1)) for t in range(count - 1)]
    with mock.patch.object(along, "NEAR", 64):
        averages, made = along.Averages(reach), list[np.ndarray]()
    for t in range(count):
        averages.forget(len(made))
        averages.show(t, planes[t], steps[t - 1] if t else None)
        if t >= reach:
            made.append(averages.of(t - reach, planes[t - reach]))
    made += [averages.of(t, planes[t]) for t in range(len(made), count)]

    def plain(t: int) -> np.ndarray:
        total, weights = planes[t].astype(np.float64), np.ones((height, width))
        for direction, ends in (
            (0, range(t + 1, min(t + reach, count - 1) + 1)),
            (1, range(t - 1, max(t - reach, 0) - 1, -1)),
        ):
            rows, columns, belief, at = *np.mgrid[:height, :width], np.ones((height, width)), t
            for end in ends:
                step = steps[min(at, end)][direction]
                belief = belief * step.trust[rows, columns]
                rows, columns = step.y[rows, columns].astype(int), step.x[rows, columns].astype(int)
                total, weights, at = total + belief * planes[end][:, rows, columns], weights + belief, end
        return total / weights

    for t in range(count):
        assert np.allclose(made[t], plain(t), atol=2e-9)


def test_halves_change_little() -> None:
    """A level that drifts over smooth surfaces: what is made at half the size is what would be made at full size."""
    y, x = np.mgrid[:24, :32].astype(np.float32)
    planes = [(0.1 * np.sin(x / 9 + y / 7) + 0.02 * np.sin(t / 8))[None].astype(np.float32) for t in range(40)]
    way = motion.Way(np.clip(x + 0.25, 0, 31), y, np.ones((24, 32), np.float32))
    between = [(way, way)] * 39
    made = averaged(planes, between, 32)
    with mock.patch.object(along, "NEAR", 64):
        full = averaged(planes, between, 32)
    assert np.abs(made - full).max() < 0.006 and np.abs(made - full).mean() < 0.002


def test_what_stands_beside_is_fetched_where_believed_and_own_elsewhere() -> None:
    y, x = np.mgrid[:4, :5].astype(np.float32)
    trust = np.ones((4, 5), np.float32)
    trust[:, :2] = 0
    way = motion.Way(np.minimum(x + 1, 4), y, trust)
    first, second = np.zeros((1, 4, 5), np.float32), np.stack([x])
    (alone, after), (before, none) = along.neighbours([first, second], [(way, way)])
    assert alone is first and none is second
    assert after[0, 1].tolist() == [0, 0, 3, 4, 4]
    assert before[0, 1].tolist() == [0, 1, 0, 0, 0]


def test_inner_frames_are_those_with_neighbours_or_at_the_shots_ends() -> None:
    film = panned(10)
    whole = shot(film)
    assert motion.inner(film, whole, 3) == (0, 10)
    assert motion.inner(film.part(12, 20), whole, 3) == (3, 8)
    assert motion.inner(film.part(10, 18), whole, 3) == (0, 5)
    assert motion.inner(film.part(13, 15), whole, 3) == (2, 2)
