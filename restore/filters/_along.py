"""What the filters that follow motion have in common: how it is looked for, and how far it is believed."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from restore import motion
from restore.contracts import Colour, Frames
from restore.errors import BadRecipe
from restore.runtime import raft


class AlongMotion(BaseModel):
    """Settings of every filter that follows things from frame to frame. None of these filters touches light."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 2

    flow: Literal["dis", "raft", "raft_large"] = Field("dis", description="how motion is looked for")
    occlusion: float = Field(1.0, gt=0, le=20, description="px of a picture 320 wide that motion may miss by")
    light: float = Field(0.05, gt=0, le=1, description="difference of light that is still the same thing, 1 = white")

    def paths(self, runtime: Any) -> motion.Paths:
        """The ways between one shot's frames, as these settings want them. `runtime` says on which device RAFT runs.

        Raises what `ingredients` raises.
        """
        tolerance = motion.Tolerance(self.occlusion, self.light)
        if self.flow == "dis":
            return motion.Paths(tolerance)
        return motion.Paths(tolerance, raft.search(self.flow, runtime.device))

    def ingredients(self) -> tuple[str, ...]:
        """Whose weights find the motion, with their SHA-256 and versions; nothing for DIS.

        Raises Unavailable where torch or torchvision is not installed, BadWeights for weights that are not there or
        not what was published.
        """
        return () if self.flow == "dis" else raft.identity(self.flow)


def colour_of(frames: Frames, name: str) -> Colour:
    """The frames' colour, for the filter `name`. Raises BadRecipe for frames that have none yet."""
    if frames.colour is None:
        raise BadRecipe(f"filters: {name} needs colour; put colorize before it")
    return frames.colour


def enlarged(colour: Colour, size: tuple[int, ...]) -> Colour:
    """One frame's colour (2, h, w) at `size` (rows, columns), or as it is where a side of it is as large."""
    if colour.shape[1] >= size[0] or colour.shape[2] >= size[1]:
        return colour
    return np.stack([cv2.resize(plane, (size[1], size[0]), interpolation=cv2.INTER_CUBIC) for plane in colour])
