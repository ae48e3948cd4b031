"""How far the picture is from the truth, in decibels: the number every paper on colorization prints first."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import cv2

from restore.contracts import Array

CEILING = 100.0
"""dB of a frame without any error, whose PSNR would be infinite and would make the film's mean infinite too."""


class Psnr:
    """PSNR of R'G'B', mean of frames: 10·log10(1 / MSE), MSE over H·W·3 samples in [0, 1].

    The same as 20·log10(255 / √MSE) on 8-bit codes, the definition of TCVC and BasicSR. A frame counts for no more
    than 100 dB. Sums are float64. Not the pooled PSNR (of the film's mean MSE), which is always lower.
    """

    name: ClassVar[str] = "psnr"
    unit: ClassVar[str] = "dB"
    better: ClassVar[Literal["higher", "lower"]] = "higher"

    def begin(self) -> PsnrTally:
        return PsnrTally()


class PsnrTally:
    """Sum of the frames' PSNR."""

    def __init__(self) -> None:
        self._sum, self._frames = 0.0, 0

    def add(self, restored: Array, truth: Array) -> None:
        """restored, truth: (H, W, 3) float32 R'G'B' in [0, 1]."""
        mse = cv2.norm(restored, truth, cv2.NORM_L2SQR) / restored.size
        self._sum += min(CEILING, -10 * math.log10(mse)) if mse > 0 else CEILING
        self._frames += 1

    def score(self) -> float:
        """dB. Raises ValueError when no frame was added."""
        if not self._frames:
            raise ValueError("psnr of no frames")
        return self._sum / self._frames


Part = Psnr
