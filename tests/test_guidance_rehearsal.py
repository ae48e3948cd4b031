"""What painting a frame would bring is tried out before it is asked for: carried without colours, on small light."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest

from restore.film import Shot
from restore.guidance import rehearsal, sureness
from restore.guidance.proxies import HEIGHT, WIDTH, Small
from restore.guidance.rehearsal import Rehearsals

LENGTH, COMES, THERE = 24, 8, 13
"""Frames of a shot; when a thing begins to come in from the right; and when it has come in."""


def texture(seed: int, rows: int, columns: int) -> np.ndarray:
    soft = cv2.GaussianBlur(np.random.default_rng(seed).random((rows, columns)).astype(np.float32), (0, 0), 2)
    return ((soft - soft.min()) / np.ptp(soft) * 200 + 20).astype(np.uint8)


@cache
def comes_in(frame: int) -> Small:
    """(64, 96): a still wall, and something large that comes in before it and stays."""
    light = texture(1, 64, 96)
    left = 96 - round(60 * np.clip((frame % LENGTH - COMES) / (THERE - COMES), 0, 1))
    light[6:60, left : left + 56] = texture(2, 54, 56)[:, : 96 - left]
    return light


def shot(number: int = 1, length: int = LENGTH) -> Shot:
    start = (number - 1) * length
    return Shot(number, 1, start, start + length, start, start + length, "cut")


def lit(start: int, stop: int) -> Iterator[Small]:
    return (comes_in(t) for t in range(start, stop))


def every(step: int, start: int = 0) -> list[tuple[int, float]]:
    return [(frame, 1.0) for frame in range(start + step // 2, start + LENGTH, step)]


class TestChoice:
    def test_first_what_is_longest_in_the_picture_then_what_is_left(self) -> None:
        rehearse = Rehearsals(lit)
        first, other = rehearse(shot(), every(6)), rehearse(shot(), every(6))
        assert first >= THERE
        assert other < COMES + 3

    def test_what_came_in_after_the_painted_frame(self) -> None:
        assert Rehearsals(lit, already=[0])(shot(), every(6)) >= THERE

    def test_a_run_that_knew_of_the_painted_frame_tells_the_same(self) -> None:
        levels = np.zeros((LENGTH, HEIGHT, WIDTH), np.uint8)
        levels[:COMES] = sureness.level(np.full((COMES, HEIGHT, WIDTH), 1.0, np.float32))
        levels[0] = 255
        assert Rehearsals(lit, lambda t: levels[t])(shot(), every(6)) >= THERE

    def test_what_cannot_be_painted_is_passed_over(self) -> None:
        assert Rehearsals(lit)(shot(), [(3, 1.0), (15, 0.05), (21, 0.05)]) < COMES

    def test_frames_between_the_candidates_are_tried(self) -> None:
        wide, tried = texture(3, 64, 96 + 3 * LENGTH), list[int]()
        panned = [np.ascontiguousarray(wide[:, 3 * t : 3 * t + 96]) for t in range(LENGTH)]
        rehearse = Rehearsals(lambda start, stop: iter(panned[start:stop]), tell=lambda: tried.append(1))
        assert 5 <= rehearse(shot(), [(0, 1.0), (23, 1.0)]) <= 17  # in the middle of the way
        assert 2 < len(tried) <= rehearsal.RUNS
        assert len(tried) <= rehearsal.RUNS

    def test_the_same_again_where_a_shot_was_put_away_between(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def session() -> list[int]:
            rehearse = Rehearsals(lit)
            return [rehearse(shot(number), every(12, (number - 1) * LENGTH)) for number in (1, 2, 1)]

        kept = session()
        monkeypatch.setattr(rehearsal, "OPEN", 1)
        assert session() == kept


class TestReading:
    def spans(self, length: int) -> list[tuple[int, int]]:
        read = list[tuple[int, int]]()

        def told(start: int, stop: int) -> Iterator[Small]:
            read.append((start, stop))
            return lit(start, stop)

        Rehearsals(told)(shot(1, length), [(3, 1.0), (21, 1.0)])
        return read

    def test_a_short_shot_is_read_once(self) -> None:
        assert self.spans(LENGTH) == [(0, LENGTH)]

    def test_of_a_long_one_what_is_reached(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rehearsal, "REACH", 4)
        monkeypatch.setattr(rehearsal, "SEEN", 10)
        read = self.spans(LENGTH)
        assert len(read) > 1 and max(stop - start for start, stop in read) <= 9


def test_what_lies_beyond_another_painted_frame_stays_as_it_was() -> None:
    before = np.full((LENGTH, HEIGHT, WIDTH), 100, np.uint8)
    scene = rehearsal._Open(shot(), range(LENGTH), before, [4, 16])
    scene.tried = {frame: np.full_like(before, 100) for frame in (10, 20)}
    between, after = scene.painted(10), scene.painted(20)
    assert (between[:5] == 100).all() and (between[16:] == 100).all()
    assert (between[5:16] > 100).all()  # from two sides
    assert (after[:17] == 100).all() and (after[17:20] > 100).all()
    assert (after[21:] == 100).all()  # from 20 alone, and no longer from 16
