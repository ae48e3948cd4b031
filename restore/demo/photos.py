"""Pans and zooms over photographs that scikit-image carries inside its package; nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from restore.demo.ink import Image
from restore.errors import MissingInput


@dataclass(frozen=True)
class View:
    """Where the camera looks: centre of the picture as shares of the photograph, and how much of its width is seen."""

    x: float
    y: float
    share: float


@lru_cache(maxsize=4)
def photograph(name: str) -> Image:
    """A photograph by its file name in scikit-image's data folder, (H, W, 3) uint8 RGB. Raises MissingInput."""
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise MissingInput("scikit-image is not installed; its photographs make the demo film: install restore again")
    path = Path(package.origin).parent / "data" / name
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise MissingInput(f"{path}: this version of scikit-image does not carry the photograph; install 0.25 or 0.26")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def look(photo: Image, begin: View, end: View, at: float, size: tuple[int, int]) -> Image:
    """What the camera sees on its way from `begin` to `end`.

    photo (H, W, 3) uint8; `at` in [0, 1] is how far on its way it is (it starts and stops gently); `size` (h, w) of the
    result, uint8. Views must lie inside the photograph.
    """
    ease = at * at * (3 - 2 * at)
    x, y, share = (a + (b - a) * ease for a, b in zip(_triple(begin), _triple(end), strict=True))
    scale = photo.shape[1] * share / size[1]  # photograph px per film px
    left = x * photo.shape[1] - 0.5 - scale * (size[1] - 1) / 2  # pixel centres lie at whole numbers
    top = y * photo.shape[0] - 0.5 - scale * (size[0] - 1) / 2
    seen = cv2.warpAffine(
        photo, np.array([[scale, 0, left], [0, scale, top]]), (size[1], size[0]),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    return np.asarray(seen, np.uint8)


def _triple(view: View) -> tuple[float, float, float]:
    return view.x, view.y, view.share
