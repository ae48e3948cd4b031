"""Makes whole small films from pictures, sound, subtitles and chapters: the demo and the tests have no other source."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.container
import numpy as np
import numpy.typing as npt

from restore.contracts import Light
from restore.film import Chapter
from restore.media.encoder import repeatable

Planes = tuple[Light, Light, Light]
"""Code values of one picture, 8 bits, BT.601 limited range, 4:2:0: Y (H, W), Cb and Cr (H/2, W/2)."""

_BT601_525 = 6  # H.273 code point of matrix, primaries and transfer alike
_LIMITED = 1  # FFmpeg's number of the limited range
_AAC_FRAME = 1024  # samples


@dataclass(frozen=True)
class Cue:
    """One subtitle: shown from `start` to `stop`, seconds."""

    start: float
    stop: float
    text: str


@dataclass(frozen=True, eq=False)
class FilmPlan:
    """All of a film but its pictures."""

    title: str
    width: int  # px, even
    height: int
    rate: Fraction
    lossless: bool  # luma and chroma come back bit for bit; else as a film is usually delivered
    sound: npt.NDArray[np.float32]  # (2, N) in [-1, 1]
    sound_rate: int  # samples a second
    cues: tuple[Cue, ...]
    chapters: tuple[Chapter, ...]


def make_film(path: Path, plan: FilmPlan, pictures: Iterable[Planes]) -> None:
    """Write a Matroska film: H.264 picture, AAC sound, SubRip subtitles, chapters. Same input, same bytes.

    `path` is written in place: the caller gives it its final name when it is whole.
    """
    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as out:
        out.metadata["title"] = plan.title
        picture, sound = _picture_stream(out, plan), _sound_stream(out, plan)
        _subtitles(out, plan.cues)
        out.set_chapters([
            {"id": i, "start": c.start, "end": c.end, "time_base": c.time_base, "metadata": {"title": c.title}}
            for i, c in enumerate(plan.chapters, start=1)
        ])  # fmt: skip
        heard = 0
        for number, planes in enumerate(pictures):
            for packet in picture.encode(_frame(planes, number, plan.rate)):
                out.mux(packet)
            until = int((number + 1) * plan.sound_rate / plan.rate)
            while heard < min(until, plan.sound.shape[1]):
                out.mux(sound.encode(_samples(plan, heard)))
                heard += _AAC_FRAME
        out.mux(picture.encode(None))
        out.mux(sound.encode(None))


def _picture_stream(out: av.container.OutputContainer, plan: FilmPlan) -> av.VideoStream:
    quality = {"qp": "0", "preset": "ultrafast"} if plan.lossless else {"crf": "14", "preset": "veryfast"}
    stream = out.add_stream("libx264", rate=plan.rate, options={**quality, "threads": "2", "x264-params": repeatable()})
    stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
    coder = stream.codec_context
    coder.time_base = 1 / plan.rate
    coder.gop_size = 48
    coder.colorspace = coder.color_primaries = coder.color_trc = _BT601_525
    coder.color_range = _LIMITED
    return stream


def _sound_stream(out: av.container.OutputContainer, plan: FilmPlan) -> av.AudioStream:
    stream = out.add_stream("aac", rate=plan.sound_rate, layout="stereo", options={"b": "128k", "flags": "+bitexact"})
    stream.metadata["language"] = "zxx"  # ISO 639-2: no linguistic content
    return stream


def _subtitles(out: av.container.OutputContainer, cues: tuple[Cue, ...]) -> None:
    lines = [f"{i}\n{_clock(c.start)} --> {_clock(c.stop)}\n{c.text}\n\n" for i, c in enumerate(cues, start=1)]
    with av.open(io.BytesIO("".join(lines).encode()), "r", format="srt") as source:
        stream = out.add_stream_from_template(source.streams.subtitles[0])
        stream.metadata["language"] = "eng"
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)


def _clock(seconds: float) -> str:
    minutes, ms = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d},{ms % 1000:03d}"


def _frame(planes: Planes, number: int, rate: Fraction) -> av.VideoFrame:
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
        rows[: values.shape[0], : values.shape[1]] = values
    frame.colorspace, frame.color_range = _BT601_525, _LIMITED
    frame.pts, frame.time_base = number, 1 / rate
    return frame


def _samples(plan: FilmPlan, start: int) -> av.AudioFrame:
    values = np.ascontiguousarray(plan.sound[:, start : start + _AAC_FRAME])
    frame = av.AudioFrame.from_ndarray(values, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = plan.sound_rate, start, Fraction(1, plan.sound_rate)
    return frame
