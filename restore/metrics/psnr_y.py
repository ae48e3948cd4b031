"""How far the picture's light is from the truth's, in decibels; a film that keeps its luma shows it here."""

from __future__ import annotations

from typing import ClassVar

from restore.metrics._plane import PlanePsnr


class PsnrY(PlanePsnr):
    __doc__ = PlanePsnr.__doc__
    plane: ClassVar[int] = 0
    name: ClassVar[str] = "psnr_y"
    title: ClassVar[str] = "PSNR of Y"


Part = PsnrY
