"""Tells gray film from tinted film and from film in several colours, by how its chroma goes with its light.

In tinted and toned film colour is a function of light alone: the dye lies evenly in the base or in the silver. So the
picture is divided into groups of equal light; each group's median is the tint, and what lies far from its group's
median is colour of its own. The noise of a codec or of tape has no part in either: it has no mean, and it is small.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Light

Small = npt.NDArray[np.float32]

WIDTH, HEIGHT = 64, 48  # of the pictures that are looked at
GROUPS = 8  # of equal light
FAINT = 5.0  # 8-bit code values of chroma: a tint has at least so much, a scanner's cast less
OWN = 6.0  # and a sample at least so far from its group has colour of its own
LOOSE = 0.4  # or so far, as a share of the group's tint: dye is not even
SEVERAL = 0.12  # share of such samples above which film is in several colours
APART = 45.0  # degrees between two hues
NEAR = 0.35  # of the strongest group's chroma: fainter groups say nothing of hue


def thumbnail(plane: Light, size: tuple[int, int], depth: int) -> Small:
    """A plane of code values of `depth` bits, small: (h, w) of `size` (w, h), in 8-bit code values."""
    apart = max(1, min(plane.shape[0] // (4 * size[1]), plane.shape[1] // (4 * size[0])))
    thinned: Light = plane[::apart, ::apart].copy()  # at least 4×4 samples for one: they suffice
    small = cv2.resize(thinned, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) * np.float32(2.0 ** (8 - depth))


def tones(light: Small, cb: Small, cr: Small) -> Small:
    """What is kept of one frame: (2 × GROUPS + 1,) the median Cb and Cr of each group, darkest first, and the share of
    samples with colour of their own.

    light, cb, cr: (48, 64) 8-bit code values, chroma around 0.
    """
    order = np.argsort(light, axis=None, kind="stable").reshape(GROUPS, -1)
    chroma = np.stack([cb.ravel()[order], cr.ravel()[order]], axis=-1)
    middle = np.median(chroma, axis=1)
    off = np.hypot(*np.moveaxis(chroma - middle[:, None], -1, 0))
    allowed = np.maximum(OWN, LOOSE * np.hypot(middle[:, 0], middle[:, 1]))
    return np.append(middle.ravel(), np.mean(off > allowed[:, None])).astype(np.float32)


def judged(frames: Small) -> tuple[str, float]:
    """What the tones (N, 17) of a shot speak for: "gray", "tinted" or "coloured", and how many times over the threshold
    that is (at least 1)."""
    usual = np.median(frames, axis=0)
    middle, own = usual[:-1].reshape(GROUPS, 2), float(usual[-1])
    strength = float(np.sqrt(np.mean(np.square(middle).sum(axis=1))))
    if own >= SEVERAL:
        return "coloured", own / SEVERAL
    if strength < FAINT:
        return "gray", min(FAINT / max(strength, 0.1), SEVERAL / max(own, 1e-3))
    return ("tinted" if one_tint(middle) else "coloured"), strength / FAINT


def one_tint(middle: Small) -> bool:
    """Whether the groups (GROUPS, 2), darkest first, have one hue, or one in the shadows and one in the lights."""
    strength = np.hypot(middle[:, 0], middle[:, 1])
    sure = middle[strength >= max(FAINT / 2, NEAR * float(strength.max()))]
    hues = np.degrees(np.arctan2(sure[:, 1], sure[:, 0]))
    steps = np.abs((np.diff(hues) + 180) % 360 - 180)
    return int((steps > APART).sum()) <= 1
