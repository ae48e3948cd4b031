"""What most metrics have in common: a film's value is the mean of its frames'."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from restore.contracts import Array


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
