"""Writes a shot that is left as it is: the source's own light and chroma, without filter or network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import numpy as np

from restore.colour import resampled
from restore.contracts import Light
from restore.film import Shot, VideoStream
from restore.media.encoder import INTERLACED
from restore.media.read import Picture
from restore.media.spec import OutputSpec
from restore.media.write import TakeWriter
from restore.overlap import overlapped
from restore.progress import Progress
from restore.windows import WINDOW


def keep(
    shot: Shot, pictures: Iterator[Picture], video: VideoStream, spec: OutputSpec, take: TakeWriter,
    progress: Progress | None = None,
) -> str:  # fmt: skip
    """Write the shot's `pictures`, read with their chroma, into `take`. Decoding and writing run beside each other.

    Returns the SHA-256 (hex) of all chroma planes written, Cb and Cr frame after frame, rows packed, 16-bit samples
    little-endian: the source's own bytes where the master's chroma has the source's size.
    """
    written = hashlib.sha256()
    with closing(overlapped(pictures)) as frames:
        for done, picture in zip(count(1), frames, strict=False):
            planes = chroma(picture, video, spec)
            for plane in planes:
                written.update(np.ascontiguousarray(plane, dtype=plane.dtype.newbyteorder("<")).data)
            take.add(picture.light, *planes)
            if progress is not None and (done % WINDOW == 0 or done == shot.frames):
                progress(done, shot.frames)
    return written.hexdigest()


def chroma(picture: Picture, video: VideoStream, spec: OutputSpec) -> tuple[Light, Light]:
    """Cb and Cr of a source frame at `spec.chroma_size`: as they are, or brought to size; neutral for gray film."""
    if picture.chroma is None:
        neutral: Any = np.full(spec.chroma_size, 1 << (video.bit_depth - 1), picture.light.dtype)
        return neutral, neutral
    rows, columns = picture.light.shape
    fields = video.field_order in INTERLACED
    cb, cr = (resampled(p, (rows, columns), spec.chroma_size, video.colour.siting, fields) for p in picture.chroma)
    return cb, cr
