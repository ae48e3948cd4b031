"""The filter `median`: specks go, edges and moving things stay, and the fast medians are medians."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painters import TAGS, Brush, Room, shot
from test_filters_stabilize import crossing
from test_motion import ground

from restore.contracts import Frames
from restore.errors import BadRecipe
from restore.filters.median import Median, held_by, middle_of_3, middle_of_5
from restore.windows import filtered

ROOM = Room(Brush())


def run(film: Frames, **wanted: int) -> np.ndarray:
    made = Median(**wanted).begin(shot(film), ROOM)(film)
    assert made.colour is not None
    return made.colour


def still(frames: int) -> Frames:
    light = np.repeat(ground(96, 128)[None], frames, axis=0)
    return Frames(light, np.full((frames, 2, 48, 64), 0.1, np.float32), 0, 8, TAGS)


def test_networks_of_minima_and_maxima_are_medians() -> None:
    values = np.random.default_rng(3).normal(size=(5, 40, 50)).astype(np.float32)
    values[1, :, :9] = values[4, :, :9]  # ties
    assert np.array_equal(middle_of_5(*values), np.median(values, axis=0))
    assert np.array_equal(middle_of_3(*values[:3]), np.median(values[:3], axis=0))


@pytest.mark.parametrize("frames", [3, 5])
def test_a_flash_of_colour_in_one_frame_goes(frames: int) -> None:
    film = still(9)
    film.colour[4, :, 10:30, 20:50] = -0.4
    made = run(film, frames=frames, apart=0)
    assert np.abs(made - 0.1).max() < 1e-6


def test_five_frames_take_out_two_bad_ones_and_three_do_not() -> None:
    film = still(9)
    film.colour[4:6] = -0.4
    assert np.abs(run(film, frames=5, apart=0)[3:7] - 0.1).max() < 1e-6
    assert run(film, frames=3, apart=0)[4].mean() < -0.3


def test_a_speck_goes_and_an_edge_stays() -> None:
    film = still(1)
    film.light[0, :, 64:] //= 2
    film.colour[0, :, :, 32:] = -0.2
    film.colour[0, 0, 20, 10] = 0.4
    made = run(film, frames=1, apart=10, alike=0.3)
    assert made.shape == (1, 2, 96, 128)  # as fine as the light that places are compared in
    assert np.abs(made[0, :, :, :60] - 0.1).max() < 1e-3
    assert np.abs(made[0, :, :, 68:] + 0.2).max() < 1e-3


def test_what_lies_beyond_an_outline_has_no_say() -> None:
    """A stripe narrower than the places are apart keeps its colour where its light differs, and loses it where not."""
    kept = {}
    for light in (120, 200):
        film = Frames(np.full((1, 96, 128), 120, np.uint8), np.full((1, 2, 96, 128), 0.1, np.float32), 0, 8, TAGS)
        film.light[0, :, 60:64], film.colour[0, :, :, 60:64] = light, -0.3
        kept[light] = run(film, frames=1, apart=8)[0, 0, 48, 61:63].mean()
    assert kept[200] == pytest.approx(-0.3, abs=0.01)
    assert kept[120] > 0


def test_a_colour_between_those_around_it_is_not_touched() -> None:
    film, _ = crossing(2)
    slope = np.linspace(-0.3, 0.3, 128, dtype=np.float32) * np.ones((2, 2, 96, 1), np.float32)
    film = Frames(film.light, slope, 0, 8, TAGS)
    made = run(film, frames=1)
    assert np.abs(made - slope)[..., 4:-4].max() < 0.02


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), own=st.integers(-3000, 3000))
def test_holding_is_the_median_of_nine_places_with_its_own_three_times(seed: int, own: int) -> None:
    around = np.random.default_rng(seed).integers(-2000, 2000, (8, 2, 3, 5)).astype(np.int16)
    held = np.clip(np.full((2, 3, 5), own), *held_by(list(around.copy())))
    eleven = np.concatenate([around, np.full((3, 2, 3, 5), own)])
    assert np.array_equal(held, np.median(eleven, axis=0))


def test_nothing_asked_is_nothing_done() -> None:
    film, _ = crossing(4, noise=0.05)
    assert np.array_equal(run(film, frames=1, apart=0), film.colour)


@pytest.mark.parametrize("frames", [3, 5])
def test_moving_things_keep_their_colour(frames: int) -> None:
    film, truth = crossing(9)
    wrong = np.abs(run(film, frames=frames, apart=0) - truth).max(axis=1)
    assert wrong.mean() < 0.01
    for t in range(9):
        assert wrong[t, 18:30, 5 + 2 * t + 3 : 5 + 2 * t + 15].mean() < 0.01


@settings(max_examples=10, deadline=None)
@given(size=st.integers(1, 9), frames=st.sampled_from([3, 5]))
def test_windows_do_not_show_in_a_film_that_moves(size: int, frames: int) -> None:
    film, _ = crossing(11, noise=0.05)
    part = Median(frames=frames)
    stream = [film.part(t, t + 1) for t in range(11)]
    made = np.concatenate([m.colour for m in filtered(stream, part, part.begin(shot(film), ROOM), size)])
    assert np.array_equal(made, part.begin(shot(film), ROOM)(film).colour)


def test_context_is_half_of_the_frames() -> None:
    assert [Median(frames=n).context for n in (1, 3, 5)] == [0, 1, 2]


def test_refuses_gray_frames() -> None:
    with pytest.raises(BadRecipe, match="put colorize before it"):
        run(Frames(still(2).light, None, 0, 8, TAGS))
