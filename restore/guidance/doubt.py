"""How far a carried colour may be off, told from light alone: light that does not fit, ways that do not lead back.

The doubt of a colour is its expected squared distance in a*b* from the true one. It is a log-linear function of six
measures, fitted (quasi-likelihood of a mean with log link; McCullagh and Nelder 1989, chapter 9) to 420,000 places of
sixteen colour films of which one frame was carried up to 80 frames far. By tenths of the places, what it says and
what was so lie within a factor of two from 0.5 to 1,000.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

LEAST, MOST = 0.3, 1500.0
"""Doubts are held between these: a carried colour is never perfect; and nothing at all is known beyond."""
GRAY = 900.0
"""Doubt of no colour: the mean a*² + b*² of those films."""
LOUD = 60.0
"""Code values of 255 beyond which a difference of light is no larger for its neighbours."""
FAR = 30.0
"""px of a miss beyond which it makes no difference; that of what leaves the picture."""

# Per kind: constant, then the weights of log(1 + difference of light here), of its mean over 5 × 5 and 13 × 13 px,
# of log(1 + miss in px), log(0.02 + stretch), log(1 + standard deviation of light over 5 × 5 px).
FOLLOWED = np.array([1.831, -0.158, -0.125, 1.112, 0.374, 1.007, 0.237], np.float32)
"""From a painted frame, by following things through all frames between."""
FOUND = np.array([1.044, -0.388, 0.511, 1.112, 0.471, 0.389, 0.132], np.float32)
"""From a painted frame, by looking for it at once."""
STEPPED = np.array([-1.204, 0.155, 0.954, 0.836, 0.269, 0.264, 0.122], np.float32)
"""From the frame before."""


@dataclass(frozen=True)
class Place:
    """Where in another frame each px (h, w) of this one comes from, in px, and by how much the way back misses."""

    x: Float
    y: Float
    miss: Float

    def fetch(self, planes: npt.NDArray) -> Float:
        """The other frame's planes (h, w) or (h, w, C) as seen from here; bilinear, edges repeat."""
        found = cv2.remap(planes, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float32)


def confidence(doubt: Float) -> Float:
    """How much a carried colour counts beside what a network makes: 1 / (1 + (doubt / GRAY)²). A half where it is no
    better than gray."""
    made: Float = 1 / (1 + np.square(doubt * np.float32(1 / GRAY)))
    return made


def difference(light: Float, seen: Float) -> Float:
    """Absolute difference of light, in code values of 255."""
    return np.asarray(cv2.absdiff(light, seen), np.float32)


def near(difference: Float, px: int = 5) -> Float:
    """Mean difference over px × px, of which no place counts more than `LOUD`."""
    return np.asarray(cv2.blur(np.minimum(difference, np.float32(LOUD)), (px, px)), np.float32)


def texture(light: Float) -> Float:
    """Standard deviation of light over 5 × 5 px."""
    mean = cv2.blur(light, (5, 5))
    return np.sqrt(np.maximum(cv2.blur(light * light, (5, 5)) - mean * mean, 0))


def stretch(place: Place) -> Float:
    """By how much the way's steps from px to px differ from one px, over 5 × 5; 0 for a way that only shifts."""
    off = np.zeros_like(place.x)
    for plane, own in ((place.x, 0), (place.y, 1)):
        for axis in (0, 1):
            slope = cv2.Sobel(plane, cv2.CV_32F, 1 - axis, axis, scale=1 / 8)
            off += np.abs(slope - np.float32(axis == own))
    return np.asarray(cv2.blur(np.minimum(off, np.float32(3)), (5, 5)), np.float32)


def doubt(kind: Float, off: Float, place: Place, busy: Float) -> Float:
    """(h, w) float32 expected squared error in a*b*, not yet held within bounds.

    off: `difference` of light; busy: `texture`. It is worked out on half the grid: doubt needs no edges.
    """
    rows, columns = off.shape
    half = (columns // 2, rows // 2)
    five, thirteen = near(off), near(off, 13)
    x, y = (_half(plane, half) * np.float32(0.5) for plane in (place.x, place.y))
    way = Place(x, y, place.miss)
    measures = (off, five, thirteen, np.minimum(place.miss, np.float32(FAR)))
    total = np.full(half[::-1], kind[0], np.float32)
    for weight, plane in zip(kind[1:5], measures, strict=True):
        total += weight * np.log1p(_half(plane, half))
    total += kind[5] * np.log(stretch(way) + np.float32(0.02))
    total += kind[6] * np.log1p(_half(busy, half))
    grown = cv2.resize(np.exp(np.minimum(total, np.float32(9))), (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)


def _half(plane: Float, size: tuple[int, int]) -> Float:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
