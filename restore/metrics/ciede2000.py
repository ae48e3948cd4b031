"""How far each colour is from the true one as people see it: 1 is a difference one can just tell side by side."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from restore.colour.codes import Float
from restore.contracts import Array
from restore.metrics._kept import lab
from restore.metrics._mean import Everywhere, Mean

_STRIP = 16
"""Rows measured at a time: what a core's cache holds."""
_25_7 = np.float32(25.0**7)


class Ciede2000(Everywhere):
    """ΔE00, mean of pixels and frames; CIE 142:2001 with kL = kC = kH = 1; sRGB, D65, 2°.

    Formula and notation of Sharma, Wu and Dalal 2005; within 1e-3 of scikit-image's `deltaE_ciede2000`
    of the same L*a*b*, and 3e-3 of the same R'G'B'.
    """

    name: ClassVar[str] = "ciede2000"
    title: ClassVar[str] = "CIEDE2000"
    unit: ClassVar[str] = "ΔE00"
    better: ClassVar[Literal["lower"]] = "lower"
    in_run: ClassVar[int] = 4

    def begin(self) -> Mean:
        return Mean(self.name, _of_frame)


def _of_frame(restored: Array, truth: Array) -> float:
    ours, theirs, total = lab(restored), lab(truth), 0.0
    for top in range(0, len(truth), _STRIP):
        rows = slice(top, top + _STRIP)
        total += float(differences(ours[rows], theirs[rows]).sum(dtype=np.float64))
    return total * 3 / int(truth.size)


def differences(one: Float, other: Float) -> Float:
    """ΔE00 (H, W) float32 of two pictures in L*a*b*, (H, W, 3) float32.

    Hues are kept as directions (cosine and sine) in place of angles: half the angle's formulas then need no
    trigonometry, the mean hue is the sum of two directions, and a gray pixel, which has no hue, adds nothing to it.
    """
    light1, a1, b1 = (np.ascontiguousarray(one[..., k]) for k in range(3))
    light2, a2, b2 = (np.ascontiguousarray(other[..., k]) for k in range(3))
    stretch = np.float32(1.5) - np.float32(0.5) * _share((np.hypot(a1, b1) + np.hypot(a2, b2)) * np.float32(0.5))
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    chroma = (chroma1 + chroma2) * np.float32(0.5)
    hue = _hue_difference(chroma1 * chroma2, a1 * a2 + b1 * b2, a1 * b2 - a2 * b1)
    cosine, sine = _mean_hue((a1, b1, chroma1), (a2, b2, chroma2))
    middle = (light1 + light2) * np.float32(0.5) - 50
    middle *= middle
    by_light = (light2 - light1) / (1 + np.float32(0.015) * middle / np.sqrt(20 + middle))
    by_chroma = (chroma2 - chroma1) / (1 + np.float32(0.045) * chroma)
    by_hue = hue / (1 + np.float32(0.015) * chroma * _hue_weight(cosine, sine))
    turned = _rotation(cosine, sine, chroma)
    squares = by_light * by_light + by_chroma * by_chroma + by_hue * by_hue + turned * by_chroma * by_hue
    result: Float = np.sqrt(np.maximum(squares, 0))
    return result


def _hue_difference(product: Float, dot: Float, cross: Float) -> Float:
    """ΔH' = 2·√(C1'·C2')·sin(Δh'/2), from C1'·C2' and both products of the two directions.

    sin²(Δh/2) is (1 − cos Δh)/2, and sin²Δh / (2·(1 + cos Δh)): one loses its digits at like hues, the other at
    opposite ones.
    """
    alike = 2 * cross * cross / np.maximum(product + dot, np.float32(1e-12))
    hue: Float = np.copysign(np.sqrt(np.where(dot > 0, alike, 2 * (product - dot))), cross)
    return hue


def _share(chroma: Float) -> Float:
    """√(C⁷ / (C⁷ + 25⁷))"""
    cubed = chroma * chroma * chroma
    seventh = cubed * cubed * chroma
    result: Float = np.sqrt(seventh / (seventh + _25_7))
    return result


def _mean_hue(one: tuple[Float, Float, Float], other: tuple[Float, Float, Float]) -> tuple[Float, Float]:
    """Cosine and sine of the mean hue, from (a', b', C') each. Opposite hues have two means; one of them is taken."""
    tiny = np.float32(1e-9)
    (a1, b1, c1), (a2, b2, c2) = ((a, b, np.maximum(c, tiny)) for a, b, c in (one, other))
    aside = c2 * np.float32(1e-6)  # decides between the two means of opposite hues
    x, y = a1 * c2 + a2 * c1 - aside * b1, b1 * c2 + b2 * c1 + aside * a1
    length = np.maximum(np.sqrt(x * x + y * y), tiny)
    return x / length, y / length


def _hue_weight(cosine: Float, sine: Float) -> Float:
    """T = 1 − 0.17·cos(h − 30°) + 0.24·cos 2h + 0.32·cos(3h + 6°) − 0.20·cos(4h − 63°)."""
    cos2, sin2 = cosine * cosine - sine * sine, 2 * cosine * sine
    cos3, sin3 = cos2 * cosine - sin2 * sine, sin2 * cosine + cos2 * sine
    cos4, sin4 = cos2 * cos2 - sin2 * sin2, 2 * cos2 * sin2
    weight = 1 + np.float32(0.24) * cos2
    for size, degrees, cos, sin in ((-0.17, 30, cosine, sine), (0.32, -6, cos3, sin3), (-0.20, 63, cos4, sin4)):
        angle = np.radians(degrees)
        weight += np.float32(size * np.cos(angle)) * cos + np.float32(size * np.sin(angle)) * sin
    return weight


def _rotation(cosine: Float, sine: Float, chroma: Float) -> Float:
    """R_T = −sin(2·Δθ)·R_C, Δθ = 30°·exp(−((h − 275°)/25°)²): blues only."""
    apart = np.degrees(np.arctan2(sine, cosine)) + np.float32(85)  # from 275° = −85°
    apart = np.where(apart > 180, apart - 360, apart) * np.float32(1 / 25)
    double = np.float32(np.pi / 3) * np.exp(-apart * apart)
    result: Float = np.sin(double) * (-2 * _share(chroma))
    return result


Part = Ciede2000
