"""Wanted colours at another size, told to the filters, and laid over what these made."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour
from restore.contracts import Colour, Frames, Light

Plane = npt.NDArray[np.float32]

NOTHING = np.float32(1e-4)
"""Confidence below which there is no colour to speak of."""
LITTLE = np.float32(1 / 512)
"""Share of a wanted colour that makes no difference of a code value of 8 bits."""


def sized(hints: Colour, shape: tuple[int, ...]) -> Colour:
    """Hints (T, 3, h, w) at `shape` (rows, columns): colours weighed by their confidence, so that what was not painted
    does not bleach what was. By area where they become smaller, linear where larger."""
    if hints.shape[2:] == tuple(shape):
        return hints
    smaller = shape[0] * shape[1] < hints.shape[2] * hints.shape[3]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    made = np.empty((len(hints), 3, *shape), np.float32)
    for out, (a, b, sure) in zip(made, hints, strict=True):
        for plane, values in zip(out, (a * sure, b * sure, sure), strict=True):
            plane[...] = cv2.resize(values, (shape[1], shape[0]), interpolation=how).reshape(shape)
        out[:2] /= np.maximum(out[2], NOTHING)
        np.minimum(out[2], 1, out=out[2])  # an area's mean of ones can be a little more
    return made


def mixed_in(ab: Colour, hints: Colour) -> Colour:
    """A network's a*b* (T, 2, h, w) with the hints (T, 3, H, W) mixed into it, at its own size, (T, 2, h, w).

    This is what the filters after it see, so that they hold still and even out what nobody is sure of; what is sure is
    laid over what they made (`asked_for`). Both times a hint counts by half of its confidence (see `_half`).
    """
    *wanted, sure = sized(hints, ab.shape[2:]).swapaxes(0, 1)
    share = _half(sure)
    return np.stack([own + share * (asked - own) for own, asked in zip(ab.swapaxes(0, 1), wanted, strict=True)], axis=1)


def _half(confidence: Plane) -> Plane:
    """The share that, counted twice, one after the other, counts as the confidence c: 1 − √(1 − c)."""
    made: Plane = 1 - np.sqrt(np.maximum(1 - confidence, 0))  # resizing rounds beyond 1
    return made


def asked_for(frames: Frames) -> Frames:
    """Frames as the filters made them, with the colours that were asked for laid over; at the size of the larger.

    Only what somebody asked for is as large as the hints are; so the filters' work is as little as without. Frames
    without colour or without hints stay as they are.
    """
    if frames.colour is None or frames.hints is None:
        return frames
    shape = max(frames.colour.shape[2:], frames.hints.shape[2:])
    made = np.empty((len(frames), 2, *shape), np.float32)
    for out, own, hints, light in zip(made, frames.colour, frames.hints, frames.light, strict=True):
        *wanted, share = (_sized(plane, shape, cv2.INTER_LINEAR) for plane in _shares(hints, light, frames))
        for plane, values, asked in zip(out, own, wanted, strict=True):
            plane[...] = _sized(values, shape, cv2.INTER_CUBIC)
            plane *= 1 - share
            plane += asked
    return replace(frames, colour=made)


def _shares(hints: Plane, light: Light, frames: Frames) -> Plane:
    """(3, h, w): Cb and Cr that one frame's hints (3, h, w) ask for, times the share by which they are laid over what
    is there, and that share."""
    made = np.zeros_like(hints)
    share = _half(hints[2])
    there = share > LITTLE
    if there.any():
        rows, columns = there.shape
        under: Light = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns)  # type: ignore[assignment]
        luma = colour.luma(under[there], frames.depth, frames.tags.full_range)
        wanted = colour.cbcr_from_ab(hints[:2, there][None, :, None], luma[None, None], frames.tags.matrix)[0, :, 0]
        made[:2, there], made[2, there] = wanted * share[there], share[there]
    return made


def _sized(plane: Plane, shape: tuple[int, ...], how: int) -> Plane:
    same = plane.shape == shape
    return plane if same else np.asarray(cv2.resize(plane, shape[::-1], interpolation=how), np.float32).reshape(shape)
