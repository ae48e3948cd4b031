"""What a place's surroundings tell of its colour: the surface it belongs to, and places of even light around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore import segments
from restore.guidance.doubt import GRAY, MOST, NETWORK, Float, doubted
from restore.guidance.known import Frame, Known, held, joined
from restore.guidance.spreading import NOTHING, bonds, parted, settled, smoothed

SPREAD = 100.0
"""Doubt that spreading within the picture adds: what lies between a place and where its colour was known."""
OF_SURFACE = 80.0
"""Doubt that a surface's colour adds, where all of it is known; more where less is."""
OTHER_LIGHT = 30.0
"""Doubt more for each code value of 255 by which a place is lighter or darker than what its surface's colour is known
of: a dark coat before a dark lawn can be one surface to the watershed."""
FAR = 30.0
"""Times that the doubt of no colour is taken when what was painted spreads: dots are meant for all of a thing."""
STROKE = 0.06
"""Share of the picture's longer side up to which paint is a dot or a stroke."""
ALL = 0.99
"""Confidence everywhere beyond which a frame is painted all over."""
SURE = 150.0
"""Places with less doubt count as known when a surface votes."""


@dataclass(frozen=True)
class Sheet:
    """What was painted on a frame: colours (h, w, 2) as far as `sure` (h, w) says, 0..1; and as far as `objects`
    (h, w) says, 0..1, on objects that have a name."""

    ab: Float
    sure: Float
    objects: Float | None = None


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
    doubt: Float = (OF_SURFACE / np.maximum(share, 0.02) + 4 * apart + mean_doubt).astype(np.float32)
    colours = np.stack(means, axis=1).astype(np.float32)
    tone = (np.bincount(at, weight * frame.tone.ravel(), count) / total).astype(np.float32)
    ab, doubt, tone = (np.take(each, labels, axis=0, mode="clip") for each in (colours, doubt, tone))  # all are within
    return Known(ab, np.minimum(doubt + np.float32(OTHER_LIGHT) * np.abs(frame.tone - tone), np.float32(MOST)))


def named(frame: Frame, sheet: Sheet) -> npt.NDArray[np.bool_] | None:
    """(h, w): what is of objects that have a name, spread as their colours are. None where nothing is."""
    if sheet.objects is None or not sheet.objects.any():
        return None
    names = Sheet(np.stack([sheet.objects, np.zeros_like(sheet.objects)], axis=-1), sheet.sure)
    found = painted(frame, names, grown(frame, names), joined([], sheet.sure.shape))
    return np.asarray((found.ab[..., 0] > 0.5) & (found.doubt < NETWORK))


def painted(frame: Frame, sheet: Sheet, spread: Sequence[Known], before: Known) -> Known:
    """A frame's colours from what was painted of it, what that `spread` to (see `grown`), and what was known
    `before`."""
    ab, sure = sheet.ab, sheet.sure
    if sure.min() > ALL:
        return Known(ab, doubted(sure))
    whole = joined([before, *spread], sure.shape)
    whole = Known(whole.ab + sure[..., None] * (ab - whole.ab), np.minimum(whole.doubt, doubted(sure)))
    return joined([whole, _of_surfaces(frame, whole)], sure.shape)


def grown(frame: Frame, sheet: Sheet) -> tuple[Known, ...]:
    """Where the paint of a frame spreads that is not painted all over; nothing of one that is.

    Dots and strokes spread as far as light allows: they are meant for all of a thing. Painted areas spread over the
    surfaces that they lie on, and no further: what they leave out was left out.
    """
    ab, sure = sheet.ab, sheet.sure
    if sure.min() > ALL:
        return ()
    rows, columns = sure.shape
    half = (columns // 2, rows // 2)
    light = np.asarray(cv2.resize(frame.tone, half, interpolation=cv2.INTER_AREA), np.float32)
    areas = _areas(sure)
    weights = [np.asarray(cv2.resize(w, half, interpolation=cv2.INTER_AREA), np.float32) for w in (sure - areas, areas)]
    colours: Float = np.asarray(cv2.resize(ab * sure[..., None], half, interpolation=cv2.INTER_AREA), np.float32)
    colours = np.asarray(colours / np.maximum(sum(weights), np.float32(NOTHING))[..., None], np.float32)
    labels = cv2.resize(segments.surfaces_of(frame.light), half, interpolation=cv2.INTER_NEAREST)
    ties = bonds(light)
    ways = zip(weights, weights[::-1], (ties, parted(ties, np.asarray(labels, np.int32))), (FAR, 1.0), strict=True)
    told = list[Known]()
    for weight, other, held_by, far in ways:
        if weight.any():
            spread, reach = settled(colours, weight, held_by, other + np.float32(1 / (far * GRAY) + 1 / MOST))
            planes = (cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_LINEAR) for plane in (spread, reach))
            grown, reached = (np.asarray(plane, np.float32) for plane in planes)
            lost = (1 - reached) / (reached + np.float32(0.5 if far > 1 else 0))
            told.append(Known(grown, held(np.float32(SPREAD) + np.float32(GRAY) * lost)))
    return tuple(told)


def _areas(sure: Float) -> Float:
    """What of the paint is wider than a stroke."""
    width = 2 * (int(STROKE * max(sure.shape)) // 2) + 1
    return np.asarray(cv2.morphologyEx(sure, cv2.MORPH_OPEN, np.ones((width, width), np.uint8)), np.float32)
