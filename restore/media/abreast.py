"""Pictures that lean on no other, decoded by several decoders at a time and given in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import av
import av.container

from restore import profile
from restore.media import damage
from restore.media.damage import Line

ALONE = ("ffv1",)
"""Codecs, by FFmpeg's names, of which every picture that we write is a key frame."""

MOST = 8
"""Decoders at a time, at most: each holds a picture of its own."""

_Coming = Future[tuple[list[av.VideoFrame], list[Line]]]


def abreast(
    film: av.container.InputContainer, track: av.VideoStream, heard: list[Line], stage: str
) -> Iterator[av.VideoFrame]:
    """Every picture of `track`, whose codec is one of `ALONE`, in the order of its packets.

    One decoder a processor, each in a thread of its own. Threads that share the slices of one picture wait for each
    other at its end: on two processors they take up to half as long again. What FFmpeg says while it decodes goes into
    `heard`, and what the decoders spend is written down under `stage`. Raises what they raise.
    """
    count = min(profile.processors(), MOST)
    with ExitStack() as stack:
        seats = [
            (stack.enter_context(ThreadPoolExecutor(1, stage)), _decoder(track.codec_context)) for _ in range(count)
        ]
        coming: deque[_Coming] = deque()
        stack.callback(lambda: [future.cancel() for future in coming])
        for number, packet in enumerate(film.demux(track)):
            if packet.size:
                pool, decoder = seats[number % count]
                coming.append(pool.submit(_pictures, decoder, packet, stage, count))
            if len(coming) > 2 * count:
                yield from _next(coming, heard)
        while coming:
            yield from _next(coming, heard)


def _decoder(whole: Any) -> Any:
    """A decoder of its own for what `whole` decodes."""
    decoder: Any = av.CodecContext.create(whole.codec.name, "r")
    decoder.extradata, decoder.codec_tag = whole.extradata, whole.codec_tag
    decoder.width, decoder.height = whole.width, whole.height
    decoder.thread_type, decoder.thread_count = "NONE", 1
    return decoder


def _next(coming: deque[_Coming], heard: list[Line]) -> list[av.VideoFrame]:
    with profile.waiting():
        frames, said = coming.popleft().result()
    heard += said
    return frames


def _pictures(decoder: Any, packet: av.Packet, stage: str, threads: int) -> tuple[list[av.VideoFrame], list[Line]]:
    with profile.working(stage, 1, threads), damage.listening() as lines:
        return decoder.decode(packet), list(lines)
