"""The contact sheet: first and middle frame of every shot on one picture, with number, time and reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import luma
from restore.errors import DiskError, shown
from restore.film import Shot, VideoStream
from restore.media.read import Picture
from restore.shots.table import Clock, scenes, timecode

Image = npt.NDArray[np.uint8]

DOUBTFUL = 0.7
"""A transition of less confidence than this is marked with a question mark."""

_GAP, _CAPTION = 8, 22  # px
_PAPER, _PRINT, _FAINT = 24, 235, 150  # gray values
_TALLEST = 60_000  # px; JPEG ends at 65,535


def wanted(shots: Sequence[Shot]) -> tuple[int, ...]:
    """The frames that a sheet shows, in order: first and middle of every shot."""
    return tuple(sorted({frame for shot in scenes(shots) for frame in (shot.start, middle(shot))}))


def middle(shot: Shot) -> int:
    """The frame that stands for a shot."""
    return (shot.start + shot.stop) // 2


def as_shown(picture: Image, video: VideoStream, width: int) -> Image:
    """(H, W) or (H, W, 3) uint8, small, as a player shows it: pixel aspect and quarter turns applied.

    `width` is of the unturned picture, px; the height follows, at most three times the width.
    """
    height = round(width * video.height / (video.width * float(video.sample_aspect)))
    size = (width, min(max(height, 1), 3 * width))
    shrinks = size[0] < picture.shape[1]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(np.rot90(small, -round(video.rotation / 90)))


def thumbnails(pictures: Iterable[Picture], video: VideoStream, frames: Sequence[int], width: int) -> dict[int, Image]:
    """Gray stills (h, w) of the wanted `frames`, by number; stops reading after the last one.

    Frames that the pictures end before are left out.
    """
    missing = set(frames)
    found: dict[int, Image] = {}
    for picture in pictures:
        if picture.index in missing:
            light = np.clip(luma(picture.light, video.bit_depth, video.colour.full_range), 0, 1)
            found[picture.index] = as_shown(np.round(light * 255).astype(np.uint8), video, width)
            missing.remove(picture.index)
        if not missing:
            break
    return found


def thumbnail_width(shots: Sequence[Shot]) -> int:
    """Width in px of a still: smaller where there are very many."""
    return 160 if len(scenes(shots)) <= 400 else 96


def contact_sheet(shots: Sequence[Shot], stills: dict[int, Image], clock: Clock) -> Image:
    """One gray picture (h, w) uint8 of all shots, `stills` from `thumbnails`; four shots a row, more in long films."""
    cells = [_cell(shot, stills, clock) for shot in scenes(shots)]
    tall, wide = max(cell.shape[0] for cell in cells) + _GAP, max(cell.shape[1] for cell in cells) + _GAP
    columns = min(len(cells), max(4, math.ceil(len(cells) * tall / _TALLEST)))
    rows = math.ceil(len(cells) / columns)
    sheet = np.full((rows * tall + _GAP, columns * wide + _GAP), _PAPER, np.uint8)
    for i, cell in enumerate(cells):
        top, left = _GAP + i // columns * tall, _GAP + i % columns * wide
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return sheet


def write_sheet(path: Path, sheet: Image) -> None:
    """Write a sheet as JPEG or PNG, by the suffix of `path`, in place: the caller publishes it."""
    if not cv2.imwrite(str(path), sheet):
        raise DiskError(f"{shown(path)}: cannot be written; check the folder's rights and the free space")


def _cell(shot: Shot, stills: dict[int, Image], clock: Clock) -> Image:
    pair = [stills[frame] for frame in (shot.start, middle(shot)) if frame in stills]
    pictures = np.hstack(pair) if pair else np.full((90, 160), _PAPER, np.uint8)
    cell = np.full((pictures.shape[0] + _CAPTION, max(pictures.shape[1], 300)), _PAPER, np.uint8)
    cell[_CAPTION:, : pictures.shape[1]] = pictures
    _print(cell, f"{shot.number}", 2, _PRINT, 2)
    doubt = " ?" if shot.confidence < DOUBTFUL else ""
    _print(cell, f"{timecode(clock(shot.start))}  frame {shot.start}  {shot.why}{doubt}", 46, _FAINT, 1)
    return cell


def _print(cell: Image, text: str, left: int, gray: int, weight: int) -> None:
    cv2.putText(cell, text, (left, _CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, gray, weight, cv2.LINE_AA)
