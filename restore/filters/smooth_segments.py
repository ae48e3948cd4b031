"""Gives every surface one colour: chroma is drawn towards the mean of the region that light's edges enclose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from restore import motion, segments
from restore.contracts import Frames
from restore.errors import BadRecipe
from restore.film import Shot
from restore.motion import Float, Small


class SmoothSegments(BaseModel):
    """Settings of the filter `smooth_segments`: watershed on light, colour drawn to each surface's robust mean.

    Colour comes out at the size at which surfaces are found (longer side 320 px) where it was smaller, so that it ends
    where the surface ends. What surfaces say is averaged along motion, so that one that is found in this frame and not
    in the next does not pop. A surface of many colours is drawn less. Light is not touched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 1

    strength: float = Field(0.8, ge=0, le=1, description="0: colour as it came, 1: each surface's mean")
    tolerance: float = Field(0.02, gt=0, le=0.5, description="distance in Cb, Cr (−0.5 to 0.5) that is one colour")
    reach: int = Field(1, ge=0, le=4, description="frames before and after whose surfaces have a say")
    occlusion: float = Field(1.0, gt=0, le=20, description="px of a picture 320 wide that motion may miss by")
    light: float = Field(0.05, gt=0, le=1, description="difference of light that is still the same thing, 1 = white")

    @property
    def context(self) -> int:
        """Frames wanted on each side: those that have a say."""
        return self.reach

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session. Of a window it keeps the ways and surfaces that the next window asks for again.

        Raises BadRecipe for frames that have no colour yet.
        """
        del runtime
        paths = motion.Paths(motion.Tolerance(occlusion=self.occlusion, light=self.light))
        kept: dict[int, Float] = {}

        def smooth(frames: Frames) -> Frames:
            if frames.colour is None:
                raise BadRecipe("filters: smooth_segments needs colour; put colorize before it")
            lights = paths.lights(frames)
            small = motion.interleaved(frames.colour)
            own = [_enlarged(colour, lights[0].shape) for colour in small]
            for t in [t for t in kept if t < frames.start]:
                del kept[t]
            for t, light in enumerate(lights, frames.start):
                if t not in kept:
                    kept[t] = self._said(light, small[t - frames.start], own[0].shape[:2])
            said = [kept[t] for t in range(frames.start, frames.stop)]
            if self.reach:
                between = paths.steps(frames, own[0].shape[:2])
                said = motion.averaged(said, between, self.reach, motion.inner(frames, shot, self.reach))
            colour = np.stack([_drawn(mine, say) for mine, say in zip(own, said, strict=True)])
            return replace(frames, colour=colour)

        return smooth

    def _said(self, light: Small, colour: Float, size: tuple[int, ...]) -> Float:
        """(*size, 3): the part of its surface's colour that each sample takes, then how large that part is, 0..1."""
        found = segments.coloured(segments.surfaces_of(light), colour, self.tolerance)
        pull = np.float32(self.strength) * found.trust[:, None]
        table = np.hstack([pull * found.means, pull])
        labels = found.labels
        if labels.shape != size:
            labels = np.asarray(cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST), np.int32)
            labels = labels.reshape(size)  # OpenCV drops a side of one
        return np.take(table, labels, axis=0)


def _drawn(colour: Float, said: Float) -> Float:
    """(2, h, w): colour (h, w, 2) without the share that is given up, and with what stands for it."""
    *shares, pull = cv2.split(said)
    kept = 1 - pull
    return np.stack([cv2.multiply(plane, kept) + share for plane, share in zip(cv2.split(colour), shares, strict=True)])


def _enlarged(colour: Float, size: tuple[int, ...]) -> Float:
    """Colour (h, w, 2) at `size`, or as it is where it is larger."""
    if colour.shape[0] >= size[0] or colour.shape[1] >= size[1]:
        return colour
    return np.asarray(cv2.resize(colour, (size[1], size[0]), interpolation=cv2.INTER_CUBIC), np.float32)


Part = SmoothSegments
