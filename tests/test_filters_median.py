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
from restore.filters.median import Median, middle_of_3, middle_of_5
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
    made = run(film, frames=frames, size=1)
    assert np.abs(made - 0.1).max() < 1e-6


def test_five_frames_take_out_two_bad_ones_and_three_do_not() -> None:
    film = still(9)
    film.colour[4:6] = -0.4
    assert np.abs(run(film, frames=5, size=1)[3:7] - 0.1).max() < 1e-6
    assert run(film, frames=3, size=1)[4].mean() < -0.3


def test_a_speck_goes_and_an_edge_stays() -> None:
    film = still(1)
    film.colour[0, :, :, 32:] = -0.2
    expected = film.colour.copy()
    film.colour[0, 0, 20, 10] = 0.4
    assert np.array_equal(run(film, frames=1, size=3), expected)
    assert np.array_equal(run(film, frames=1, size=5), expected)


def test_nothing_asked_is_nothing_done() -> None:
    film, _ = crossing(4, noise=0.05)
    assert np.array_equal(run(film, frames=1, size=1), film.colour)


@pytest.mark.parametrize("frames", [3, 5])
def test_moving_things_keep_their_colour(frames: int) -> None:
    film, truth = crossing(9)
    wrong = np.abs(run(film, frames=frames, size=1) - truth).max(axis=1)
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
