"""Stills for the report: the middle frame of every shot, before and after, and in true colour where that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour
from restore.film import Reel, Scorecard, Shot, Survey, VideoStream
from restore.media.index import NO_TIME, Index
from restore.media.probe import probe
from restore.media.read import Picture, Reader
from restore.shots.sheet import as_shown, middle
from restore.shots.table import scenes
from restore.steps.judge import true_reel

MOST = 200
"""Shots that get stills; of a film with more, as many are taken evenly. The page then stays below some 25 MB."""

QUALITY = 84  # of JPEG


@dataclass(frozen=True)
class Jpeg:
    data: bytes
    width: int  # px
    height: int


@dataclass(frozen=True)
class Still:
    """One frame of one shot."""

    frame: int
    before: Jpeg
    after: Jpeg
    truth: Jpeg | None


Draw = Callable[[Picture, VideoStream], npt.NDArray[np.float32]]


def stills(
    survey: Survey, shots: Sequence[Shot], master: str, scorecard: Scorecard, *, same_light: bool
) -> dict[int, Still]:
    """Stills by shot number, of all shots or of `MOST` of them.

    `same_light`: the master's light was proved to be the source's; it is then shown as the picture before, and the
    source need not be decoded again. Else the source itself is read. The truth is the one that the scorecard names.
    """
    whole = chosen(shots)
    frames = tuple(middle(shot) for shot in whole)
    width = min(640 if len(whole) <= 40 else 400, max(survey.reel.video.width, 64))
    made = probe(master, digest=False)
    if same_light:
        index = master_index(Index.load(survey.index_path), survey.reel.video, made.video)
        after, before = _read(made, frames, width, (in_colour, in_gray), index)
    else:
        (after,) = _read(made, frames, width, (in_colour,))
        (before,) = _read(survey.reel, frames, width, (in_gray,))
    truth: dict[int, Jpeg] = {}
    if scorecard.truth != "none":
        (truth,) = _read(true_reel(survey.reel, scorecard.truth), frames, width, (in_colour,))
    return {
        shot.number: Still(frame, before[frame], after[frame], truth.get(frame))
        for shot, frame in zip(whole, frames, strict=True)
    }


def chosen(shots: Sequence[Shot]) -> tuple[Shot, ...]:
    """The whole shots that get stills."""
    whole = scenes(shots)
    if len(whole) <= MOST:
        return whole
    return tuple(whole[round(i * (len(whole) - 1) / (MOST - 1))] for i in range(MOST))


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


def _read(
    reel: Reel, frames: Sequence[int], width: int, draws: Sequence[Draw], index: Index | None = None
) -> tuple[dict[int, Jpeg], ...]:
    """The wanted frames of a reel, drawn in each of the ways, by frame number."""
    drawn: tuple[dict[int, Jpeg], ...] = tuple({} for _ in draws)
    with Reader(reel, chroma=True) as reader:
        for picture in _pictures(reader, frames, index):
            for draw, into in zip(draws, drawn, strict=True):
                into[picture.index] = _jpeg(draw(picture, reel.video), reel.video, width)
    return drawn


def _pictures(reader: Reader, frames: Sequence[int], index: Index | None) -> Iterator[Picture]:
    """By seeking where there is an index, else in one pass up to the last wanted frame."""
    if index is not None:
        for frame in frames:
            yield from reader.pictures(frame, frame + 1, index)
        return
    wanted = set(frames)
    yield from (picture for picture in reader.pictures(0, max(frames) + 1) if picture.index in wanted)


def _jpeg(rgb: npt.NDArray[np.float32], video: VideoStream, width: int) -> Jpeg:
    picture = as_shown(np.round(rgb * 255).astype(np.uint8), video, width)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return Jpeg(data.tobytes(), picture.shape[1], picture.shape[0])
