"""How many shots are rendered at a time: as many as are asked for, or whichever of one and two proves faster."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from restore import profile
from restore.progress import Progress, check_stop

log = logging.getLogger(__name__)

MOST = 8
"""Shots at a time, at the most."""

TRIAL_S = 15.0
"""Seconds for which each way is tried: several fillings of the queues."""

FEW = 2
"""Processors that one shot at a time keeps busy, as the next one begins before it is done: two at a time were 0 to 6 %
slower there at every length and number of shots (docs/performance.md), and took up to 300 MiB more. So no trial."""

GAIN = 1.05
"""How much faster two at a time must be to be worth their memory."""


class Places:
    """Where shots are rendered. With `workers` 0, one at a time is tried first, then two; the faster one stays.

    Takes are the same bytes whichever way: nothing here decides what a shot becomes.
    """

    def __init__(self, workers: int = 0) -> None:
        self.limit = workers or 1
        self._trying = workers == 0
        self._coming = 0  # shots that hold a place
        self._begun = 0  # those, and shots that are rendered or whose last windows are under way
        self._rendering = 0  # shots of which more than the last windows is to come
        self._writing = 0  # those that have their encoders
        self._next = 1  # the shot that is next to begin
        self._frames, self._began = 0, 0.0
        self._alone = 0.0  # frames a second, one shot at a time
        self._changed = threading.Condition()

    @contextmanager
    def one(self, number: int) -> Iterator[Place]:
        """A place for shot `number`, from 1; waits until there is one and all shots before it have begun, so that the
        film is read from front to back. Raises Stopped when a stop is asked for meanwhile."""
        with self._changed:
            while self._coming >= self.limit or self._begun > self.limit or number > self._next:
                self._wait()
            self._coming += 1
            self._begun += 1
            self._next = max(self._next, number + 1)  # a shot that is tried again has begun before
            self._changed.notify_all()
        place = Place(self)
        try:
            yield place
        finally:
            place.nearly_done()
            with self._changed:
                self._begun -= 1
                self._changed.notify_all()

    def _wait(self) -> None:
        self._changed.wait(0.2)
        check_stop()

    def make_room(self) -> None:
        """A shot that held a place has got so far that the next one may begin."""
        with self._changed:
            self._coming -= 1
            self._changed.notify_all()

    def render(self) -> None:
        """A shot is about to be rendered: waits until no more than there are places are. Raises Stopped."""
        with self._changed:
            while self._rendering >= self.limit:
                self._wait()
            self._rendering += 1

    def rendered(self) -> None:
        """Of a shot only the last windows are under way."""
        with self._changed:
            self._rendering -= 1
            self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Inside, a shot has its encoders, which take memory: no more shots at a time than there are places."""
        with self._changed:
            with profile.waiting():
                while self._writing >= self.limit:
                    self._wait()
            self._writing += 1
        try:
            yield
        finally:
            with self._changed:
                self._writing -= 1
                self._changed.notify_all()

    def counting(self, progress: Progress) -> Progress:
        """`progress` of one shot, beside which its frames are counted here."""
        before = 0

        def told(done: int, total: int) -> None:
            nonlocal before
            self.passed(done - before)
            before = done
            progress(done, total)

        return told

    def passed(self, frames: int, now: float | None = None) -> None:
        """`frames` more were rendered; a trial that is over is judged. `now`: seconds of any clock that only rises."""
        if not self._trying:
            return
        with self._changed:
            now = time.monotonic() if now is None else now
            if not self._frames:
                self._began = now  # from the first frames on: what came before was loading
            self._frames += frames
            took = now - self._began
            if took >= TRIAL_S:
                self._judge((self._frames - frames) / took)

    def _judge(self, speed: float) -> None:
        self._frames = 0
        if not self._alone:
            self._alone, self.limit = speed, 2
        else:
            self._trying = False
            self.limit = 2 if speed > GAIN * self._alone else 1
            log.info(
                "frames a second: one shot at a time %.1f, two %.1f; now %d at a time", self._alone, speed, self.limit
            )
        self._changed.notify_all()


class Place:
    """Where one shot is rendered. The next shot's paint is carried meanwhile, which keeps one processor busy; and near
    its end the next one is rendered too, so that none waits while the last windows are under way."""

    def __init__(self, places: Places) -> None:
        self._places, self._held, self._renders = places, True, False

    def rendering(self) -> None:
        """What comes before a shot's first window is done. Waits for its turn; raises Stopped."""
        self._make_room()
        self._places.render()
        self._renders = True

    def nearly_done(self) -> None:
        """Only the last windows of the shot are under way. Once is as good as twice."""
        self._make_room()
        if self._renders:
            self._renders = False
            self._places.rendered()

    def _make_room(self) -> None:
        if self._held:
            self._held = False
            self._places.make_room()

    def writing(self) -> AbstractContextManager[None]:
        """See `Places.writing`."""
        return self._places.writing()


def alone() -> Place:
    """The place of a shot that no others are rendered beside."""
    return Place(Places(1))


_now = [Places(1)]


def begin(workers: int) -> Places:
    """The places of the reel that begins; see `Places`. On few processors nothing is tried."""
    _now[0] = Places(workers or int(profile.processors() <= FEW))
    return _now[0]


def here() -> Places:
    """The places of the reel at work."""
    return _now[0]
