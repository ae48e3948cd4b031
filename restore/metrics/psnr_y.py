"""How far the picture's light is from the truth's, in decibels."""

from __future__ import annotations

from typing import ClassVar

from restore.metrics._plane import PlanePsnr


class PsnrY(PlanePsnr):
    __doc__ = PlanePsnr.__doc__
    plane: ClassVar[int] = 0
    name: ClassVar[str] = "psnr_y"
    title: ClassVar[str] = "PSNR of Y"


Part = PsnrY
