"""Metrics of time: CDC and warp error, on films whose motion and flicker are known; and what metrics share."""

from __future__ import annotations

import gc
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from test_metrics import flickering, golden, measured

from restore import metrics
from restore.metrics._flow import motion
from restore.metrics._kept import kept
from restore.metrics.cdc import divergence, histograms

MOVE = 3  # px a frame


def panning(frames: int, size: tuple[int, int] = (120, 160)) -> list[np.ndarray]:
    """A textured picture that moves to the left, so that every pixel but those at the edge is seen twice."""
    rng = np.random.default_rng(3)
    scene = rng.random((size[0] // 4 + 1, (size[1] + MOVE * frames) // 4 + 1, 3), np.float32)
    scene = np.kron(scene, np.ones((4, 4, 1), np.float32))
    kernel = np.ones(5) / 5
    for axis in (0, 1):
        scene = np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), axis, scene)
    return [scene[: size[0], MOVE * t : MOVE * t + size[1]].astype(np.float32) for t in range(frames)]


@pytest.mark.parametrize(
    ("shifted", "score", "steps"),
    [
        (False, 0.0855223221, (0.2339658, 0.0069959, 0.0156053)),
        (True, 0.0998050703, (0.2769397, 0.0069277, 0.0155478)),
    ],
)
def test_cdc_has_the_published_golden_values(shifted: bool, score: float, steps: tuple[float, ...]) -> None:
    film = golden(shifted)
    assert measured("cdc", [(frame, frame) for frame in film]) == pytest.approx(score, abs=1e-7)
    shares = [histograms(frame) for frame in film]
    for step, expected in zip((1, 2, 4), steps, strict=True):
        found = np.mean([divergence(a, b) for a, b in zip(shares, shares[step:], strict=False)])
        assert found == pytest.approx(expected, abs=1e-6 if step == 1 else 1e-7)


def test_cdc_wants_five_frames() -> None:
    with pytest.raises(ValueError, match="cdc of fewer than 5 frames"):
        measured("cdc", flickering(0.1, frames=4))
    assert measured("cdc", flickering(0.1, frames=5)) > 0


def test_cdc_of_wholly_different_colours_is_ln_2() -> None:
    black, white = (np.full((4, 4, 3), value, np.float32) for value in (0, 1))
    assert divergence(histograms(black), histograms(white)) == pytest.approx(np.log(2))


def test_warp_error_without_motion_is_the_mse_of_successive_frames() -> None:
    rng = np.random.default_rng(1)
    still = panning(1)[0]
    film = [(np.clip(still + rng.normal(0, 0.1, still.shape), 0, 1).astype(np.float32), still) for _ in range(4)]
    expected = np.mean([np.mean((a - b).astype(float) ** 2) for (a, _), (b, _) in pairwise(film)])
    assert measured("warp_error", film) == pytest.approx(expected, rel=1e-4)


def test_motion_is_found_and_what_leaves_the_picture_is_not_trusted() -> None:
    before, now = panning(2)
    place, seen = motion(before, now)
    columns = np.arange(before.shape[1], dtype=np.float32)
    moved = place[20:-20, 20:-20, 0] - columns[20:-20]
    assert np.median(moved) == pytest.approx(-MOVE, abs=0.1)
    assert seen[20:-20, 20:-20].mean() > 0.9


def test_warp_error_of_steady_colour_is_far_below_that_of_flicker() -> None:
    truth = panning(5)
    own = measured("warp_error", [(frame, frame) for frame in truth])
    blink = [
        (np.clip(frame + np.array([0.1 * (-1) ** t, 0, 0]), 0, 1).astype(np.float32), frame)
        for t, frame in enumerate(truth)
    ]
    apart = np.mean([np.mean((a - b).astype(float) ** 2) for a, b in pairwise(truth)])
    assert own < apart / 10  # motion is followed
    assert measured("warp_error", blink) > own + 0.2**2 / 3 / 2


def test_warp_error_leaves_out_what_is_hidden() -> None:
    """A block jumps over a still ground: what it covers and uncovers has no place in the other frame."""
    ground = panning(1)[0]
    block = np.full((40, 40, 3), 0.9, np.float32)
    film = []
    for t in range(2):
        frame = ground.copy()
        frame[40:80, 30 + 12 * t : 70 + 12 * t] = block
        film.append(frame)
    _, seen = motion(*film)
    uncovered = ~seen[45:75, 70:80]  # ground in frame 0, under the block in frame 1
    assert uncovered.mean() > 0.5
    assert seen[:30].mean() > 0.95 and seen[90:].mean() > 0.95


def test_flow_is_that_of_the_truth_and_not_of_what_is_judged() -> None:
    truth = panning(2)
    noise = [np.random.default_rng(t).random(frame.shape, np.float32) for t, frame in enumerate(truth)]
    place, seen = motion(*truth)
    from restore.metrics.warp_error import pair_error

    expected = pair_error(noise[0], noise[1], place, seen)
    assert measured("warp_error", list(zip(noise, truth, strict=True))) == pytest.approx(expected)


@pytest.mark.parametrize("size", [(2, 2), (9, 40), (40, 9), (33, 47), (721, 40)])
def test_pictures_of_any_size_have_motion(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    place, seen = motion(*(rng.random((*size, 3), np.float32) for _ in range(2)))
    assert (place.shape, seen.shape) == ((*size, 2), size)
    assert np.isfinite(place).all()


class TestKept:
    def test_work_is_done_once_for_a_picture_that_cannot_change(self) -> None:
        calls: list[int] = []
        look = kept(lambda picture: calls.append(1) or float(picture.sum()))
        fixed, loose = np.ones(4), np.ones(4)
        fixed.setflags(write=False)
        assert [look(fixed), look(fixed), len(calls)] == [4, 4, 1]
        look(loose)
        loose[:] = 2
        assert [look(loose), len(calls)] == [8, 3]

    def test_nothing_outlives_its_picture(self) -> None:
        look = kept(lambda picture: picture + 0)
        for value in range(50):
            picture = np.full(8, value)
            picture.setflags(write=False)
            assert look(picture)[0] == value  # also where a new picture lies at an old one's address
            del picture
        gc.collect()
        assert look.__closure__ is not None
        tables = [cell.cell_contents for cell in look.__closure__ if isinstance(cell.cell_contents, dict)]
        assert tables == [{}]

    def test_threads_wait_for_the_first(self) -> None:
        calls: list[int] = []

        def slow(picture: np.ndarray) -> float:
            calls.append(1)
            time.sleep(0.05)
            return float(picture.sum())

        look = kept(slow)
        picture = np.ones(3)
        picture.setflags(write=False)
        got: list[float] = []
        threads = [threading.Thread(target=lambda: got.append(look(picture))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (got, calls) == ([3.0] * 4, [1])


def test_a_tally_holds_at_most_a_few_frames() -> None:
    for name in metrics.names():
        metric = metrics.find(name)()
        if metric.missing():
            continue
        tally = metric.begin()
        for restored, truth in flickering(0.1, frames=12):
            tally.add(restored, truth)
        held = sum(
            array.nbytes for array in gc.get_referents(*tally.__dict__.values()) if isinstance(array, np.ndarray)
        )
        assert held <= 2 * 72 * 80 * 3 * 4, name
