"""What a place's surroundings tell of its colour: the surface it belongs to, and places of even light around it."""

from __future__ import annotations

import cv2
import numpy as np

from restore import segments
from restore.guidance.doubt import GRAY, MOST, Float, doubted
from restore.guidance.known import Frame, Known, held, joined
from restore.guidance.spreading import NOTHING, bonds, parted, settled, smoothed

SPREAD = 100.0
"""Doubt that spreading within the picture adds: what lies between a place and where its colour was known."""
OF_SURFACE = 80.0
"""Doubt that a surface's colour adds, where all of it is known; more where less is."""
FAR = 30.0
"""Times that the doubt of no colour is taken when what was painted spreads: dots are meant for all of a thing."""
SURE = 150.0
"""Places with less doubt count as known when a surface votes."""


def spread(frame: Frame, known: Known) -> Known:
    """With what surroundings tell: the surface of each place, and places of even light around it."""
    rows, columns = frame.light.shape
    half = (columns // 2, rows // 2)
    nothing = np.float32(1 / (MOST + SPREAD))  # what is not known does not spread
    weight = np.maximum(1 / (known.doubt + np.float32(SPREAD)) - nothing, 0)
    planes = np.stack([known.ab[..., 0] * weight, known.ab[..., 1] * weight, weight])
    small = np.stack([cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in planes])
    light = cv2.resize(frame.tone, half, interpolation=cv2.INTER_AREA)
    spread = smoothed(small, bonds(np.asarray(light, np.float32)))
    around = np.stack([cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_LINEAR) for plane in spread])
    sum_of = np.maximum(around[2], np.float32(NOTHING))
    even = Known((around[:2] / sum_of).transpose(1, 2, 0), held(1 / (sum_of + nothing)))
    return joined([known, even, _of_surfaces(frame, known)], frame.light.shape)


def _of_surfaces(frame: Frame, known: Known) -> Known:
    """The colour that the sure places of each surface vote for; in doubt where they disagree, or are few."""
    labels = segments.surfaces_of(frame.light)
    at, count = labels.ravel(), int(labels.max()) + 1
    weight = np.square(1 / known.doubt).ravel()
    size = np.bincount(at, minlength=count)
    total = np.maximum(np.bincount(at, weight, count), NOTHING)
    ab = known.ab.reshape(-1, 2)
    means = [np.bincount(at, weight * plane, count) / total for plane in ab.T]
    squares = np.bincount(at, weight * np.square(ab).sum(axis=1), count) / total
    apart = np.maximum(squares - np.square(means[0]) - np.square(means[1]), 0)
    mean_doubt = np.bincount(at, weight * known.doubt.ravel(), count) / total
    share = np.bincount(at, known.doubt.ravel() < SURE, count) / np.maximum(size, 1)
    doubt = (OF_SURFACE / np.maximum(share, 0.02) + 4 * apart + mean_doubt).astype(np.float32)
    colours = np.stack(means, axis=1).astype(np.float32)
    return Known(colours[labels], np.minimum(doubt, np.float32(MOST))[labels])


def painted(frame: Frame, ab: Float, sure: Float, before: Known) -> Known:
    """A frame's colours from what was painted of it and what was known `before`.

    Where it is not painted all over, what is painted spreads over the surfaces that it lies on, as far as light allows,
    and no further.
    """
    if sure.min() > 0.99:
        return Known(ab, doubted(sure))
    rows, columns = sure.shape
    half = (columns // 2, rows // 2)
    known = np.where(before.doubt < GRAY, 1 / before.doubt, 0)
    total = sure + known
    both = (ab * sure[..., None] + before.ab * known[..., None]) / np.maximum(total, np.float32(NOTHING))[..., None]
    planes = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (both * total[..., None], total)]
    light = cv2.resize(frame.tone, half, interpolation=cv2.INTER_AREA)
    labels = cv2.resize(segments.surfaces_of(frame.light), half, interpolation=cv2.INTER_NEAREST)
    weight = np.asarray(planes[1], np.float32)
    colours = np.asarray(planes[0] / np.maximum(weight, np.float32(NOTHING))[..., None], np.float32)
    ties = parted(bonds(np.asarray(light, np.float32)), labels)
    spread, reach = settled(colours, weight, ties, FAR * GRAY)
    grown = cv2.resize(spread, (columns, rows), interpolation=cv2.INTER_LINEAR)
    reached = cv2.resize(reach, (columns, rows), interpolation=cv2.INTER_LINEAR)
    around = Known(np.asarray(grown, np.float32), held(_beyond(np.asarray(reached, np.float32))))
    told = joined([before, around], sure.shape)
    share = sure[..., None]
    doubt = np.minimum(told.doubt, doubted(sure))
    return Known(told.ab + share * (ab - told.ab), doubt)


def _beyond(reach: Float) -> Float:
    """Doubt of what was spread, by how much of it is left."""
    return np.asarray(SPREAD + MOST * (1 - reach), np.float32)
