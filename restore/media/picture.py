"""The picture track of a reel as a ticket: size, pixels, colour tags, shape, turning, fields and rate."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from fractions import Fraction

import av
import av.container
import av.logging

from restore.errors import BadInput, UsageError, shown
from restore.film import VideoStream
from restore.media import pixels, tags

_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_ABSURD_ASPECT = 16
"""Pixel aspects beyond 1:16 or 16:1 are a writer's mistake, not a lens."""

_UPRIGHT = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def of_film(
    stream: av.VideoStream, frame: av.VideoFrame, siting: str | None, rate: Fraction | None, path: str
) -> tuple[VideoStream, list[str]]:
    """The ticket of the picture track and a sentence for every assumption and oddity."""
    codec = stream.codec_context
    try:
        form = pixels.layout(frame.format.name)
        stated = _stated(codec, frame, siting)
        colour, said = tags.colour_tags(stated, form, (frame.width, frame.height), codec.codec.name)
    except BadInput as problem:
        raise BadInput(f"{shown(path)}: {problem}") from None
    alpha = form.alpha or stream.metadata.get("alpha_mode") == "1"
    matrix = _display_matrix(frame)
    order = _FIELD_ORDERS.get(codec.field_order, "unknown")
    notes = [*said, *_pixel_notes(form, alpha), *_shape_notes(stream, frame, matrix)]
    aspect = _aspect(stream, notes)
    if order not in ("progressive", "unknown") or frame.interlaced_frame:
        notes.append("The film is interlaced; its fields are kept as they are (--deinterlace makes whole pictures).")
    video = VideoStream(
        index=stream.index, codec=str(codec.codec.canonical_name), profile=str(codec.profile or ""),
        width=frame.width, height=frame.height, pixel_format=form.name, bit_depth=form.depth, chroma=form.chroma,
        has_alpha=alpha, colour=colour, sample_aspect=aspect, display_matrix=matrix,
        rotation=tags.rotation(matrix)[0], field_order=order, rate=_rate(stream, rate, path),
        time_base=Fraction(stream.time_base or 0) or Fraction(1, 1000), start=stream.start_time,
        frames_claimed=stream.frames or None,
    )  # fmt: skip
    return video, notes


def of_folder(frame: av.VideoFrame, codec: str, rate: Fraction, frames: int) -> tuple[VideoStream, list[str]]:
    """The ticket of a folder of frames, by its first frame; a tick is one frame."""
    form = pixels.layout(frame.format.name)
    stated = tags.Stated(
        int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc), int(frame.color_range), None
    )
    colour, said = tags.colour_tags(stated, form, (frame.width, frame.height), codec)
    video = VideoStream(
        index=0, codec=codec, profile="", width=frame.width, height=frame.height, pixel_format=form.name,
        bit_depth=form.depth, chroma=form.chroma, has_alpha=form.alpha, colour=colour, sample_aspect=Fraction(1),
        display_matrix=None, rotation=Fraction(0), field_order="progressive", rate=rate, time_base=1 / rate, start=0,
        frames_claimed=frames,
    )  # fmt: skip
    return video, [*said, *_pixel_notes(form, form.alpha)]


def _pixel_notes(form: pixels.Layout, alpha: bool) -> Iterator[str]:
    if alpha:
        yield "The film has transparency (alpha); the alpha is dropped."
    if form.via:
        yield f"Pixel format {form.name} has no luma plane; frames are read as {form.via}."


def _shape_notes(stream: av.VideoStream, frame: av.VideoFrame, matrix: tuple[int, ...] | None) -> Iterator[str]:
    if (frame.width, frame.height) != (stream.width, stream.height):
        yield (
            f"The header says {stream.width}×{stream.height}, the decoder gives {frame.width}×{frame.height} pixels; "
            "the decoder is followed."
        )
    angle, mirrored = tags.rotation(matrix)
    if mirrored:
        yield "The display matrix mirrors the picture; it is carried on, frames are worked on as stored."
    if angle % 90:
        yield f"The display matrix turns the picture by {float(angle):g}°; it is carried on as it is."


def _stated(codec: av.VideoCodecContext, frame: av.VideoFrame, siting: str | None) -> tags.Stated:
    """Tags of the frame itself; of the stream where the frame has none."""

    def pick(name: str, unknown: int) -> int:
        own = int(getattr(frame, name))
        return own if own != unknown else int(getattr(codec, name))

    return tags.Stated(
        matrix=pick("colorspace", 2), primaries=pick("color_primaries", 2), transfer=pick("color_trc", 2),
        range=pick("color_range", 0), siting=siting,
    )  # fmt: skip


def siting_of(container: av.container.InputContainer, stream: av.VideoStream) -> str | None:
    """Where the decoder says chroma samples sit. PyAV has no attribute for it; FFmpeg's own description has."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.VERBOSE)
    av.logging.set_libav_level(av.logging.VERBOSE)
    try:
        described = str(container.dumps_format())  # type: ignore[attr-defined]  # missing from PyAV's stubs
    finally:
        av.logging.set_libav_level(av.logging.INFO)
        av.logging.set_level(level)
    for line in described.splitlines():
        about = re.match(rf"\s*Stream #0:{stream.index}\b.*? {stream.codec_context.pix_fmt}\((.*?)\), \d+x\d+", line)
        if about:
            said = {word.strip() for word in re.split(r"[,()]", about[1])}
            return next(iter(said & {"left", "center", "topleft", "top", "bottomleft", "bottom"}), None)
    return None


def _aspect(stream: av.VideoStream, notes: list[str]) -> Fraction:
    """Width over height of one pixel; 1 where unknown or absurd."""
    aspect = Fraction(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    if aspect <= 0:
        return Fraction(1)
    if not Fraction(1, _ABSURD_ASPECT) <= aspect <= _ABSURD_ASPECT:
        notes.append(f"A pixel aspect of {aspect.numerator}:{aspect.denominator} is absurd and is ignored.")
        return Fraction(1)
    return aspect


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    try:
        data = frame.side_data["DISPLAYMATRIX"]  # type: ignore[typeddict-item]  # PyAV's stubs list two of many
    except KeyError:
        return None
    matrix = struct.unpack("=9i", bytes(data))
    return None if matrix == _UPRIGHT else matrix


def _rate(stream: av.VideoStream, given: Fraction | None, path: str) -> Fraction:
    """Average frames a second. A stated rate above 1000 is a clock, not a rate; then FFmpeg's guess is taken."""
    for stated in (stream.average_rate, stream.guessed_rate):
        if stated and 0 < stated <= 1000:
            if given is not None and given != stated:
                raise UsageError(f"--fps {given}: {shown(path)} states its own rate, {stated}; leave --fps away")
            return Fraction(stated)
    if given is None:
        raise UsageError(f"{shown(path)}: states no frame rate; give it with --fps")
    return given
