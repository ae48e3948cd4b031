"""Windows tile a shot, keep their context, and a windowed filter gives what the whole shot gives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.contracts import Frames
from restore.film import ColourTags
from restore.overlap import overlapped
from restore.windows import filtered, joined, windowed

TAGS = ColourTags(matrix="bt601", full_range=False, siting="left")


def reel(frames: int, start: int = 0) -> Frames:
    light = list(np.random.default_rng(7).integers(0, 256, (frames, 4, 6), dtype=np.uint8))
    return Frames(light, None, start, 8, TAGS)


def cut_up(frames: Frames, run: int) -> Iterator[Frames]:
    for start in range(frames.start, frames.stop, run):
        yield frames.part(start, min(start + run, frames.stop))


class BoxMean:
    """Mean light over 2·context + 1 frames: looks exactly as far as its context."""

    def __init__(self, context: int) -> None:
        self.context = context

    def __call__(self, frames: Frames) -> Frames:
        light = np.stack(frames.light).astype(np.float32)
        n = len(frames)
        mean = [light[max(0, t - self.context) : t + self.context + 1].mean(axis=(0, 1, 2)) for t in range(n)]
        colour = np.broadcast_to(np.array(mean, np.float32)[:, None, None, None], (n, 2, 1, 1)).copy()
        return replace(frames, colour=colour)


@given(
    frames=st.integers(1, 40),
    run=st.integers(1, 9),
    size=st.integers(1, 9),
    context=st.integers(0, 5),
    start=st.integers(0, 99),
)
def test_windowed_equals_whole(frames: int, run: int, size: int, context: int, start: int) -> None:
    film = reel(frames, start)
    box = BoxMean(context)
    done = joined(list(filtered(cut_up(film, run), box, box, size)))
    whole = box(film)
    assert (done.start, done.stop) == (film.start, film.stop)
    assert np.array_equal(done.light, film.light)
    assert done.colour is not None and whole.colour is not None
    assert np.array_equal(done.colour, whole.colour)


@given(frames=st.integers(1, 40), size=st.integers(1, 9), context=st.integers(0, 5))
def test_windows_tile_and_hold_no_more_than_they_need(frames: int, size: int, context: int) -> None:
    at = 0
    film = reel(frames)
    for window, start, stop in windowed(cut_up(film, 1), context, size):
        assert start == at
        assert np.array_equal(window.light, film.light[window.start : window.stop])
        assert len(window) <= size + 2 * context
        assert (window.start, window.stop) == (max(0, start - context), min(frames, stop + context))
        at = stop
    assert at == frames


class Elephant:
    """Remembers the mean light of what it was shown, and says of each frame that of it and `reach` after it."""

    def __init__(self, reach: int) -> None:
        self.context, self.shown = reach, dict[int, float]()

    def show(self, frames: Frames) -> None:
        assert not self.shown or max(self.shown) == frames.start - 1
        self.shown |= {t: float(light.mean()) for t, light in enumerate(frames.light, frames.start)}

    def __call__(self, frames: Frames) -> Frames:
        means = [
            [self.shown.get(t + k, 0.0) for k in range(self.context + 1)] for t in range(frames.start, frames.stop)
        ]
        colour = np.array([np.mean(each) for each in means], np.float32)[:, None, None, None]
        return replace(frames, colour=np.broadcast_to(colour, (len(frames), 2, 1, 1)).copy())


@given(frames=st.integers(1, 40), run=st.integers(1, 9), size=st.integers(1, 9), context=st.integers(0, 5))
def test_who_remembers_sees_every_frame_once_and_its_context_in_time(
    frames: int, run: int, size: int, context: int
) -> None:
    film, elephant = reel(frames, 3), Elephant(context)
    given = list(filtered(cut_up(film, run), elephant, elephant, size))
    assert all(len(each) <= size for each in given)
    made, whole = joined(given), Elephant(context)
    whole.show(film)
    assert (made.start, made.stop) == (film.start, film.stop)
    assert made.colour is not None and np.array_equal(made.colour, whole(film).colour)


def test_light_that_no_filter_changes_is_not_copied() -> None:
    runs = list(cut_up(reel(24), 8))
    once = filtered(runs, BoxMean(2), BoxMean(2), 8)
    for run, done in zip(runs, filtered(once, BoxMean(1), BoxMean(1), 8), strict=True):
        assert all(here is there for here, there in zip(run.light, done.light, strict=True))


def test_a_filter_that_changes_the_span_is_refused() -> None:
    film = reel(5)
    with pytest.raises(ValueError, match="was given"):
        list(filtered([film], BoxMean(0), lambda f: f.part(0, 2)))


def test_gaps_are_refused() -> None:
    with pytest.raises(ValueError, match="follow"):
        joined([reel(2), reel(2, 3)])


def test_overlapped_passes_items_and_errors() -> None:
    def stream() -> Iterator[int]:
        yield from range(10)
        raise KeyError("end")

    seen: list[int] = []
    with pytest.raises(KeyError, match="end"):
        seen.extend(overlapped(stream()))
    assert seen == list(range(10))


def test_overlapped_stops_with_its_reader() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            n = 0
            while True:
                yield n
                n += 1
        finally:
            closed.set()

    for item in overlapped(endless(), depth=2):
        if item == 3:
            break
    assert closed.wait(5)
    assert not any(t.name == "overlapped" for t in threading.enumerate())
