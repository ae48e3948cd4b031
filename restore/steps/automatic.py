"""One frame in the colours that a recipe's network gives it by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from restore import colour
from restore.configs.recipe import Recipe
from restore.contracts import Colour, Frames, RunsNetwork
from restore.guidance.at_hand import AtHand
from restore.guidance.sheet import turns
from restore.media.read import Picture
from restore.runtime import Runtime


def automatic(film: AtHand, frame: int, recipe: Recipe, runtime: Runtime) -> tuple[Picture, Colour | None]:
    """The frame as it is stored, and its Cb, Cr (2, h, w) as the network gives them; None where a recipe runs none."""
    part: Any = next((part for _, part in recipe.chain if isinstance(part, RunsNetwork)), None)
    shot, video = film.shot_of(frame), film.video
    before = max(shot.scene_start, frame - (0 if part is None else part.context))
    seen = list(film.pictures(before, frame + 1))
    if part is None:
        return seen[-1], None
    frames = Frames([picture.light for picture in seen], None, before, video.bit_depth, video.colour, turns(video))
    return seen[-1], part.begin(shot, runtime)(frames).colour[-1]


def as_shown(picture: Picture, made: Colour | None, film: AtHand) -> tuple[np.ndarray, np.ndarray | None]:
    """A frame as it is shown: its light (H, W) uint8, and in colour (H, W, 3) uint8 R'G'B'."""
    video = film.video
    gray = colour.gray_rgb(picture.light, video.colour, video.bit_depth)[..., 0]
    if made is None:
        return _upright(gray, film), None
    planes = colour.chroma_planes(made, picture.light, video.colour, video.bit_depth, picture.light.shape)
    rgb = colour.to_rgb(picture.light, *planes, video.colour, video.bit_depth)
    return _upright(gray, film), _upright(rgb, film)


def _upright(values: np.ndarray, film: AtHand) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(np.round(values * 255).astype(np.uint8), -turns(film.video)))
