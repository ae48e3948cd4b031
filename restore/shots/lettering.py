"""Recognises title cards: lettering in lines on a plain ground, clean or worn, light on dark or dark on light."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Small = npt.NDArray[np.float32]

TALL = 180  # rows of the picture that is looked at
WIDEST = 480  # columns at most
SLOW = (48, 36)  # the ground's own light and shade is looked at so small,
WINDOW = 13  # through a median of so many px each way, in which letters are the fewer
CONTRAST = 30.0  # 8-bit code values between ground and letters at least
UNEVEN = 0.6  # of it, light and shade of the ground at most
GROUND = 0.60  # share of the picture that is ground
OTHER = 0.06  # share that is on the other side of the ground at most
INK = (0.002, 0.30)  # share that is lettering and ornament
THICK, SOLID = 11, 0.25  # px: lettering is thinner, but for such a share of it
TALLEST = 0.2  # of a letter or a word, share of the height
THINNEST = 5  # px of area: smaller is dirt
FRAME, CORNER = 0.55, 0.2  # shares of the sides: a box larger than that is a frame, corners are so large
LETTERS = 3  # at least, in lines


def size(height: int, width: int) -> tuple[int, int]:
    """(w, h) of the picture to look at."""
    return min(max(round(width * TALL / height), 60), WIDEST), TALL


def lettering(picture: Small) -> float:
    """How much of what lies on the ground is lettering in lines: share of its area, 0 when there is no plain ground.

    picture: (h, w) 8-bit code values, of `size`.
    """
    ink = _ink(np.asarray(cv2.medianBlur(picture, 3), np.float32))
    if ink is None:
        return 0.0
    solid = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((THICK, THICK), np.uint8))
    if solid.sum() > SOLID * ink.sum():
        return 0.0
    _, _, found, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    boxes = np.asarray(found[1:], np.float32)
    boxes = boxes[boxes[:, cv2.CC_STAT_AREA] >= THINNEST]
    rows, columns = ink.shape
    boxes = boxes[~_ornament(boxes, rows, columns)]
    within = _in_lines(boxes, rows)
    if int(within.sum()) < LETTERS:
        return 0.0
    area = boxes[:, cv2.CC_STAT_AREA]
    return float(area[within].sum() / area.sum())


def _ink(picture: Small) -> npt.NDArray[np.uint8] | None:
    """1 where something stands out from the ground; None when there is no plain ground."""
    tiny = cv2.resize(np.clip(picture, 0, 255).astype(np.uint8), SLOW, interpolation=cv2.INTER_AREA)
    shade = cv2.medianBlur(tiny, WINDOW)
    slow = cv2.resize(shade.astype(np.float32), picture.shape[::-1], interpolation=cv2.INTER_LINEAR)
    off = np.asarray(picture - slow, np.float32)
    low, high = np.percentile(off, (0.2, 99.8))
    contrast = float(max(high, -low))
    uneven = float(np.ptp(np.percentile(shade, (5, 95))))
    if contrast < CONTRAST or uneven > UNEVEN * contrast:
        return None
    above = off / np.float32(contrast if high >= -low else -contrast)
    if np.mean(np.abs(above) < 0.3) < GROUND or np.mean(above < -0.3) > OTHER:
        return None
    ink = (above > 0.5).astype(np.uint8)
    return ink if INK[0] <= ink.mean() <= INK[1] else None


def _ornament(boxes: npt.NDArray[np.float32], rows: int, columns: int) -> npt.NDArray[np.bool_]:
    """Which boxes are a frame around the card, or lie wholly in one of its corners."""
    left, top, wide, high = (boxes[:, i] for i in range(4))
    beside = (left + wide < CORNER * columns) | (left > (1 - CORNER) * columns)
    edge = (top + high < CORNER * rows) | (top > (1 - CORNER) * rows)
    around: npt.NDArray[np.bool_] = (wide > FRAME * columns) & (high > FRAME * rows)
    return around | (beside & edge)


def _in_lines(boxes: npt.NDArray[np.float32], rows: int) -> npt.NDArray[np.bool_]:
    """Which boxes stand in a line with another of like height, near it; letters that have run together are a line."""
    left, top, wide, high = (boxes[:, i] for i in range(4))
    small = (high <= TALLEST * rows) & (high >= 3)
    overlap = np.minimum.outer(top + high, top + high) - np.maximum.outer(top, top)
    lower, taller = np.minimum.outer(high, high), np.maximum.outer(high, high)
    apart = np.maximum.outer(left, left) - np.minimum.outer(left + wide, left + wide)
    beside = (overlap > 0.5 * lower) & (taller < 2.5 * lower) & (apart < 1.5 * taller)
    np.fill_diagonal(beside, False)
    within: npt.NDArray[np.bool_] = small & ((beside & small[None]).any(axis=1) | (wide > 2.5 * high))
    return within
