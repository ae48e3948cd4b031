"""The metrics: every file on the shelf keeps the contract, and each agrees with another implementation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab
from skimage.metrics import peak_signal_noise_ratio

from restore import metrics


def pair(seed: int, shape: tuple[int, int] = (70, 50), noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random((*shape, 3), np.float32)
    restored = np.clip(truth + rng.normal(0, noise, truth.shape), 0, 1).astype(np.float32)
    return restored, truth


def golden(shifted: bool) -> list[np.ndarray]:
    """Eight 8-bit frames of 48 × 32 by formula; shifted: red 40 higher in odd frames and 10 lower in even ones."""
    y, x = np.mgrid[0:32, 0:48]
    film = []
    for t in range(8):
        red = (3 * x + 5 * y + 7 * t) % 256
        if shifted:
            red = np.clip(red + (40 if t % 2 else -10), 0, 255)
        film.append(np.stack([red, (2 * x + 4 * y + 3 * t + 60) % 256, (x**2 + y + 5 * t) % 256], axis=-1))
    return [(frame / 255).astype(np.float32) for frame in film]


@pytest.mark.parametrize("name", metrics.names())
class TestEveryMetric:
    def test_declares_itself(self, name: str) -> None:
        metric = metrics.find(name)()
        assert (metric.name, metric.better in ("higher", "lower")) == (name, True)
        assert isinstance(metric.unit, str)

    def test_nothing_measured_is_an_error_and_never_zero(self, name: str) -> None:
        with pytest.raises(ValueError, match=name):
            metrics.find(name)().begin().score()

    def test_worse_is_worse_and_pixels_are_left_alone(self, name: str) -> None:
        metric = metrics.find(name)()
        scores = []
        for noise in (0.02, 0.2):
            restored, truth = pair(1, noise=noise)
            before = restored.copy(), truth.copy()
            tally = metric.begin()
            tally.add(restored, truth)
            assert np.array_equal(restored, before[0]) and np.array_equal(truth, before[1])
            scores.append(tally.score())
        assert (scores[0] > scores[1]) == (metric.better == "higher")

    def test_tallies_do_not_share_anything(self, name: str) -> None:
        metric = metrics.find(name)()
        alone, first, second = metric.begin(), metric.begin(), metric.begin()
        alone.add(*pair(3))
        first.add(*pair(3))
        second.add(*pair(4))
        assert first.score() == alone.score() != second.score()

    def test_a_film_is_the_mean_of_its_frames(self, name: str) -> None:
        metric = metrics.find(name)()
        film, frames = metric.begin(), []
        for seed in range(3):
            tally = metric.begin()
            for each in (film, tally):
                each.add(*pair(seed, noise=0.05 + 0.05 * seed))
            frames.append(tally.score())
        assert film.score() == pytest.approx(np.mean(frames), rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), noise=st.floats(0.001, 0.5), shape=st.tuples(st.integers(1, 80), st.integers(1, 9))
)
def test_psnr_is_that_of_scikit_image(seed: int, noise: float, shape: tuple[int, int]) -> None:
    restored, truth = pair(seed, shape, noise)
    tally = metrics.find("psnr")().begin()
    tally.add(restored, truth)
    expected = peak_signal_noise_ratio(truth.astype(np.float64), restored.astype(np.float64), data_range=1)
    assert tally.score() == pytest.approx(expected, abs=1e-3)


def test_psnr_has_the_published_golden_values() -> None:
    film = metrics.find("psnr")().begin()
    for t, (plain, shifted) in enumerate(zip(golden(False), golden(True), strict=True)):
        frame = metrics.find("psnr")().begin()
        frame.add(shifted, plain)
        film.add(shifted, plain)
        if t == 1:
            assert frame.score() == pytest.approx(21.217563, abs=1e-5)
    assert film.score() == pytest.approx(27.162112, abs=1e-5)


def test_psnr_of_a_perfect_frame_is_finite() -> None:
    tally = metrics.find("psnr")().begin()
    tally.add(*pair(1, noise=0))
    assert tally.score() == 100.0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), noise=st.floats(0.01, 0.5), shape=st.tuples(st.integers(1, 150), st.integers(1, 9))
)
def test_lab_mse_is_that_of_scikit_image(seed: int, noise: float, shape: tuple[int, int]) -> None:
    restored, truth = pair(seed, shape, noise)
    tally = metrics.find("lab_mse")().begin()
    tally.add(restored, truth)
    difference = (rgb2lab(restored.astype(np.float64)) - rgb2lab(truth.astype(np.float64))) / [100, 255, 255]
    assert tally.score() == pytest.approx(np.mean(difference**2), rel=1e-3, abs=1e-7)


def test_lab_mse_of_black_against_white_is_a_third() -> None:
    tally = metrics.find("lab_mse")().begin()
    tally.add(np.zeros((4, 4, 3), np.float32), np.ones((4, 4, 3), np.float32))
    assert tally.score() == pytest.approx(1 / 3, abs=1e-5)
