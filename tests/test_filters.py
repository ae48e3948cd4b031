"""What every filter on the shelf must keep: its declaration, the light, the span, and that windows do not show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from painters import Brush, Room, film, shot
from pydantic import ValidationError

from restore import filters
from restore.contracts import Filter, Frames
from restore.errors import BadRecipe
from restore.windows import filtered


def ready(name: str) -> tuple[Filter, Room]:
    """The filter with its defaults, and a room for it."""
    return filters.find(name)(), Room(Brush())


def noisy(frames: int, start: int = 0) -> Frames:
    """A film with colour in it already, for filters that work on colour."""
    plain = film((frames, 20, 28), start=start)
    colour = np.random.default_rng(9).uniform(-0.2, 0.2, (frames, 2, 10, 14)).astype(np.float32)
    return Frames(plain.light, colour, start, plain.depth, plain.tags)


@pytest.mark.parametrize("name", filters.names())
class TestEveryFilter:
    def test_declares_itself(self, name: str) -> None:
        part, _ = ready(name)
        assert isinstance(part, Filter)
        assert part.context >= 0 and part.version >= 1 and isinstance(part.changes_light, bool)

    def test_its_settings_are_frozen_and_closed(self, name: str) -> None:
        part = filters.find(name)
        with pytest.raises(ValidationError, match="Extra inputs"):
            part(no_such_setting=1)
        for setting in part.model_fields:
            with pytest.raises(ValidationError, match="frozen"):
                setattr(part(), setting, None)

    def test_its_settings_come_back_from_json(self, name: str) -> None:
        part, _ = ready(name)
        assert type(part)(**part.model_dump(mode="json")) == part

    def test_keeps_span_light_and_what_it_was_given(self, name: str) -> None:
        part, room = ready(name)
        given_frames = noisy(5, start=40)
        light, colour = given_frames.light.copy(), given_frames.colour.copy()
        made = part.begin(shot(given_frames), room)(given_frames)
        assert (made.start, made.stop, made.depth, made.tags) == (40, 45, 8, given_frames.tags)
        assert part.changes_light or np.array_equal(made.light, light)
        assert made.light.dtype == light.dtype and made.light.shape == light.shape
        assert made.colour is not None and made.colour.dtype == np.float32 and made.colour.shape[:2] == (5, 2)
        assert np.array_equal(given_frames.light, light) and np.array_equal(given_frames.colour, colour)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(frames=st.integers(1, 12), size=st.integers(1, 5), runs=st.integers(1, 4))
    def test_windowed_equals_whole(self, name: str, frames: int, size: int, runs: int) -> None:
        whole = noisy(frames, start=100)
        part, room = ready(name)
        (expected,) = filtered([whole], part, part.begin(shot(whole), room), frames)
        stream = [whole.part(at, min(at + runs, whole.stop)) for at in range(100, whole.stop, runs)]
        made = list(filtered(stream, part, part.begin(shot(whole), room), size))
        assert [m.start for m in made] == [100, *(m.stop for m in made[:-1])] and made[-1].stop == whole.stop
        assert np.array_equal(np.concatenate([m.colour for m in made]), expected.colour)
        assert np.array_equal(np.concatenate([m.light for m in made]), expected.light)


def test_an_unknown_filter_is_answered_with_the_near_word() -> None:
    with pytest.raises(BadRecipe, match="no filter is called 'colourize'; did you mean 'colorize'"):
        filters.find("colourize")

    @pytest.mark.parametrize(
        ("picture", "colour"),
        [((1, 1), (1, 1)), ((2, 1920), (2, 768)), ((1080, 1), (540, 1)), ((9, 17), (9, 17)), ((700, 40), (90, 20))],
    )
    def test_takes_any_shape(self, name: str, picture: tuple[int, int], colour: tuple[int, int]) -> None:
        part, room = ready(name)
        plain = film((3, *picture))
        made = np.random.default_rng(2).uniform(-0.2, 0.2, (3, 2, *colour)).astype(np.float32)
        frames = Frames(plain.light, made, plain.start, plain.depth, plain.tags)
        done = part.begin(shot(frames), room)(frames)
        assert done.colour is not None and len(done.colour) == 3 and np.isfinite(done.colour).all()
