"""Pictures whose colours a film is to have: matched region by region, where that is sure, and their statistics for all.

Two uses, after Zhang et al. 2017 ("Real-Time User-Guided Image Colorization with Learned Deep Priors", global hints: a
histogram of a*b* and the mean saturation) and Furusawa et al. 2017 ("Comicolorization", a palette taken from a
reference, and regions that take their colour from it). The matching is our own: surfaces of both pictures are
described by their light, its texture and their place, and a surface takes the colour of those most alike, as far as
these agree among each other (Welsh et al. 2002 matched single pixels by light and its deviation).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from restore.colour import from_rgb, lab_to_rgb, to_rgb
from restore.contracts import Painted
from restore.film import Given, Hint, Shot
from restore.guidance import pictures
from restore.guidance.at_hand import Asked, AtHand
from restore.guidance.proxies import Float
from restore.guidance.sheet import turns, upright_size
from restore.segments import surfaces_of
from restore.shots.table import scenes

SIZE = 256
"""Longer side at which pictures are matched, px."""

SUREST = 0.6
"""Confidence of the surest match: a picture that is no frame of the film is never as good as paint."""

LEAST = 0.15
"""Confidence below which a match is left out: the network's own guess is better then."""

NEAREST = 6
"""Surfaces of the reference that a surface is compared with."""

REACH = 0.12
"""Distance of descriptions at which a match is half as sure as at none."""

AGREE = 8.0
"""Distance in a*b* among the nearest surfaces at which their mean is a third as sure."""

_WEIGHTS = np.array([1.6, 1.2, 0.8, 0.8, 0.6, 0.25, 0.35, 0.5], np.float32)
"""Of a description's parts, in the order of `described`. Light tells most; where a thing stands, least."""

BIN = 10.0
"""Side of a square of the histogram in a*b*, as Zhang et al. 2016 quantize the plane."""

MOST = 48
"""Entries of a palette."""


@dataclass(frozen=True)
class Statistics:
    """The colours of a picture as a whole.

    chroma   mean distance from gray, in Cb, Cr.
    palette  (Cb, Cr, share) of each square of a*b* that holds any of it, most first; shares add up to 1 or less.
    """

    chroma: float
    palette: tuple[tuple[float, float, float], ...]


def described(light: Float) -> tuple[np.ndarray, Float]:
    """The surfaces of a picture (h, w) of CIE L*: labels (h, w), and a description (N, 8) of each.

    Its rank among the picture's lights, its light, how much that varies, how strong its outlines are, its surroundings'
    light against its own, its height and its distance from the middle in the picture, its size.
    """
    labels = surfaces_of(np.clip(light * 2.55, 0, 255).astype(np.uint8))
    count, flat = int(labels.max()) + 1, labels.ravel()
    area = np.maximum(np.bincount(flat, minlength=count), 1).astype(np.float32)

    def mean(plane: np.ndarray) -> Float:
        return np.asarray(np.bincount(flat, plane.ravel(), count) / area, np.float32)

    order = np.empty(light.size, np.float32)
    order[np.argsort(light, axis=None, kind="stable")] = np.linspace(0, 1, light.size)
    lights = mean(light)
    varies = np.sqrt(np.maximum(mean(light**2) - lights**2, 0))
    outlines = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1))
    around = mean(cv2.GaussianBlur(light, (0, 0), max(light.shape) / 16)) - lights
    rows, columns = np.mgrid[0 : light.shape[0], 0 : light.shape[1]]
    down, across = mean(rows / light.shape[0]), np.abs(mean(columns / light.shape[1]) - 0.5)
    parts = (
        mean(order), lights / 100, np.log1p(varies) / 3, np.log1p(mean(outlines)) / 4, around / 50, down, across,
        np.log(area / light.size) / 8,
    )  # fmt: skip
    return labels, np.stack(parts, axis=1) * _WEIGHTS


def matched(reference: Float, light: Float) -> tuple[Float, Float]:
    """Colours for a picture, from a reference: a*b* (2, h, w) and how sure, (h, w) in [0, `SUREST`].

    reference (H, W, 3) CIE L*a*b*; light (h, w) CIE L*.
    """
    theirs, of_theirs = described(np.ascontiguousarray(reference[..., 0]))
    ours, of_ours = described(light)
    count = len(of_theirs)
    area = np.bincount(theirs.ravel(), minlength=count)
    ab = np.stack([np.bincount(theirs.ravel(), reference[..., n].ravel(), count) / np.maximum(area, 1) for n in (1, 2)])
    apart = np.linalg.norm(of_ours[:, None] - of_theirs, axis=2)
    near = np.argsort(apart, axis=1)[:, :NEAREST]
    distance = np.take_along_axis(apart, near, axis=1)
    closeness = 0.5 ** ((distance / REACH) ** 2)
    weight = closeness * np.sqrt(area[near])
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    colours = (ab[:, near] * weight).sum(axis=2)
    spread = np.sqrt((((ab[:, near] - colours[..., None]) ** 2).sum(axis=0) * weight).sum(axis=1))
    sure = SUREST * closeness.max(axis=1) * np.exp(-spread / AGREE)
    sure[sure < LEAST] = 0
    return np.asarray(colours[:, ours], np.float32), np.asarray(sure[ours], np.float32)


