"""Wanted colours keep their colour at any size, lie over the network's, and are not smoothed away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from painters import film

from restore.contracts import Painted
from restore.errors import BadInput
from restore.film import Hint, Shot
from restore.guidance import shelf
from restore.guidance.planes import holding, laid_over, sized


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


def test_wanted_colours_lie_over_the_networks_as_far_as_they_are_sure() -> None:
    network = np.full((2, 2, 12, 16), 10, np.float32)
    made = laid_over(network, hints(0.75))
    assert made.shape == (2, 2, 24, 32)
    assert np.allclose(made[:, 0, :, :16], 32.5) and np.allclose(made[:, :, :, 16:], 10, atol=1e-4)


def test_filters_leave_wanted_colours_alone() -> None:
    frames = replace(film((2, 48, 64)), colour=np.full((2, 2, 24, 32), 0.2, np.float32), hints=hints())
    gray = holding(lambda f: replace(f, colour=np.zeros((2, 2, 48, 64), np.float32)))
    made = gray(frames).colour
    assert made is not None and np.allclose(made[..., :30], 0.2, atol=1e-6) and np.allclose(made[..., 34:], 0)
    free = replace(frames, hints=None)
    assert not gray(free).colour.any()


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
