"""Where a painted picture belongs in the film: whether it is the frame that it names, and else which one it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import from_rgb
from restore.errors import BadInput, shown
from restore.guidance.pictures import Image
from restore.guidance.proxies import HEIGHT, WIDTH, Float, Small, likeness

ALIKE, UNLIKE = 0.8, 0.5
"""Likeness from which on a frame is offered as the right one, and below which the named one is the wrong one."""


@dataclass(frozen=True)
class Place:
    """Where a keyframe belongs by its picture: likeness to the frame it names, and the most alike frame of all."""

    likeness: float  # nan: it has nothing to be known by
    best: int
    best_likeness: float

    @property
    def wrong(self) -> bool:
        return self.likeness < UNLIKE

    @property
    def doubtful(self) -> bool:
        """Another frame fits clearly better: what is left of the difference there is less than a third."""
        left, least = 1 - self.likeness, 1 - self.best_likeness
        return not self.wrong and left > 0.01 and least < left / 3


def place(image: Image, confidence: Float, frames: Small, named: int, turns: int) -> Place:
    """Where a keyframe belongs by its light, among the small copies (N, 36, 48) of all frames.

    What was painted may have other light; so the rest is compared where there is enough of it, else all that is opaque.
    """
    opaque = np.ones_like(confidence) if image.alpha is None else np.where(image.alpha >= 0.5, image.alpha, 0)
    rest = np.where(confidence > 0, np.float32(0), opaque)
    weight = np.asarray(rest if rest.mean() >= 0.1 else opaque, np.float32)
    light, _, _ = from_rgb(image.rgb, "bt601")
    small, comparable = (_proxy(np.rot90(plane, turns)) for plane in (light * np.float32(255), weight))
    comparable = np.where(comparable > 0.9, comparable, 0).astype(np.float32)
    if comparable.mean() < 0.05:
        return Place(float("nan"), named, float("nan"))
    alike = likeness(np.ascontiguousarray(small), comparable, frames)
    if np.isnan(alike[named]):
        return Place(float("nan"), named, float("nan"))
    most = np.flatnonzero(alike >= alike.max() - 1e-4)
    best = int(most[np.argmin(np.abs(most - named))])
    return Place(float(alike[named]), best, float(alike[best]))


def _proxy(plane: npt.NDArray[np.floating]) -> Float:
    return np.asarray(
        cv2.resize(np.ascontiguousarray(plane, np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    )


def misplaced(path: Path, frame: int, at: Place) -> list[str]:
    """What is to be said where a keyframe does not look like its frame. Raises BadInput where it is another's."""
    if np.isnan(at.likeness):
        return [f"has too little left of the film's own picture to be compared with frame {frame}"]
    if at.wrong:
        nearest = (
            f"no frame of this film does (the nearest is {at.best}, {at.best_likeness:.2f}): is it of another one?"
        )
        if at.best_likeness >= ALIKE:
            nearest = f"frame {at.best} is the nearest ({at.best_likeness:.2f}): call it {at.best:06d}{path.suffix}"
        raise BadInput(
            f"{shown(path)}: does not look like frame {frame} (likeness {at.likeness:.2f} of 1); {nearest}; "
            "--as-named takes it as it is"
        )
    if at.doubtful:
        than = f"frame {frame} ({at.likeness:.3f}), which it names"
        return [f"looks more like frame {at.best} ({at.best_likeness:.3f}) than {than}; frames are counted from 0"]
    return []
