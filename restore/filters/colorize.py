"""Gives gray film colour: a network looks at each frame, small, and says what colour is where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from restore import colour, models
from restore.contracts import Card, Colour, Frames, Light, Painter
from restore.errors import BadRecipe
from restore.film import Shot
from restore.guidance.planes import laid_over
from restore.runtime.planes import check_painter

LONGEST = 4
"""A picture's longer side is shown to the network at no more than this many times the working size."""


class Colorize(BaseModel):
    """Settings of the filter `colorize`. Light is never changed: the network's a*b* become Cb, Cr at the film's luma.

    Colour comes out at the size at which the network gives it; the writer brings it to the master's size, once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 1

    model: str = Field("duo", description="network: a file of the folder models/")
    weights: str | None = Field(None, description="name of its weights; none: the network's own first ones")
    candidate: int = Field(0, ge=0, description="which of the network's colourings to take, 0 = best")
    saturation: float = Field(1.0, ge=0, le=2, description="factor on a* and b*: 0 gray, 1 as the network says")
    working_size: int | None = Field(
        None, ge=16, le=2048, description="shorter side shown to the network, px; none: what it was trained at"
    )

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        check_painter(models.card(name))
        return name

    @field_validator("candidate")
    @classmethod
    def _offered(cls, candidate: int, info: ValidationInfo) -> int:
        if "model" in info.data:  # absent when it was refused itself
            _check_candidate(candidate, models.card(info.data["model"]))
        return candidate

    @property
    def context(self) -> int:
        """Frames before this one that the network sees; windows have as many after, which it does not look at."""
        return models.card(self.model).frames - 1

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session; it keeps the colours that the next window asks for again, so each frame is seen once.

        `runtime.painter(model, weights)` gives the network. Raises BadRecipe where it has no such candidate, and what
        the runtime raises for weights that are missing or broken.
        """
        del shot  # every shot is coloured the same way; windows already end where it ends
        painter: Painter = runtime.painter(self.model, self.weights)
        _check_candidate(self.candidate, painter.card)
        kept: dict[int, Colour] = {}

        def paint(frames: Frames) -> Frames:
            for t in [t for t in kept if t < frames.start]:
                del kept[t]
            new = next((t for t in range(frames.start, frames.stop) if t not in kept), frames.stop)
            if new < frames.stop:
                before = max(frames.start, new - painter.card.frames + 1)
                made = self._painted(frames.part(before, frames.stop), painter, new - before)
                kept.update(zip(range(new, frames.stop), made, strict=True))
            return replace(frames, colour=np.stack([kept[t] for t in range(frames.start, frames.stop)]))

        return paint

    def _painted(self, frames: Frames, painter: Painter, seen: int) -> Colour:
        """(T − seen, 2, h, w) float32 Cb, Cr, without the first `seen` frames, which the network only looks back at.

        Where there are none, the first frame is taken for its own predecessor, as a shot's is.
        """
        card = painter.card
        small = _sized(frames.light, working_shape(frames.light.shape[1:], self.working_size, card))
        full_range = frames.tags.full_range
        upright = np.rot90(colour.lightness(small, frames.depth, full_range), -frames.turns, (1, 2))
        height, width = upright.shape[1:]
        below, beside = -height % card.multiple_of, -width % card.multiple_of
        padded = np.pad(upright[:, None] / np.float32(100), ((0, 0), (0, 0), (0, below), (0, beside)), mode="edge")
        ab = np.asarray(painter(padded, seen=seen), dtype=np.float32)[self.candidate]
        ab = ab[:, :, : -(-height // card.stride), : -(-width // card.stride)] * np.float32(self.saturation)
        ab = np.rot90(ab, frames.turns, (2, 3))
        if frames.hints is not None:
            ab = laid_over(ab, frames.hints[seen:])
        under = colour.luma(_sized(small[seen:], ab.shape[2:]), frames.depth, full_range)
        return colour.cbcr_from_ab(ab, under, frames.tags.matrix)


def working_shape(picture: tuple[int, ...], size: int | None, card: Card) -> tuple[int, int]:
    """Rows and columns at which a network with this card sees a picture (H, W).

    The shorter side becomes `size` (default: the card's), the shape is kept, and nothing is enlarged. Pictures more
    than four times as long as wide become smaller still, so that a strip of film is no more work than a picture.
    Sides are multiples of the card's stride where the picture has as many pixels.
    """
    short, long = min(picture), max(picture)
    size = size or card.working_size
    factor = min(size / short, LONGEST * size / long)
    steps = [max(1, round(side * factor / card.stride)) * card.stride for side in picture]
    rows, columns = (min(step, side) for step, side in zip(steps, picture, strict=True))
    return rows, columns


def _check_candidate(candidate: int, card: Card) -> None:
    if candidate >= card.candidates:
        offered = f"0 to {card.candidates - 1}" if card.candidates > 1 else "0 only"
        raise BadRecipe(f"network {card.name} has no candidate {candidate}; it offers {offered}")


def _sized(light: Light, shape: tuple[int, ...]) -> Light:
    """(T, h, w) of the size `shape`, by area, rounded, for light (T, H, W); no copy where the size is right already."""
    if light.shape[1:] == tuple(shape):
        return light
    sides = (shape[1], shape[0])
    return np.stack([cv2.resize(f, sides, interpolation=cv2.INTER_AREA).reshape(shape) for f in light])


Part = Colorize
