"""Stills for the report: the same frames of several films side by side, and maps of where and how they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour
from restore.film import Reel, VideoStream
from restore.media.index import NO_TIME, Index
from restore.media.read import Picture, Reader
from restore.shots.sheet import as_shown

QUALITY = 82  # of JPEG

Rgb = npt.NDArray[np.uint8]
"""(h, w, 3) R'G'B', as a player shows it."""
Draw = Callable[[Picture, VideoStream], npt.NDArray[np.float32]]
Drawn = Mapping[str, Rgb]
"""One frame, small: a picture for each look."""


@dataclass(frozen=True)
class Jpeg:
    data: bytes
    width: int  # px
    height: int
    kind: str = "jpeg"


@dataclass(frozen=True)
class Still:
    """One frame, as every look shows it; looks without a picture of it are left out."""

    frame: int
    pictures: Mapping[str, Jpeg]


@dataclass(frozen=True)
class Film:
    """A film that stills are taken of: what is drawn from each of its frames, by the name of the look.

    With an index the film is read by seeking, else in one pass up to the last wanted frame.
    """

    reel: Reel
    looks: Mapping[str, Draw]
    index: Index | None = None


@dataclass(frozen=True)
class Map:
    """A picture made from others: of one frame, and of the frame before where that is in the same shot."""

    look: str
    draw: Callable[[Drawn, Drawn | None], Rgb | None]
    looks_back: bool = False


@dataclass(frozen=True)
class Wanted:
    """Frames in rising order, with the number of their shot; what is drawn is at most `width` px wide, unturned."""

    frames: Mapping[int, int]
    width: int
    maps: Sequence[Map] = ()
    starts: frozenset[int] = frozenset()  # first frames of shots: nothing is compared across them

    def read(self) -> list[int]:
        """The frames that have to be read: the wanted ones, and those before them that a map looks back at."""
        back = {f - 1 for f in self.frames if f not in self.starts} if any(m.looks_back for m in self.maps) else set()
        return sorted({*self.frames, *back})


def stills(films: Sequence[Film], wanted: Wanted) -> dict[int, Still]:
    """The wanted frames of all films, by frame number. Holds two frames at a time, and the JPEGs."""
    found: dict[int, Still] = {}
    before: tuple[int, Drawn] | None = None
    read = wanted.read()
    with ExitStack() as open_films:
        readers = [open_films.enter_context(Reader(film.reel, chroma=True)) for film in films]
        streams = [_drawn(*pair, read, wanted.width) for pair in zip(films, readers, strict=True)]
        for frame, *parts in zip(read, *streams, strict=True):
            drawn = {look: rgb for part in parts for look, rgb in part.items()}
            if frame in wanted.frames:
                last = before[1] if before and before[0] == frame - 1 and frame not in wanted.starts else None
                maps = {each.look: each.draw(drawn, last) for each in wanted.maps}
                shown = {**drawn, **{look: rgb for look, rgb in maps.items() if rgb is not None}}
                found[frame] = Still(frame, {look: jpeg(rgb) for look, rgb in shown.items()})
            before = frame, drawn
    return found


def _drawn(film: Film, reader: Reader, frames: Sequence[int], width: int) -> Iterator[dict[str, Rgb]]:
    """Each of the frames, drawn in each of the film's ways."""
    video = film.reel.video
    width = min(width, max(video.width, 64))
    for picture in _pictures(reader, frames, film.index):
        yield {
            look: as_shown(np.round(draw(picture, video) * 255).astype(np.uint8), video, width)
            for look, draw in film.looks.items()
        }


def _pictures(reader: Reader, frames: Sequence[int], index: Index | None) -> Iterator[Picture]:
    """By seeking where there is an index, neighbours in one go; else in one pass."""
    if not frames:
        return
    if index is None:
        wanted = set(frames)
        yield from (picture for picture in reader.pictures(0, max(frames) + 1) if picture.index in wanted)
        return
    for _, run in groupby(enumerate(frames), key=lambda pair: pair[1] - pair[0]):
        together = [frame for _, frame in run]
        yield from reader.pictures(together[0], together[-1] + 1, index)


def master_index(index: Index, source: VideoStream, made: VideoStream) -> Index:
    """The source's index as the master's: same light, every frame a key frame, times in the master's time base.

    A reader holds every frame to its index, so that what is wrong here costs time and never shows a wrong frame.
    """
    scale = source.time_base / made.time_base
    pts = [NO_TIME if tick == NO_TIME else round(int(tick) * scale) for tick in index.pts]
    return replace(index, pts=np.array(pts, np.int64), key=np.ones(len(index), np.bool_))


def in_gray(picture: Picture, video: VideoStream) -> npt.NDArray[np.float32]:
    """(H, W, 3) R'G'B' in [0, 1] of the light alone."""
    return colour.gray_rgb(picture.light, video.colour, video.bit_depth)


def in_colour(picture: Picture, video: VideoStream) -> npt.NDArray[np.float32]:
    """(H, W, 3) R'G'B' in [0, 1]."""
    if picture.chroma is None:
        return in_gray(picture, video)
    return colour.to_rgb(picture.light, *picture.chroma, video.colour, video.bit_depth)


def jpeg(rgb: Rgb) -> Jpeg:
    """A picture as JPEG; one without colour as a gray JPEG, which is smaller."""
    gray = bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all())
    stored = rgb[..., 0] if gray else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return Jpeg(data.tobytes(), rgb.shape[1], rgb.shape[0])


def smaller(picture: Jpeg, width: int) -> Jpeg:
    """The same picture, `width` px wide; untouched where it is smaller anyway."""
    if picture.width <= width:
        return picture
    image = np.asarray(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    size = (width, max(1, round(picture.height * width / picture.width)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return jpeg(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8))
