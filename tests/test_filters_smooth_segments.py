"""The filter `smooth_segments`: colour ends where surfaces end, holds within them, and does not pop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painters import TAGS, Brush, Room, shot
from test_filters_stabilize import crossing
from test_segments import drawing

from restore.contracts import Frames
from restore.errors import BadRecipe
from restore.filters.smooth_segments import SmoothSegments
from restore.windows import filtered

ROOM = Room(Brush())
FILLS = np.array([[0.1, -0.1], [-0.2, 0.15], [0.2, 0.2]], np.float32)


def run(frames: Frames, **wanted: float | bool) -> np.ndarray:
    made = SmoothSegments(**wanted).begin(shot(frames), ROOM)(frames)
    assert made.colour is not None
    return made.colour


def painted(frames: int, noise: float = 0.0, grain: float = 0.0) -> tuple[Frames, np.ndarray]:
    """Two discs on a ground, with colour that has run over their outlines; and whose each px is."""
    light, owner = drawing()
    colour = FILLS[np.maximum(owner, 0)].transpose(2, 0, 1)[:, 1::2, 1::2]
    blurred = sum(np.roll(colour, (y, x), (1, 2)) for y in range(-3, 4) for x in range(-3, 4)) / 49
    rng = np.random.default_rng(5)
    film = np.clip(light + rng.normal(0, grain, (frames, *light.shape)), 0, 255) if grain else [light] * frames
    made = blurred + rng.normal(0, 1, (frames, *blurred.shape)) * noise
    return Frames(np.asarray(film, np.uint8), made.astype(np.float32), 0, 8, TAGS), owner


def error(colour: np.ndarray, owner: np.ndarray) -> float:
    """Mean distance from each surface's own colour, outlines left out."""
    away = np.linalg.norm(colour - FILLS[np.maximum(owner, 0)].transpose(2, 0, 1), axis=1)
    return float(away[:, owner >= 0].mean())


def test_colour_that_ran_over_outlines_goes_back() -> None:
    film, owner = painted(3, noise=0.01)
    plain, drawn = run(film, strength=0.0), run(film, strength=1.0, tolerance=0.04)
    assert plain.shape == drawn.shape == (3, 2, 120, 160)  # as fine as the light that surfaces are found in
    assert error(drawn, owner) < 0.5 * error(plain, owner)
    assert error(plain, owner) > error(run(film, strength=0.5, tolerance=0.04), owner) > error(drawn, owner)


def test_colour_finer_than_the_surfaces_keeps_its_size() -> None:
    light, owner = drawing()
    fine = FILLS[np.maximum(owner, 0)].transpose(2, 0, 1).repeat(4, axis=1).repeat(4, axis=2)[None]
    film = Frames(light.repeat(4, axis=0).repeat(4, axis=1)[None], fine, 0, 8, TAGS)
    made = run(film, strength=1.0)
    assert made.shape == (1, 2, 480, 640)
    assert error(made, owner.repeat(4, axis=0).repeat(4, axis=1)) < 0.01


def test_a_surface_of_many_colours_is_left_alone() -> None:
    light = np.full((1, 96, 128), 120, np.uint8)
    rainbow = np.linspace(-0.3, 0.3, 128, dtype=np.float32) * np.ones((1, 2, 96, 1), np.float32)
    made = run(Frames(light, rainbow, 0, 8, TAGS), strength=1.0, fills=0.0)
    assert np.abs(made - rainbow).mean() < 0.05


def test_surfaces_do_not_pop_under_grain() -> None:
    film, _ = painted(8, grain=6)
    alone = run(film, strength=1.0, neighbours=False)
    steadied = run(film, strength=1.0)
    flicker = [np.abs(np.diff(colour, axis=0)).mean() for colour in (alone, steadied)]
    assert 0 < flicker[1] < 0.75 * flicker[0]


@settings(max_examples=8, deadline=None)
@given(size=st.integers(1, 9), neighbours=st.booleans())
def test_windows_do_not_show_in_a_film_that_moves(size: int, neighbours: bool) -> None:
    film, _ = crossing(9, noise=0.05)
    part = SmoothSegments(neighbours=neighbours)
    stream = [film.part(t, t + 1) for t in range(9)]
    made = np.concatenate([m.colour for m in filtered(stream, part, part.begin(shot(film), ROOM), size)])
    assert np.array_equal(made, part.begin(shot(film), ROOM)(film).colour)


def test_ten_bits_are_as_good_as_eight() -> None:
    film, _ = painted(2, noise=0.02)
    ten = Frames(film.light.astype(np.uint16) << 2, film.colour, 0, 10, TAGS)
    assert np.allclose(run(ten), run(film), atol=1e-6)


def test_refuses_gray_frames() -> None:
    with pytest.raises(BadRecipe, match="put colorize before it"):
        run(Frames(painted(1)[0].light, None, 0, 8, TAGS))


def wavering() -> tuple[Frames, np.ndarray]:
    """The drawing with colour that goes from one hue to another across each fill, as networks do."""
    light, owner = drawing()
    colour = FILLS[np.maximum(owner, 0)].transpose(2, 0, 1).copy()
    colour += np.float32([[[0.08]], [[-0.08]]]) * np.linspace(-1, 1, light.shape[1], dtype=np.float32)
    return Frames(light[None], np.ascontiguousarray(colour[None, :, 1::2, 1::2]), 0, 8, TAGS), owner


def test_a_drawn_fill_gets_one_colour_whatever_the_network_said() -> None:
    film, owner = wavering()
    as_it_came, one = run(film, strength=1.0, fills=0.0), run(film, strength=1.0)
    ground = np.array([frames[0][:, owner == 0].std(axis=1) for frames in (as_it_came, one)])
    assert (ground[1] < 0.1 * ground[0]).all()
    assert np.allclose(
        one[0][:, owner == 0].mean(axis=1), film.colour[0][:, owner[1::2, 1::2] == 0].mean(axis=1), atol=0.02
    )


def test_shaded_surfaces_are_no_fills() -> None:
    film, owner = wavering()
    shaded = film.light + (np.linspace(-40, 40, owner.shape[1])[None] * (owner >= 0)).astype(np.int8)
    film = Frames(shaded.astype(np.uint8), film.colour, 0, 8, TAGS)
    assert np.array_equal(run(film, strength=1.0), run(film, strength=1.0, fills=0.0))
