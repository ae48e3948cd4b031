"""Pictures of what cannot be seen well by eye: how far colours are from the true ones, and where they flicker."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore import colour
from restore.colour.codes import Float
from restore.metrics import flicker
from restore.metrics.ciede2000 import differences
from restore.steps.stills import Drawn, Jpeg, Map, Rgb

COLOURS = cv2.COLORMAP_INFERNO
"""Black to light yellow through purple and orange: rises in lightness all the way, so that it reads in print and for
people who confuse colours (Smith and van der Walt, 2015)."""


@dataclass(frozen=True)
class Scale:
    """What the colours of a map mean, for the legend beneath it."""

    title: str
    unit: str
    top: float  # what is drawn brightest; more is cut
    help: str

    @property
    def ticks(self) -> tuple[str, ...]:
        return (*(f"{self.top * k / 4:g}" for k in range(4)), f"{self.top:g} and more")


DISTANCE = Scale(
    "Difference", "ΔE00", 20,
    "How far each colour is from the true one, as people see it (CIEDE2000). 1 can just be told side by side; 5 is "
    "plain to see; 20 is another colour.",
)  # fmt: skip
BETWEEN = Scale(
    "Difference of A and B", "ΔE00", 5,
    "How far the two films' colours are apart, as people see it (CIEDE2000). 1 can just be told side by side; 5 is "
    "plain to see. Which of the two is right, it does not say.",
)  # fmt: skip
FLICKER = Scale(
    "Flicker", "8-bit codes", 4,
    "How much the colour changed since the frame before, followed along the motion, where the light did not change. "
    "Black is steady, or a place that cannot be followed.",
)  # fmt: skip


def distance(one: str, other: str, scale: Scale, look: str = "difference") -> Map:
    """ΔE00 between two looks of one frame, at the size shown; drawn to the scale."""

    def draw(now: Drawn, _before: Drawn | None) -> Rgb:
        labs = [colour.rgb_to_lab(_shares(now[name])) for name in (one, other)]
        return painted(differences(*labs), scale)

    return Map(look, draw)


def chroma_flicker(of: str, look: str = "flicker") -> Map:
    """Change of Cb and Cr since the frame before, as the metric `flicker` sees it; drawn to the scale `FLICKER`."""

    def draw(now: Drawn, before: Drawn | None) -> Rgb | None:
        if before is None:
            return None
        height, width = now[of].shape[:2]
        change = flicker.changes(_shares(before[of]), _shares(now[of]))
        change = np.asarray(cv2.resize(change, (width, height)), np.float32)
        return painted(change, FLICKER)

    return Map(look, draw, looks_back=True)


def _shares(picture: Rgb) -> Float:
    """R'G'B' in [0, 1]."""
    shares: Float = picture.astype(np.float32) * np.float32(1 / 255)
    return shares


def painted(values: Float, scale: Scale) -> Rgb:
    """(H, W) as a picture (H, W, 3) in the map's colours, cut at the top of the scale."""
    levels = np.clip(values * np.float32(255 / scale.top), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(levels, COLOURS), cv2.COLOR_BGR2RGB), np.uint8)


def legend(scale: Scale) -> Jpeg:
    """The colours from 0 to the top, as a strip."""
    ramp = np.tile(np.linspace(0, scale.top, 256, dtype=np.float32), (8, 1))
    _, data = cv2.imencode(".png", cv2.cvtColor(painted(ramp, scale), cv2.COLOR_RGB2BGR))
    return Jpeg(data.tobytes(), 256, 8, "png")
