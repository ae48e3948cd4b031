"""How much of the picture's structure is the truth's: edges and contrasts, channel by channel."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.colour.codes import Float
from restore.contracts import Array
from restore.metrics._mean import Everywhere, Mean

WINDOW, SIGMA = 11, 1.5  # px
_C1, _C2 = np.float32(0.01**2), np.float32(0.03**2)  # (K1·L)², (K2·L)² with L = 1
_EDGE = WINDOW // 2
_GAUSS = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_32F)
_STRIP = 96
"""Rows measured at a time: what a core's cache holds."""


class Ssim(Everywhere):
    """SSIM (Wang, Bovik, Sheikh, Simoncelli 2004) of R', G' and B', mean of channels, pixels and frames.

    Gaussian window 11×11, σ = 1.5, K1 = 0.01, K2 = 0.03, range 1, population variances, without the 5 px at each edge
    whose window would leave the picture: the definition of the paper, of BasicSR, and of scikit-image's
    `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=2)`, with which
    it agrees to 1e-4. SSIM of luma alone would be 1 for every film that keeps its luma.
    """

    name: ClassVar[str] = "ssim"
    title: ClassVar[str] = "SSIM"
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["higher"]] = "higher"
    in_run: ClassVar[int] = 4

    def begin(self) -> Mean:
        return Mean(self.name, _of_frame)


def _of_frame(restored: Array, truth: Array) -> float:
    """Raises ValueError for a picture smaller than the window."""
    rows, columns = truth.shape[:2]
    if min(rows, columns) < WINDOW:
        raise ValueError(f"ssim of a picture of {columns}x{rows} px; its window is {WINDOW}x{WINDOW}")
    total = 0.0
    for ours, theirs in zip(cv2.split(restored), cv2.split(truth), strict=True):
        for top in range(0, rows - 2 * _EDGE, _STRIP):
            strip = slice(top, min(top + _STRIP + 2 * _EDGE, rows))
            total += _sum_of_strip(np.asarray(ours[strip], np.float32), np.asarray(theirs[strip], np.float32))
    return total / int(3 * (rows - 2 * _EDGE) * (columns - 2 * _EDGE))


def _sum_of_strip(ours: Float, theirs: Float) -> float:
    """Sum of SSIM over one channel (h, w), without its edges. Works in place: time goes into memory here."""
    squares = ours * ours
    squares += theirs * theirs
    spread, shared = _blur(squares), _blur(np.multiply(ours, theirs, out=squares))
    mean, mean_theirs = _blur(ours), _blur(theirs)
    product = mean * mean_theirs
    mean *= mean
    mean_theirs *= mean_theirs
    mean += mean_theirs  # µx² + µy²
    spread -= mean  # σx² + σy²
    spread += _C2
    mean += _C1
    spread *= mean
    shared -= product  # σxy
    shared *= 2
    shared += _C2
    product *= 2
    product += _C1
    shared *= product
    shared /= spread
    return float(shared[:, _EDGE:-_EDGE].sum(dtype=np.float64))


def _blur(plane: Float) -> Float:
    """The Gaussian means of the rows whose windows lie within the plane; the outer columns are the caller's to drop."""
    blurred = np.asarray(cv2.sepFilter2D(plane, -1, _GAUSS, _GAUSS), np.float32)
    inside: Float = blurred[_EDGE:-_EDGE]
    return inside


Part = Ssim
