"""How a recipe steers the cutting of a reel into shots."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ShotSettings(BaseModel):
    """`shots` in a recipe. A cut too many costs little (colour is made anew); a missed one bleeds colour across it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_frames: int = Field(6, ge=1, le=10_000, description="a shot is at least so many frames long")
    part_s: int = Field(60, ge=1, le=3600, description="seconds after which a long shot is cut into parts for resume")
    leave: tuple[Literal["coloured", "tinted", "card", "leader"], ...] = Field(
        ("coloured", "tinted", "card", "leader"), description="kinds of shots that keep the source's own chroma"
    )
    lend: tuple[Literal["coloured", "tinted"], ...] = Field(
        (), description="kinds of shots that are left and lend their colours to the gray shots beside them"
    )
