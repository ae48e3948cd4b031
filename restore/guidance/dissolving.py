"""Dissolves: while one picture passes into another, the colours of both sides are mixed as their light is.

What was painted on either side is carried to the frames of a dissolve from its own side. How much of each picture is
in a frame is told by light: frames before and after lie at the ends of a line, those between on it (as the finder of
dissolves looks at them, `restore.shots.dissolve`); the straight ramp in time that fits best is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from restore.contracts import Colour, Scene
from restore.film import Hint, Shot, digest
from restore.guidance.doubt import Float
from restore.shots.dissolve import HALVES, HEIGHT, WIDTH
from restore.shots.table import scenes

LONGEST = HALVES[-1] + 3
"""Frames from the middle of the longest dissolve that is found to where nothing of it is left."""

Hints = Callable[[int, int], Colour]
"""What gives the hints (T, 3, h, w) of the frames [start, stop)."""


def across(hints: Sequence[Hint], shots: Sequence[Shot]) -> tuple[Hint, ...]:
    """The hints; those next to a dissolve, on either side of it, with the frame at which the shots meet there."""
    borders: dict[int, set[int]] = {}
    whole = scenes(shots)
    for before, after in pairwise(whole):
        if after.why != "dissolve" or before.left or after.left:
            continue
        for shot, which in ((before, -1), (after, 0)):
            own = [at for at, hint in enumerate(hints) if shot.start <= hint.frame < shot.stop]
            if own:
                borders.setdefault(sorted(own, key=lambda at: hints[at].frame)[which], set()).add(after.start)
    return tuple(replace(hint, across=tuple(sorted(borders.get(at, ())))) for at, hint in enumerate(hints))


def mixed(scene: Scene, own: Hints, carry: Callable[[Scene], Hints]) -> Hints:
    """The scene's hints, in its dissolves mixed with those of the other side, which `carry` brings there."""
    others = [_other(scene, border, painted.frame) for border, painted in scene.beside]
    sides = [
        (lo, hi, shares, carry(replace(side, painted=(painted,))))
        for (lo, hi, shares, side), (_, painted) in zip(others, scene.beside, strict=True)
    ]

    def wanted(start: int, stop: int) -> Colour:
        hints = own(start, stop)
        for lo, hi, shares, other in sides:
            first, last = max(start, lo), min(stop, hi)
            if first < last:
                part = slice(first - start, last - start)
                hints[part] = mix(hints[part], other(first, last), shares[first - lo : last - lo])
        return hints

    return wanted


def mix(own: Colour, other: Colour, share: Float) -> Colour:
    """Hints (T, 3, h, w) of two pictures that a frame is made of, the other by `share` (T,): what is sure of either
    counts as far as that picture is seen."""
    weight = share[:, None, None]
    one, two = own[:, 2] * (1 - weight), other[:, 2] * weight
    total = np.maximum(one + two, np.float32(1e-6))
    ab = (own[:, :2] * one[:, None] + other[:, :2] * two[:, None]) / total[:, None]
    return np.concatenate([ab, (one + two)[:, None]], axis=1).astype(np.float32)


def _other(scene: Scene, border: int, painted: int) -> tuple[int, int, Float, Scene]:
    """The frames [lo, hi) of this scene in its dissolve at `border`, how much of the other picture is in each, and the
    scene from the frame `painted` on the other side to there."""
    begins = border == scene.start
    lo, hi = (border, min(scene.stop, border + LONGEST)) if begins else (max(scene.start, border - LONGEST), border)
    start, stop = (painted, hi) if begins else (lo, painted + 1)
    first = max(0, border - LONGEST)
    later = ramp(_tiny(scene, first, border + LONGEST), border - first)
    shares = 1 - later if begins else later
    key = digest([scene.key, start, stop])
    side = replace(scene, start=start, stop=stop, frames=lambda: scene.reel(start, stop), key=key, beside=())
    return lo, hi, shares[lo - first : hi - first], side


def ramp(pictures: Float, border: int) -> Float:
    """(T,) how much of the later picture is in each of the small pictures (T, n), which meet at row `border`."""
    ends = [pictures[:2].mean(axis=0), pictures[-2:].mean(axis=0)]
    line = ends[1] - ends[0]
    seen = (pictures - ends[0]) @ line / max(float(line @ line), 1e-6)
    times = np.arange(len(pictures), dtype=np.float32) + np.float32(0.5) - border

    def left(one: Float) -> float:
        """What is left of what was seen, beside a ramp, and pictures that change slowly for what moves in them."""
        parts = np.stack([one, times * (one < 1), times * (one > 0), np.ones_like(one)], axis=1)
        return float(np.square(parts @ np.linalg.lstsq(parts, seen, rcond=None)[0] - seen).sum())

    return min(
        (
            np.asarray(np.clip(0.5 + (times - middle) / (2 * half), 0, 1), np.float32)
            for half in range(1, LONGEST)
            for middle in range(-4, 5)
        ),
        key=left,
    )


def _tiny(scene: Scene, start: int, stop: int) -> Float:
    """(T, 768) light of the reel's frames [start, stop), as far as there are any, very small."""
    found: list[Any] = []
    for frames in scene.reel(start, stop):
        found += [cv2.resize(light, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).ravel() for light in frames.light]
    return np.stack(found).astype(np.float32)
