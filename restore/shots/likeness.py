"""How alike frames of old film are: two views of each, one of its masses and one of its outlines, as unit vectors.

The product of two such vectors is a correlation: 1 for the same picture at any exposure, about 0 for two scenes. Masses
hold in blurred film and where outlines shift with the gate; outlines hold where light flickers in one corner only.
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
FAINTEST = 1.0  # 8-bit code values: a view with less contrast than this is not stretched to a whole unit


@dataclass(frozen=True)
class Look:
    """One frame, small. `small` (48, 64) in 8-bit code values, mean taken off, dust removed; `view` (1536,) of unit
    length, masses first, then outlines; `outlines` (768,) in 8-bit code values."""

    small: Small
    view: Small
    outlines: Small


def look(light: Light, depth: int) -> Look:
    """light (H, W) uint8 or uint16 of `depth` bits → its look."""
    apart = max(1, min(light.shape[0] // (4 * HEIGHT), light.shape[1] // (4 * WIDTH)))
    thinned = light[::apart, ::apart]  # at least 4×4 samples for one of the proxy: they suffice
    tiny = cv2.resize(thinned.copy(), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    small = cv2.medianBlur(tiny, 5).astype(np.float32) * np.float32(2.0 ** (8 - depth))
    small -= small.mean()
    outlines = _quarter(small - cv2.GaussianBlur(small, (0, 0), OUTLINE))
    view = np.concatenate((_unit(_quarter(small)), _unit(outlines))) * np.float32(0.5**0.5)
    return Look(small, view, outlines)


def _quarter(picture: Small) -> Small:
    flat = np.asarray(cv2.resize(picture, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA), np.float32).ravel()
    return np.asarray(flat - flat.mean(), np.float32)


def _unit(flat: Small) -> Small:
    return flat / np.float32(max(float(np.linalg.norm(flat)), FAINTEST * flat.size**0.5))
