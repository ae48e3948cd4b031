"""How steadily the film keeps its colours: the share of each may change slowly, never from frame to frame."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Array
from restore.metrics._mean import Everywhere

STEPS = (1, 2, 4)
"""Distances between frames, in frames."""
Histograms = npt.NDArray[np.float64]
"""(3, 256): shares of the picture at each 8-bit code of R', G' and B'."""


class Cdc(Everywhere):
    """Colour distribution consistency (TCVC, 2021): ⅓·(CDC₁ + CDC₂ + CDC₄), mean of the channels R', G', B'.

    CDC_t is the mean over all frames i of JS(h_i, h_{i+t}), the Jensen-Shannon divergence (natural logarithm) of the
    histograms of 256 8-bit codes. It wants five frames of one shot. The published reading is "lower is better"; but a
    gray or a frozen film has the lowest, so what counts here is the distance from the truth's own value. The value
    of one frame is its divergence from the frame before.
    """

    name: ClassVar[str] = "cdc"
    title: ClassVar[str] = "CDC"
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["truth"]] = "truth"

    looks_back: ClassVar[int] = max(STEPS)

    def begin(self) -> CdcTally:
        return CdcTally()


class CdcTally:
    """Sums of divergences, and the histograms of the last four frames."""

    def __init__(self) -> None:
        self._last: deque[Histograms] = deque(maxlen=max(STEPS))
        self._sums, self._pairs = dict.fromkeys(STEPS, 0.0), dict.fromkeys(STEPS, 0)

    def add(self, restored: Array, truth: Array) -> float | None:
        """restored: (H, W, 3) float32 R'G'B' in [0, 1]. Returns the divergence from the frame before."""
        del truth  # its own value comes from adding it in place of `restored`
        now, values = histograms(restored), dict[int, float]()
        for step in STEPS:
            if len(self._last) >= step:
                values[step] = divergence(self._last[-step], now)
                self._sums[step] += values[step]
                self._pairs[step] += 1
        self._last.append(now)
        return values.get(1)

    def skip(self) -> None:
        self._last.clear()

    def score(self) -> float:
        """Raises ValueError below five frames."""
        if not self._pairs[max(STEPS)]:
            raise ValueError(f"cdc of fewer than {max(STEPS) + 1} frames")
        return sum(self._sums[step] / self._pairs[step] for step in STEPS) / len(STEPS)


def histograms(rgb: Array) -> Histograms:
    """Of R'G'B' (H, W, 3) float32 in [0, 1], rounded to 8-bit codes."""
    codes = cv2.convertScaleAbs(rgb, alpha=255)
    counts: list[Array] = [cv2.calcHist([codes], [channel], None, [256], [0, 256]).ravel() for channel in range(3)]
    shares: Histograms = np.array(counts, np.float64) / (rgb.shape[0] * rgb.shape[1])
    return shares


def divergence(one: Histograms, other: Histograms) -> float:
    """Jensen-Shannon divergence, 0 to ln 2, mean of the channels."""
    middle = (one + other) / 2
    total = 0.0
    for share in (one, other):
        there = share > 0
        total += float(np.sum(share[there] * np.log(share[there] / middle[there])))
    return total / 2 / len(one)


Part = Cdc
