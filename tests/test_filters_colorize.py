"""The filter that makes colour: what the network is shown, what becomes of its answer, and that windows do not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painters import CARD, TAGS, Brush, Room, film, shot
from pydantic import ValidationError

from restore import colour, models
from restore.contracts import Filter, Frames
from restore.errors import BadRecipe
from restore.film import Shot
from restore.filters import find
from restore.filters.colorize import Colorize, working_shape
from restore.runtime import Runtime
from restore.windows import filtered


def coloured(frames: Frames, brush: Brush | None = None, **kept: Any) -> np.ndarray:
    made = Colorize(**kept).begin(shot(frames), Room(brush or Brush()))(frames)
    assert made.light is frames.light and (made.start, made.depth, made.tags) == (
        frames.start,
        frames.depth,
        frames.tags,
    )
    assert made.colour is not None and made.colour.dtype == np.float32
    return made.colour


def test_it_is_the_filter_of_its_file_and_declares_itself() -> None:
    part = find("colorize")()
    assert isinstance(part, Filter)
    assert (part.context, part.changes_light) == (models.card("duo").frames - 1, False)
    assert not {"changes_light", "version", "context"} & set(Colorize.model_fields)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"model": "dou"}, "did you mean 'duo'"),
        ({"candidate": 4}, "no candidate 4; it offers 0 to 3"),
        ({"candidate": -1}, "greater than or equal to 0"),
        ({"saturation": 2.5}, "less than or equal to 2"),
        ({"working_size": 0}, "greater than or equal to 16"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_settings_are_refused_before_the_first_frame(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Colorize(**setting)


def test_a_candidate_that_these_weights_do_not_have_is_refused() -> None:
    frames = film((1, 8, 8))
    with pytest.raises(BadRecipe, match="network duo has no candidate 3; it offers 0 to 2"):
        Colorize(candidate=3).begin(shot(frames), Room(Brush()))


def test_the_runtime_is_asked_for_the_wanted_weights() -> None:
    room = Room(Brush())
    Colorize(weights="mine").begin(shot(film((1, 8, 8))), room)
    assert room.asked == [("duo", "mine")]


@pytest.mark.parametrize(
    ("picture", "shape"),
    [
        ((480, 640), (24, 32)),
        ((1080, 1920), (24, 42)),
        ((24, 24), (24, 24)),
        ((20, 30), (20, 30)),  # never enlarged
        ((13, 11), (13, 11)),
        ((1, 1), (1, 1)),
        ((2, 8192), (2, 96)),  # a strip is no more work than a picture
        ((4320, 100), (96, 2)),
        ((101, 37), (66, 24)),
    ],
)
def test_working_shape(picture: tuple[int, int], shape: tuple[int, int]) -> None:
    assert working_shape(picture, None, CARD) == shape


@settings(max_examples=200, deadline=None)
@given(picture=st.tuples(st.integers(1, 9000), st.integers(1, 9000)), size=st.integers(16, 512))
def test_working_shape_is_never_larger_than_the_picture_nor_much_work(picture: tuple[int, int], size: int) -> None:
    shape = working_shape(picture, size, CARD)
    assert all(1 <= small <= side for small, side in zip(shape, picture, strict=True))
    assert min(shape) <= size + CARD.stride and max(shape) <= 4 * size + CARD.stride


def test_the_network_sees_lightness_at_the_working_size() -> None:
    light = np.full((2, 48, 64), 126, np.uint8)
    brush = Brush()
    made = coloured(Frames(light, None, 0, 8, TAGS), brush)
    (seen,) = brush.seen  # both frames at once
    assert seen.shape == (2, 1, 32, 32)  # 24 × 32, rows padded to a multiple of 16
    np.testing.assert_allclose(seen, colour.lightness(light[:1, :1, :1], 8, False)[0, 0, 0] / 100)
    assert made.shape == (2, 2, 12, 16)


def test_another_working_size_is_obeyed() -> None:
    brush = Brush()
    assert coloured(film((1, 64, 96)), brush, working_size=32).shape == (1, 2, 16, 24)
    assert brush.seen[0].shape == (1, 1, 32, 48)


@pytest.mark.parametrize("depth", [8, 10, 16])
@pytest.mark.parametrize("candidate", [0, 2])
def test_the_wanted_candidate_has_its_ab_at_the_films_luma(depth: int, candidate: int) -> None:
    level = 126 << (depth - 8)
    light = np.full((1, 24, 24), level, np.uint8 if depth == 8 else np.uint16)
    made = coloured(Frames(light, None, 0, depth, TAGS), candidate=candidate)
    luma = colour.luma(light[:, :12, :12], depth, False)[0]
    rgb = np.stack([luma, made[0, 0], made[0, 1]], axis=-1) @ colour.ycbcr.rgb_matrix("bt709").T.astype(np.float32)
    lab = colour.rgb_to_lab(rgb.astype(np.float32))
    wanted = 20 * colour.lightness(light[0, 0, 0], depth, False) / 100 + 5 * candidate
    np.testing.assert_allclose(lab[..., 1], wanted, atol=0.2)
    np.testing.assert_allclose(lab[..., 2], 0, atol=0.2)


def test_no_saturation_is_gray_and_more_is_more() -> None:
    frames = film((2, 24, 32))
    assert (colour.chroma_codes(coloured(frames, saturation=0), 16, False) == 1 << 15).all()
    pale, bold = (np.abs(coloured(frames, saturation=s)).mean() for s in (0.5, 1.0))
    assert 0 < pale < bold


@settings(max_examples=60, deadline=None)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70)), depth=st.sampled_from([8, 12]))
def test_any_picture_gets_colour_no_larger_than_itself(shape: tuple[int, int, int], depth: int) -> None:
    made = coloured(film(shape, depth))
    assert made.shape[:2] == (shape[0], 2)
    assert 1 <= made.shape[2] <= shape[1] and 1 <= made.shape[3] <= shape[2]
    assert np.abs(made).max() <= 0.5


def test_the_frame_before_is_seen_and_a_shots_first_frame_has_none() -> None:
    """b* tells what moved: nothing at the start of a shot, something after it, and never from the shot before."""
    whole = film((4, 24, 24), start=10)
    part = Colorize()
    second = Shot(2, 1, 12, 14, 12, 14, "cut")
    alone = part.begin(second, Room(Brush()))(whole.part(12, 14))
    still = part.begin(second, Room(Brush()))(whole.part(12, 13))
    assert np.array_equal(alone.colour[0], still.colour[0])
    moved = coloured(whole)[2]
    assert not np.array_equal(moved, alone.colour[0])


def test_windowed_equals_whole_with_the_network_that_ships() -> None:
    """Bit for bit, on the processor: batches, windows and order must not show in what is written."""
    whole = film((7, 60, 90), start=3)
    part = Colorize()
    session = part.begin(shot(whole), Runtime("cpu", 1))
    expected = session(whole).colour
    assert np.abs(expected).max() > 0.001
    for size in (1, 3):
        made = list(filtered([whole], part, session, size))
        assert np.array_equal(np.concatenate([m.colour for m in made]), expected)


def test_between_frames_that_the_network_is_shown_colour_passes_evenly() -> None:
    """With every third: those are as ever, the shot's last is shown too, and no other frame is."""
    whole, brush = film((9, 24, 24), start=10), Brush()
    each, third = coloured(whole), coloured(whole, brush, every=3)
    for frame in (0, 3, 6, 8):
        assert np.array_equal(third[frame], each[frame])
    for before, frame, after in ((0, 1, 3), (3, 5, 6), (6, 7, 8)):
        share = (frame - before) / (after - before)
        assert np.allclose(third[frame], (1 - share) * each[before] + share * each[after], atol=1e-6)
    assert brush.seen[0].shape[0] == 2 * 4  # each with the one before


