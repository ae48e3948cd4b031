"""How alike frames of old film are: two views of each, one of its masses and one of its outlines, as unit vectors.

The product of two such vectors is a correlation: 1 for the same picture at any exposure, about 0 for two scenes. Masses
hold in blurred film and where outlines shift with the gate; outlines hold where light flickers in one corner only. Each
outline counts by its strength among its neighbours, so that a person in front of a loud wall is not lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Light

Small = npt.NDArray[np.float32]

WIDTH, HEIGHT = 64, 48
OUTLINE = 3.0  # sigma in proxy pixels of what is taken off to leave the outlines
AROUND = 4.0  # sigma in proxy pixels of the surroundings whose outlines are made equally strong
FAINTEST = 1.0  # 8-bit code values: a picture with less contrast than this is not stretched to a whole unit
EVEN = 0.02  # the same for outlines made equally strong, which are about 0.5
DIRT = 3.0  # 8-bit code values: outlines fainter than this are not made as strong as others


@dataclass(frozen=True)
class Look:
    """One frame, small. `small` (48, 64) in 8-bit code values, mean taken off, dust removed; `views` (2, 768) of unit
    length, masses and outlines; `outlines` (768,) in 8-bit code values."""

    small: Small
    views: Small
    outlines: Small


def look(light: Light, depth: int) -> Look:
    """light (H, W) uint8 or uint16 of `depth` bits → its look."""
    apart = max(1, min(light.shape[0] // (4 * HEIGHT), light.shape[1] // (4 * WIDTH)))
    thinned = light[::apart, ::apart]  # at least 4×4 samples for one of the proxy: they suffice
    tiny = cv2.resize(thinned.copy(), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    calm = cv2.medianBlur(tiny.astype(np.uint16), 5)  # of bytes it takes OpenCV thirty times as long
    small = calm.astype(np.float32) * np.float32(2.0 ** (8 - depth))
    small -= small.mean()
    lines = small - cv2.GaussianBlur(small, (0, 0), OUTLINE)
    around = np.sqrt(cv2.GaussianBlur(np.square(lines), (0, 0), AROUND))
    even = _unit(_quarter(lines / (around + np.float32(DIRT))), EVEN)
    return Look(small, np.stack((_unit(_quarter(small), FAINTEST), even)), _quarter(lines))


def _quarter(picture: Small) -> Small:
    flat = np.asarray(cv2.resize(picture, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA), np.float32).ravel()
    return np.asarray(flat - flat.mean(), np.float32)


def _unit(flat: Small, least: float) -> Small:
    """Of length 1; shorter where its contrast is below `least`."""
    return flat / np.float32(max(float(np.linalg.norm(flat)), least * flat.size**0.5))
