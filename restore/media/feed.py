"""Decoded frames one after another, from a film or from a folder of frames, going on after damage."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import av.container
import av.error
import av.filter
import av.stream

from restore.errors import BadInput, UsageError, shown
from restore.film import Reel
from restore.media import damage, pixels, sequence
from restore.media.damage import Ledger, Line
from restore.media.open import open_decoder, open_film
from restore.media.watch import watched

Feed = Generator["Decoded", None, None]

_PATIENCE = 64
"""Failed reads in a row after which the rest of a file is given up."""

_SPARE = 1 << 26
"""Bytes that are to be had while memory is not short."""

_DEINTERLACERS = {"bwdif": "send_frame", "yadif": "send_frame", "estdif": "frame", "w3fdif": "frame"}
"""libavfilter filters that give one whole picture for each interlaced one, and the mode that does so."""

DECODE_FAULTS = (av.error.FFmpegError, LookupError, ValueError)
"""What PyAV raises on damaged packets (IndexError and ValueError have been seen beside FFmpeg's own)."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A frame as it left the decoder; times in the stream's time base."""

    frame: av.VideoFrame
    pts: int | None
    duration: int | None
    key: bool


def feed(reel: Reel, ledger: Ledger | None = None, at: int | None = None) -> Feed:
    """Frames of a reel in the order in which the decoder gives them; damage goes into `ledger` where there is one.

    at: None for the whole reel; else a timestamp (for a folder, a frame number) near which to begin. Where exactly a
    film begins then is for the caller to find out. Raises BadInput when the picture changes size or format.
    """
    frames = _sequence(reel, ledger, at or 0) if reel.container == "sequence" else _film(reel, ledger, at)
    if reel.deinterlace:
        frames = _deinterlaced(frames, reel)
    return frames


def _film(reel: Reel, ledger: Ledger | None, at: int | None) -> Feed:
    opening: list[Line] = []
    with open_film(reel.path, opening) as container:
        stream = container.streams[reel.video.index]
        if not isinstance(stream, av.VideoStream):
            raise BadInput(f"{shown(reel.path)}: stream {reel.video.index} is no longer video; the file has changed")
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        open_decoder(stream)
        if at is not None:
            try:
                container.seek(at, stream=stream)
            except av.error.FFmpegError:
                return  # no way to that place: the caller looks for another
        for number, frame in enumerate(survivors(container, stream, ledger)):
            _same_picture(frame, reel, number)
            if ledger is not None:
                ledger.lines(number, opening)
            yield Decoded(frame, frame.pts, frame.duration or None, bool(frame.key_frame))


def survivors(
    container: av.container.InputContainer, stream: av.VideoStream, ledger: Ledger | None = None
) -> Iterator[av.VideoFrame]:
    """Every frame that can still be had from `stream`: a packet that fails is entered as damage and passed over."""
    steps, number, more = packets_of(container, stream), 0, True
    while more:
        threads = stream.codec_context.thread_count > 1
        with watched(container.name.removeprefix("file:"), number), _hearing(ledger, threads) as lines:
            step = next(steps, None)
            frames, fault = _decode(stream, step)
        more = step is not None
        if ledger is not None:
            ledger.lines(number, lines)
            if fault is not None:
                ledger.enter(number, "packet", damage.plain(fault))
        for frame in frames:
            if ledger is not None and frame.is_corrupt:
                ledger.enter(number, "corrupt", "the decoder marks this frame as damaged")
            number += 1
            yield frame


def packets_of(container: av.container.InputContainer, *streams: av.stream.Stream) -> Iterator[av.Packet | Exception]:
    """The packets of `streams`, and what went wrong where one could not be read; ends with the file.

    A damaged transport stream can bring up a track in mid-film, which PyAV answers with an IndexError.
    """
    packets, failed = container.demux(*streams), 0
    while failed < _PATIENCE:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except DECODE_FAULTS as problem:
            packets, failed = container.demux(*streams), failed + 1  # a generator that raised has ended
            yield _the_films(problem)
            continue
        failed = 0
        if packet.size or packet.dts is not None or packet.pts is not None:  # else it is PyAV's own end mark
            yield packet


def _decode(stream: av.VideoStream, step: av.Packet | Exception | None) -> tuple[list[av.VideoFrame], Exception | None]:
    """(frames, what went wrong) of one step; None is the end and brings what the decoder still holds."""
    if isinstance(step, Exception):
        return [], step
    if step is not None and not step.size:
        return [], None  # "the last picture once more", as Theora and AVI say it: that picture's time goes on
    alone = step is not None and stream.codec_context.codec.canonical_name == "mjpeg"
    try:
        return (_alone(stream).decode(step) if alone else stream.decode(step)), None
    except DECODE_FAULTS as problem:
        return [], _the_films(problem)


def _alone(stream: av.VideoStream) -> Any:
    """A decoder for one picture of Motion JPEG, which leans on no other.

    Where such a picture is damaged, FFmpeg leaves in it what lay in the memory that it got; one that an earlier picture
    had used would give another result in every pass. A new decoder gets empty memory.
    """
    whole = stream.codec_context
    decoder: Any = av.CodecContext.create(whole.codec.name, "r")
    decoder.extradata, decoder.codec_tag, decoder.options = whole.extradata, whole.codec_tag, whole.options
    decoder.width, decoder.height = whole.width, whole.height
    decoder.thread_type, decoder.thread_count = "NONE", 1
    return decoder


def _the_films(problem: Exception) -> Exception:
    """`problem`, where the film is to blame. FFmpeg has no memory for a packet that claims two gigabytes; where there
    is none for us either, raises MemoryError: the film may be whole."""
    if isinstance(problem, MemoryError):
        bytearray(_SPARE)
    return problem


@contextmanager
def _hearing(ledger: Ledger | None, threads: bool) -> Iterator[list[Line]]:
    if ledger is None:
        yield []
    else:
        with damage.listening(threads) as lines:
            yield lines


def _sequence(reel: Reel, ledger: Ledger | None, first: int) -> Feed:
    files = sequence.frame_files(reel.path)
    for number, file in enumerate(files[first:], start=first):
        with watched(str(file), number), _hearing(ledger, threads=False) as lines:
            frame = sequence.decode(file, reel.video.codec)
        if ledger is not None:
            ledger.lines(number, lines)
        _same_picture(frame, reel, number, str(file))
        yield Decoded(frame, number, 1, True)


def _same_picture(frame: av.VideoFrame, reel: Reel, number: int, where: str | None = None) -> None:
    """Raise BadInput, naming the frame, when its size or its way of coding is not the reel's."""
    video = reel.video
    same_size = (frame.width, frame.height) == (video.width, video.height)
    if same_size and frame.format.name == video.pixel_format:
        return
    ours, theirs = (
        replace(pixels.layout(name), name="", full_range=False) for name in (video.pixel_format, frame.format.name)
    )
    if same_size and ours == theirs:
        return
    raise BadInput(
        f"{shown(where or reel.path)}: frame {number} is {frame.width}×{frame.height} {frame.format.name}, the reel "
        f"began as {video.width}×{video.height} {video.pixel_format}; split it there and run the parts one by one"
    )


def deinterlacer(wanted: str) -> tuple[str, str]:
    """(filter, its arguments) of `--deinterlace`, e.g. "bwdif" or "yadif=parity=tff". Raises UsageError."""
    name, _, settings = wanted.partition("=")
    if name not in _DEINTERLACERS or not re.fullmatch(r"(?!.*mode)[a-z0-9_=:]*", settings):
        known = ", ".join(_DEINTERLACERS)
        raise UsageError(f"--deinterlace {wanted}: not a deinterlacer we use; choose one of {known} (no mode)")
    return name, f"mode={_DEINTERLACERS[name]}" + (f":{settings}" if settings else "")


def _deinterlaced(frames: Feed, reel: Reel) -> Feed:
    """One whole picture for each frame, with that frame's times: the filter runs one frame behind."""
    waiting: deque[Decoded] = deque()
    graph: av.filter.Graph | None = None
    with closing(frames):
        for decoded in frames:
            if graph is None:
                graph = _graph(decoded.frame, reel)
            waiting.append(decoded)
            graph.push(decoded.frame)
            yield from _pulled(graph, waiting, reel)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph, waiting, reel)
    if waiting:
        raise BadInput(f"{shown(reel.path)}: {reel.deinterlace} kept back {len(waiting)} frames; choose another filter")


def _pulled(graph: av.filter.Graph, waiting: deque[Decoded], reel: Reel) -> Iterator[Decoded]:
    while waiting:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if not isinstance(frame, av.VideoFrame):
            raise TypeError(f"a picture was expected of the filter, not {frame!r}")
        form = pixels.layout(frame.format.name)
        if (form.depth, form.chroma) != (reel.video.bit_depth, reel.video.chroma):
            raise UsageError(f"--deinterlace {reel.deinterlace}: cannot take {reel.video.pixel_format}; choose another")
        yield replace(waiting.popleft(), frame=frame)


def _graph(frame: av.VideoFrame, reel: Reel) -> av.filter.Graph:
    name, settings = deinterlacer(reel.deinterlace or "")
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=reel.video.time_base or Fraction(1)
    )
    try:
        graph.link_nodes(source, graph.add(name, settings), graph.add("buffersink")).configure()
    except (av.error.FFmpegError, ValueError) as problem:
        raise UsageError(
            f"--deinterlace {reel.deinterlace}: {damage.plain(problem)}; it cannot take this film"
        ) from None
    return graph
