"""A transparent sheet over one frame, on which dots, strokes and masks are drawn in the colours that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from restore.contracts import Painted
from restore.errors import BadInput
from restore.film import VideoStream
from restore.guidance.combined import APART
from restore.guidance.proxies import Float

LONGEST = 1024
"""Longer side of a painted frame, px: as fine as the chroma of most films, and no frame takes more than 12 MB."""

USUAL = 0.01
"""Radius of a dot that has none, as a share of the picture's width."""

_FINE = 4  # bits of sub-pixel position that cv2 takes


@dataclass(frozen=True)
class Ink:
    """A wanted colour, how much it counts, and what asked for it."""

    a_star: float
    b_star: float
    confidence: float
    name: str


def upright_size(video: VideoStream) -> tuple[int, int]:
    """Width and height of the picture as it is shown, px, before pixel aspect."""
    sideways = round(video.rotation / 90) % 2
    return (video.height, video.width) if sideways else (video.width, video.height)


def turns(video: VideoStream) -> int:
    """Quarter turns clockwise by which a player shows the picture."""
    return round(video.rotation / 90) % 4


def small_size(width: int, height: int) -> tuple[int, int]:
    """Rows and columns at which a painted frame of this size is kept."""
    factor = min(1.0, LONGEST / max(width, height))
    return max(1, round(height * factor)), max(1, round(width * factor))


class Sheet:
    """Drawn on as the picture is shown; `painted` turns it to how the picture is stored."""

    def __init__(self, video: VideoStream) -> None:
        self._video = video
        self._size, self._turns = upright_size(video), turns(video)
        self.shape = small_size(*self._size)
        self._planes = np.zeros((3, *self.shape), np.float32)
        self._owner = np.full(self.shape, -1, np.int32)
        self._names: list[str] = []

    def places(self, points: Sequence[tuple[float, float]], unit: str, where: str) -> list[tuple[float, float]]:
        """Points (x, y) of the picture in px of the sheet. Raises BadInput for one outside the picture."""
        across, down = (1.0, 1.0) if unit == "fraction" else self._size
        rows, columns = self.shape
        for x, y in points:
            if not (0 <= x <= across and 0 <= y <= down):
                limits = f"0 to {across:g} across and 0 to {down:g} down"
                raise BadInput(f"{where}: [{x:g}, {y:g}] is outside the picture, which goes from {limits} ({unit})")
        return [(x / across * columns - 0.5, y / down * rows - 0.5) for x, y in points]

    def width(self, radius: float | None, unit: str) -> float:
        """Half the width of a mark in px of the sheet, at least half a px."""
        scale = self.shape[1] if unit == "fraction" or radius is None else self.shape[1] / self._size[0]
        return max(0.5, (USUAL if radius is None else radius) * scale)

    def draw(self, points: Sequence[tuple[float, float]], radius: float, ink: Ink) -> str:
        """A dot, or a stroke through several points. Returns the name of what it contradicts, or nothing."""
        rows, columns = self.shape
        radius = min(radius, float(max(rows, columns)))
        xs, ys = zip(*points, strict=True)
        left, top = (max(0, int(min(side) - radius) - 1) for side in (xs, ys))
        right = min(columns, int(max(xs) + radius) + 2)
        below = min(rows, int(max(ys) + radius) + 2)
        mask = np.zeros((below - top, right - left), np.uint8)
        fine = [(round((x - left) * (1 << _FINE)), round((y - top) * (1 << _FINE))) for x, y in points]
        for one, other in pairwise(fine):
            cv2.line(mask, one, other, 255, max(1, round(2 * radius)), cv2.LINE_8, _FINE)
        for point in fine:
            cv2.circle(mask, point, max(1, round(radius * (1 << _FINE))), 255, -1, cv2.LINE_8, _FINE)
        return self.fill(mask > 0, ink, (top, left))

    def fill(self, mask: np.ndarray, ink: Ink, at: tuple[int, int] = (0, 0)) -> str:
        """Where `mask` (h, w) bool says, `at` (row, column) of the sheet: flat colour. Returns as `draw` does."""
        colours = np.empty((2, *mask.shape), np.float32)
        colours[0], colours[1] = ink.a_star, ink.b_star
        return self.lay(mask, colours, ink, at)

    def lay(self, mask: np.ndarray, colours: Float, ink: Ink, at: tuple[int, int] = (0, 0)) -> str:
        """As `fill`, with a colour of its own for each pixel: colours (2, h, w) a*b*."""
        part = np.s_[at[0] : at[0] + mask.shape[0], at[1] : at[1] + mask.shape[1]]
        planes, owner = self._planes[:, part[0], part[1]], self._owner[part]
        against = mask & (planes[2] > 0) & (np.hypot(*(planes[:2] - colours)) > APART)
        counted = np.bincount(owner[against]) if against.any() else np.zeros(1, np.int64)
        named = self._names[int(counted.argmax())] if counted.any() else ""
        taken = mask & (planes[2] <= ink.confidence)
        planes[:2] = np.where(taken, colours, planes[:2])
        planes[2][taken] = ink.confidence
        owner[taken] = len(self._names)
        self._names.append(ink.name)
        return named

    def blank(self) -> Sheet:
        """An empty sheet for the same film."""
        return Sheet(self._video)

    @property
    def covered(self) -> np.ndarray:
        """(h, w) bool: where something was drawn."""
        return np.asarray(self._planes[2] > 0)

    def painted(self, frame: int, source: str, *, named: bool = False) -> Painted:
        """What was drawn; `named`: each name is that of an object, which is to be known again elsewhere."""
        planes = np.ascontiguousarray(np.rot90(self._planes, self._turns, (1, 2)))
        if not named:
            return Painted(frame, planes[:2], planes[2], source)
        numbers = {name: min(number, 255) for number, name in enumerate(dict.fromkeys(self._names), start=1)}
        of_owner = np.array([*(numbers[name] for name in self._names), 0], np.uint8)  # owner −1 is the last: nobody
        return Painted(
            frame, planes[:2], planes[2], source, np.ascontiguousarray(np.rot90(of_owner[self._owner], self._turns))
        )
