"""The usual ways to colour a film, with our network in their middle: through files of pictures, RGB and CIE Lab.

Each takes a film and makes the H.264 copy only: no lossless master, no filters, no proof. What is compared is how
frames travel; the network, its size and its threads are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from skimage.color import lab2rgb, rgb2lab

from restore import colour
from restore.filters.colorize import working_shape
from restore.media.probe import probe
from restore.media.read import Reader
from restore.runtime import Runtime

Way = Callable[[Path, Path, int, Runtime], None]
"""(film, folder for scratch files, frames, runtime)"""


def by_png_and_skimage(film: Path, scratch: Path, frames: int, runtime: Runtime) -> None:
    """Every frame a PNG file in, every frame a PNG file out; RGB and Lab by scikit-image."""
    _by_files(film, scratch, frames, runtime, ".png")


def by_jpeg_and_opencv(film: Path, scratch: Path, frames: int, runtime: Runtime) -> None:
    """The same with JPEG files, and Lab by OpenCV."""
    _by_files(film, scratch, frames, runtime, ".jpg")


def chroma_only(film: Path, scratch: Path, frames: int, runtime: Runtime) -> None:
    """Our own arithmetic, one thing after the other: decode, network, chroma, encode, frame by frame."""
    reel, painter = probe(str(film), digest=False), runtime.painter("duo")
    video = reel.video
    size = (-(-video.height // 2), -(-video.width // 2))
    with Reader(reel) as reader, _Encoder(scratch / "way.mp4", video.width, video.height) as encoder:
        before: Any = None
        for _, picture in zip(range(frames), reader.pictures(), strict=False):
            rows, columns = working_shape(picture.light.shape, None, painter.card)
            small: Any = cv2.resize(picture.light, (columns, rows), interpolation=cv2.INTER_AREA)
            now = colour.lightness(small, 8, video.colour.full_range) / np.float32(100)
            ab = _painted(painter, now, before)
            under: Any = cv2.resize(picture.light, ab.shape[:0:-1], interpolation=cv2.INTER_AREA)
            luma = colour.luma(under, 8, video.colour.full_range)
            made = colour.cbcr_from_ab(ab[None], luma[None], video.colour.matrix)[0]
            cb, cr = colour.chroma_planes(made, picture.light, video.colour, 8, size)
            encoder.planes(picture.light, cb, cr)
            before = now


WAYS: dict[str, Way] = {
    "PNG files, RGB, Lab by scikit-image": by_png_and_skimage,
    "JPEG files, RGB, Lab by OpenCV": by_jpeg_and_opencv,
    "chroma only, one thing after the other": chroma_only,
}


def _by_files(film: Path, scratch: Path, frames: int, runtime: Runtime, suffix: str) -> None:
    with av.open(str(film)) as source:
        for number, frame in zip(range(frames), source.decode(video=0), strict=False):
            cv2.imwrite(str(scratch / f"in{number:05d}{suffix}"), frame.to_ndarray(format="bgr24"))
    painter, before = runtime.painter("duo"), None
    for number in range(frames):
        picture = cv2.imread(str(scratch / f"in{number:05d}{suffix}"))
        assert picture is not None
        made, before = _coloured(np.asarray(picture), painter, before, exact=suffix == ".png")
        cv2.imwrite(str(scratch / f"out{number:05d}{suffix}"), made)
    height, width = made.shape[:2]
    with _Encoder(scratch / "way.mp4", width, height) as encoder:
        for number in range(frames):
            encoder.rgb(cv2.imread(str(scratch / f"out{number:05d}{suffix}")))


def _coloured(bgr: Any, painter: Any, before: Any, *, exact: bool) -> tuple[Any, Any]:
    """One BGR picture in its new colours, and what the network saw of it."""
    lab: Any = rgb2lab(bgr[..., ::-1]) if exact else cv2.cvtColor(bgr.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    rows, columns = working_shape(bgr.shape[:2], None, painter.card)
    light = lab[..., 0].astype(np.float32) / 100
    now = np.asarray(cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
    ab = _painted(painter, now, before)
    for channel in (0, 1):
        lab[..., 1 + channel] = cv2.resize(ab[channel], bgr.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    if exact:
        return (np.clip(lab2rgb(lab), 0, 1)[..., ::-1] * 255 + 0.5).astype(np.uint8), now
    rgb = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2BGR)
    return (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8), now


def _painted(painter: Any, now: Any, before: Any) -> Any:
    """(2, h, w) a*b* of a frame (h, w) of L*/100, with the one before it."""
    pair = np.stack([now if before is None else before, now])[:, None]
    below, beside = (-side % painter.card.multiple_of for side in now.shape)
    padded = np.pad(pair, ((0, 0), (0, 0), (0, below), (0, beside)), mode="edge")
    stride = painter.card.stride
    return painter(padded, seen=1)[0, 0, :, : -(-now.shape[0] // stride), : -(-now.shape[1] // stride)]


class _Encoder:
    """H.264 as recipe `film` writes its access copy: veryfast, CRF 20, 4 threads."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._file = av.open(str(path), "w")
        self._stream = self._file.add_stream("libx264", rate=Fraction(24), options={"preset": "veryfast", "crf": "20"})
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.codec_context.thread_count = 4

    def __enter__(self) -> _Encoder:
        return self

    def planes(self, *planes: Any) -> None:
        frame = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], "yuv420p")
        for plane, values in zip(frame.planes, planes, strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
            rows[:, : plane.width] = values
        self._write(frame)

    def rgb(self, bgr: Any) -> None:
        self._write(av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="yuv420p"))

    def _write(self, frame: av.VideoFrame | None) -> None:
        self._file.mux(self._stream.encode(frame))

    def __exit__(self, *_: object) -> None:
        self._write(None)
        self._file.close()