@settings(max_examples=40, deadline=None)
@given(every=st.integers(2, 5), size=st.integers(1, 6), start=st.integers(0, 9), stop=st.integers(10, 19))
def test_windows_and_parts_of_a_shot_do_not_show_between_them(every: int, size: int, start: int, stop: int) -> None:
    part, whole = Colorize(every=every), film((19, 16, 16))
    one = shot(whole)
    expected = part.begin(one, Room(Brush()))(whole).colour
    lo, hi = max(0, start - part.context), min(19, stop + part.context)
    session = part.begin(replace(one, start=start, stop=stop), Room(Brush()))
    made = np.concatenate([m.colour for m in filtered([whole.part(lo, hi)], part, session, size)])
    assert np.array_equal(made[start - lo : stop - lo], expected[start:stop])


def hinted(frames: Frames, painted: int, seed: int = 0) -> Frames:
    """The frames with hints of noise, in doubt but for a dot on one frame."""
    rng = np.random.default_rng(seed)
    hints = rng.uniform(-30, 30, (len(frames), 3, 12, 12)).astype(np.float32)
    hints[:, 2] = rng.uniform(0, 0.9, hints[:, 2].shape)
    hints[painted, 2, 3:5, 3:5] = 1
    return replace(frames, hints=hints)


@settings(max_examples=40, deadline=None)
@given(every=st.integers(1, 5), size=st.integers(1, 6), start=st.integers(0, 9), painted=st.integers(0, 18))
def test_windows_and_parts_do_not_show_where_colours_were_asked_for(
    every: int, size: int, start: int, painted: int
) -> None:
    part, whole = Colorize(every=every), hinted(film((19, 16, 16)), painted)
    one, guided = shot(whole), replace(CARD, guided=True)
    expected = part.begin(one, Room(Brush(guided)))(whole).colour
    lo, hi = max(0, start - part.context), min(19, start + 7 + part.context)
    session = part.begin(replace(one, start=start, stop=start + 7), Room(Brush(guided)))
    runs = list(filtered([whole.part(lo, hi)], part, session, size))
    assert all(run.hints is None for run in runs)
    made = np.concatenate([run.colour for run in runs])
    assert np.array_equal(made[start - lo : start + 7 - lo], expected[start : start + 7])


