"""The filter `stabilize`: stills stop flickering, moving things keep their colour, nothing smears over what is new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from painters import TAGS, Brush, Room, shot
from pydantic import ValidationError
from test_motion import ground

from restore.contracts import Frames
from restore.errors import BadRecipe
from restore.filters.stabilize import Stabilize
from restore.windows import filtered

ROOM = Room(Brush())


def run(frames: Frames, **wanted: float) -> np.ndarray:
    part = Stabilize(**wanted)
    (made,) = filtered([frames], part, part.begin(shot(frames), ROOM), len(frames))
    assert made.colour is not None
    return made.colour


def flickering(frames: int, seed: int = 1) -> Frames:
    """A still whose colour is another one in every frame."""
    light = np.repeat(ground(96, 128)[None], frames, axis=0)
    level = np.random.default_rng(seed).normal(0, 0.01, (frames, 2, 1, 1))
    colour = np.broadcast_to(0.1 + level, (frames, 2, 48, 64)).astype(np.float32)
    return Frames(light, colour, 0, 8, TAGS)


def crossing(frames: int, pace: int = 4, noise: float = 0.0) -> tuple[Frames, np.ndarray]:
    """A patch with colour of its own crosses a ground of another colour; and the true colour (T, 2, 48, 64)."""
    scene, other = ground(96, 128), ground(96, 128, seed=8)
    light = np.repeat(scene[None], frames, axis=0)
    truth = np.empty((frames, 2, 48, 64), np.float32)
    truth[:, 0], truth[:, 1] = -0.15, 0.1
    for t in range(frames):
        left = 10 + pace * t
        light[t, 30:66, left : left + 36] = other[30:66, 20:56]
        truth[t, :, 15:33, left // 2 : left // 2 + 18] = np.array([0.2, -0.2])[:, None, None]
    given_noise = np.random.default_rng(4).normal(0, 1, truth.shape) * noise
    return Frames(light, (truth + given_noise).astype(np.float32), 0, 8, TAGS), truth


def test_a_still_stops_flickering() -> None:
    film = flickering(20)
    assert film.colour is not None
    before = np.abs(np.diff(film.colour, axis=0)).mean()
    after = np.abs(np.diff(run(film, reach=4), axis=0)).mean()
    assert after < before / 5
    middle = run(film, reach=4)[10, :, 24, 32]
    assert middle == pytest.approx(film.colour[6:15, :, 24, 32].mean(axis=0), abs=2e-4)


def test_strength_goes_from_nothing_to_the_average() -> None:
    film = flickering(9)
    assert np.array_equal(run(film, strength=0.0), film.colour)
    half, full = run(film, strength=0.5), run(film, strength=1.0)
    assert np.allclose(half, (film.colour + full) / 2, atol=1e-6)


def test_true_colour_of_moving_things_stays() -> None:
    film, truth = crossing(10)
    wrong = np.abs(run(film) - truth).max(axis=1)
    assert wrong.mean() < 0.01
    for t in range(10):  # well inside the patch, and well outside of its whole path
        left = 5 + 2 * t
        assert wrong[t, 18:30, left + 3 : left + 15].mean() < 0.01
    assert wrong[:, 40:].max() < 1e-3


def test_nothing_smears_over_an_occlusion() -> None:
    """Without the two checks the colour of the patch lies over the ground around it for as long as the reach is."""
    film, truth = crossing(10)
    assert film.colour is not None  # so near to each other in colour that only the checks can tell
    film, truth = replace(film, colour=film.colour / 10), truth / 10
    checked = np.abs(run(film) - truth).max(axis=1) > 0.008
    blind = np.abs(run(film, occlusion=20.0, light=1.0) - truth).max(axis=1) > 0.008
    assert checked.mean() < 0.04
    assert checked.sum() < 0.6 * blind.sum()


def test_noise_on_moving_things_is_averaged_away() -> None:
    film, truth = crossing(12, pace=2, noise=0.05)
    assert film.colour is not None
    before = np.square(film.colour - truth)[:, :, 18:30].mean()
    after = np.square(run(film) - truth)[:, :, 18:30].mean()
    assert after < before / 2.2


def test_a_cut_within_the_frames_is_not_crossed() -> None:
    light = np.concatenate([np.repeat(ground(96, 128, seed=s)[None], 4, axis=0) for s in (1, 2)])
    colour = np.zeros((8, 2, 48, 64), np.float32)
    colour[:4], colour[4:] = 0.2, -0.2
    made = run(Frames(light, colour, 0, 8, TAGS))
    assert np.abs(made - colour).mean() < 0.03


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 9), reach=st.sampled_from([1, 2, 8, 32]), depth=st.sampled_from([8, 10]))
def test_windows_do_not_show_in_a_film_that_moves(size: int, reach: int, depth: int) -> None:
    film, _ = crossing(14, noise=0.05)
    light = [plane if depth == 8 else plane.astype(np.uint16) << 2 for plane in film.light]
    film = Frames(light, film.colour, 0, depth, TAGS)
    part = Stabilize(reach=reach)
    stream = [film.part(t, min(t + 3, 14)) for t in range(0, 14, 3)]
    made = np.concatenate([m.colour for m in filtered(stream, part, part.begin(shot(film), ROOM), size)])
    assert np.array_equal(made, run(film, reach=reach))


def test_a_part_of_a_shot_equals_the_same_frames_of_the_whole() -> None:
    """A long shot is rendered in parts, each read with the chain's context around it."""
    film, _ = crossing(16, noise=0.05)
    part = Stabilize(reach=4)
    whole = run(film, reach=4)
    stream = [film.part(t, t + 1) for t in range(2, 15)]  # wanted: 6 to 11
    made = list(filtered(stream, part, part.begin(shot(film), ROOM), 4))
    colour = np.concatenate([m.colour for m in made])[4:9]
    assert np.array_equal(colour, whole[6:11])


def test_refuses_gray_frames_and_impossible_settings() -> None:
    film = flickering(2)
    with pytest.raises(BadRecipe, match="put colorize before it"):
        run(Frames(film.light, None, 0, 8, TAGS))
    for wrong in ({"strength": 1.1}, {"reach": 0}, {"reach": 3}, {"occlusion": 0}, {"light": 0}):
        with pytest.raises(ValidationError):
            Stabilize(**wrong)
