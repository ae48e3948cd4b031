"""What every shot detector looks like: it is shown the frames once, in order, and names where a new shot begins."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from restore.contracts import Light


@dataclass(frozen=True, order=True)
class Transition:
    """A new shot begins at `frame` (counted from 0 in the reel)."""

    frame: int
    why: str  # "cut" | "fade" | "dissolve" | "listed"
    confidence: float = 1.0  # 0 to 1; 0.5 is just over the threshold, doubtful


class Detector(Protocol):
    """One pass over one reel. It may keep a few small pictures, never the film."""

    def begin(self, rate: Fraction) -> None:
        """Forget what was seen; the next frames come `rate` a second."""
        ...

    def add(self, index: int, light: Light, depth: int) -> None:
        """The next frame. light (H, W): luma code values of `depth` bits, 8 to 16; `index` grows by one each time."""
        ...

    def finish(self) -> tuple[Transition, ...]:
        """All transitions, by frame. Frame 0 is never one of them: the first shot begins there anyway."""
        ...
