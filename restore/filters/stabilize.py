"""Holds colour still: every frame's colour becomes the average of the same things' colour in the frames around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from restore import along, motion
from restore.contracts import Frames
from restore.film import Shot
from restore.filters._along import AlongMotion, colour_of


class Stabilize(AlongMotion):
    """Settings of the filter `stabilize`: chroma averaged along motion, backwards and forwards, within the shot.

    A way to another frame is followed as long as motion there and back agrees and the light stays the same; what is
    uncovered, covered or changed keeps the colour of its own time. Light is not touched.
    """

    strength: float = Field(1.0, ge=0, le=1, description="0: colour as it came, 1: the average")
    reach: int = Field(4, ge=1, le=12, description="frames before and after that are averaged")

    @property
    def context(self) -> int:
        """Frames wanted on each side: as many as are averaged."""
        return self.reach

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session; it keeps the ways that the next window takes again.

        Raises BadRecipe for frames that have no colour yet.
        """
        paths = self.paths(runtime)

        def steady(frames: Frames) -> Frames:
            made = colour_of(frames, "stabilize").copy()
            between = paths.steps(frames, made.shape[2:])
            lo, hi = motion.inner(frames, shot, self.reach)
            means = along.averaged(along.interleaved(made), between, self.reach, (lo, hi))
            if self.strength < 1:
                means = made[lo:hi] + np.float32(self.strength) * (means - made[lo:hi])
            made[lo:hi] = means
            return replace(frames, colour=made)

        return steady


Part = Stabilize
