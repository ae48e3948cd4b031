"""What most metrics have in common: a film's value is the mean of its frames', or of its pairs of frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from restore.contracts import Array

Pair = tuple[Array, Array]
"""One frame: restored, true."""


class Everywhere:
    """The defaults of a metric: measured from one frame at a time, on every frame and every machine."""

    looks_back: ClassVar[int] = 0
    in_run: ClassVar[int] = 1
    in_score: ClassVar[int] = 1
    without_truth: ClassVar[bool] = False

    def missing(self) -> str:
        return ""


class Mean:
    """A tally that is the mean of its frames' values; the sum is float64."""

    def __init__(self, name: str, value: Callable[[Array, Array], float]) -> None:
        self._name, self._value = name, value
        self._sum, self._frames = 0.0, 0

    def add(self, restored: Array, truth: Array) -> float:
        """restored, truth: (H, W, 3) float32 R'G'B' in [0, 1]. Returns the frame's value."""
        value = self._value(restored, truth)
        self._sum += value
        self._frames += 1
        return value

    def skip(self) -> None:
        """Nothing is remembered, so nothing is forgotten."""

    def score(self) -> float:
        """Raises ValueError when no frame was added."""
        if not self._frames:
            raise ValueError(f"{self._name} of no frames")
        return self._sum / self._frames


class Pairs:
    """A tally that is the mean of successive frames' values; the sum is float64. `value(before, now)` is given both as
    (restored, truth)."""

    def __init__(self, name: str, value: Callable[[Pair, Pair], float]) -> None:
        self._name, self._value = name, value
        self._before: Pair | None = None
        self._sum, self._pairs = 0.0, 0

    def add(self, restored: Array, truth: Array) -> float | None:
        """restored, truth: (H, W, 3) float32 R'G'B' in [0, 1]. Returns the value against the frame before."""
        before, self._before = self._before, (restored, truth)
        if before is None:
            return None
        value = self._value(before, self._before)
        self._sum += value
        self._pairs += 1
        return value

    def skip(self) -> None:
        self._before = None

    def score(self) -> float:
        """Raises ValueError below two frames."""
        if not self._pairs:
            raise ValueError(f"{self._name} of fewer than two frames")
        return self._sum / self._pairs
