"""Another copy in colour: found in time and in place although it runs faster, is cut, cropped, smaller and faded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from films import Film
from painting import at_hand, taken

from restore import colour
from restore.film import ColourTags
from restore.guidance import another_copy, in_place, in_time
from restore.guidance.at_hand import AtHand
from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.table import scenes
from restore.steps.split import clock

LENGTH, SHOTS, WIDTH, HEIGHT = 30, 4, 192, 144
MISSING = 2  # the shot, from 0, that the copy lacks
TRIMMED = 7  # frames that it lacks at the beginning
CROP = (8, 136, 12, 182)  # rows and columns of the film that it shows
TAGS = ColourTags("bt601", False, "left")


def scene(shot: int, frame: int) -> np.ndarray:
    """(144, 192, 3) float32 R'G'B': a pattern of many colours, over which a disc moves."""
    random = np.random.default_rng(shot)
    coarse = random.random((9, 12, 3)).astype(np.float32)
    picture = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    centre = (20 + 5 * frame, 40 + 10 * shot)
    cv2.circle(picture, centre, 18, random.random(3).tolist(), -1)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.0), 0.05, 0.95)


def planes(rgb: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    luma, cb, cr = colour.from_rgb(rgb.astype(np.float32), "bt601")
    light = np.round(luma * 219 + 16).astype(np.uint8)
    size = (light.shape[0] // 2, light.shape[1] // 2)
    return light, colour.chroma_planes(np.stack([cb, cr]), light, TAGS, 8, size)


def faded(rgb: np.ndarray) -> np.ndarray:
    """The cyan dye is gone, blacks have a cast."""
    return rgb * np.array([0.75, 0.55, 0.5], np.float32) + np.array([0.2, 0.12, 0.1], np.float32)


def write(path: Path, pictures: list[np.ndarray], rate: int) -> Path:
    made = [planes(picture) for picture in pictures]
    stream: dict[str, Any] = {"colorspace": 5, "color_range": 1}
    return Film(rate=Fraction(rate), stream=stream).write(path, [one[0] for one in made], [one[1] for one in made])


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The film, and the copy: 25 frames a second for 24."""
    folder = tmp_path_factory.mktemp("films")
    whole = [scene(n // LENGTH, n % LENGTH) for n in range(SHOTS * LENGTH)]
    top, below, left, right = CROP
    kept = [p for n, p in enumerate(whole) if n >= TRIMMED and n // LENGTH != MISSING]
    cropped = [cv2.resize(p[top:below, left:right], (160, 120), interpolation=cv2.INTER_AREA) for p in kept]
    film = write(folder / "film.mkv", whole, 24)
    return film, write(folder / "print.mkv", [faded(picture) for picture in cropped], 25)


@pytest.fixture
def known(films: tuple[Path, Path], tmp_path: Path) -> Iterator[AtHand]:
    with at_hand(films[0], tmp_path) as film:
        assert [shot.start for shot in scenes(film.shots)] == [n * LENGTH for n in range(SHOTS)]
        yield film


def opened(films: tuple[Path, Path], folder: Path, *, fade: bool) -> another_copy.Opened:
    reel = replace(probe(films[1]), sha256="ab" * 32)
    return another_copy.survey(reel, folder, clock, fade, lambda _done, _total: None)


def test_found_in_time_and_place(films: tuple[Path, Path], known: AtHand, tmp_path: Path) -> None:
    copy = opened(films, tmp_path, fade=True)
    asked = taken(another_copy.asked(copy, known))
    assert "1 of 4 shots have no partner in it (frames 60-89)" in asked.said[0]
    assert "0.9600 times as fast" in asked.given[0].detail
    shots = {one.frame // LENGTH for one in asked.painted}
    assert shots == {0, 1, 3}
    assert min(one.frame for one in asked.painted) >= TRIMMED
    for one in asked.painted:
        truth = colour.rgb_to_lab(scene(one.frame // LENGTH, one.frame % LENGTH).astype(np.float32))
        error = np.hypot(*(one.ab - truth[..., 1:].transpose(2, 0, 1)))
        sure = one.confidence > 0.3
        assert 0.6 < sure.mean() < 0.9  # the crop shows 79 % of the film's picture
        assert not one.confidence[: CROP[0] - 2].any() and not one.confidence[:, : CROP[2] - 2].any()
        assert np.median(error[sure]) < 0.4 * np.median(np.hypot(truth[..., 1], truth[..., 2])[sure])


def test_fading_is_taken_out_only_where_that_is_asked_for(
    films: tuple[Path, Path], known: AtHand, tmp_path: Path
) -> None:
    def error(fade: bool) -> float:
        found = taken(another_copy.asked(opened(films, tmp_path, fade=fade), known)).painted
        apart = []
        for one in found:
            truth = colour.rgb_to_lab(scene(one.frame // LENGTH, one.frame % LENGTH).astype(np.float32))
            apart.append(np.hypot(*(one.ab - truth[..., 1:].transpose(2, 0, 1)))[one.confidence > 0.3].mean())
        return float(np.mean(apart))

    assert error(fade=True) < 0.6 * error(fade=False)


def test_steps_are_exact_to_a_fraction_of_a_frame(films: tuple[Path, Path], known: AtHand, tmp_path: Path) -> None:
    copy = opened(films, tmp_path, fade=False)

    with Reader(copy.reel, chroma=True) as reader:
        steps, (warp,) = another_copy._in_step(copy, known, reader)
    for number, lacks in ((1, TRIMMED), (2, TRIMMED), (4, TRIMMED + LENGTH)):
        assert steps[number].speed == pytest.approx(24 / 25, abs=1e-3)
        assert steps[number].offset == pytest.approx(-lacks / 25, abs=0.5 / 25)
    top, below, left, right = CROP
    assert warp[0, 0] == pytest.approx(WIDTH / (right - left), rel=0.01)
    assert warp[1, 1] == pytest.approx(HEIGHT / (below - top), rel=0.01)
    assert warp[0, 2] == pytest.approx(-left / (right - left), abs=0.01)


def test_another_film_has_no_partner(known: AtHand, tmp_path: Path) -> None:
    pictures = [scene(50 + n // 20, n % 20)[::2, ::2] for n in range(60)]
    copy = another_copy.survey(
        replace(probe(write(tmp_path / "other.mkv", pictures, 24)), sha256="ab" * 32), tmp_path, clock, False,
        lambda _done, _total: None,
    )  # fmt: skip
    asked = another_copy.asked(copy, known)
    assert not asked.painted
    assert "4 of 4 shots have no partner" in asked.said[0]


class TestPlace:
    def test_warps_do_not_depend_on_size(self) -> None:
        light = colour.rgb_to_lab(scene(1, 3))[..., 0]
        half = cv2.resize(light, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
        warp, fits = in_place.laid(light, half, []) or (None, 0)
        assert fits > 0.98
        np.testing.assert_allclose(warp, np.eye(3), atol=0.01)

    def test_agreement(self) -> None:
        light = colour.rgb_to_lab(scene(1, 3))[..., 0]
        other = colour.rgb_to_lab(scene(2, 3))[..., 0]
        assert in_place.agreement(light, 0.5 * light + 20).mean() > 0.95
        assert in_place.agreement(light, other).mean() < 0.4
        outside = light.copy()
        outside[:20] = np.nan
        assert not in_place.agreement(light, outside)[:20].any()

    def test_what_does_not_fit_is_not_laid(self) -> None:
        one, two = (colour.rgb_to_lab(scene(shot, 3))[..., 0] for shot in (1, 2))
        assert in_place.laid(one, two, []) is None


def test_partner_is_none_beyond_the_ends() -> None:
    times = np.arange(100) / 25
    step = in_time.Step(1.0, -1.0, 0.9)
    assert in_time.partner(step, 0.5, times) is None
    assert in_time.partner(step, 2.02, times) in (25, 26)
    assert in_time.partner(step, 6.0, times) is None
