"""Painted keyframes: a folder of pictures, each named after the frame it is, painted in part or all over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import from_rgb
from restore.errors import BadInput, MissingInput, shown
from restore.film import VideoStream
from restore.guidance import pictures, when
from restore.guidance.pictures import Image
from restore.guidance.proxies import HEIGHT, WIDTH, Float, Small, likeness
from restore.guidance.sheet import upright_size
from restore.guidance.when import When

SUFFIXES = (".png", ".tif", ".tiff")
FULL = ".full"
"""A stem that ends so says that all of the picture is meant, its grays too."""

GRAY = 4.0
"""Chroma, in units of CIE a*b*, up to which a pixel counts as gray: 8-bit gray has none, rounding makes less than 1."""

WHOLE = 0.9
"""Share of the pixels in colour from which on a picture was coloured as a whole, and its grays are meant."""

EXACT = 0.5
"""Share of the gray pixels that are exactly gray, below which the same holds: no untouched gray has a tinge."""

ASPECT = 0.01
"""By how much a keyframe's shape may differ from the film's."""

ALIKE, UNLIKE = 0.8, 0.5
"""Likeness from which on a frame is offered as the right one, and below which the named one is the wrong one."""


@dataclass(frozen=True)
class Named:
    """One file of the folder and the frame that its name means."""

    path: Path
    when: When
    full: bool


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


def listed(folder: Path) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """The keyframes in a folder by name, and the names of other files in it. Folders in it are not looked into.

    Raises MissingInput, or BadInput where no picture is there or one's name says no frame.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as problem:
        raise MissingInput(f"{shown(folder)}: cannot be read ({problem.strerror}); --keyframes wants a folder") from None
    found, others = list[Named](), list[str]()
    for entry in entries:
        if entry.suffix.lower() not in SUFFIXES or not entry.is_file():
            others += [entry.name] if entry.is_file() else []
            continue
        found.append(named(entry))
    if not found:
        others_said = f" ({len(others)} other files)" if others else ""
        raise BadInput(f"{shown(folder)}: holds no painted PNG or TIFF{others_said}; name the folder of the keyframes")
    return tuple(found), tuple(others)


def named(path: Path) -> Named:
    """The frame that a picture's name means. Raises BadInput where it says none."""
    full = path.stem.endswith(FULL)
    place = when.named(path.stem.removesuffix(FULL))
    if place is None:
        raise BadInput(f"{shown(path)}: its name says no frame; call it 000123.png, or 00-01-02-12.png for a timecode")
    return Named(path, place, full)


def check_size(path: Path, width: int, height: int, video: VideoStream) -> bool:
    """Whether a picture of this size has exactly the film's, as shown (upright). Raises BadInput for another shape.

    A picture of the same shape at another size is fine, and so is one with the film's pixel aspect worked in.
    """
    wide, tall = upright_size(video)
    if (width, height) == (wide, tall):
        return True
    sideways = round(video.rotation / 90) % 2
    stretch = float(1 / video.sample_aspect if sideways else video.sample_aspect)
    shapes = (wide / tall, wide * stretch / tall)
    if any(abs(width / height / shape - 1) <= ASPECT + 1 / min(width, height) for shape in shapes):
        return False
    raise BadInput(
        f"{shown(path)}: is {width}×{height} pixels, the film {wide}×{tall}; a keyframe shows the whole frame: "
        "export it with `restore keyframes`, or crop and scale it to the film's shape"
    )


def painted(image: Image, full: bool) -> tuple[Float, Float, bool]:
    """What is painted of a picture: a*b* (2, H, W), confidence (H, W) in [0, 1], and whether all of it counts.

    Painted is what is opaque and has colour. Of a picture that was coloured as a whole (`full`, or nearly all of it
    has colour, or its grays are not exactly gray) all that is opaque is painted. Its light does not matter.
    """
    lab = image.lab
    ab = np.ascontiguousarray(lab[:, :, 1:].transpose(2, 0, 1))
    alpha = np.ones(lab.shape[:2], np.float32) if image.alpha is None else image.alpha
    alpha = np.where(alpha >= 0.5, alpha, np.float32(0))
    opaque = alpha > 0
    coloured = opaque & (np.hypot(ab[0], ab[1]) > GRAY)
    if not full and opaque.any():
        share = np.count_nonzero(coloured) / np.count_nonzero(opaque)
        grays = opaque & ~coloured
        exactly = np.ptp(image.rgb, axis=2) < 1e-6
        tinged = share > EXACT and np.count_nonzero(exactly & grays) < EXACT * np.count_nonzero(grays)
        full = bool(share >= WHOLE and image.alpha is None) or bool(tinged)
    return ab, np.where(opaque if full else coloured, alpha, np.float32(0)), full


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
    return np.asarray(cv2.resize(np.ascontiguousarray(plane, np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))


def read(named: Named) -> tuple[Image, bytes]:
    """The picture of a keyframe and its file's bytes. Raises MissingInput or BadInput."""
    data = pictures.content(named.path)
    return pictures.read(named.path, data), data
