"""The metrics: every file on the shelf keeps the contract, and each agrees with another implementation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab
from skimage.metrics import peak_signal_noise_ratio

from restore import metrics
from restore.contracts import Metric


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


def flickering(amount: float, frames: int = 8, size: tuple[int, int] = (72, 80)) -> list[tuple[np.ndarray, np.ndarray]]:
    """A coloured picture that moves a pixel a frame, and the same with noise and a red that flickers by `amount`."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0 : size[0], 0 : size[1] + frames]
    scene = np.stack([0.5 + 0.3 * np.sin(x / 5 + y / 9), 0.5 + 0.3 * np.sin(y / 6), 0.4 + 0.2 * np.sin(x / 7)], axis=-1)
    film = []
    for t in range(frames):
        truth = scene[:, t : t + size[1]].astype(np.float32)
        restored = truth + rng.normal(0, amount / 4, truth.shape)
        restored[..., 0] += amount * (-1) ** t
        film.append((np.clip(restored, 0, 1).astype(np.float32), truth))
    return film


def measured(name: str, film: list[tuple[np.ndarray, np.ndarray]]) -> float:
    tally = metrics.find(name)().begin()
    for restored, truth in film:
        tally.add(restored, truth)
    return tally.score()


def here(name: str) -> Metric:
    metric = metrics.find(name)()
    if metric.missing():
        pytest.skip(metric.missing())
    return metric


@pytest.mark.parametrize("name", metrics.names())
class TestEveryMetric:
    def test_declares_itself(self, name: str) -> None:
        metric = metrics.find(name)()
        assert (metric.name, metric.better in ("higher", "lower", "truth")) == (name, True)
        assert isinstance(metric.unit, str) and metric.title and (type(metric).__doc__ or "")
        assert metric.in_run >= 0 and metric.in_score >= 1

    def test_nothing_measured_is_an_error_and_never_zero(self, name: str) -> None:
        with pytest.raises(ValueError, match=name):
            metrics.find(name)().begin().score()

    def test_worse_is_worse_and_pixels_are_left_alone(self, name: str) -> None:
        better = here(name).better
        scores, own = [], 0.0
        for amount in (0.02, 0.2):
            film = flickering(amount)
            before = [(restored.copy(), truth.copy()) for restored, truth in film]
            scores.append(measured(name, film))
            assert all(
                np.array_equal(a, b)
                for pair, same in zip(film, before, strict=True)
                for a, b in zip(pair, same, strict=True)
            )
            own = measured(name, [(truth, truth) for _, truth in film])
        if better == "truth":
            scores = [abs(score - own) for score in scores]
        assert (scores[0] > scores[1]) == (better == "higher")

    def test_tallies_do_not_share_anything(self, name: str) -> None:
        metric = here(name)
        alone, first, second = metric.begin(), metric.begin(), metric.begin()
        for one, other in zip(flickering(0.1), flickering(0.3), strict=True):
            alone.add(*one)
            first.add(*one)
            second.add(*other)
        assert first.score() == alone.score() != second.score()

    def test_read_only_pictures_give_the_same(self, name: str) -> None:
        here(name)
        film, plain = flickering(0.1), measured(name, flickering(0.1))
        for pair in film:
            for picture in pair:
                picture.setflags(write=False)
        assert measured(name, film) == measured(name, film) == plain

    def test_a_film_is_the_mean_of_its_frames(self, name: str) -> None:
        tally = here(name).begin()
        values = [tally.add(*pair) for pair in flickering(0.1)]
        if name != "cdc":  # which looks two and four frames back, too
            mean = np.mean([value for value in values if value is not None])
            assert tally.score() == pytest.approx(mean, rel=1e-9)
        assert all(value is None or value >= 0 for value in values)


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
            assert frame.score() == pytest.approx(21.217563, abs=1e-6)
    assert film.score() == pytest.approx(27.162112, abs=1e-6)


def test_psnr_of_a_perfect_frame_is_finite() -> None:
    tally = metrics.find("psnr")().begin()
    tally.add(*pair(1, noise=0))
    assert tally.score() == 100.0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), noise=st.floats(0.01, 0.5), shape=st.tuples(st.integers(8, 150), st.integers(8, 9))
)
def test_lab_mse_is_that_of_scikit_image(seed: int, noise: float, shape: tuple[int, int]) -> None:
    restored, truth = pair(seed, shape, noise)
    tally = metrics.find("lab_mse")().begin()
    tally.add(restored, truth)
    difference = (rgb2lab(restored.astype(np.float64)) - rgb2lab(truth.astype(np.float64))) / [100, 255, 255]
    assert tally.score() == pytest.approx(
        np.mean(difference**2), rel=1e-3, abs=1e-6
    )  # a single dark pixel shows the codes


def test_lab_mse_of_black_against_white_is_a_third() -> None:
    tally = metrics.find("lab_mse")().begin()
    tally.add(np.zeros((4, 4, 3), np.float32), np.ones((4, 4, 3), np.float32))
    assert tally.score() == pytest.approx(1 / 3, abs=1e-5)
