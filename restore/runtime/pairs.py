"""Makes what a network sees out of a run of frames: each frame, the ones before it and its hints; what it may give."""

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
    """What a painter is given must be what its card takes.

    Raises ValueError when `light` is not (T, 1, h, w) with sides that `card` takes, or hints are not (T, 3, h, w) of
    the same size; BadRecipe for guidance that the network does not heed.
    """
    if light.ndim != 4 or light.shape[1] != 1 or 0 in light.shape:
        raise ValueError(f"{card.name}: light must be (T, 1, h, w), is {tuple(light.shape)}")
    if any(side % card.multiple_of for side in light.shape[2:]):
        raise ValueError(f"{card.name}: sides must be multiples of {card.multiple_of}, are {tuple(light.shape[2:])}")
    if guidance.references or guidance.palette is not None or guidance.mask is not None:
        raise BadRecipe(f"network {card.name} takes no references, palette or mask; leave them out")
    if guidance.hints is None:
        return
    if not card.guided:
        raise BadRecipe(f"network {card.name} takes no hints; choose a guided one or leave the hints out")
    wanted = (len(light), 3, *light.shape[2:])
    if tuple(guidance.hints.shape) != wanted:
        raise ValueError(f"{card.name}: hints must be {wanted}: a*, b*, confidence; are {tuple(guidance.hints.shape)}")


def heeding(guidance: Guidance, frames: int) -> list[bool]:
    """For each of the `frames`, whether it is hinted at: whether any pixel's confidence is above 0."""
    if guidance.hints is None:
        return [False] * frames
    return [bool((hints[2] > 0).any()) for hints in guidance.hints]


def seen_planes(light: Array, frames: npt.NDArray[np.intp], hints: Array | None) -> npt.NDArray[np.float32]:
    """(planes, h, w) float32 as a network takes them: L*/100 of the `frames` (those that it sees, t first), then, with
    hints, a*, b* and confidence of t. `light` and `hints` as in `Painter`."""
    seen = light[frames, 0]
    return np.ascontiguousarray(seen if hints is None else np.concatenate((seen, hints[frames[0]])), np.float32)