@pytest.mark.parametrize("painted", [4, 5])
def test_the_network_is_shown_each_so_manieth_frame_and_those_that_were_painted(painted: int) -> None:
    whole, brush = hinted(film((9, 24, 24)), painted), Brush(replace(CARD, guided=True))
    made = coloured(whole, brush, every=4)
    assert brush.seen[0].shape[0] == 2 * len({0, 4, 8, painted})
    bare = replace(whole, hints=np.zeros_like(whole.hints))
    assert not np.allclose(made, coloured(bare, every=4), atol=0.01)
    # What was asked for of a frame colours that frame, and not those beside it.
    only = replace(bare, hints=np.where(np.arange(9)[:, None, None, None] == 2, whole.hints, 0))
    told, free = coloured(only, every=4), coloured(bare, every=4)
    assert np.array_equal(np.delete(told, 2, 0), np.delete(free, 2, 0)) and not np.allclose(told[2], free[2], atol=0.01)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_network_sees_a_turned_film_upright(turns: int) -> None:
    lying, brush = film((2, 40, 64)), Brush()
    light = np.ascontiguousarray(np.rot90(lying.light, -turns, (1, 2)))
    upright = coloured(replace(lying, light=light), brush)
    shown = brush.seen[-1]
    turned = coloured(replace(lying, turns=turns), brush)
    assert np.allclose(brush.seen[-1], shown, atol=0.005)  # area means round either way
    assert np.allclose(np.rot90(turned, -turns, (2, 3)), upright, atol=0.01)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_what_was_asked_for_is_told_to_a_network_that_heeds_it_upright_and_no_more_than_asked(turns: int) -> None:
    hints = np.zeros((3, 3, 40, 60), np.float32)
    hints[:, :, :10, :20] = np.array([30, -20, 1], np.float32)[:, None, None]  # left and above, as stored
    frames = replace(film((3, 40, 60)), hints=hints, turns=turns)
    guided, deaf = Brush(replace(CARD, guided=True)), Brush()
    made = [coloured(frames, brush, working_size=40) for brush in (guided, deaf)]
    assert made[0].shape == made[1].shape
    assert deaf.told[0].hints is None
    told = guided.told[0].hints
    assert told is not None and told.shape[2:] == guided.seen[0].shape[2:]
    stored = np.rot90(told[:, :, : (40, 60)[turns % 2], : (60, 40)[turns % 2]], turns, (2, 3))
    assert np.allclose(stored, hints, atol=1e-4)
    assert told[:, 2].sum() == pytest.approx(hints[:, 2].sum())


@pytest.mark.parametrize(("columns", "sure", "heard"), [(4, 1.0, 1), (60, 1.0, 0), (4, 0.9, 0)])
def test_a_network_hears_dots_but_neither_painted_areas_nor_guesses(columns: int, sure: float, heard: int) -> None:
    hints = np.zeros((3, 3, 40, 60), np.float32)
    hints[:, :, :20, :columns] = np.array([30, -20, sure], np.float32)[:, None, None]
    brush = Brush(replace(CARD, guided=True))
    made = coloured(replace(film((3, 40, 60)), hints=hints), brush, working_size=40)
    assert [guidance.hints is not None for guidance in brush.told] == [bool(heard)]
    plain = coloured(replace(film((3, 40, 60)), hints=0 * hints), Brush(), working_size=40)
    assert np.array_equal(made[:, :, 21:], plain[:, :, 21:])
