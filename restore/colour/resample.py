"""Brings a film's own chroma to planes of another size, once, each sample where it sits on the picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from restore.colour.planes import Size, centred, subsampling
from restore.contracts import Light

Taps = tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]


def resampled(plane: Light, picture: Size, size: Size, siting: str, interlaced: bool = False) -> Light:
    """A chroma plane (h, w) under a picture of `picture` rows and columns, as a plane of `size`; same type and depth.

    Linear between samples where there will be more, a triangle as wide as the new distance where there will be fewer;
    a plane that has that size already comes back as it is. The samples of both sizes sit as `siting` says ("left",
    "center", "topleft"; H.273). Rows of `interlaced` film are brought to size field by field. Raises ValueError for
    sizes that are no subsampling of the picture.
    """
    if plane.shape == size:
        return plane
    old, new = subsampling(picture, plane.shape), subsampling(picture, size)
    between = centred(siting)
    values = plane.astype(np.float32)
    if old[0] != new[0]:
        grown = np.empty((size[0], plane.shape[1]), np.float32)
        for field in (slice(0, None, 2), slice(1, None, 2)) if interlaced and size[0] > 1 else (slice(None),):
            part = values[field] if len(values[field]) else values
            grown[field] = _along(part, _taps(len(part), len(grown[field]), old[0], new[0], between[0]))
        values = grown
    if old[1] != new[1]:
        values = _along(values.T, _taps(plane.shape[1], size[1], old[1], new[1], between[1])).T
    made: Light = np.floor(values + np.float32(0.5)).astype(plane.dtype)
    return made


def _along(values: npt.NDArray[np.float32], taps: Taps) -> npt.NDArray[np.float32]:
    """The first axis of `values` (n, m) resampled: (N, m)."""
    rows, weights = taps
    made = np.zeros((len(rows), values.shape[1]), np.float32)
    for row, weight in zip(rows.T, weights.T, strict=True):
        made += values[row] * weight[:, None]
    return made


@lru_cache(maxsize=32)
def _taps(count: int, wanted: int, old: int, new: int, between: bool) -> Taps:
    """Numbers and weights, (wanted, taps), of the `count` samples that each new sample is made of.

    old, new: luma samples per chroma sample; `between`: samples sit in the middle of theirs, else on the first. Edges
    repeat.
    """
    shift = ((new - 1) / 2 - (old - 1) / 2) if between else 0.0
    places = (np.arange(wanted) * new + shift) / old  # in old samples
    reach = max(1.0, new / old)
    first = np.floor(places - reach).astype(np.intp) + 1
    near = first[:, None] + np.arange(int(np.ceil(2 * reach)))
    weights = np.maximum(1.0 - np.abs(near - places[:, None]) / reach, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.clip(near, 0, count - 1), weights.astype(np.float32)
