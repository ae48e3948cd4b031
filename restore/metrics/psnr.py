"""How far the picture is from the truth, in decibels: the number every paper on colorization prints first."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import cv2

from restore.contracts import Array
from restore.metrics._mean import Everywhere, Mean

CEILING = 100.0
"""dB of a frame without any error, whose PSNR would be infinite and would make the film's mean infinite too."""


class Psnr(Everywhere):
    """PSNR of R'G'B', mean of frames: 10·log10(1 / MSE), MSE over H·W·3 samples in [0, 1].

    The same as 20·log10(255 / √MSE) on 8-bit codes, the definition of TCVC and BasicSR. A frame counts for no more
    than 100 dB. Sums are float64. Not the pooled PSNR (of the film's mean MSE), which is always lower.
    """

    name: ClassVar[str] = "psnr"
    title: ClassVar[str] = "PSNR"
    unit: ClassVar[str] = "dB"
    better: ClassVar[Literal["higher"]] = "higher"

    def begin(self) -> Mean:
        return Mean(self.name, _of_frame)


def decibels(mse: float) -> float:
    """PSNR of a mean squared error whose peak is 1."""
    return min(CEILING, -10 * math.log10(mse)) if mse > 0 else CEILING


def _of_frame(restored: Array, truth: Array) -> float:
    return decibels(cv2.norm(restored, truth, cv2.NORM_L2SQR) / restored.size)


Part = Psnr
