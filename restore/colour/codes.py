"""The numbers on the film as light: code values of 8 to 16 bits, limited or full range, to 0..1 and back.

Equations: Rec. ITU-T H.273 (2021), section 8.3, (2) to (7): limited range puts black at 16 and white at 235 of 255,
chroma at 128 ± 112, scaled by 2^(depth − 8); full range uses every code.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restore.contracts import Light

Float = npt.NDArray[np.float32]
DEPTHS = range(8, 17)


def luma_scale(depth: int, full_range: bool) -> tuple[float, float]:
    """Code value of black, and code values from black to white. Raises ValueError for a depth outside 8 to 16."""
    if depth not in DEPTHS:
        raise ValueError(f"luma of {depth} bits: only 8 to 16 are known")
    if full_range:
        return 0.0, float((1 << depth) - 1)
    return float(16 << (depth - 8)), float(219 << (depth - 8))


def chroma_scale(depth: int, full_range: bool) -> tuple[float, float]:
    """Code value of no colour, and code values from Cb = −0.5 to 0.5. Raises ValueError as `luma_scale`."""
    _, steps = luma_scale(depth, full_range)
    return float(1 << (depth - 1)), steps if full_range else float(224 << (depth - 8))


def chroma_limits(depth: int, full_range: bool) -> tuple[int, int]:
    """Lowest and highest legal code of a chroma plane: 16..240 at 8 bits limited, 0..255 full."""
    return (0, (1 << depth) - 1) if full_range else (16 << (depth - 8), 240 << (depth - 8))


def luma(light: Light, depth: int, full_range: bool) -> Float:
    """Code values, any shape, as Y' of the same shape: 0 is black, 1 is white.

    Nothing is clipped: blacker than black comes out below 0, whiter than white above 1 (to about −0.07 and 1.09).
    """
    black, steps = luma_scale(depth, full_range)
    values = light.astype(np.float32)
    values -= np.float32(black)
    values *= np.float32(1.0 / steps)
    return values


def chroma(plane: Light, depth: int, full_range: bool) -> Float:
    """Code values of a chroma plane, any shape, as Cb or Cr in [−0.5, 0.5] (beyond it for illegal codes)."""
    zero, steps = chroma_scale(depth, full_range)
    values = plane.astype(np.float32)
    values -= np.float32(zero)
    values *= np.float32(1.0 / steps)
    return values


def chroma_codes(values: Float, depth: int, full_range: bool) -> Light:
    """Cb or Cr, any shape, as the nearest legal code values: uint8 at 8 bits, uint16 above. No colour is exact."""
    zero, steps = chroma_scale(depth, full_range)
    low, high = chroma_limits(depth, full_range)
    codes = values * np.float32(steps)
    codes += np.float32(zero + 0.5)  # + 0.5, then cut off below: rounding, as all codes are positive
    np.clip(codes, low, high, out=codes)
    return codes.astype(np.uint8) if depth == 8 else codes.astype(np.uint16)
