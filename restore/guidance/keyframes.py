"""Painted keyframes: a folder of pictures, each named after the frame it is, painted in part or all over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.contracts import Painted
from restore.errors import BadInput, MissingInput, shown
from restore.film import Given, Hint, VideoStream
from restore.guidance import pictures, when
from restore.guidance.at_hand import Asked, AtHand
from restore.guidance.pictures import Image
from restore.guidance.placing import misplaced, place
from restore.guidance.planes import sized
from restore.guidance.proxies import Float
from restore.guidance.sheet import small_size, turns, upright_size
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

EDGE = 0.25
"""Share of a kept sample that must be painted: rims of strokes have no colour of their own."""


@dataclass(frozen=True)
class Named:
    """One file of the folder and the frame that its name means."""

    path: Path
    when: When
    full: bool


def listed(folder: Path) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """The keyframes in a folder by name, and the names of other files in it. Folders in it are not looked into.

    Raises MissingInput, or BadInput where no picture is there or one's name says no frame.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as problem:
        raise MissingInput(
            f"{shown(folder)}: cannot be read ({problem.strerror}); --keyframes wants a folder"
        ) from None
    found, others = list[Named](), list[str]()
    for entry in entries:
        if entry.suffix.lower() not in SUFFIXES or not entry.is_file():
            others += [entry.name] if entry.is_file() else []
            continue
        found.append(named(entry))
    if not found:
        others_said = f" ({len(others)} other file{'s' if len(others) > 1 else ''})" if others else ""
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


def asked(folder: Path, film: AtHand, *, as_named: bool = False) -> Asked:
    """The painted frames of a folder, what is to be said of them, and their files.

    as_named: take each for the frame that its name says, whatever it looks like.

    Raises MissingInput, or BadInput naming the file: a frame past the end, another shape, another frame's picture, a
    folder in which nothing is painted.
    """
    found, others = listed(folder)
    said = [f"{shown(folder)}: {len(others)} files in it are not read, among them {shown(others[0])}"] if others else []
    made, given = list[Hint](), list[Given]()
    for number, each in enumerate(found):
        film.tell(number, len(found))
        painted_frame, file, remarks = _one(each, film, as_named)
        if painted_frame is not None:
            made.append(film.keep(painted_frame))
            given.append(file)
        said += [f"{shown(each.path)}: {remark}" for remark in remarks]
    film.tell(len(found), len(found))
    if not made:
        raise BadInput(
            f"{shown(folder)}: nothing is painted in the {len(found)} picture{'s' if len(found) > 1 else ''} that it "
            "holds: all is gray or transparent; paint one, and save it under the name it has"
        )
    if len(made) < len(found):
        said.append(f"{shown(folder)}: {len(found) - len(made)} of {len(found)} keyframes are not painted yet")
    return Asked(tuple(made), tuple(said), tuple(given))


def _one(each: Named, film: AtHand, as_named: bool) -> tuple[Painted | None, Given, list[str]]:
    """One keyframe: what is painted of it (None: nothing), its file, and what is to be said of it."""
    frame = film.timeline.frame(each.when, shown(each.path))
    data = pictures.content(each.path)
    if pictures.is_jpeg(data):
        raise BadInput(f"{shown(each.path)}: is a JPEG, which colours what was not painted; save it as PNG or TIFF")
    image = pictures.read(each.path, data)
    height, width = image.rgb.shape[:2]
    exact = check_size(each.path, width, height, film.video)
    ab, confidence, whole = painted(image, each.full)
    share = "all of it" if whole else f"{np.count_nonzero(confidence) / confidence.size:.0%} of the picture"
    given = Given("keyframe", each.path.name, pictures.sha256(data), (frame,), share)
    if not confidence.any():
        return None, given, []
    said = list[str]()
    if not as_named:
        found = place(image, confidence, film.small, frame, turns(film.video))
        said += misplaced(each.path, frame, found)
    if not exact:
        said.append(f"is {width}×{height} pixels; it is scaled to the film's size")
    if pictures.foreign_profile(image.profile):
        said.append(f"its colour profile ({shown(image.profile)}) is not followed; colours are read as sRGB")
    return _stored(frame, ab, confidence, each.path.name, turns(film.video)), given, said


def _stored(frame: int, ab: Float, confidence: Float, source: str, quarter_turns: int) -> Painted:
    """A keyframe as the picture is stored, at the size at which painted frames are kept."""
    planes = np.concatenate([ab, confidence[None]])
    planes = sized(planes[None], small_size(confidence.shape[1], confidence.shape[0]))[0]
    planes[2] = np.where(planes[2] >= EDGE, planes[2], 0)
    stored = np.ascontiguousarray(np.rot90(planes, quarter_turns, (1, 2)))
    return Painted(frame, stored[:2], np.minimum(stored[2], 1), source)