def statistics(lab: Float, matrix: str) -> Statistics:
    """Statistics of a picture (H, W, 3) CIE L*a*b*, in the Cb, Cr of a matrix."""
    flat = lab.reshape(-1, 3)
    cells, at = np.unique(np.round(flat[:, 1:] / BIN).astype(int), axis=0, return_inverse=True)
    shares = np.bincount(at.ravel(), minlength=len(cells)) / len(flat)
    sums = np.stack([np.bincount(at.ravel(), flat[:, n], len(cells)) for n in range(3)], axis=1)
    means = sums / np.maximum(shares * len(flat), 1)[:, None]
    _, cb, cr = from_rgb(lab_to_rgb(means[None].astype(np.float32)), matrix)
    most = np.argsort(-shares)[:MOST]
    palette = tuple((round(float(cb[0, n]), 4), round(float(cr[0, n]), 4), round(float(shares[n]), 4)) for n in most)
    return Statistics(round(float((np.hypot(cb[0], cr[0]) * shares).sum()), 4), palette)


def small_lab(image: pictures.Image) -> Float:
    """(h, w, 3) CIE L*a*b* of a picture at the size at which it is matched."""
    height, width = image.rgb.shape[:2]
    scale = min(1.0, SIZE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return pictures.Image(np.asarray(cv2.resize(image.rgb, size, interpolation=cv2.INTER_AREA), np.float32), None).lab


def asked(paths: tuple[Path, ...], film: AtHand) -> tuple[Asked, tuple[Statistics, ...]]:
    """The middle frame of every shot that is coloured, in the colours of the reference that fits it best, and the
    statistics of each reference. Raises MissingInput or BadInput."""
    named = [(path, pictures.content(path)) for path in paths]
    labs = [small_lab(pictures.read(path, data)) for path, data in named]
    asked_of = [shot for shot in scenes(film.shots) if not shot.left]
    made, frames = list[Hint](), dict[str, list[int]]()
    for number, shot in enumerate(asked_of):
        film.tell(number, len(asked_of))
        best = max(
            (
                lent(lab, (shot.start + shot.stop) // 2, path.name, film)
                for lab, (path, _) in zip(labs, named, strict=True)
            ),
            key=lambda painted: float(painted.confidence.mean()),
        )
        if best.confidence.any():
            made.append(film.keep(best))
            frames.setdefault(best.source, []).append(best.frame)
    given = tuple(
        Given("reference", path.name, pictures.sha256(data), tuple(frames.get(path.name, ())), _said(lab, film))
        for (path, data), lab in zip(named, labs, strict=True)
    )
    return Asked(tuple(made), (), given), tuple(statistics(lab, film.video.colour.matrix) for lab in labs)


def _said(lab: Float, film: AtHand) -> str:
    return f"mean chroma {statistics(lab, film.video.colour.matrix).chroma:.3f}"


def lent(reference: Float, frame: int, source: str, film: AtHand) -> Painted:
    """A frame in the colours of a reference (H, W, 3) CIE L*a*b*, as it is stored."""
    width, height = upright_size(film.video)
    scale = min(1.0, SIZE / max(width, height))
    light = film.light(frame, (max(8, round(height * scale)), max(8, round(width * scale))))
    ab, sure = matched(reference, light)
    stored = np.ascontiguousarray(np.rot90(np.concatenate([ab, sure[None]]), turns(film.video), (1, 2)))
    return Painted(frame, stored[:2], stored[2], source)


def lent_by_shots(kinds: tuple[str, ...], film: AtHand) -> Asked:
    """The frames next to shots that are in colour already, in the colours of those: both neighbours of each."""
    whole = scenes(film.shots)
    made = list[Hint]()
    for shot, after in pairwise(whole):
        for lender, other, theirs, ours in (
            (shot, after, shot.stop - 1, after.start), (after, shot, after.start, shot.stop - 1)
        ):  # fmt: skip
            if lender.left and lender.kind in kinds and not other.left:
                one = lent(_in_colour(theirs, film), _clear(ours, other), f"shot {lender.number}", film)
                made += [film.keep(one)] if one.confidence.any() else []
    return Asked(tuple(made))


def _in_colour(frame: int, film: AtHand) -> Float:
    """A frame of a shot that is in colour, as it is shown: (h, w, 3) CIE L*a*b* at the size at which it is matched."""
    picture, video = film.picture(frame, chroma=True), film.video
    assert picture.chroma is not None  # it was found to be in colour
    rgb = to_rgb(picture.light, *picture.chroma, video.colour, video.bit_depth)
    return small_lab(pictures.Image(np.ascontiguousarray(np.rot90(rgb, -turns(video))), None))


def _clear(frame: int, shot: Shot) -> int:
    """A frame some way into a shot from one of its ends, where a dissolve has passed."""
    step = min(12, shot.frames // 3)
    return frame + step if frame == shot.start else frame - step
