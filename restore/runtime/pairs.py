"""Makes what a network sees out of a run of frames: each frame with the ones before it; and what it may give back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restore.contracts import Array, Card, Guidance
from restore.errors import BadRecipe

AB_LIMIT = 128.0
"""No displayable colour has an a* or b* beyond this (sRGB and Rec. 2020 primaries at any luma)."""


def predecessors(frames: int, seen: int) -> npt.NDArray[np.intp]:
    """(frames, seen) indices: row t holds t, t−1, …; before the first frame stands the first frame itself."""
    index: npt.NDArray[np.intp] = np.arange(frames)[:, None] - np.arange(seen)[None, :]
    return np.maximum(index, 0)


def check(card: Card, light: Array, guidance: Guidance) -> None:
    """Raises ValueError when `light` is not (T, 1, h, w) with sides that `card` takes, BadRecipe for unheeded hints."""
    if light.ndim != 4 or light.shape[1] != 1 or 0 in light.shape:
        raise ValueError(f"{card.name}: light must be (T, 1, h, w), is {tuple(light.shape)}")
    if any(side % card.multiple_of for side in light.shape[2:]):
        raise ValueError(f"{card.name}: sides must be multiples of {card.multiple_of}, are {tuple(light.shape[2:])}")
    steered = bool(guidance.references) or any(
        given is not None for given in (guidance.hints, guidance.palette, guidance.mask)
    )
    if steered and not card.guided:
        raise BadRecipe(f"network {card.name} takes no hints; choose a guided one or leave the hints out")
