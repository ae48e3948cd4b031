"""Scores as ColorMNet computes them, its mistake included, so that its published numbers can be checked."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from restore.contracts import Array
from restore.metrics._mean import Everywhere, Mean
from restore.metrics.psnr import CEILING


class WrappedPsnr(Everywhere):
    """20·log10(255 / √MSE) where each squared difference of 8-bit codes is taken modulo 256, mean of frames.

    colormnet's evaluation_matrics/evaluation.py subtracts and squares uint8 arrays, which wrap around: errors of 16
    levels and more shrink, a constant cast of 16 levels vanishes, and nothing ever scores below about 28 dB. Numbers
    of 36 dB and more are not changed by it.
    """

    name: ClassVar[str] = "psnr[colormnet]"
    title: ClassVar[str] = "PSNR as ColorMNet computes it"
    unit: ClassVar[str] = "dB"
    better: ClassVar[Literal["higher"]] = "higher"

    def begin(self) -> Mean:
        return Mean(self.name, _wrapped)


class UniformSsim(Everywhere):
    """scikit-image's SSIM of 8-bit R'G'B' as it comes: uniform window 7×7, sample variances, mean of frames."""

    name: ClassVar[str] = "ssim[colormnet]"
    title: ClassVar[str] = "SSIM as ColorMNet computes it"
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["higher"]] = "higher"

    def begin(self) -> Mean:
        return Mean(self.name, _uniform)


def _wrapped(restored: Array, truth: Array) -> float:
    difference = _codes(restored) - _codes(truth)
    mse = float(np.mean(difference * difference, dtype=np.float64))
    return 20 * math.log10(255 / math.sqrt(mse)) if mse > 0 else CEILING


def _uniform(restored: Array, truth: Array) -> float:
    from skimage.metrics import structural_similarity

    likeness: Any = structural_similarity
    return float(likeness(_codes(restored), _codes(truth), channel_axis=2))


def _codes(picture: Array) -> np.ndarray:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=255), np.uint8)


PARTS: tuple[type, ...] = (WrappedPsnr, UniformSsim)
