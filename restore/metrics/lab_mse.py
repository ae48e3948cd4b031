"""How wrong the colour is as the eye measures it: mean squared error in CIE L*a*b*."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.colour.lab import LAB_OF_ROOTS
from restore.contracts import Array
from restore.metrics._kept import roots, strips
from restore.metrics._mean import Everywhere, Mean

SCALE = (100.0, 255.0, 255.0)
"""What L*, a* and b* are divided by, so that each is a part of about one."""
_SCALED = (LAB_OF_ROOTS[:, :3] / np.array(SCALE)[:, None]).astype(np.float32)
"""Differences of L*, a* and b*, scaled, of differences of roots."""


class LabMse(Everywhere):
    """Mean of (ΔL*/100)², (Δa*/255)² and (Δb*/255)² over all pixels, channels and frames; sRGB, D65, 2°.

    Papers rarely say how they scale Lab, and it changes the number by up to five times. This scaling (that of
    DeepRemaster's code: L*/100, (a* + 128)/255, (b* + 128)/255) is the one that comes near the published pair of a gray
    baseline's PSNR of 20.5 dB and Lab MSE of 0.0039. Frames of one film are of one size, so the mean of frames is the
    mean of pixels. Sums are float64.
    """

    name: ClassVar[str] = "lab_mse"
    title: ClassVar[str] = "Lab MSE"
    unit: ClassVar[str] = "L*/100, a*b*/255"
    better: ClassVar[Literal["lower"]] = "lower"

    def begin(self) -> Mean:
        return Mean(self.name, _of_frame)


def _of_frame(restored: Array, truth: Array) -> float:
    squares = 0.0
    for rows in strips(truth):  # nothing is kept: writing a picture of roots and reading it back costs more
        apart = cv2.subtract(roots(restored[rows]), roots(truth[rows]))
        squares += cv2.norm(cv2.transform(apart, _SCALED), cv2.NORM_L2SQR)
    return float(squares / truth.size)


Part = LabMse
