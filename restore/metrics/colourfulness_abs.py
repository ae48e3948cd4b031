"""Colourfulness as several colorizers' code computes it, for comparison with their papers only."""

from __future__ import annotations

from typing import ClassVar, Literal

from restore.metrics._mean import Everywhere, Mean
from restore.metrics.colourfulness import of_frame


class ColourfulnessAbs(Everywhere):
    """The formula of `colourfulness` on |rg| and |yb|, mean of frames.

    DDColor (basicsr/metrics/colorfulness.py) and ColorMNet take absolute values, which Hasler and Süsstrunk do not;
    the number is lower.
    """

    name: ClassVar[str] = "colourfulness_abs"
    title: ClassVar[str] = "Colourfulness of |rg|, |yb|"
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["truth"]] = "truth"
    in_run: ClassVar[int] = 0

    def begin(self) -> Mean:
        return Mean(self.name, lambda restored, _: of_frame(restored, absolute=True))


Part = ColourfulnessAbs
