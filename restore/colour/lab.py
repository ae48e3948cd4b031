"""Colour as the eye sees it: CIE L*a*b* of R'G'B', and the Cb, Cr that give a wanted a*b* at the film's own luma.

One choice holds everywhere, in training, filters and metrics: R'G'B' is read as sRGB (IEC 61966-2-1: BT.709 primaries
and the piecewise sRGB curve), L*a*b* is CIE 1976 (CIE 15:2004, 8.2.1) against D65, 2° observer. That is what
scikit-image's `rgb2lab` and the colorization literature compute. BT.1886 would be
nearer to a broadcast monitor, but no published number uses it. Film tagged BT.2020 is treated the same way: the matrix
is its own, the primaries are taken for BT.709.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import cv2
import numpy as np

from restore.colour.codes import Float
from restore.colour.codes import luma as luma_of_codes
from restore.colour.ycbcr import limit_gamut, weights
from restore.contracts import Light

_XYZ = np.array(  # linear sRGB → XYZ, IEC 61966-2-1, (F.7)
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
# Relative to white: X/Xn, Y/Yn, Z/Zn. The white is the matrix's own, so that a* = b* = 0 is exactly R' = G' = B'.
RELATIVE_XYZ_OF_RGB = (_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_RGB_OF_RELATIVE_XYZ = np.linalg.inv(RELATIVE_XYZ_OF_RGB.astype(np.float64)).astype(np.float32)
LAB_OF_ROOTS = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], dtype=np.float32)
KNEE = 6.0 / 29.0  # of the CIE cube root
_STEPS = 2  # of the secant method
_STRIP = 8192  # px solved at a time: they stay in a core's cache, and are too few for BLAS to wake threads that spin
_NODES = 33  # of the table it starts from, along Y', a* and b* each
_REACH = 120.0  # of that table in a* and b*
_SLOPES = (30.0, 400.0)  # of L* against Y', plausible ones


def lightness_of_luma(luma: Float) -> Float:
    """CIE L*, 0 to 100, of a gray picture with R' = G' = B' = Y'; any shape. Y' is cut to [0, 1]."""
    value = np.clip(luma, 0, 1).astype(np.float64)
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    root = np.where(linear > KNEE**3, np.cbrt(linear), linear / (3 * KNEE**2) + 4.0 / 29.0)
    result: Float = (116 * root - 16).astype(np.float32)
    return result


@lru_cache(maxsize=8)
def lightness_table(depth: int, full_range: bool) -> Float:
    """CIE L* (0 to 100) of each code value of a gray picture, (2^depth,) float32; read-only.

    Gray R'G'B' = Y' is decoded by the sRGB curve (IEC 61966-2-1), so L* here is the L* that `rgb_to_lab` gives
    the gray picture. Codes beyond black and white count as black and white.
    """
    table = lightness_of_luma(luma_of_codes(np.arange(1 << depth, dtype=np.uint16), depth, full_range))
    table.setflags(write=False)
    return table


def lightness(light: Light, depth: int, full_range: bool) -> Float:
    """CIE L*, 0 to 100, of a gray picture given as code values; any shape, float32 of the same shape."""
    return lightness_table(depth, full_range)[light]


def rgb_to_lab(rgb: Float) -> Float:
    """R'G'B' (H, W, 3) float32 in [0, 1] as L*a*b* (H, W, 3) float32: L* 0..100, a* and b* about −110..110.

    Within 0.01 of scikit-image. (OpenCV's `COLOR_RGB2LAB` interpolates in a coarse table and is off by up to 0.5.)
    """
    above: Float = np.maximum(rgb, np.float32(0.04045))
    linear = (rgb - above) * np.float32(1 / 12.92)
    above += np.float32(0.055)
    above *= np.float32(1 / 1.055)
    cv2.log(above, above)
    above *= np.float32(2.4)
    linear += cv2.exp(above, above)
    relative: Float = np.asarray(cv2.transform(linear, RELATIVE_XYZ_OF_RGB), np.float32).reshape(rgb.shape)
    above = np.maximum(relative, np.float32(KNEE**3))
    relative -= above
    relative *= np.float32(1 / (3 * KNEE**2))
    relative += np.cbrt(above, out=above)
    return np.asarray(cv2.transform(relative, LAB_OF_ROOTS), dtype=np.float32).reshape(rgb.shape)


def lab_to_rgb(lab: Float) -> Float:
    """L*a*b* (H, W, 3) float32 as R'G'B' (H, W, 3) float32, each channel cut to [0, 1]."""
    lightness, a_star, b_star = np.ascontiguousarray(lab.reshape(-1, 3).T)[:, None]
    red, green, blue, _ = _gamma_rgb(lightness, a_star, b_star, "bt709")
    rgb: Float = np.clip(np.concatenate([red, green, blue]).T.reshape(lab.shape), 0, 1)
    return rgb


