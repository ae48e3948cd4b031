"""How far the blue-yellow of the picture is from the truth's, in decibels."""

from __future__ import annotations

from typing import ClassVar

from restore.metrics._plane import PlanePsnr


class PsnrCb(PlanePsnr):
    __doc__ = PlanePsnr.__doc__
    plane: ClassVar[int] = 1
    name: ClassVar[str] = "psnr_cb"
    title: ClassVar[str] = "PSNR of Cb"


Part = PsnrCb
