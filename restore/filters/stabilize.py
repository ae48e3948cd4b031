"""Holds colour still: every frame's colour becomes the average of the same things' colour in the frames around it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from restore import along, motion
from restore.contracts import Frames, Remembers
from restore.film import Shot
from restore.filters._along import AlongMotion, colour_of
from restore.windows import joined


class Stabilize(AlongMotion):
    """Settings of the filter `stabilize`: chroma averaged along motion, backwards and forwards, within the shot.

    A way to another frame is followed as long as motion there and back agrees and the light stays the same; what is
    uncovered, covered or changed keeps the colour of its own time. Light is not touched.
    """

    version: ClassVar[int] = 3

    strength: float = Field(1.0, ge=0, le=1, description="0: colour as it came, 1: the average")
    reach: Literal[1, 2, 4, 8, 16, 32, 64] = Field(32, description="frames before and after that are averaged")

    @property
    def context(self) -> int:
        """Frames wanted on each side: as many as are averaged."""
        return int(self.reach)

    def begin(self, shot: Shot, runtime: Any) -> Remembers:
        """One shot's session. It raises BadRecipe for frames that have no colour yet."""
        del shot
        return _Steady(self, self.paths(runtime))


class _Steady:
    """One shot's session; see `restore.contracts.Remembers`."""

    def __init__(self, how: Stabilize, paths: motion.Paths) -> None:
        self._how, self._paths, self._averages = how, paths, along.Averages(how.reach)
        self._last: Frames | None = None  # that was shown, its light

    def show(self, frames: Frames) -> None:
        """The next frames: their colour goes into the sums that are under way."""
        made = colour_of(frames, "stabilize")
        lights = replace(frames, colour=None, hints=None)
        seen = lights if self._last is None else joined([self._last, lights])
        steps: list[motion.Step | None] = [*self._paths.steps(seen, made.shape[2:])]
        if self._last is None:
            steps.insert(0, None)
        for t, (colour, step) in enumerate(zip(made, steps, strict=True), frames.start):
            self._averages.show(t, colour, step)
        self._last = lights.part(frames.stop - 1, frames.stop)

    def __call__(self, frames: Frames) -> Frames:
        """The frames in their average colour."""
        made = colour_of(frames, "stabilize").copy()
        self._averages.forget(frames.start)
        for own, t in zip(made, range(frames.start, frames.stop), strict=True):
            own += np.float32(self._how.strength) * (self._averages.of(t, own) - own)
        return replace(frames, colour=made)


Part = Stabilize
