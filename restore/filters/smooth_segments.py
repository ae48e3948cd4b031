"""Gives every surface one colour: chroma is drawn towards the mean of the region that light's edges enclose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import Field

from restore import along, motion, segments
from restore.contracts import Colour, Frames
from restore.film import Shot
from restore.filters._along import AlongMotion, colour_of, enlarged
from restore.motion import Float, Small


class SmoothSegments(AlongMotion):
    """Settings of the filter `smooth_segments`: watershed on light, colour drawn to each surface's robust mean.

    Colour comes out at the size at which surfaces are found (longer side 320 px) where it was smaller, so that it ends
    where the surface ends. A surface of many colours is drawn less, but a drawn fill, which has one light, gets one
    colour whatever the network said. What is drawn is then averaged over three frames along motion, so that a surface
    that is found in this frame and not in the next does not pop.
    """

    version: ClassVar[int] = 3

    strength: float = Field(0.8, ge=0, le=1, description="0: colour as it came, 1: each surface's mean")
    tolerance: float = Field(0.02, gt=0, le=0.5, description="distance in Cb, Cr (−0.5 to 0.5) that is one colour")
    fills: float | None = Field(
        None,
        ge=0,
        le=1,
        description="how far a drawn fill gets one colour; none: as far as the picture is drawn in fills",
    )
    neighbours: bool = Field(True, description="whether the frames before and after are averaged with it")

    @property
    def context(self) -> int:
        """Frames wanted on each side."""
        return int(self.neighbours)

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session. Of a window it keeps the ways and surfaces that the next window asks for again.

        Raises BadRecipe for frames that have no colour yet.
        """
        paths = self.paths(runtime)
        kept: dict[int, Colour] = {}

        def smooth(frames: Frames) -> Frames:
            given = colour_of(frames, "smooth_segments")
            for t in [t for t in kept if t < frames.start]:
                del kept[t]
            for t, (light, colour) in enumerate(zip(frames.light, given, strict=True), frames.start):
                if t not in kept:
                    kept[t] = self._drawn(motion.small(light, frames.depth), colour)
            drawn = [kept[t] for t in range(frames.start, frames.stop)]
            made = np.stack(drawn)
            if self.neighbours:
                between = paths.steps(frames, made.shape[2:])
                for t in range(*motion.inner(frames, shot, 1)):
                    before, after = along.beside(drawn, between, t)
                    made[t] += before + after
                    made[t] *= np.float32(1 / 3)
            return replace(frames, colour=made)

        return smooth

    def _drawn(self, light: Small, colour: Colour) -> Colour:
        """One frame's colour (2, h, w) without the share that it gives up, and with what its surfaces put there."""
        labels = segments.surfaces_of(light)
        means, trust = self._colours(labels, light, along.merged(list(colour)))
        own = enlarged(colour, light.shape)
        if own.shape[1:] != labels.shape:  # OpenCV drops a side of one
            labels = np.asarray(cv2.resize(labels, own.shape[:0:-1], interpolation=cv2.INTER_NEAREST), np.int32)
            labels = labels.reshape(own.shape[1:])
        pull = np.float32(self.strength) * trust
        share = np.take(pull, labels, mode="clip")  # all are within; the mode spares the check
        made: Colour = own - own * share
        for plane, mean in zip(made, means.T, strict=True):
            plane += np.take(pull * mean, labels, mode="clip")
        return made

    def _colours(self, labels: segments.Labels, light: Small, colour: Float) -> tuple[Float, Float]:
        """Each surface's Cb, Cr (N, 2) and the share (N,) of it that is drawn there; `colour` is (h, w, 2)."""
        found = segments.coloured(labels, colour, self.tolerance)
        fills, drawn = segments.filled(labels, light)
        fills *= np.float32(drawn if self.fills is None else self.fills)
        if not fills.any():
            return found.means, found.trust
        whole = segments.coloured(labels, colour, segments.FILL_TOLERANCE)
        means = found.means + fills[:, None] * (whole.means - found.means)
        return means, np.maximum(found.trust, fills)


Part = SmoothSegments
