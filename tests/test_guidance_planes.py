"""Wanted colours keep their colour at any size, count as far as they are sure, and are not smoothed away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from painters import film

from restore import colour
from restore.contracts import Painted
from restore.errors import BadInput
from restore.film import Hint, Shot
from restore.guidance import shelf
from restore.guidance.doubt import PAINTED, doubted
from restore.guidance.planes import asked_for, mixed_in, sized


def hints(confidence: float = 1.0, frames: int = 2, shape: tuple[int, int] = (24, 32)) -> np.ndarray:
    made = np.zeros((frames, 3, *shape), np.float32)
    made[:, 0], made[:, 1] = 40, -20
    made[:, 2, :, : shape[1] // 2] = confidence
    return made


def test_what_is_not_painted_does_not_bleach_what_is() -> None:
    given = hints()
    given[:, :2, :, 16:] = 0
    for shape in ((12, 16), (48, 64), (7, 9)):
        made = sized(given, shape)
        sure = made[:, 2] > 0.01
        assert np.allclose(made[:, 0][sure], 40, atol=0.01) and np.allclose(made[:, 1][sure], -20, atol=0.01)
        assert np.isclose(made[:, 2].mean(), 0.5, atol=0.02)


@pytest.mark.parametrize("sure", [0.0, 0.05, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(12, 16), (48, 64)], ids=["smaller colour", "larger colour"])
def test_wanted_colours_count_by_their_confidence_whoever_is_between(sure: float, shape: tuple[int, int]) -> None:
    """Told to the filters and laid over what comes of it: together as if they had been mixed once."""
    frames = replace(film((2, 48, 64)), hints=hints(sure))
    light = np.full((48, 64), 120, np.uint8)
    network = np.full((2, 2, *shape), 10, np.float32)
    luma = colour.luma(np.full((2, *shape), 120, np.uint8), 8, False)
    between = replace(
        frames, light=[light] * 2, colour=colour.cbcr_from_ab(mixed_in(network, hints(sure)), luma, "bt709")
    )
    made = asked_for(between).colour
    assert made is not None and made.shape[2:] == max(shape, (24, 32)) and made.dtype == np.float32
    rows, columns = made.shape[2:]
    wanted = np.full((2, 2, rows, columns), 10, np.float32)
    wanted[:, 0, :, : columns // 2] += sure * 30
    wanted[:, 1, :, : columns // 2] -= sure * 30
    once = colour.cbcr_from_ab(wanted, colour.luma(np.full((2, rows, columns), 120, np.uint8), 8, False), "bt709")
    away = np.abs(np.arange(columns) - columns / 2 + 0.5) > columns / 8  # from where planes of two sizes meet
    assert np.allclose(made[..., away], once[..., away], atol=0.004)


@pytest.mark.parametrize("shape", [(27, 41), (24, 32), (11, 13), (53, 97)])
def test_what_is_painted_all_over_stays_so_at_any_size(shape: tuple[int, int]) -> None:
    """Resizing rounds a confidence of 1 to a little more, of which no root must be taken."""
    given = hints(1, 1, (90, 160))
    given[:, 2] = 1
    made = mixed_in(np.zeros((1, 2, *shape), np.float32), given)
    assert np.allclose(made[:, 0], 40, atol=0.05) and np.allclose(made[:, 1], -20, atol=0.05)
    frames = replace(film((1, *shape)), colour=np.zeros((1, 2, *shape), np.float32), hints=sized(given, shape))
    laid = asked_for(frames).colour
    assert laid is not None and np.isfinite(laid).all() and laid.any(axis=1).mean() > 0.99


def test_what_is_painted_in_part_is_sure_and_a_number_at_any_size() -> None:
    painted = np.zeros((1, 3, 360, 480), np.float32)
    painted[:, 0], painted[:, 2, :300] = 20, 1
    for rows in range(180, 241, 2):
        small = sized(painted, (rows, rows * 4 // 3))
        assert small[:, 2].max() == 1
        assert np.isfinite(doubted(small[:, 2])).all()
    assert doubted(np.float32([1, 1.0000001])).tolist() == [np.float32(PAINTED)] * 2


def test_no_filter_takes_wanted_colours_away_and_no_hint_touches_others() -> None:
    frames = replace(film((2, 48, 64)), colour=np.zeros((2, 2, 12, 16), np.float32), hints=hints())
    made = asked_for(frames).colour
    small = np.stack([cv2.resize(light, (32, 24), interpolation=cv2.INTER_AREA) for light in frames.light])
    exact = colour.cbcr_from_ab(hints()[:, :2], colour.luma(small, 8, False), "bt709")
    assert made is not None and np.allclose(made[..., :16], exact[..., :16], atol=1e-6)
    assert not made[..., 16:].any()
    for free in (replace(frames, hints=None), replace(frames, colour=None)):
        assert asked_for(free) is free


def test_a_painted_frame_comes_back_from_the_shelf_or_is_an_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    painted = Painted(7, rng.normal(0, 30, (2, 9, 11)).astype(np.float32), rng.random((9, 11), np.float32), "7.png")
    hint = shelf.put(painted, tmp_path / "painted")
    back = shelf.take(hint)
    assert (back.frame, back.source) == (7, "7.png")
    assert np.array_equal(back.ab, painted.ab) and np.array_equal(back.confidence, painted.confidence)
    assert shelf.put(painted, tmp_path / "painted") == hint and back.objects is None
    named = replace(painted, objects=rng.integers(0, 3, (9, 11)).astype(np.uint8))
    assert np.array_equal(shelf.take(shelf.put(named, tmp_path)).objects, named.objects)
    assert shelf.digest(named) != hint.sha256
    with pytest.raises(ValueError, match="objects"):
        shelf.put(replace(named, objects=named.objects[1:]), tmp_path)
    with pytest.raises(ValueError, match="float32"):
        shelf.put(replace(painted, ab=painted.ab.astype(np.float64)), tmp_path)
    Path(hint.path).write_bytes(Path(hint.path).read_bytes()[:-30])
    with pytest.raises(BadInput, match="painted frame 7"):
        shelf.take(hint)


def test_a_hint_reaches_its_own_shot_and_those_that_remember_it() -> None:
    shots = [Shot(n, 1, 10 * n, 10 * n + 10, 10 * n, 10 * n + 10, "cut") for n in range(4)]
    hint = Hint(15, "x", "y", "15.png", beyond=(3,))
    assert [hint.reaches(shot) for shot in shots] == [False, True, False, True]
