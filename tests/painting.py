"""A film of three shots of patterns that pan, and how a person would paint its frames: for the tests of guidance."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from films import Film

from restore.film import Shot, Survey
from restore.guidance import shelf
from restore.guidance.at_hand import Asked, AtHand
from restore.guidance.pictures import encoded
from restore.media.index import Index
from restore.media.probe import probe
from restore.steps.split import Splitting, clock, split

Plane = npt.NDArray[Any]
WIDTH, HEIGHT, SHOTS, LENGTH = 96, 64, 3, 12


@cache
def _pattern(shot: int) -> Plane:
    """(128, 192) uint8: masses and outlines that no other shot has."""
    noise = np.random.default_rng(shot).random((128, 192)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 7)
    return np.asarray((soft - soft.min()) / np.ptp(soft) * 200 + 20).astype(np.uint8)


def light(frame: int) -> Plane:
    """(64, 96) uint8 luma: the pattern of the frame's shot, 2 px further to the left in every frame."""
    left = 2 * (frame % LENGTH)
    return _pattern(frame // LENGTH)[10 : 10 + HEIGHT, left : left + WIDTH]


def film(path: Path, **how: Any) -> Path:
    return Film(**how).write(path, [light(frame) for frame in range(SHOTS * LENGTH)])


def gray(frame: int) -> Plane:
    """(64, 96, 3) uint8 R'G'B' of a frame, as `restore keyframes` exports it."""
    values = np.clip((light(frame).astype(np.float32) - 16) / 219, 0, 1)
    return np.repeat(np.round(values * 255).astype(np.uint8)[..., None], 3, axis=2)


def brushed(frame: int, place: tuple[slice, slice], rgb: tuple[int, int, int]) -> Plane:
    """The frame with one place of it painted over in one colour."""
    picture = gray(frame)
    picture[place] = rgb
    return picture


def save(path: Path, picture: Plane) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(picture))
    return path


@contextmanager
def at_hand(path: Path, folder: Path) -> Iterator[AtHand]:
    """The film as the readers have it."""
    survey, shots = surveyed(path, folder)
    time = clock(Index.load(survey.index_path), survey.reel.video)
    with AtHand(survey, shots, time, folder / "proxies", lambda _done, _total: None, folder / "painted") as film:
        yield film


def taken(asked: Asked) -> Any:
    """What was asked for, its painted frames taken from where they were put away."""
    return replace(asked, painted=tuple(shelf.take(hint) for hint in asked.painted))  # type: ignore[arg-type]


def surveyed(path: Path, folder: Path) -> tuple[Survey, tuple[Shot, ...]]:
    return split(probe(path), folder / "index.npz", Splitting(proxies=str(folder / "proxies")))


def png(colour_type: int, depth: int, rows: list[bytes], *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of any layout, put together by hand (ISO/IEC 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    width = len(rows[0]) * 8 // depth // samples
    head = struct.pack(">IIBBBBB", width, len(rows), depth, colour_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", head), *chunks, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
