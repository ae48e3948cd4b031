"""Two pictures of the same thing laid over each other: another crop, another size, a little turned or skewed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restore.guidance.proxies import Float, Small

SIZE = 320
"""Longer side at which pictures are laid over each other, px."""

LIKE = 0.55
"""Correlation from which on they lie right."""

_ROUNDS, _ENOUGH = 60, 1e-4
_WINDOW = 15  # px of the square in which two pictures are compared
_NOISE = 9.0  # L* squared: what differs by less is grain

Warp = npt.NDArray[np.float32]
"""(3, 3): where in the other picture a place of this one is, as shares of width and height; its last row is 0 0 1."""


def laid(light: Float, other: Float, guesses: list[Warp]) -> tuple[Warp, float] | None:
    """Where the other picture lies, and how well it fits (a correlation). None where it does not.

    light (h, w), other (H, W): CIE L*. The guesses are tried, and what features of both say (SIFT, Lowe 2004); the best
    is refined by the enhanced correlation coefficient (Evangelidis and Psarakis 2008, IEEE PAMI 30:10), which exposure
    and contrast do not matter to.
    """
    one, two = _small(light), _small(other)
    tried = [*guesses, np.eye(3, dtype=np.float32)]
    tried += [found] if (found := _by_features(one, two)) is not None else []
    scored = [(correlation(light, warped(other, warp, light.shape)), warp) for warp in tried]
    best, warp = max(scored, key=lambda pair: pair[0])
    start = _px(warp, one.shape, two.shape)[:2].astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ROUNDS, _ENOUGH)
    try:
        _, refined = cv2.findTransformECC(
            one, two, start, cv2.MOTION_AFFINE, criteria, np.full(two.shape, 255, np.uint8), 5
        )
        better = _shares(np.vstack([refined, [0, 0, 1]]).astype(np.float32), one.shape, two.shape)
        fits = correlation(light, warped(other, better, light.shape))
        if fits > best:
            best, warp = fits, better
    except cv2.error:  # it does not converge: what was there stays
        pass
    return (warp, best) if best >= LIKE else None


def warped(plane: Float, warp: Warp, shape: tuple[int, ...]) -> Float:
    """A plane (H, W) or (H, W, C) of the other picture as it lies over this one (h, w); nan outside of it."""
    px = _px(warp, shape, plane.shape)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    made = cv2.warpAffine(
        plane, px[:2].astype(np.float64), (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_CONSTANT,
        borderValue=(float("nan"),) * 4,
    )  # fmt: skip
    return np.asarray(made, np.float32)


def small_laid(small: Small, warp: Warp) -> Small:
    """Small copies (N, 36, 48) uint8 of all frames as they lie over this picture; the mean where they do not reach."""
    px = _px(warp, small.shape[1:], small.shape[1:])[:2].astype(np.float64)
    made = np.empty_like(small)
    size, flags = (small.shape[2], small.shape[1]), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for frame, out in zip(small, made, strict=True):
        cv2.warpAffine(frame, px, size, out, flags, cv2.BORDER_CONSTANT, (float(frame.mean()),) * 4)
    return made


def correlation(one: Float, two: Float) -> float:
    """Of two planes (h, w) where both have values; −1 where less than a third of the picture has."""
    both = np.isfinite(one) & np.isfinite(two)
    if both.mean() < 1 / 3:
        return -1.0
    a, b = one[both] - one[both].mean(), two[both] - two[both].mean()
    return float((a * b).sum() / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-6))


def agreement(one: Float, two: Float) -> Float:
    """How far two pictures (h, w) CIE L* show the same at each place, (h, w) in [0, 1]; 0 where one has no value.

    1 − (what a line through both leaves of the first's variance in a window around) / (half of it, and grain).
    """
    known = np.isfinite(two)
    filled = np.where(known, two, one)
    mean_one, mean_two = _mean(one), _mean(filled)
    var_one, var_two = _mean(one**2) - mean_one**2, _mean(filled**2) - mean_two**2
    both = _mean(one * filled) - mean_one * mean_two
    left = var_one - np.maximum(both, 0) ** 2 / np.maximum(var_two, 1e-3)
    agree = 1 - np.maximum(left, 0) / (0.5 * var_one + _NOISE)
    return np.where(known, np.clip(agree, 0, 1), 0).astype(np.float32)


def _mean(plane: Float) -> Float:
    return np.asarray(cv2.blur(plane, (_WINDOW, _WINDOW)), np.float32)


def _small(light: Float) -> Float:
    scale = min(1.0, SIZE / max(light.shape))
    size = (max(16, round(light.shape[1] * scale)), max(16, round(light.shape[0] * scale)))
    return np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), np.float32)


def _by_features(one: Float, two: Float) -> Warp | None:
    """A likeness transform by the features that both pictures have; None where these are too few."""
    finder = cv2.SIFT_create(400)  # type: ignore[attr-defined]
    pictures = [cv2.normalize(plane, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8) for plane in (one, two)]  # type: ignore[call-overload]
    (points, about), (theirs, of_theirs) = (finder.detectAndCompute(picture, None) for picture in pictures)
    if about is None or of_theirs is None or len(theirs) < 2:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(about, of_theirs, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < 0.75 * pair[1].distance]
    if len(good) < 6:
        return None
    here = np.array([points[match.queryIdx].pt for match in good], np.float32)
    there = np.array([theirs[match.trainIdx].pt for match in good], np.float32)
    found: Any = cv2.estimateAffinePartial2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=2.0)
    if found[0] is None:
        return None
    return _shares(np.vstack([found[0], [0, 0, 1]]).astype(np.float32), one.shape, two.shape)


def _px(warp: Warp, shape: tuple[int, ...], other: tuple[int, ...]) -> Warp:
    """A warp between shares as one between px, of pictures of these sizes; px centres lie at whole numbers."""
    return np.asarray(_from_shares(other) @ warp @ np.linalg.inv(_from_shares(shape)), np.float32)


def _shares(px: Warp, shape: tuple[int, ...], other: tuple[int, ...]) -> Warp:
    return np.asarray(np.linalg.inv(_from_shares(other)) @ px @ _from_shares(shape), np.float32)


def _from_shares(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.array([[shape[1], 0, -0.5], [0, shape[0], -0.5], [0, 0, 1]], np.float64)
