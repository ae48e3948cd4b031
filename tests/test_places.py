"""Shots get places: as many as asked for, and unasked one or two, whichever the trial finds faster."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from restore import profile, progress
from restore.errors import Stopped
from restore.steps import places
from restore.steps.places import TRIAL_S, Places


@pytest.fixture(autouse=True)
def no_stop() -> Iterator[None]:
    progress.allow()
    yield
    progress.allow()


def at_once(limit: int) -> int:
    """The most shots that were in a place at the same time, of six."""
    room, now, most, lock = Places(limit), 0, 0, threading.Lock()

    def shot(number: int) -> None:
        nonlocal now, most
        with room.one(number):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.02)
            with lock:
                now -= 1

    shots = [threading.Thread(target=shot, args=(number,)) for number in range(1, 7)]
    for thread in shots:
        thread.start()
    for thread in shots:
        thread.join()
    return most


def test_no_more_shots_at_a_time_than_places() -> None:
    assert at_once(1) == 1
    assert 1 <= at_once(3) <= 3


def test_while_a_shot_is_finished_the_next_one_begins_without_encoders_and_no_third() -> None:
    room, finish = Places(1), threading.Event()
    began, written = ([threading.Event() for _ in range(3)] for _ in range(2))

    def shot(number: int) -> None:
        with room.one(number) as place:
            began[number - 1].set()
            with place.writing():
                written[number - 1].set()
                place.nearly_done()
                place.nearly_done()
                finish.wait(10)

    shots = [threading.Thread(target=shot, args=(number,)) for number in (1, 2, 3)]
    for thread in shots:
        thread.start()
    assert began[1].wait(10)
    assert not began[2].wait(0.5)
    assert not written[1].is_set()
    finish.set()
    assert began[2].wait(10)
    assert written[2].wait(10)
    for thread in shots:
        thread.join()


def test_while_a_shot_is_rendered_the_next_one_gets_ready_and_waits_and_no_third_begins() -> None:
    room, finish, go_on = Places(1), threading.Event(), threading.Event()
    began, rendered = ([threading.Event() for _ in range(3)] for _ in range(2))

    def shot(number: int) -> None:
        with room.one(number) as place:
            began[number - 1].set()
            place.rendering()
            rendered[number - 1].set()
            go_on.wait(10)
            place.nearly_done()
            finish.wait(10)

    shots = [threading.Thread(target=shot, args=(number,)) for number in (1, 2, 3)]
    for thread in shots:
        thread.start()
    assert began[1].wait(10) and rendered[0].wait(10)
    assert not rendered[1].wait(0.5)
    go_on.set()
    assert rendered[1].wait(10)
    assert not began[2].wait(0.5)
    finish.set()
    assert rendered[2].wait(10)
    for thread in shots:
        thread.join()


def test_a_shot_that_fails_leaves_its_place_to_the_next_whenever_it_does() -> None:
    room = Places(1)
    for number, ready in ((1, False), (2, True)):
        with pytest.raises(ValueError), room.one(number) as place:
            if ready:
                place.rendering()
            raise ValueError
    with room.one(3) as place, place.writing():
        place.rendering()


def trial(alone: float, together: float) -> Places:
    """The places after both ways were tried at so many frames a second."""
    room, now = Places(0), 0.0
    for speed in (alone, together):
        for _ in range(int(TRIAL_S * speed) + 2):
            room.passed(1, now)
            now += 1 / speed
    return room


@pytest.mark.parametrize(("alone", "together", "limit"), [(10, 15, 2), (10, 8, 1), (10, 10.2, 1)])
def test_the_faster_way_stays(alone: float, together: float, limit: int) -> None:
    assert trial(alone, together).limit == limit


def test_what_was_asked_for_is_not_tried() -> None:
    room = Places(2)
    for second in range(100):
        room.passed(10, float(second))
    assert room.limit == 2


def test_who_waits_for_a_place_hears_of_a_stop() -> None:
    room = Places(1)
    with room.one(1):
        progress.request_stop(Stopped("enough"))
        with pytest.raises(Stopped), room.one(2):
            pass


def test_shots_begin_in_the_order_of_the_film_whoever_asks_first() -> None:
    room, begun = Places(1), list[int]()

    def shot(number: int) -> None:
        with room.one(number):
            begun.append(number)

    shots = [threading.Thread(target=shot, args=(number,)) for number in (4, 3, 2, 1)]
    for thread in shots:
        thread.start()
        time.sleep(0.02)
    for thread in shots:
        thread.join()
    assert begun == [1, 2, 3, 4]


def test_a_shot_that_is_tried_again_does_not_wait_for_its_turn() -> None:
    room = Places(1)
    for number in (1, 2, 1):
        with room.one(number):
            pass


@pytest.mark.parametrize(("processors", "tried"), [(1, False), (2, False), (3, True)])
def test_few_processors_try_nothing(monkeypatch: pytest.MonkeyPatch, processors: int, tried: bool) -> None:
    monkeypatch.setattr(profile, "processors", lambda: processors)
    room = places.begin(0)
    for second in range(20):
        room.passed(10, float(second))
    assert room.limit == (2 if tried else 1)


def test_a_reel_has_its_own_places() -> None:
    begun = places.begin(3)
    assert places.here() is begun
    told = list[tuple[int, int]]()
    begun.counting(lambda done, total: told.append((done, total)))(8, 30)
    assert told == [(8, 30)]
