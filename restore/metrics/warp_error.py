"""How much the colour flickers: each frame is laid over the one before along the true motion, and compared."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.contracts import Array
from restore.metrics._flow import fetched, motion
from restore.metrics._mean import Everywhere, Pair, Pairs


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

    def begin(self) -> Pairs:
        return Pairs(self.name, _between)


def _between(before: Pair, now: Pair) -> float:
    return pair_error(before[0], now[0], *motion(before[1], now[1]))


def pair_error(before: Array, now: Array, place: Array, seen: Array) -> float:
    """Σ m·d² / Σ m of two frames (H, W, C); place (H, W, 2) in `now` of each pixel of `before`; seen (H, W) is m.

    Where nothing is seen in both frames the sum is 0, and so is the error.
    """
    squares = cv2.norm(before, fetched(now, place), cv2.NORM_L2SQR, mask=seen.view(np.uint8))
    return squares / max(int(before.shape[2]) * int(np.count_nonzero(seen)), 1)


Part = WarpError