def cbcr_from_ab(ab: Float, luma: Float, matrix: str) -> Float:
    """The Cb, Cr that have this a*b* at this luma.

    ab (T, 2, h, w) float32, a* and b*; luma (T, h, w) float32 Y'; matrix: a name of `ycbcr.WEIGHTS`. Returns
    (T, 2, h, w) float32 in [−0.5, 0.5]. A colour that does not exist at that luma keeps its hue in Cb, Cr and loses
    chroma (`ycbcr.limit_gamut`).

    a*b* alone do not fix Cb, Cr: they need L*, and L* is not a function of luma once there is colour. So L* is solved
    for, from that of the gray pixel, by the secant method on Y'(L*, a*, b*) = Y', which rises with L* at fixed a*b*.
    It starts from a table. Over all sRGB colours on a grid of 1/32, the a*b* that come out are within 1 of those
    asked for (saturated blues), and within 0.1 for 999 of 1,000 colours.
    """
    frames, _, height, width = ab.shape
    wanted = np.clip(luma, 0, 1).reshape(frames, 1, -1)
    cbcr = np.empty((frames, 2, height * width), np.float32)
    kr, _, kb = weights(matrix)
    for t, start in itertools.product(range(frames), range(0, height * width, _STRIP)):
        strip = slice(start, start + _STRIP)
        a_star, b_star = ab[t].reshape(2, 1, -1)[:, :, strip]
        red, _, blue, got = _gamma_rgb(_solve(a_star, b_star, wanted[t, :, strip], matrix), a_star, b_star, matrix)
        np.multiply(blue - got, np.float32(1 / (2 * (1 - kb))), out=cbcr[t, 0:1, strip])
        np.multiply(red - got, np.float32(1 / (2 * (1 - kr))), out=cbcr[t, 1:2, strip])
    return limit_gamut(cbcr.reshape(frames, 2, height, width), luma, matrix)


def _solve(a_star: Float, b_star: Float, wanted: Float, matrix: str) -> Float:
    """L* (1, N) at which a*, b* (1, N) have the luma `wanted` (1, N), in [0, 1]."""
    table, slopes = _first_guess(matrix)
    place = np.rint(wanted * np.float32(_NODES - 1)).astype(np.int32)
    for axis in (a_star, b_star):
        node = np.rint(np.clip(axis, -_REACH, _REACH) * np.float32((_NODES - 1) / 2 / _REACH)).astype(np.int32)
        place = place * _NODES + (node + _NODES // 2)
    before, slope = table[place], slopes[place]
    error_before = _gamma_rgb(before, a_star, b_star, matrix)[3] - wanted
    for _ in range(_STEPS):
        now = np.clip(before - slope * error_before, 0, 100)
        error = _gamma_rgb(now, a_star, b_star, matrix)[3] - wanted
        moved = error - error_before
        np.divide(now - before, moved, out=slope, where=np.abs(moved) > 1e-5)
        np.clip(slope, *_SLOPES, out=slope)
        before, error_before = now, error
    found: Float = np.clip(before - slope * error_before, 0, 100)
    return found


@lru_cache(maxsize=8)
def _first_guess(matrix: str) -> tuple[Float, Float]:
    """L* at nodes of (Y', a*, b*), by bisection, and its slope against Y'; both flat, (_NODES^3,) float32."""
    luma = np.linspace(0, 1, _NODES, dtype=np.float32)
    chroma = np.linspace(-_REACH, _REACH, _NODES, dtype=np.float32)
    wanted, a_star, b_star = (axis.reshape(1, -1) for axis in np.meshgrid(luma, chroma, chroma, indexing="ij"))
    low, high = np.zeros_like(wanted), np.full_like(wanted, 100)
    for _ in range(16):
        middle: Float = (low + high) * np.float32(0.5)
        dark = _gamma_rgb(middle, a_star, b_star, matrix)[3] < wanted
        low, high = np.where(dark, middle, low), np.where(dark, high, middle)
    table: Float = (low + high).reshape(-1) * np.float32(0.5)
    rise = np.asarray(np.gradient(table.reshape(_NODES, -1), 1 / (_NODES - 1), axis=0), np.float32)
    return table, np.clip(rise, *_SLOPES).reshape(-1)


def _gamma_rgb(lightness: Float, a_star: Float, b_star: Float, matrix: str) -> tuple[Float, Float, Float, Float]:
    """R', G', B' and Y' of L*a*b*, all (1, N). Colours outside the gamut keep values below 0 and above 1.

    Both curves are a power above a knee and a line below it: power(max(x, knee)) + slope * (x - max(x, knee)).
    """
    root = np.concatenate([a_star * np.float32(1 / 500), np.zeros_like(a_star), b_star * np.float32(-1 / 200)])
    root += (lightness + np.float32(16)) * np.float32(1 / 116)
    above = np.maximum(root, np.float32(KNEE))
    root -= above
    root *= np.float32(3 * KNEE**2)
    root += above * above * above
    linear = _RGB_OF_RELATIVE_XYZ @ root
    size = np.abs(linear)
    above = np.maximum(size, np.float32(0.0031308))
    size -= above
    size *= np.float32(12.92)
    np.multiply(above, np.sqrt(np.sqrt(above)), out=above)
    np.cbrt(above, out=above)  # x^(5/12) = x^(1/2.4), three times as fast as `power`
    above *= np.float32(1.055)
    above -= np.float32(0.055)
    size += above
    coded = np.copysign(size, linear, out=size)
    luma = np.array([weights(matrix)], dtype=np.float32) @ coded
    return coded[0:1], coded[1:2], coded[2:3], luma
