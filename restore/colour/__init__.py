"""Light and colour: what the film's luma means, and how made colour is laid over it without touching it.

Working values are float32: Y' and R'G'B' in [0, 1] with 0 black and 1 white (luma may lie outside, as film has blacker
than black), Cb and Cr in [−0.5, 0.5], CIE L* 0 to 100, a* and b* about −110 to 110, white D65.
"""

from restore.colour.codes import chroma, chroma_codes, chroma_limits, luma
from restore.colour.lab import (
    cbcr_from_ab,
    lab_to_rgb,
    lightness,
    lightness_of_luma,
    lightness_table,
    rgb_to_lab,
)
from restore.colour.planes import chroma_planes, gray_rgb, to_rgb
from restore.colour.resample import resampled
from restore.colour.ycbcr import WEIGHTS, from_rgb, limit_gamut

__all__ = [
    "WEIGHTS",
    "cbcr_from_ab",
    "chroma",
    "chroma_codes",
    "chroma_limits",
    "chroma_planes",
    "from_rgb",
    "gray_rgb",
    "lab_to_rgb",
    "lightness",
    "lightness_of_luma",
    "lightness_table",
    "limit_gamut",
    "luma",
    "resampled",
    "rgb_to_lab",
    "to_rgb",
]
