"""What is known of a frame's colours while they are carried, and how what several ways tell becomes one.

Planes of 320 × 180 px are gone through some fifty times a frame: where OpenCV does in one pass what NumPy does in
several, it does it here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore.guidance.doubt import LEAST, MOST, Float, texture
from restore.motion import Small


@dataclass(frozen=True)
class Known:
    """A frame's colours (h, w, 2), a*b*, and the doubt of each (h, w)."""

    ab: Float
    doubt: Float


@dataclass(frozen=True)
class Frame:
    """Light (h, w) of a frame, 8 bits, the same as float, and its texture."""

    light: Small
    tone: Float
    busy: Float


def framed(light: Small) -> Frame:
    """A frame from its light (h, w), 8 bits."""
    tone = light.astype(np.float32)
    return Frame(light, tone, texture(tone))


def held(doubt: Float) -> Float:
    """Doubt within its bounds."""
    return np.clip(doubt, np.float32(LEAST), np.float32(MOST))


def joined(told: Sequence[Known], shape: tuple[int, ...]) -> Known:
    """What several ways tell, each counted by its doubt to the power of −3: the surest nearly rules. They are no
    independent witnesses, and so the doubt is that of the surest."""
    if not told:
        return Known(np.zeros((*shape, 2), np.float32), np.full(shape, MOST, np.float32))
    ab, doubt, total = told[0].ab, told[0].doubt, _counted(told[0].doubt)
    for one in told[1:]:
        weight = _counted(one.doubt)
        total = total + weight
        share = weight / total
        ab = np.asarray(cv2.blendLinear(one.ab, ab, share, 1 - share), np.float32)
        doubt = np.minimum(doubt, one.doubt)
    return Known(ab, doubt)


def _counted(doubt: Float) -> Float:
    sure: Float = np.float32(1) / doubt
    made: Float = sure * sure * sure
    return made
