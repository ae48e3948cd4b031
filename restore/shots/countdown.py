"""Recognises the leader that counts down: a cross through the middle of the picture and circles around it."""

from __future__ import annotations

import cv2
import numpy as np

from restore.shots.tint import Small

BESIDE = 4  # px at `lettering.TALL` rows: lines are thinner than this
FAINT = 2.5  # 8-bit code values that a line differs from what is beside it at least,
ALONG = 60  # % of its length
MIDDLE = 0.06  # share of the sides by which the cross may miss the middle
RADII = (0.2, 0.48)  # of a circle, shares of the height


def counts_down(picture: Small) -> bool:
    """Whether a frame is of a countdown. picture: (h, w) 8-bit code values, small as for `lettering.lettering`."""
    rows, columns = picture.shape
    down, across = _best(picture, _middle(rows)), _best(picture.T, _middle(columns))
    if min(down[0], across[0]) < FAINT:
        return False
    size, centre = (rows // 2, 120), (float(across[1]), float(down[1]))  # radii, angles
    around = cv2.warpPolar(picture, size, centre, rows / 2, cv2.WARP_POLAR_LINEAR)
    return _best(np.asarray(around, np.float32).T, slice(round(RADII[0] * rows), round(RADII[1] * rows)))[0] >= FAINT


def _middle(length: int) -> slice:
    return slice(round(length * (0.5 - MIDDLE)), round(length * (0.5 + MIDDLE)) + 1)


def _best(picture: Small, among: slice) -> tuple[float, int]:
    """How far the clearest line `among` the rows stands out from the rows beside it, along ALONG % of it."""
    rows = np.arange(*among.indices(len(picture)))
    above, below = picture[np.maximum(rows - BESIDE, 0)], picture[np.minimum(rows + BESIDE, len(picture) - 1)]
    here = picture[rows]
    rises = np.stack([here - np.maximum(above, below), np.minimum(above, below) - here])  # a light line, a dark line
    clear = np.percentile(rises, 100 - ALONG, axis=2).max(axis=0)
    return float(clear.max()), int(rows[clear.argmax()])
