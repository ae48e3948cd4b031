"""Draws made colours towards those of a reference: as saturated as it is, and of hues that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from restore.contracts import Colour, Frames
from restore.errors import BadRecipe
from restore.film import Shot

NODES = 65
"""Of the table along Cb and along Cr, from −0.5 to 0.5."""

WIDE = 0.05
"""Distance in Cb, Cr over which a palette's entries draw colours: a step of mean shift (Fukunaga and Hostetler 1975,
"The estimation of the gradient of a density function") with a Gaussian of this width."""

NEUTRAL = 0.03
"""Chroma up to which colours are drawn less: what is gray stays gray, whatever the reference shows."""

Share = Annotated[float, Field(ge=0, le=1)]
Chroma = Annotated[float, Field(ge=-0.5, le=0.5)]


class Steer(BaseModel):
    """Settings of the filter `steer`. A run with `--reference` fills them in; without, it changes nothing.

    Every frame's colours go through the same table, so that nothing flickers that did not before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: ClassVar[int] = 0
    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 1

    saturation: float = Field(1.0, ge=0.25, le=4, description="factor on Cb and Cr")
    palette: tuple[tuple[Chroma, Chroma, Share], ...] = Field(
        (), max_length=256, description="[Cb, Cr, share] of the colours that are wanted"
    )
    strength: float = Field(0.5, ge=0, le=1, description="how far colours are drawn to the palette's")

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session. Raises BadRecipe for frames that have no colour yet."""
        del shot, runtime
        table = self.table()

        def steered(frames: Frames) -> Frames:
            if frames.colour is None:
                raise BadRecipe("steer changes colours, and there are none yet; put colorize before it")
            if self.saturation == 1 and not self.palette:
                return frames
            return replace(frames, colour=np.stack([_looked_up(table, colour) for colour in frames.colour]))

        return steered

    def table(self) -> Colour:
        """(65, 65, 2): the Cb, Cr that each Cb (by column) and Cr (by row) becomes."""
        axis = np.linspace(-0.5, 0.5, NODES, dtype=np.float32)
        cb, cr = np.meshgrid(axis * np.float32(self.saturation), axis * np.float32(self.saturation))
        wanted = np.stack([cb, cr], axis=-1)
        if not self.palette:
            return np.asarray(np.clip(wanted, -0.5, 0.5), np.float32)
        entries = np.array(self.palette, np.float32)
        apart = ((wanted[:, :, None] - entries[:, :2]) ** 2).sum(axis=-1)
        weight = entries[:, 2] * np.exp(-apart / (2 * WIDE**2))
        total = weight.sum(axis=-1, keepdims=True)
        drawn = (weight[..., None] * entries[:, :2]).sum(axis=2) / np.maximum(total, 1e-9)
        known = np.minimum(1, total / (total + 1e-4))  # where the reference has nothing near, nothing is drawn
        chroma = np.hypot(cb, cr)[..., None]
        pull = np.float32(self.strength) * known * np.minimum(1, chroma / NEUTRAL) ** 2
        return np.asarray(np.clip(wanted + pull * (drawn - wanted), -0.5, 0.5), np.float32)


def _looked_up(table: Colour, colour: Colour) -> Colour:
    """colour (2, h, w) through the table, linear between its nodes."""
    x, y = ((plane + np.float32(0.5)) * np.float32(NODES - 1) for plane in colour)
    made = cv2.remap(table, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(np.asarray(made, np.float32).transpose(2, 0, 1))


Part = Steer
