"""Takes specks out of colour: each place is held by its like, in the frames before and after and in the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from restore import along, motion
from restore.contracts import Colour, Frames
from restore.film import Shot
from restore.filters._along import AlongMotion, colour_of, enlarged
from restore.motion import Small, Step

AROUND = ((-1, -1), (1, 1), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, 1), (1, -1))
"""The eight places around one, down and right."""
STEPS = 8192
"""Whole numbers to a unit of Cb and Cr while places are compared: 37 to an 8-bit code value, and half the memory."""
AWAY = np.int16(2 * STEPS)
"""Added to, or taken from, colours that have no say: beyond any Cb and Cr from −1 to 1."""
Whole = npt.NDArray[np.int16]


class Median(AlongMotion):
    """Settings of the filter `median`: of chroma only, Cb and Cr each for itself.

    In time, the middle of 3 or 5 frames along motion; where motion cannot be followed, a frame's own colour stands in
    for the one that is missing. Then in the picture: the median of a place's own colour, counted three times, and
    those of the eight places around it whose light is like its own, so that what lies beyond an outline has no say
    (a centre-weighted median: Ko and Lee 1991, IEEE Trans. Circuits and Systems 38). For that, colour that is smaller
    than the light in which surfaces are found (longer side 320 px) is brought to its size.
    """

    frames: Literal[1, 3, 5] = Field(3, description="frames in time; 1: none but its own")
    apart: int = Field(4, ge=0, le=12, description="px of a picture 320 wide to the places around; 0: none are asked")
    alike: float = Field(0.04, gt=0, le=1, description="difference of light that is still the same thing beside it")

    @property
    def context(self) -> int:
        """Frames wanted on each side."""
        return self.frames // 2

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session; it keeps the ways that the next window takes again.

        Raises BadRecipe for frames that have no colour yet.
        """
        del shot
        paths = self.paths(runtime)

        def middle(frames: Frames) -> Frames:
            colour = colour_of(frames, "median")
            if self.frames > 1:
                colour = self._in_time(colour, paths.steps(frames, colour.shape[2:]))
            if self.apart:
                lights = [motion.small(light, frames.depth) for light in frames.light]
                colour = np.stack([self._in_picture(*each) for each in zip(colour, lights, strict=True)])
            return replace(frames, colour=colour)

        return middle

    def _in_time(self, colour: Colour, between: Sequence[Step]) -> Colour:
        near = along.neighbours(list(colour), between)
        if self.frames == 3:
            return np.stack([middle_of_3(mine, *sides) for mine, sides in zip(colour, near, strict=True)])
        # Two frames away: what the neighbours see one frame away, fetched as theirs.
        before = along.neighbours([sides[0] for sides in near], between)
        after = along.neighbours([sides[1] for sides in near], between)
        made = []
        for t, mine in enumerate(colour):
            far = before[t][0] if t > 0 else mine, after[t][1] if t < len(colour) - 1 else mine
            made.append(middle_of_5(mine, *near[t], *far))
        return np.stack(made)

    def _in_picture(self, colour: Colour, light: Small) -> Colour:
        """(2, h, w) of one frame from its colour and its light, both of any size."""
        own = enlarged(colour, light.shape)
        rows, columns = own.shape[1:]
        light = cv2.medianBlur(cv2.resize(light, (columns, rows)).reshape(rows, columns), 3)  # type: ignore[assignment]
        step = max(1, round(self.apart * max(rows, columns) / motion.LONGEST))
        whole = np.asarray(np.round(np.clip(own, -1, 1) * STEPS), np.int16)
        planes = [_wider(plane, step) for plane in (light, *whole)]
        least, greatest = held_by(self._around(light, planes[0], planes[1:], step))
        return np.clip(own, least * np.float32(1 / STEPS), greatest * np.float32(1 / STEPS))

    def _around(self, light: Small, wide: Small, planes: Sequence[Whole], step: int) -> list[Whole]:
        """Colours (2, h, w) of the eight places, those with other light moved `AWAY`, up and down in turns."""
        rows, columns = light.shape
        made, turn = [], np.full(light.shape, AWAY)
        for down, right in AROUND:
            top, left = step * (1 + down), step * (1 + right)
            there = np.s_[top : top + rows, left : left + columns]
            absent = turn * (cv2.absdiff(light, wide[there]) > 255 * self.alike)
            turn -= absent
            turn -= absent
            made.append(np.stack([plane[there] + absent for plane in planes]))
        return made


def _wider(plane: Any, step: int) -> Any:
    """A plane (h, w) with `step` px more on every side, edges repeated."""
    return cv2.copyMakeBorder(plane, step, step, step, step, cv2.BORDER_REPLICATE)


def held_by(around: Sequence[Whole]) -> tuple[Whole, Whole]:
    """The third least and the third greatest of eight arrays, which are used up. A colour brought between them is the
    median of the eight and of itself three times.

    By minima and maxima: Batcher's network for eight, but for what only the other six depend on.
    """
    low, high = np.minimum, np.maximum
    a, spare = list(around), np.empty_like(around[0])
    for i, j in ((0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (1, 2), (5, 6), (1, 5), (2, 6)):
        low(a[i], a[j], out=spare)
        high(a[i], a[j], out=a[j])
        a[i], spare = spare, a[i]
    return high(a[1], low(a[2], high(a[0], a[4]))), low(a[6], high(a[5], low(a[3], a[7])))


def middle_of_3(a: Colour, b: Colour, c: Colour) -> Colour:
    """Median of three arrays, element by element, by minima and maxima."""
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


def middle_of_5(a: Colour, b: Colour, c: Colour, d: Colour, e: Colour) -> Colour:
    """Median of five: the least and the greatest of two pairs cannot be it, the middle of the other three is."""
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return middle_of_3(low, high, e)


Part = Median
