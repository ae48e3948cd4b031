"""The times of the finished reel: the source's, mended where they are missing or out of order."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from restore.media.clock import Clock, clock
from restore.media.index import NO_TIME, Index
from tests.media_out import hand_reel


def clock_of(*stamps: int | None, rate: int = 25, unit: int = 1000) -> Clock:
    pts = np.array([NO_TIME if stamp is None else stamp for stamp in stamps], np.int64)
    index = Index(pts, pts, np.ones(len(pts), bool), np.zeros((len(pts), 32), np.uint8))
    return clock(hand_reel(rate=Fraction(rate), time_base=Fraction(1, unit)).video, index)


def test_good_times_are_left_alone() -> None:
    found = clock_of(-40, 0, 40, 80, 200)
    assert found.times.tolist() == [-40, 0, 40, 80, 200]
    assert not found.mended
    assert not found.steady
    assert (found.late, clock_of(0, 40).late) == (1, 0)
    assert "begin at -0.040 s" in found.notes[0] and not clock_of(0, 40).notes
    assert clock_of(1500, 1540, 1580).steady


def test_a_rounded_clock_is_steady() -> None:
    assert clock_of(0, 42, 83, 125, 167, rate=24).steady
    assert not clock_of(0, 42, 90, 125, 167, rate=24).steady


def test_no_times_at_all_follow_the_rate() -> None:
    found = clock_of(None, None, None)
    assert found.times.tolist() == [0, 40, 80]
    assert found.mended == (0, 1, 2)
    assert "3 of 3" in found.notes[0]


def test_a_missing_time_comes_one_frame_later() -> None:
    assert clock_of(0, None, 80).times.tolist() == [0, 40, 80]
    assert clock_of(None, None, 100).times.tolist() == [20, 60, 100]
    assert clock_of(0, None, 30).times.tolist() == [0, 15, 30]


def test_a_repeated_time_moves_on() -> None:
    assert clock_of(0, 0, 80).times.tolist() == [0, 40, 80]


def test_a_clock_set_back_goes_on() -> None:
    found = clock_of(0, 40, 80, 0, 40, 80)
    assert found.times.tolist() == [0, 40, 80, 120, 160, 200]
    assert found.mended == (3, 4, 5)


def test_one_wild_time_does_not_drag_the_rest_along() -> None:
    assert clock_of(0, 40, 90_000, 120, 160).times.tolist() == [0, 40, 80, 120, 160]


@given(st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=1, max_size=40))
def test_times_always_rise(stamps: list[int | None]) -> None:
    found = clock_of(*stamps)
    assert np.all(np.diff(found.times) > 0)
    kept = [n for n in range(len(stamps)) if n not in found.mended]
    assert all(found.times[n] == stamps[n] for n in kept)


@given(st.integers(1, 12), st.integers(0, 3))
def test_decoding_comes_before_showing(count: int, delay: int) -> None:
    found = clock_of(*range(0, 40 * count, 40))
    decoded = found.decode_times(delay)
    assert len(decoded) == count
    assert np.all(np.diff(decoded) > 0)
    assert np.all(decoded <= found.times)
