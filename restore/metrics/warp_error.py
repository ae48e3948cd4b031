"""How much the colour flickers: each frame is laid over the one before along the true motion, and compared."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.contracts import Array
from restore.metrics._flow import fetched, motion
from restore.metrics._mean import Everywhere


class WarpError(Everywhere):
    """E_warp of Lai et al. (ECCV 2018) with DIS flow: mean over pairs of frames of Σ m·d² / Σ m, R'G'B' in [0, 1].

    d is frame t, brought to frame t−1's grid along the flow from t−1 to t (bilinear, edges repeated), less frame t−1;
    m leaves out what is hidden in one of the two and edges of motion (`_flow.motion` has the rule). Flow and mask come
    from the luma of the truth and are the same for everything measured. Lai et al. take FlowNet2's flow, so numbers
    compare only within this program: elsewhere it should be called Ewarp[dis]. A gray film has the lowest; what counts
    is the distance from the truth's own value, as true film changes too. The value of a frame is that of its pair.
    """

    name: ClassVar[str] = "warp_error"
    title: ClassVar[str] = "Warp error (DIS flow)"
    unit: ClassVar[str] = "R'G'B'²"
    better: ClassVar[Literal["truth"]] = "truth"

    looks_back: ClassVar[int] = 1
    in_run: ClassVar[int] = 4

    def begin(self) -> WarpErrorTally:
        return WarpErrorTally()


class WarpErrorTally:
    """Sum of the pairs' errors, and the frame before."""

    def __init__(self) -> None:
        self._before: tuple[Array, Array] | None = None
        self._sum, self._pairs = 0.0, 0

    def add(self, restored: Array, truth: Array) -> float | None:
        """restored, truth: (H, W, 3) float32 R'G'B' in [0, 1]. Returns the error against the frame before."""
        before, self._before = self._before, (restored, truth)
        if before is None:
            return None
        value = pair_error(before[0], restored, *motion(before[1], truth))
        self._sum += value
        self._pairs += 1
        return value

    def skip(self) -> None:
        self._before = None

    def score(self) -> float:
        """Raises ValueError below two frames."""
        if not self._pairs:
            raise ValueError("warp_error of fewer than two frames")
        return self._sum / self._pairs


def pair_error(before: Array, now: Array, place: Array, seen: Array) -> float:
    """Σ m·d² / Σ m of two frames (H, W, C); place (H, W, 2) in `now` of each pixel of `before`; seen (H, W) is m.

    Where nothing is seen in both frames the sum is 0, and so is the error.
    """
    squares = cv2.norm(before, fetched(now, place), cv2.NORM_L2SQR, mask=seen.view(np.uint8))
    return squares / max(int(before.shape[2]) * int(np.count_nonzero(seen)), 1)


Part = WarpError
