"""Takes specks out of colour: medians over neighbouring places, and over the same things in neighbouring frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from restore import motion
from restore.contracts import Colour, Frames
from restore.errors import BadRecipe
from restore.film import Shot
from restore.motion import Float, Step


class Median(BaseModel):
    """Settings of the filter `median`: of chroma only, Cb and Cr each for itself.

    In time, the middle of 3 or 5 frames along motion; where motion cannot be followed, a frame's own colour stands in
    for the one that is missing. In the picture, the middle of 3 × 3 or 5 × 5 colour samples. Time comes first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 1

    frames: Literal[1, 3, 5] = Field(3, description="frames in time; 1: none but its own")
    size: Literal[1, 3, 5] = Field(1, description="samples of colour across and down; 1: none but its own")
    occlusion: float = Field(1.0, gt=0, le=20, description="px of a picture 320 wide that motion may miss by")
    light: float = Field(0.05, gt=0, le=1, description="difference of light that is still the same thing, 1 = white")

    @property
    def context(self) -> int:
        """Frames wanted on each side."""
        return self.frames // 2

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session; it keeps the ways that the next window takes again.

        Raises BadRecipe for frames that have no colour yet.
        """
        del shot, runtime
        paths = motion.Paths(motion.Tolerance(occlusion=self.occlusion, light=self.light))

        def middle(frames: Frames) -> Frames:
            if frames.colour is None:
                raise BadRecipe("filters: median needs colour; put colorize before it")
            colour = self._in_time(frames, paths) if self.frames > 1 else frames.colour
            return replace(frames, colour=self._in_picture(colour) if self.size > 1 else colour)

        return middle

    def _in_time(self, frames: Frames, paths: motion.Paths) -> Colour:
        assert frames.colour is not None
        between = paths.steps(frames, frames.colour.shape[2:])
        own = motion.interleaved(frames.colour)
        near = neighbours(own, between)
        if self.frames == 3:
            return motion.planar([middle_of_3(mine, *sides) for mine, sides in zip(own, near, strict=True)])
        # Two frames away: what the neighbours see one frame away, fetched as theirs.
        before = neighbours([sides[0] for sides in near], between)
        after = neighbours([sides[1] for sides in near], between)
        made = []
        for t, mine in enumerate(own):
            far = before[t][0] if t > 0 else mine, after[t][1] if t < len(own) - 1 else mine
            made.append(middle_of_5(mine, *near[t], *far))
        return motion.planar(made)

    def _in_picture(self, colour: Colour) -> Colour:
        return np.stack([np.stack([cv2.medianBlur(plane, self.size) for plane in frame]) for frame in colour])


def neighbours(planes: Sequence[Float], between: Sequence[Step]) -> list[tuple[Float, Float]]:
    """For each frame the planes (h, w, C) of the frame before and after, fetched along motion; own where untrusted."""
    near = []
    for t, mine in enumerate(planes):
        before = after = mine
        if t > 0:
            way = between[t - 1][1]
            before = mine + way.trust[..., None] * (way.fetch(planes[t - 1]) - mine)
        if t < len(planes) - 1:
            way = between[t][0]
            after = mine + way.trust[..., None] * (way.fetch(planes[t + 1]) - mine)
        near.append((before, after))
    return near


def middle_of_3(a: Float, b: Float, c: Float) -> Float:
    """Median of three arrays, element by element, by minima and maxima."""
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


def middle_of_5(a: Float, b: Float, c: Float, d: Float, e: Float) -> Float:
    """Median of five: the least and the greatest of two pairs cannot be it, the middle of the other three is."""
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return middle_of_3(low, high, e)


Part = Median
