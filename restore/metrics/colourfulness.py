"""How colourful the picture looks: too pale is the colorizers' old fault, too bright the newer ones'."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.contracts import Array
from restore.metrics._mean import Everywhere, Mean

_OPPONENTS_OF_RGB = np.array([[255, -255, 0], [127.5, 127.5, -255]], np.float32)
"""rg = R − G and yb = (R + G)/2 − B, on the scale of 8-bit codes that the paper uses."""


class Colourfulness(Everywhere):
    """M = √(σ²rg + σ²yb) + 0.3·√(µ²rg + µ²yb), rg = R − G, yb = (R + G)/2 − B in 0..255, mean of frames.

    Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003, equation for sRGB; population deviations,
    signed rg and yb. About 15 slightly, 45 quite, 82 highly colourful. What counts is the distance from the truth's
    own value, either way.
    """

    name: ClassVar[str] = "colourfulness"
    title: ClassVar[str] = "Colourfulness"
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["truth"]] = "truth"
    in_run: ClassVar[int] = 4

    def begin(self) -> Mean:
        return Mean(self.name, lambda restored, _: of_frame(restored))


def of_frame(rgb: Array, *, absolute: bool = False) -> float:
    """M of one frame; absolute: of |rg| and |yb|."""
    opponents = cv2.transform(rgb, _OPPONENTS_OF_RGB)
    if absolute:
        opponents = np.abs(opponents)
    mean, deviation = cv2.meanStdDev(opponents)
    return math.hypot(*deviation.ravel()) + 0.3 * math.hypot(*mean.ravel())


Part = Colourfulness
