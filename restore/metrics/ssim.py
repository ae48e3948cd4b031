"""How much of the picture's structure is the truth's: edges and contrasts, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.colour.codes import Float
from restore.contracts import Array
from restore.metrics._mean import Everywhere, Mean

WINDOW, SIGMA = 11, 1.5  # px
_C1, _C2 = np.float32(0.01**2), np.float32(0.03**2)  # (K1·L)², (K2·L)² with L = 1
LARGE = 360
"""px of the shorter side from which on the map is computed at each third pixel of each third row."""
_BLOCK = 6
"""Windows that one product of matrices makes: small ones are fastest, most of a large one would be zeros."""
_GROUP = 18
"""Columns of the map worked on at a time: what a core's cache holds."""
_MEANS = ("x", "y", "x² + y²", "xy")


class Ssim(Everywhere):
    """SSIM (Wang, Bovik, Sheikh, Simoncelli 2004) of R', G' and B', mean of channels, pixels and frames.

    Gaussian window 11×11, σ = 1.5, K1 = 0.01, K2 = 0.03, range 1, population variances, without the 5 px at each edge
    whose window would leave the picture: the definition of the paper, of BasicSR, and of scikit-image's
    `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=2)`. SSIM of
    luma alone would be 1 for every film that keeps its luma.

    Of pictures of 360 px and more the map's mean is taken over each third pixel of each third row, a px further in each
    next part of the picture. The window leaves 0.7 % of what has three px to a period, so there is next to nothing
    between those pixels that they do not show: the mean agrees with scikit-image's to 1e-3 (docs/scores.md has what
    was measured). Smaller ones agree to 1e-4.
    """

    name: ClassVar[str] = "ssim"
    title: ClassVar[str] = "SSIM"
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["higher"]] = "higher"

    def begin(self) -> Mean:
        return Mean(self.name, _Bench().compare)


class _Bench:
    """Room to work in, kept from frame to frame: fetching it from the system anew takes longer than the sums."""

    def __init__(self) -> None:
        self._rooms: dict[str, Float] = {}

    def _room(self, name: str, *shape: int) -> Float:
        if name not in self._rooms or self._rooms[name].shape != shape:
            self._rooms[name] = np.empty(shape, np.float32)
        return self._rooms[name]

    def compare(self, restored: Array, truth: Array) -> float:
        """SSIM of two pictures (H, W, 3). Raises ValueError for a picture smaller than the window."""
        rows, columns, channels = truth.shape
        if min(rows, columns) < WINDOW:
            raise ValueError(f"ssim of a picture of {columns}x{rows} px; its window is {WINDOW}x{WINDOW}")
        step = 3 if min(rows, columns) >= LARGE else 1
        down, across = ((side - WINDOW) // step + 1 for side in (rows, columns))
        ours, theirs = (np.ascontiguousarray(picture).reshape(rows, -1) for picture in (restored, truth))
        turned = [
            _turned(tall, self._room(f"{name} turned", *tall.shape[::-1])).reshape(columns, -1)
            for name, tall in zip(_MEANS, self._down(ours, theirs, step, down), strict=True)
        ]
        total = 0.0
        for left in range(0, across, _GROUP):
            part = range(left, min(left + _GROUP, across))
            means = [
                self._across(name, plane, (step, across), part) for name, plane in zip(_MEANS, turned, strict=True)
            ]
            total += _summed(means, self._room("work", *means[0].shape))
        return total / int(down * across * channels)

    def _down(self, ours: Float, theirs: Float, step: int, down: int) -> list[Float]:
        """The windows' means along columns, of pictures (H, W·3): `_MEANS`, (down, W·3) each."""
        tall = [self._room(name, down, ours.shape[1]) for name in _MEANS]
        for top in range(0, down, _BLOCK):
            window = _windows(step, min(_BLOCK, down - top))
            first = top * step + _shift(top, down, step)
            reach = slice(first, first + window.shape[1])
            x, y = ours[reach], theirs[reach]
            squares, product = (
                np.multiply(x, z, out=self._room(f"moment {k}", *x.shape)) for k, z in enumerate((x, y))
            )
            squares += np.multiply(y, y, out=self._room("moment y", *x.shape))
            for plane, out in zip((x, y, squares, product), tall, strict=True):
                np.matmul(window, plane, out=out[top : top + len(window)])
        return tall

    def _across(self, name: str, turned: Float, grid: tuple[int, int], part: range) -> Float:
        """The windows' means along rows as well, for some columns of windows; grid: step, and how many there are."""
        step, across = grid
        made = self._room(f"{name} means", _GROUP, turned.shape[1])[: len(part)]
        for done in range(0, len(part), _BLOCK):
            window = _windows(step, min(_BLOCK, len(part) - done))
            top = (part.start + done) * step + _shift(part.start, across, step)
            np.matmul(window, turned[top : top + window.shape[1]], out=made[done : done + len(window)])
        return made


def _shift(done: int, count: int, step: int) -> int:
    """px by which windows stand beside their grid: each third of the picture looks at another phase of what repeats."""
    return (step * done // count + step // 2) % step


def _turned(plane: Float, room: Float) -> Float:
    return np.asarray(cv2.transpose(plane, room), np.float32)


@lru_cache(maxsize=64)
def _windows(step: int, count: int) -> Float:
    """(count, rows they reach over): `count` Gaussian windows side by side, each `step` px further."""
    gauss = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_32F).ravel()
    made = np.zeros((count, step * (count - 1) + WINDOW), np.float32)
    for number in range(count):
        made[number, number * step : number * step + WINDOW] = gauss
    return made


def _summed(means: Sequence[Float], work: Float) -> float:
    """Sum of SSIM from the windows' means µx, µy, E[x² + y²] and E[xy]. Works in place: time goes into memory here."""
    own, its, squares, product = means
    np.multiply(own, its, out=work)  # µx·µy
    own *= own
    its *= its
    own += its  # µx² + µy²
    squares -= own  # σx² + σy²
    squares += _C2
    own += _C1
    squares *= own
    product -= work  # σxy
    product *= 2
    product += _C2
    work *= 2
    work += _C1
    product *= work
    product /= squares
    return float(product.sum(dtype=np.float64))


Part = Ssim
