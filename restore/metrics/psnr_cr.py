"""How far the red-green of the picture is from the truth's, in decibels."""

from __future__ import annotations

from typing import ClassVar

from restore.metrics._plane import PlanePsnr


class PsnrCr(PlanePsnr):
    __doc__ = PlanePsnr.__doc__
    plane: ClassVar[int] = 2
    name: ClassVar[str] = "psnr_cr"
    title: ClassVar[str] = "PSNR of Cr"


Part = PsnrCr
