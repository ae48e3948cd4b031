"""What is known of a frame's colours while they are carried, and how what several ways tell becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from restore.guidance.doubt import LEAST, MOST, Float, texture
from restore.motion import Small

POWER = np.float32(3.0)
"""Colours that several ways tell of one place count by doubt to this power, reversed: the surest nearly rules."""


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
    """What several ways tell: the surest nearly rules. They are no independent witnesses, and so the doubt is that of
    the surest."""
    if not told:
        return Known(np.zeros((*shape, 2), np.float32), np.full(shape, MOST, np.float32))
    if len(told) == 1:
        return told[0]
    weights = [one.doubt**-POWER for one in told]
    total = sum(weights)
    ab = sum(one.ab * (weight / total)[..., None] for one, weight in zip(told, weights, strict=True))
    least = np.minimum.reduce([one.doubt for one in told])
    return Known(np.asarray(ab, np.float32), least)
