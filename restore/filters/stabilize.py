"""Holds colour still: every frame's colour becomes the average of the same things' colour in the frames around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from restore import motion
from restore.contracts import Frames
from restore.errors import BadRecipe
from restore.film import Shot


class Stabilize(BaseModel):
    """Settings of the filter `stabilize`: chroma averaged along motion, backwards and forwards, within the shot.

    A way to another frame is followed as long as motion there and back agrees and the light stays the same; what is
    uncovered, covered or changed keeps the colour of its own time. Light is not touched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 1

    strength: float = Field(1.0, ge=0, le=1, description="0: colour as it came, 1: the average")
    reach: int = Field(4, ge=1, le=12, description="frames before and after that are averaged")
    occlusion: float = Field(1.0, gt=0, le=20, description="px of a picture 320 wide that motion may miss by")
    light: float = Field(0.05, gt=0, le=1, description="difference of light that is still the same thing, 1 = white")

    @property
    def context(self) -> int:
        """Frames wanted on each side: as many as are averaged."""
        return self.reach

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session; it keeps the ways that the next window takes again.

        Raises BadRecipe for frames that have no colour yet.
        """
        del runtime
        paths = motion.Paths(motion.Tolerance(occlusion=self.occlusion, light=self.light))

        def steady(frames: Frames) -> Frames:
            if frames.colour is None:
                raise BadRecipe("filters: stabilize needs colour; put colorize before it")
            between = paths.steps(frames, frames.colour.shape[2:])
            own = motion.interleaved(frames.colour)
            wanted = motion.inner(frames, shot, self.reach)
            means = motion.planar(motion.averaged(own, between, self.reach, wanted))
            return replace(frames, colour=frames.colour + np.float32(self.strength) * (means - frames.colour))

        return steady


Part = Stabilize
