"""PSNR of one plane of the picture, which psnr_y, psnr_cb and psnr_cr share."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.colour.ycbcr import rgb_matrix
from restore.contracts import Array
from restore.metrics._kept import kept
from restore.metrics._mean import Everywhere, Mean
from restore.metrics.psnr import decibels

_PLANES_OF_RGB = np.linalg.inv(rgb_matrix("bt709")).astype(np.float32)


@kept
def errors(restored: Array, truth: Array) -> tuple[float, ...]:
    """Mean squared errors of Y', Cb and Cr (BT.709), all of width 1, at the full size of the picture."""
    difference = cv2.transform(cv2.subtract(restored, truth), _PLANES_OF_RGB).reshape(restored.shape)
    return tuple(cv2.norm(difference[..., k], cv2.NORM_L2SQR) * 3 / difference.size for k in range(3))


class PlanePsnr(Everywhere):
    """PSNR of one plane, mean of frames: 10·log10(1 / MSE), MSE over H·W samples, Y' in [0, 1], Cb, Cr in [−0.5, 0.5].

    The planes are those of R'G'B' as shown (cut to [0, 1], BT.709 matrix, chroma at full size), so that films coded in
    different ways compare. psnr_cb and psnr_cr are the colour's part of the error. psnr_y of a film that keeps its
    luma is near 100 dB if the film's own matrix is BT.709; with another, wrong colour leaks into this Y'. It is no
    proof of kept luma: that is made on code values, in every run. A frame counts for no more than 100 dB.
    """

    plane: ClassVar[int]
    name: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str] = "dB"
    better: ClassVar[Literal["higher"]] = "higher"
    in_run: ClassVar[int] = 0

    def begin(self) -> Mean:
        return Mean(self.name, lambda restored, truth: decibels(errors(restored, truth)[self.plane]))
