"""Writing a take: the master picture and the access picture of one span of frames, side by side in one file."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.filter import Graph

from restore import profile
from restore.contracts import Light
from restore.film import Reel
from restore.media import squeeze
from restore.media.encoder import FIRST_FIELD, Track, dress
from restore.media.spec import AccessSettings, MasterSettings, OutputSpec, plan
from restore.media.squeeze import Plane
from restore.store import disk_errors

TICK = Fraction(1, 1000)
"""Time unit of a Matroska file as FFmpeg writes it, in seconds. Inside a take one frame lasts one tick."""

AHEAD = 4
"""Frames that may wait for an encoder."""


class TakeWriter:
    """Encodes the frames `[start, …)` of a reel into a Matroska file at `path`, a temporary name.

    Track 0 is the master picture, track 1 the access picture when `spec.access` is there. Timestamps count frames from
    the take's first, one a millisecond; the real ones are given when the takes are joined. Each track begins with a
    key frame and refers to nothing outside the take. The same frames give the same bytes, in any process.
    Leaving the context with an error closes the file unfinished: whoever made the name removes it. While the H.264
    encoder looks ahead, some 25 coded master pictures wait in memory.
    """

    def __init__(self, path: str | Path, reel: Reel, spec: OutputSpec, start: int) -> None:
        self.path, self.start, self.frames = Path(path), start, 0
        self._spec, self._size = spec, (reel.video.height, reel.video.width)
        tracks = [spec.master, *([spec.access] if spec.access else [])]
        with disk_errors(self.path):
            self._file = av.open(f"file:{path}", "w", format="matroska", options={"fflags": "+bitexact"})
            self._encoders = [_Encoder(self._file, track, spec, reel.video.rate) for track in tracks]
            self._file.start_encoding()
        # Each encoder in a thread of its own; the frames that wait are few, and packets are written in their order.
        self._pools = [ThreadPoolExecutor(1, f"encode {track.codec}") for track in tracks]
        self._coming: deque[list[Future[list[av.Packet]]]] = deque()

    def __enter__(self) -> TakeWriter:
        return self

    def add(self, light: Light, cb: Plane, cr: Plane) -> None:
        """Encode the next frame. What goes wrong with it may be raised by a later call; planes must not be changed.

        light   (H, W) uint8 or uint16: luma code values at `spec.depth` bits, range as the source.
        cb, cr  `spec.chroma_size` (h, w), same type, depth and range.
        """
        for name, plane, size in (("light", light, self._size), ("cb", cb, None), ("cr", cr, None)):
            if plane.shape != (size or self._spec.chroma_size) or plane.dtype != light.dtype:
                wanted = size or self._spec.chroma_size
                raise ValueError(
                    f"frame {self.start + self.frames}: {name} is {plane.shape} {plane.dtype}, not {wanted}"
                )
        pairs = zip(self._pools, self._encoders, strict=True)
        self._coming.append([pool.submit(encoder.add, self.frames, light, cb, cr) for pool, encoder in pairs])
        self.frames += 1
        self._mux(AHEAD)

    def _mux(self, left: int) -> None:
        """Write the packets of all frames but the last `left`."""
        while len(self._coming) > left:
            for made in self._coming.popleft():
                with profile.waiting():
                    packets = made.result()
                with disk_errors(self.path):
                    self._file.mux(packets)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with disk_errors(self.path):
            try:
                if kind is None:
                    self._mux(0)
                    for encoder in self._encoders:
                        self._file.mux(encoder.finish())
            finally:
                for pool in self._pools:
                    pool.shutdown(cancel_futures=True)
                self._file.close()


class _Encoder:
    """One track of the take. Holds one frame that is written again and again: fresh memory costs more than copying."""

    def __init__(self, file: av.container.OutputContainer, track: Track, spec: OutputSpec, rate: Fraction) -> None:
        stream = file.add_stream(track.codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        dress(stream.codec_context, track, rate)
        stream.time_base = TICK
        self._stream, self._track, self._spec = stream, track, spec
        self._frame = av.VideoFrame(track.width, track.height, track.pixel_format)
        self._planes = [_writable(plane, track.depth) for plane in self._frame.planes]
        self._fields = _field_marker(track, rate) if track.interlaced else None
        old, new = (spec.depth, spec.full_range), (track.depth, track.full_range)
        self._light_codes = squeeze.table(*old, *new, False)
        self._chroma_codes = squeeze.table(*old, *new, True)

    def add(self, number: int, light: Light, cb: Plane, cr: Plane) -> list[av.Packet]:
        with profile.working(f"encode {self._track.codec}", 1):
            return self._packets(self._drawn(number, light, cb, cr))

    def _drawn(self, number: int, light: Light, cb: Plane, cr: Plane) -> av.VideoFrame:
        """The frame that is written again and again, with these planes in it."""
        squeeze.lay(squeeze.translate(light, self._light_codes), self._planes[0])
        for chroma, into in ((cb, self._planes[1]), (cr, self._planes[2])):
            squeeze.lay(squeeze.translate(self._smaller(chroma), self._chroma_codes), into)
        frame = self._frame
        frame.pts, frame.time_base = number, self._stream.codec_context.time_base
        if self._fields:
            self._fields.push(frame)
            frame = self._fields.pull()  # type: ignore[assignment]
        # ProRes takes its colour tags from the picture, not from the encoder's settings.
        frame.colorspace, frame.color_range = self._track.matrix, self._track.range_tag
        frame.color_primaries, frame.color_trc = self._track.primaries, self._track.transfer
        return frame

    def finish(self) -> list[av.Packet]:
        return self._packets(None)

    def _smaller(self, chroma: Plane) -> Plane:
        if self._track.chroma == self._spec.chroma:
            return chroma
        if self._spec.chroma == "444":
            chroma = squeeze.halve_across(chroma)
        return squeeze.halve_down(chroma, self._track.interlaced) if self._track.chroma == "420" else chroma

    def _packets(self, frame: av.VideoFrame | None) -> list[av.Packet]:
        packets = self._stream.encode(frame)
        for packet in packets:
            packet.time_base = TICK  # one frame, one tick: rounding 1/rate to ticks would lose the count
        return packets


def _writable(plane: av.video.plane.VideoPlane, depth: int) -> Plane:
    """The plane's memory as (height, width), without the padding of its lines."""
    word = np.uint8 if depth == 8 else np.uint16
    values: Plane = np.frombuffer(memoryview(plane), dtype=word)
    return values.reshape(plane.height, -1)[:, : plane.width]


def _field_marker(track: Track, rate: Fraction) -> Graph:
    """A graph that marks frames with the field shown first; PyAV has no other way to say it to an encoder."""
    graph = Graph()
    source = graph.add_buffer(
        width=track.width, height=track.height, format=av.VideoFormat(track.pixel_format), time_base=1 / rate
    )
    graph.link_nodes(source, graph.add("setfield", FIRST_FIELD[track.field_order]), graph.add("buffersink")).configure()
    return graph


__all__ = ["AccessSettings", "MasterSettings", "OutputSpec", "TakeWriter", "plan"]
