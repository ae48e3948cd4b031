"""How wrong the colour is as the eye measures it: mean squared error in CIE L*a*b*."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2

from restore.contracts import Array
from restore.metrics._kept import lab
from restore.metrics._mean import Everywhere, Mean

SCALE = (100.0, 255.0, 255.0)
"""What L*, a* and b* are divided by, so that each is a part of about one."""
_STRIP = 64
"""Rows measured at a time: their differences fit a core's cache."""


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
    in_run: ClassVar[int] = 4

    def begin(self) -> Mean:
        return Mean(self.name, _of_frame)


def _of_frame(restored: Array, truth: Array) -> float:
    ours, theirs = lab(restored), lab(truth)
    squares = 0.0
    for top in range(0, len(truth), _STRIP):
        rows = slice(top, top + _STRIP)
        difference = cv2.subtract(ours[rows], theirs[rows])
        squares += sum(cv2.norm(difference[..., k], cv2.NORM_L2SQR) / SCALE[k] ** 2 for k in range(3))
    return squares / int(truth.size)


Part = LabMse
