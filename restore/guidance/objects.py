"""Objects with their colours, placed by masks and dots, made painted frames: each named once, coloured wherever it is
seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from restore.errors import BadInput, MissingInput, shown
from restore.film import Given, Hint
from restore.guidance import keyframes, ontology, pictures, swatch
from restore.guidance.at_hand import Asked, AtHand
from restore.guidance.ontology import Ontology, Palette, Seen, Thing
from restore.guidance.pictures import Image
from restore.guidance.proxies import Float
from restore.guidance.sheet import Ink, Sheet
from restore.guidance.when import When

REGION = 8
"""Code values of 255 by which a mask's colour may differ from the region's: soft edges belong to nobody."""

LEVELS = 8
"""Steps of lightness at which a picture of a thing tells its colours."""


@dataclass(frozen=True)
class Where:
    """One picture of an object: its mask (a file, or none) and the frame that it lies on."""

    thing: Thing
    seen: Seen
    mask: Path | None
    when: When
    name: str  # of the entry, for messages


def places(path: Path, found: Ontology) -> list[Where]:
    """Every picture of every object, wholes before parts; folders of masks opened up.

    Raises MissingInput or BadInput for masks that are away or whose name says no frame.
    """
    return [
        where for thing in found.outside_in() for number, seen in enumerate(thing.picture)
        for where in _opened(path, thing, seen, f"{shown(path)}: {thing.name}, picture {number + 1}")
    ]  # fmt: skip


def _opened(path: Path, thing: Thing, seen: Seen, name: str) -> Iterator[Where]:
    if seen.mask is None:
        assert seen.when is not None
        yield Where(thing, seen, None, seen.when, name)
        return
    mask = path.parent / seen.mask
    if mask.is_dir():
        if seen.when is not None:
            raise BadInput(f"{name}: a folder of masks has frames of its own; leave frame and time away")
        for each in keyframes.listed(mask)[0]:
            yield Where(thing, seen, each.path, each.when, name)
        return
    if not mask.is_file():
        raise MissingInput(f"{name}: there is no mask {shown(mask)}; check the name")
    time = seen.when or keyframes.named(mask).when
    yield Where(thing, seen, mask, time, name)


def files(path: Path, found: Ontology) -> tuple[Path, ...]:
    """All pictures that the list names: masks, and pictures of things; each once, in the order of the list."""
    masks = [where.mask for where in places(path, found) if where.mask is not None]
    likes = [path.parent / thing.palette.like for thing in found.object if thing.palette and thing.palette.like]
    return tuple(dict.fromkeys([*masks, *likes]))


def asked(path: Path, film: AtHand) -> Asked:
    """One painted frame for each that an object is seen on, and a sentence for each two objects that want different
    colours of the same place. Raises MissingInput or BadInput."""
    found, data = ontology.read(path)
    sheets: dict[int, Sheet] = {}
    names: dict[int, list[str]] = {}
    said = list[str]()
    for where in places(path, found):
        frame = film.timeline.frame(where.when, where.name)
        sheet = sheets.setdefault(frame, Sheet(film.video))
        for mask, colours in _drawn(path, found, where, film.light(frame, sheet.shape), sheet):
            before = sheet.lay(mask, colours, Ink(0, 0, where.seen.confidence, where.thing.name))
            if before and before != where.thing.name and not found.belong_together(before, where.thing.name):
                said.append(f"{where.name}: wants another colour than {before} of the same place on frame {frame}")
        names.setdefault(frame, []).append(where.thing.name)
    made = list[Hint]()
    for frame in sorted(sheets):
        source = f"{path.name}: {', '.join(dict.fromkeys(names[frame]))}"
        made.append(film.keep(sheets[frame].painted(frame, source, named=True)))
    named = f"{len(found.object)} objects, {sum(len(thing.picture) for thing in found.object)} pictures of them"
    given = [Given("objects", path.name, pictures.sha256(data), tuple(sorted(sheets)), named)]
    given += [Given("mask", file.name, pictures.sha256(pictures.content(file))) for file in files(path, found)]
    return Asked(tuple(made), tuple(said), tuple(given))


def _drawn(
    path: Path, found: Ontology, where: Where, lightness: Float, sheet: Sheet
) -> Iterator[tuple[np.ndarray, Float]]:
    """Where the object is, and which colours it has there: (h, w) bool and (2, h, w) a*b*, at the sheet's size.

    lightness (h, w): of the frame, CIE L*.
    """
    palette = found.palette(where.thing)
    if where.mask is not None:
        image = pictures.read(where.mask)
        mask = _region(image, where.seen.region, sheet.shape)
        if not mask.any():
            raise BadInput(f"{where.name}: {shown(where.mask)} has no region of {where.seen.region or 'any colour'}")
        own = cv2.resize(image.lab[:, :, 1:], sheet.shape[::-1], interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
        yield mask, _colours(path, palette, lightness) if palette else np.ascontiguousarray(own, np.float32)
    if where.seen.dots:
        if palette is None:
            raise BadInput(f"{where.name}: dots have no colour of their own; give {where.thing.name!r} a colour")
        spots = sheet.blank()
        for point in spots.places(where.seen.dots, where.seen.unit, where.name):
            spots.draw([point], spots.width(where.seen.radius, where.seen.unit), Ink(0, 0, 1, ""))
        yield spots.covered, _colours(path, palette, lightness)


def _region(image: Image, region: str | int | None, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) bool of `shape`: where the mask says that the object is."""
    codes = image.rgb * np.float32(255)
    if region is None:
        inside = codes.max(axis=2) > REGION
        if image.alpha is not None:
            inside &= image.alpha >= 0.5
    else:
        rgb = (region,) * 3 if isinstance(region, int) else swatch.rgb(region)
        inside = (np.abs(codes - np.array(rgb, np.float32)) <= REGION).all(axis=2)
        if image.alpha is not None:
            inside &= image.alpha >= 0.5
    shares = cv2.resize(inside.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(shares.reshape(shape) >= 0.5)


def _colours(path: Path, palette: Palette, lightness: Float) -> Float:
    """a*b* (2, h, w) for each pixel of lightness (h, w): the palette's colour whose L* is nearest."""
    if palette.like is not None:
        wanted = list(of_picture(pictures.read(path.parent / palette.like)))
    else:
        wanted = [(a, b, 50.0 if light is None else light) for a, b, light in map(swatch.wanted, palette.colours)]
    wanted.sort(key=lambda colour: colour[2])
    lights = np.array([light for *_, light in wanted], np.float32)
    nearest = np.searchsorted((lights[1:] + lights[:-1]) / 2, lightness)
    return np.stack([np.array([colour[n] for colour in wanted], np.float32)[nearest] for n in (0, 1)])


def of_picture(image: Image) -> Iterator[tuple[float, float, float]]:
    """The colours of a picture of a thing, (a*, b*, L*): the median at each of some levels of lightness.

    Transparent parts are not the thing.
    """
    lab = image.lab.reshape(-1, 3)
    if image.alpha is not None and (image.alpha >= 0.5).any():
        lab = lab[image.alpha.ravel() >= 0.5]
    edges = np.quantile(lab[:, 0], np.linspace(0, 1, LEVELS + 1))
    level = np.clip(np.searchsorted(edges[1:-1], lab[:, 0]), 0, LEVELS - 1)
    for n in range(LEVELS):
        here = lab[level == n]
        if len(here):
            lightness, a_star, b_star = np.median(here, axis=0).tolist()
            yield a_star, b_star, lightness
