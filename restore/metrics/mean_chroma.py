"""How much colour there is at all: the number to read beside every measure that gray would win."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.contracts import Array
from restore.metrics._kept import lab
from restore.metrics._mean import Everywhere, Mean


class MeanChroma(Everywhere):
    """C* = √(a*² + b*²), mean of pixels and frames; CIE 1976, sRGB, D65, 2°. A gray film has 0."""

    name: ClassVar[str] = "mean_chroma"
    title: ClassVar[str] = "Mean chroma"
    unit: ClassVar[str] = "C*"
    better: ClassVar[Literal["truth"]] = "truth"
    in_run: ClassVar[int] = 4
    without_truth: ClassVar[bool] = True

    def begin(self) -> Mean:
        return Mean(self.name, _of_frame)


def _of_frame(restored: Array, truth: Array) -> float:
    del truth  # its own value comes from adding it in place of `restored`
    colours = lab(restored)
    a, b = (cv2.extractChannel(colours, number) for number in (1, 2))
    # By NumPy: the last digits of cv2.magnitude and cv2.mean depend on where in memory a picture lies.
    return float(np.mean(np.sqrt(a * a + b * b), dtype=np.float64))


Part = MeanChroma
