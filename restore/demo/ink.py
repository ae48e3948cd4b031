"""Pen and paint of the demo cartoon: flat fills inside dark outlines, drawn at double size and scaled down."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Rgb = tuple[int, int, int]
Point = tuple[float, float]
Image = npt.NDArray[np.uint8]

INK: Rgb = (44, 32, 40)
_FINE = 4  # bits of sub-pixel position that cv2 takes


class Sheet:
    """A sheet of paper of width × height px; positions and widths are in its px, y downwards."""

    def __init__(self, width: int, height: int, paper: Rgb) -> None:
        self.width, self.height = width, height
        self._image: Image = np.full((height * 2, width * 2, 3), paper, np.uint8)

    def shape(self, points: Sequence[Point], fill: Rgb, line: float = 2.5) -> None:
        """A closed outline with a flat fill; `line` 0 leaves the outline out."""
        fine = np.round(np.asarray(points, np.float64) * 2 * (1 << _FINE)).astype(np.int32)
        cv2.fillPoly(self._image, [fine], fill, cv2.LINE_AA, _FINE)
        if line:
            cv2.polylines(self._image, [fine], True, INK, round(line * 2), cv2.LINE_AA, _FINE)

    def ellipse(self, centre: Point, radii: Point, fill: Rgb, tilt: float = 0.0, line: float = 2.5) -> None:
        """`tilt` in degrees, clockwise."""
        self.shape(oval(centre, radii, tilt), fill, line)

    def stroke(self, points: Sequence[Point], colour: Rgb, width: float) -> None:
        fine = np.round(np.asarray(points, np.float64) * 2 * (1 << _FINE)).astype(np.int32)
        cv2.polylines(self._image, [fine], False, colour, max(1, round(width * 2)), cv2.LINE_AA, _FINE)

    def limb(self, points: Sequence[Point], colour: Rgb, width: float) -> None:
        """An arm or a leg: a thick stroke with an outline."""
        self.stroke(points, INK, width + 4)
        self.stroke(points, colour, width)

    def picture(self) -> Image:
        """(height, width, 3) uint8 RGB."""
        size = (self.width, self.height)
        return np.asarray(cv2.resize(self._image, size, interpolation=cv2.INTER_AREA), np.uint8)


def oval(centre: Point, radii: Point, tilt: float = 0.0) -> list[Point]:
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x, y = radii[0] * np.cos(turn), radii[1] * np.sin(turn)
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    return [(float(a), float(b)) for a, b in zip(centre[0] + x * c - y * s, centre[1] + x * s + y * c, strict=True)]


def curve(*corners: Point, steps: int = 24) -> list[Point]:
    """A Bézier curve of any degree through the first and the last of `corners`."""
    t = np.linspace(0, 1, steps)[:, None, None]
    level = np.broadcast_to(np.asarray(corners, np.float64), (steps, len(corners), 2))
    while level.shape[1] > 1:
        level = level[:, :-1] * (1 - t) + level[:, 1:] * t
    return [(float(x), float(y)) for x, y in level[:, 0]]
