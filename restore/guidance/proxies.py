"""A small copy of every frame's light, kept on disk: by it painted pictures and other copies find their place."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import luma
from restore.contracts import Light
from restore.film import VideoStream

WIDTH, HEIGHT = 48, 36
OUTLINE = 2.5  # sigma in proxy px of what is taken off to leave the outlines
FLAT = 2.0  # code values of 255: a picture with less contrast than this has nothing to be known by
_CHUNK = 4096  # frames compared at a time

Float = npt.NDArray[np.float32]
Small = npt.NDArray[np.uint8]


def proxy(light: Light, video: VideoStream) -> Small:
    """light (H, W), code values → (36, 48) uint8, 0 black and 255 white, whatever depth and range."""
    small: Any = cv2.resize(light, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    values = np.clip(luma(small, video.bit_depth, video.colour.full_range), 0, 1)
    return np.round(values * 255).astype(np.uint8)


class Proxies:
    """Writes the small copies of a reel's frames, one after the other; memory does not grow. A context manager."""

    def __init__(self, path: Path, video: VideoStream) -> None:
        self._file, self._video = path.open("wb"), video

    def add(self, light: Light) -> None:
        self._file.write(proxy(light, self._video).tobytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def load(path: Path) -> Small:
    """(N, 36, 48) uint8, read from disk where it is looked at."""
    return np.memmap(path, np.uint8, "r").reshape(-1, HEIGHT, WIDTH)


def likeness(picture: Float, weight: Float, frames: Small) -> Float:
    """How alike a small picture is to each of the frames, where `weight` says that it may be compared.

    picture (36, 48) in code values of 255; weight (36, 48) in [0, 1]; frames (N, 36, 48). Returns (N,): the mean of the
    correlations of masses and of outlines, 1 for the same picture at any exposure, about 0 for two scenes. All nan
    where what may be compared has no contrast.
    """
    masses, outlines = _views(picture[None], weight)
    if float(np.sqrt((masses**2).sum() / max(float(weight.sum()), 1e-6))) < FLAT:
        return np.full(len(frames), np.nan, np.float32)
    found = np.empty(len(frames), np.float32)
    for start in range(0, len(frames), _CHUNK):
        part = _views(frames[start : start + _CHUNK].astype(np.float32), weight)
        found[start : start + _CHUNK] = (_correlated(masses, part[0]) + _correlated(outlines, part[1])) / 2
    return found


def _views(pictures: Float, weight: Float) -> tuple[Float, Float]:
    """(N, 1728) each: masses and outlines, weighted, their weighted mean taken off."""
    around = np.maximum(cv2.GaussianBlur(weight, (0, 0), OUTLINE), 1e-3)  # what may not be compared is in no outline
    lines = np.stack([frame - cv2.GaussianBlur(frame * weight, (0, 0), OUTLINE) / around for frame in pictures])
    root, total = np.sqrt(weight).ravel(), max(float(weight.sum()), 1e-6)

    def centred(frames: Float) -> Float:
        flat = frames.reshape(len(frames), -1)
        mean = (flat @ weight.ravel())[:, None] / np.float32(total)
        return np.asarray((flat - mean) * root, np.float32)

    return centred(pictures), centred(np.asarray(lines, np.float32))


def _correlated(one: Float, many: Float) -> Float:
    lengths = np.linalg.norm(many, axis=1) * np.linalg.norm(one)
    return np.asarray((many @ one[0]) / np.maximum(lengths, 1e-6), np.float32)
