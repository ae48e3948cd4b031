"""How much the colour alone flickers where nothing moved or changed: it can be told of any film, without its truth."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import cv2
import numpy as np

from restore import motion
from restore.colour.codes import Float
from restore.colour.ycbcr import rgb_matrix
from restore.contracts import Array, Frames
from restore.film import ColourTags
from restore.metrics._kept import kept
from restore.metrics._mean import Everywhere, Pair, Pairs

_CODES_OF_RGB = (np.linalg.inv(rgb_matrix("bt709")) * 255).astype(np.float32)
"""Y', Cb and Cr of R'G'B', in steps of 8-bit code values."""
_TAGS = ColourTags("bt709", True, "center")
_TOLERANCE = motion.Tolerance(occlusion=1.0, light=0.05)
"""That of the filter `stabilize`: px of a picture 320 wide, and difference of light."""


class Flicker(Everywhere):
    """√(Σ t·(ΔCb² + ΔCr²) / Σ t) between successive frames along motion, in 8-bit code values; mean of pairs.

    Cb and Cr (BT.709) of R'G'B' reduced to 320 px on the longer side. Motion, and the trust t in it (0 to 1, there and
    back again and the same light), is that of the filter `stabilize` (`restore.motion`), from the luma of the truth.
    Without a truth it is that of the film itself, which has its source's luma: so a film's own flicker can be measured
    by itself. Trust asks for the same light, so that what is left is colour that changed while the picture did not.
    Gray has 0 and true film some, from grain and from light that changes colour. The value of a frame is its pair's.
    """

    name: ClassVar[str] = "flicker"
    title: ClassVar[str] = "Colour flicker"
    unit: ClassVar[str] = "8-bit codes"
    better: ClassVar[Literal["truth"]] = "truth"

    looks_back: ClassVar[int] = 1
    without_truth: ClassVar[bool] = True

    def begin(self) -> Pairs:
        return Pairs(self.name, _between)


def _between(before: Pair, now: Pair) -> float:
    return _of_pair(_small(before[0]), _small(now[0]), _way(before[1], now[1]))


@kept
def _small(picture: Array) -> Float:
    """Y', Cb, Cr in code values (h, w, 3) float32, at the size in which motion is looked for."""
    height, width = picture.shape[:2]
    factor = min(1.0, motion.LONGEST / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    reduced = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.transform(reduced, _CODES_OF_RGB), np.float32).reshape(size[1], size[0], 3)


@kept
def _way(before: Array, now: Array) -> motion.Way:
    """Where `before` is to be found in `now`, and the trust in it."""
    lights = [np.asarray(cv2.convertScaleAbs(_small(picture)[..., 0]), np.uint8) for picture in (before, now)]
    frames = Frames(lights, None, 0, 8, _TAGS)
    return motion.Paths(_TOLERANCE).steps(frames, frames.size)[0][0]


def changes(before: Array, now: Array) -> Float:
    """Where colour flickers: |ΔCb, ΔCr| in 8-bit code values, weighed by trust; (h, w) float32, reduced as above.

    before, now: (H, W, 3) float32 R'G'B' in [0, 1] of one shot. The motion is their own.
    """
    way = _way(before, now)
    change = way.fetch(_small(now)) - _small(before)
    return np.asarray(cv2.magnitude(change[..., 1], change[..., 2]) * way.trust, np.float32)


def _of_pair(before: Float, now: Float, way: motion.Way) -> float:
    """0 where nothing can be followed."""
    change = way.fetch(now)
    change -= before
    squares = change[..., 1] ** 2 + change[..., 2] ** 2
    trusted = float(way.trust.sum(dtype=np.float64))
    return math.sqrt(float(np.vdot(squares, way.trust)) / trusted) if trusted > 0 else 0.0


Part = Flicker
