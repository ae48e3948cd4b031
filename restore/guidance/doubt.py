"""How far a carried colour may be off, told from light alone: light that does not fit, ways that do not lead back.

The doubt of a colour is its expected squared distance in a*b* from the true one. It is a log-linear function of seven
measures, fitted (quasi-likelihood of a mean with log link; McCullagh and Nelder 1989, chapter 9) to 380,000 places of
sixteen spans of colour films, of which one frame was carried up to 80 frames far, over cuts too.
`benchmarks/guidance_doubt.py` does it, and shows how far what is said agrees with what was so.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

LEAST, MOST = 0.3, 2000.0
"""Doubts are held between these: a carried colour is never perfect; and nothing at all is known beyond."""
GRAY = 900.0
"""Doubt of no colour: the mean a*² + b*² of those films."""
PAINTED = 0.05
"""Doubt of what somebody painted."""
NETWORK = 300.0
"""Doubt of what the network makes alone. It was 60 to 130 on photographed film that it never saw, and 550 to 750 on
drawings."""
LOUD = 60.0
"""Code values of 255 beyond which a difference of light is no larger for its neighbours."""
FAR = 30.0
"""px of a miss beyond which it makes no difference; that of what leaves the picture."""

# Per kind: constant, then the weights of log(1 + difference of light here), of its mean over 5 × 5 and 13 × 13 px,
# of log(1 + miss in px), log(0.02 + stretch), log(1 + standard deviation of light over 5 × 5 px), and of
# log(1 + mean difference of light of the whole picture).
FOLLOWED = np.array([-0.744, 0.166, 0.317, 1.134, 0.515, 0.143, -0.130, 0.753], np.float32)
"""From a painted frame, by following things through all frames between."""
FOUND = np.array([-1.085, 0.123, 0.357, 1.232, 0.424, -0.052, -0.168, 0.625], np.float32)
"""From a painted frame, by looking for it at once."""
STEPPED = np.array([-0.522, 0.365, 0.758, 0.773, 0.270, 0.129, -0.102, 0.123], np.float32)
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

    def where(self, instead: npt.NDArray[np.bool_], other: Place) -> Place:
        """This place, and the other one where `instead` (h, w) says so."""
        mask = instead.view(np.uint8)
        planes = zip((other.x, other.y, other.miss), (self.x, self.y, self.miss), strict=True)
        return Place(*(np.asarray(cv2.copyTo(theirs, mask, own.copy()), np.float32) for theirs, own in planes))


def confidence(doubt: Float) -> Float:
    """How much a carried colour counts beside what a network makes: 1 / (1 + (doubt / NETWORK)²). A half where either
    is as good, 0 where nothing is known, and in float32 1 where somebody painted and below 1 from `LEAST` on."""
    made: Float = (doubt < MOST) / (1 + np.square(doubt * np.float32(1 / NETWORK)))
    return made


def doubted(confidence: Float) -> Float:
    """The doubt that has this confidence, held within `PAINTED` and `MOST`."""
    made: Float = np.float32(NETWORK) * np.sqrt(1 / np.clip(confidence, np.float32(1e-6), np.float32(1)) - 1)
    return np.clip(made, np.float32(PAINTED), np.float32(MOST))


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


def measures(off: Float, place: Place, busy: Float) -> tuple[Float, ...]:
    """What doubt is told by, each (h / 2, w / 2): it needs no edges.

    off: `restore.guidance.ways.compared`; busy: `texture`.
    """
    rows, columns = off.shape
    half = (columns // 2, rows // 2)
    five, thirteen = near(off), near(off, 13)
    x, y = (_half(plane, half) * np.float32(0.5) for plane in (place.x, place.y))
    stretched = stretch(Place(x, y, place.miss))
    planes = (off, five, thirteen, np.minimum(place.miss, np.float32(FAR)), busy)
    logs = [np.log1p(_half(plane, half)) for plane in planes]
    whole = np.full_like(x, np.log1p(float(five.mean())))
    return (*logs[:4], np.log(stretched + np.float32(0.02)), logs[4], whole)


def doubt(kind: Float, off: Float, place: Place, busy: Float) -> Float:
    """(h, w) float32 expected squared error in a*b*, not yet held within bounds.

    off: `restore.guidance.ways.compared`; busy: `texture`.
    """
    planes = measures(off, place, busy)
    total = np.full(planes[0].shape, kind[0], np.float32)
    for weight, plane in zip(kind[1:], planes, strict=True):
        total += weight * plane
    size = off.shape[1], off.shape[0]
    grown = cv2.resize(np.exp(np.minimum(total, np.float32(9))), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)


def _half(plane: Float, size: tuple[int, int]) -> Float:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
