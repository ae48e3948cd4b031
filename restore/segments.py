"""The surfaces of a picture: regions that light's edges enclose, found by watershed, and the colour each one has.

Watershed by flooding (Meyer 1992, "Color image segmentation"; OpenCV's `watershed`): markers grow from calm places of
the picture until they meet on its edges. Each surface's colour is a mean that outliers pull little (Cauchy weights;
Huber and Ronchetti 2009, Robust Statistics, section 7.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.motion import Float, Small

Labels = npt.NDArray[np.int32]

CALM = 0.6
"""A place is calm where light changes by less than this share of the picture's mean change, or than `STILL`."""
STILL = 3.0
"""Code values of 255 from px to px that are no edge in any picture."""
LEAST = 12
"""px of the smallest marker; calmer places that are smaller belong to a surface beside them."""
DEEP = 5
"""Samples from the rim at which colour counts in full."""
ROUNDS = 2
"""Times that the robust mean is taken anew."""
ONE_LIGHT = 7
"""Code values of 255 that are one light: a fill's own, with what a codec does to it."""
FILLED = (0.6, 0.8)
"""Share of a surface that has one light: up to the first it is no drawn fill, from the second on it is one."""
DRAWN = (0.45, 0.7)
"""Share of a picture that lies in fills: up to the first it is photographed or painted, from the second on it is drawn
in flat colour. Of pictures and clips looked at, flat drawings have 0.6 to 0.95, photographed film 0 to 0.46."""
FILL_TOLERANCE = 0.1
"""Distance in Cb, Cr within which what a network says of one fill is averaged: it wavers more there than elsewhere."""


@dataclass(frozen=True)
class Surfaces:
    """One frame's surfaces and their colour.

    labels  (h, w) int32: number of the surface of each px, from 0.
    means   (N, 2) float32: its Cb, Cr.
    trust   (N,) float32 in [0, 1]: 1 where all of it has that colour, towards 0 where it has many.
    """

    labels: Labels
    means: Float
    trust: Float


def surfaces_of(light: Small) -> Labels:
    """Surfaces of light (h, w), 8 bits: (h, w) int32, numbers from 0 without gaps, none left out."""
    soft = cv2.medianBlur(light, 3)
    across = cv2.Sobel(soft, cv2.CV_16S, 1, 0)
    down = cv2.Sobel(soft, cv2.CV_16S, 0, 1)
    change = cv2.addWeighted(cv2.convertScaleAbs(across), 0.5, cv2.convertScaleAbs(down), 0.5, 0)
    limit = max(4 * STILL / 2, CALM * float(cv2.mean(change)[0]))
    _, calm = cv2.threshold(change, limit, 1, cv2.THRESH_BINARY_INV)
    count, marks = cv2.connectedComponents(calm, connectivity=4, ltype=cv2.CV_32S)
    large = np.bincount(marks.ravel(), minlength=count) >= LEAST
    large[0] = False  # all that is not calm
    if not large.any():
        return np.zeros(light.shape, np.int32)
    numbers = np.zeros(count, np.int32)
    numbers[large] = np.arange(1, np.count_nonzero(large) + 1)
    markers: Labels = np.take(numbers, np.asarray(marks), mode="clip")  # all are within; the mode spares the check
    cv2.watershed(cv2.merge([soft, soft, soft]), markers)
    return _without_ridges(markers)


def _without_ridges(markers: Labels) -> Labels:
    """Markers 1 to N as labels from 0. The px that the watershed leaves between two surfaces, −1, are given to the one
    beside them with the larger number.

    Two rounds: the picture's outermost px are ridges too, and in corners no neighbour of a ridge is a surface. 16 bits
    hold all numbers, as a surface has `LEAST` px of at most `motion.LONGEST`² (and OpenCV dilates them fast).
    """
    labels = np.maximum(markers, 0).astype(np.uint16)
    for _ in range(2):
        cv2.copyTo(cv2.dilate(labels, np.ones((3, 3), np.uint8)), np.equal(labels, 0).view(np.uint8), labels)
    return np.maximum(labels, 1).astype(np.int32) - 1


def coloured(labels: Labels, colour: Float, tolerance: float) -> Surfaces:
    """Each surface's robust mean of colour (h', w', 2), and how far it is one colour.

    `tolerance`: distance in Cb, Cr up to which samples are of one colour. Labels are read at the colour's samples;
    a surface that has none gets no trust. Samples at a surface's rim count little, as colour runs over rims.
    """
    count = int(labels.max()) + 1
    sampled = cv2.resize(labels, colour.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    here = np.asarray(sampled, np.int32).reshape(colour.shape[:2])
    at, inside = here.ravel(), _depth(here).ravel()
    samples = np.ascontiguousarray(colour.reshape(-1, 2).T)
    scale = np.float32(tolerance**2)
    weight = inside
    for _ in range(ROUNDS + 1):
        total = np.maximum(np.bincount(at, weight, count), 1e-9)
        means = np.stack([np.bincount(at, weight * plane, count) / total for plane in samples]).astype(np.float32)
        off = samples - np.take(means, at, axis=1, mode="clip")
        off *= off
        away = off[0] + off[1]
        away += scale
        weight = inside * (scale / away)
    # The mean Cauchy weight is the share of the surface that has its colour. Squared, so that two surfaces that were
    # taken for one, as grain opens outlines, are drawn together little.
    share = np.bincount(at, weight, count) / np.maximum(np.bincount(at, inside, count), 1e-9)
    return Surfaces(labels, np.ascontiguousarray(means.T), np.square(share).astype(np.float32))


def filled(labels: Labels, light: Small) -> tuple[Float, float]:
    """How far each surface is a drawn fill, (N,) float32 in [0, 1], and how far the picture is drawn in such fills.

    A fill has one light, whatever outlines and small things the watershed gave to it: what counts is the share of its
    px within the `ONE_LIGHT` code values that hold most of them. Grain and shading spread a photographed surface wider.
    """
    count = int(labels.max()) + 1
    codes = np.bincount(labels.ravel() * 256 + light.ravel(), minlength=count * 256).reshape(count, 256)
    sizes = codes.sum(axis=1, dtype=np.float32)
    near = cv2.blur(codes.astype(np.float32), (ONE_LIGHT, 1), borderType=cv2.BORDER_CONSTANT)
    share = ONE_LIGHT * near.max(axis=1) / np.maximum(sizes, 1)
    fills = np.clip((share - FILLED[0]) / (FILLED[1] - FILLED[0]), 0, 1).astype(np.float32)
    drawn = (float(sizes @ fills) / labels.size - DRAWN[0]) / (DRAWN[1] - DRAWN[0])
    return fills, min(max(drawn, 0.0), 1.0)


def _depth(labels: Labels) -> Float:
    """(h, w) float32: the square of how many samples each one lies inside its surface, 1 to `DEEP`²."""
    rim = np.zeros(labels.shape, bool)
    rim[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    rim[:, :-1] |= rim[:, 1:]
    down = labels[1:] != labels[:-1]
    rim[1:] |= down
    rim[:-1] |= down
    away = cv2.distanceTransform((~rim).astype(np.uint8), cv2.DIST_L2, 3)
    return np.square(np.clip(away + 1, 1, DEEP), dtype=np.float32)
