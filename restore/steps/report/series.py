"""Which frames and shots are worst: orders every frame's own scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restore.steps.curves import Column, Series


def badness(series: Series, metric: str, better: str) -> Column:
    """How bad each frame is by a metric, more is worse. Of a metric whose truth has a value of its own: how far above
    it; NaN where it is not above."""
    value = series.columns[metric]
    if better == "lower":
        return value
    if better == "higher":
        return -value
    own = series.columns.get(f"{metric} truth")
    return value if own is None else np.where(value > own, value - own, np.nan).astype(np.float32)


def worst_frames(bad: Column, shots: npt.NDArray[np.int64], apart: int, most: int) -> list[int]:
    """The worst frames, worst first, no two nearer than `apart` frames, and of each shot not more than its share;
    those not measured are never among them."""
    left = np.where(np.isnan(bad), -np.inf, bad.astype(np.float64))
    share = -(-most // len(np.unique(shots)))
    found = list[int]()
    while len(found) < most and np.isfinite(left).any():
        frame = int(np.argmax(left))
        found.append(frame)
        left[max(0, frame - apart + 1) : frame + apart] = -np.inf
        if sum(shots[frame] == shots[other] for other in found) >= share:
            left[shots == shots[frame]] = -np.inf
    return found


def by_shot(bad: Column, shots: npt.NDArray[np.int64]) -> dict[int, float]:
    """Mean of each shot's measured frames; shots without any are left out."""
    there = ~np.isnan(bad)
    numbers, places = np.unique(shots[there], return_inverse=True)
    sums = np.bincount(places, bad[there].astype(np.float64))
    return dict(zip(numbers.tolist(), (sums / np.bincount(places)).tolist(), strict=True))
