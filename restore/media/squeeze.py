"""From the film's own planes to those that an encoder wants: fewer bits, limited range, smaller chroma, padded sides.

Arithmetic only. Nothing here touches a master that holds luma bit for bit: its planes pass as they are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[Any]
"""(h, w) uint8, or uint16 with the code values in the low bits."""


@lru_cache(maxsize=16)
def table(depth: int, full: bool, to_depth: int, to_full: bool, is_chroma: bool) -> Plane | None:
    """New code value of every old one, rounded half up; None where nothing changes.

    Scales after ITU-R BT.709-6 (3.4, 3.5) and BT.2100-2 (table 9): limited range has luma black at 16 and white at
    235, chroma spans 224 codes around 128, all times 2^(depth-8); full range spans 0 to 2^depth - 1 for both.
    """
    if (depth, full) == (to_depth, to_full):
        return None
    code = np.arange(1 << depth, dtype=np.float64)
    if is_chroma:
        old_zero, new_zero = float(1 << (depth - 1)), float(1 << (to_depth - 1))
    else:
        old_zero, new_zero = _black(depth, full), _black(to_depth, to_full)
    ratio = _span(to_depth, to_full, is_chroma) / _span(depth, full, is_chroma)
    new = np.floor((code - old_zero) * ratio + new_zero + 0.5)
    made = np.clip(new, 0, (1 << to_depth) - 1).astype(np.uint8 if to_depth == 8 else np.uint16)
    made.flags.writeable = False  # shared by all callers
    return made


def _black(depth: int, full: bool) -> float:
    return 0.0 if full else 16.0 * float(1 << (depth - 8))


def _span(depth: int, full: bool, is_chroma: bool) -> float:
    """Code values between black and white, or between the extremes of chroma."""
    if full:
        return float((1 << depth) - 1)
    return (224.0 if is_chroma else 219.0) * float(1 << (depth - 8))


def translate(values: Plane, codes: Plane | None) -> Plane:
    """`values` through a `table`; code values beyond it, which only a damaged film has, count as its last one."""
    return values if codes is None else np.take(codes, values, mode="clip")


def halve_across(chroma: Plane) -> Plane:
    """4:4:4 → 4:2:2: every second column, weighed 1 2 1 with its neighbours; samples stay on the left luma column."""
    wide = np.pad(chroma, ((0, 0), (1, 1)), mode="edge").astype(np.uint32)
    mixed = wide[:, 0:-2:2] + 2 * wide[:, 1:-1:2] + wide[:, 2::2]
    return ((mixed + 2) >> 2).astype(chroma.dtype)


def halve_down(chroma: Plane, interlaced: bool) -> Plane:
    """4:2:2 → 4:2:0: pairs of lines averaged; where fields are two moments, pairs of lines of the same field.

    A field's 4:2:0 lines lie a quarter of the way between its lines, above for the top and below for the bottom field
    (ITU-T H.264, figure 6-2), hence the weights 3:1 and 1:3.
    """
    if not interlaced:
        tall = _even(chroma, 2)
        return ((tall[0::2] + tall[1::2] + 1) >> 1).astype(chroma.dtype)
    tall = _even(chroma, 4)
    made = np.empty((tall.shape[0] // 2, tall.shape[1]), dtype=chroma.dtype)
    made[0::2] = (3 * tall[0::4] + tall[2::4] + 2) >> 2
    made[1::2] = (tall[1::4] + 3 * tall[3::4] + 2) >> 2
    return made


def _even(plane: Plane, multiple: int) -> Plane:
    """With the last line repeated up to a multiple of lines; 32-bit, so that sums fit."""
    return np.pad(plane, ((0, -plane.shape[0] % multiple), (0, 0)), mode="edge").astype(np.uint32)


def lay(values: Plane, into: Plane) -> None:
    """Write `values` into the top left of a plane at least as large and repeat its last column and row to the edges."""
    height, width = (min(have, room) for have, room in zip(values.shape, into.shape, strict=True))
    into[:height, :width] = values[:height, :width]
    into[:height, width:] = values[:height, width - 1 : width]
    into[height:] = into[height - 1]
