"""Reading a finished file back from disk: what is really in it, by a pass for the pictures and one for the rest."""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.bitstream import BitStreamFilterContext

from restore.media import damage
from restore.media.feed import packets_of
from restore.media.index import NO_TIME, Index, light_digest
from restore.progress import Progress


@dataclass(frozen=True)
class Pictures:
    """The picture track of a file, decoded from the first frame to the last."""

    times: array[int]  # timestamps in `unit` seconds, NO_TIME where the file has none
    unit: Fraction
    strange: int | None  # the first frame whose luma is not the index's, when an index was given
    sha256: str  # of all planes of all frames: `ffmpeg -map 0:v:0 -f hash -hash sha256`
    complaints: tuple[str, ...]  # what the decoder logged
    chroma: tuple[str, ...] = ()  # of each span that was asked for, SHA-256 of Cb and Cr of its frames


@dataclass
class Payload:
    """What one track carries: the bytes of all its packets, one after the other, and the words if it is text."""

    packets: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    words: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return str(self.sha256.hexdigest())


def pictures(
    path: Path, index: Index | None, progress: Progress | None = None, total: int = 0,
    spans: Sequence[tuple[int, int]] = (),
) -> Pictures:  # fmt: skip
    """Decode the first video track of a file that we wrote, and hold its luma to `index` frame by frame.

    `spans`, in order: half-open intervals of frames whose chroma is digested.
    """
    times, whole, strange = array("q"), hashlib.sha256(), None
    chroma, waiting = [hashlib.sha256() for _ in spans], deque(enumerate(spans))
    own = {"protocol_whitelist": "file"}
    with damage.listening() as lines, av.open(f"file:{path}", options=own, metadata_errors="replace") as film:
        track = film.streams.video[0]
        track.thread_type = "SLICE"  # FFmpeg's complaints from frame threads do not arrive
        for number, frame in enumerate(film.decode(track)):
            planes = _packed(frame)
            for plane in planes:
                whole.update(plane.data)
            if index and strange is None and (number >= len(index) or light_digest(planes[0]) != index.digest(number)):
                strange = number
            while waiting and number >= waiting[0][1][1]:
                waiting.popleft()
            if waiting and number >= waiting[0][1][0]:
                for plane in planes[1:]:
                    chroma[waiting[0][0]].update(plane.data)
            times.append(NO_TIME if frame.pts is None else frame.pts)
            if progress and number % 50 == 0:
                progress(number, max(total, number))
        unit = Fraction(track.time_base or 0)
        beside = {stream.codec_context.name for stream in film.streams.audio}  # hurt sound goes on as it was
        complaints = tuple(f"{part}: {said.strip()}" for _, part, said in lines if part not in beside)
    return Pictures(times, unit, strange, whole.hexdigest(), complaints, tuple(digest.hexdigest() for digest in chroma))


def _packed(frame: av.VideoFrame) -> list[npt.NDArray[Any]]:
    """The frame's planes as rows without padding, code values as they lie in memory."""
    word = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    rows = [np.frombuffer(memoryview(plane), word).reshape(plane.height, -1) for plane in frame.planes]
    return [np.ascontiguousarray(row[:, : plane.width]) for row, plane in zip(rows, frame.planes, strict=True)]


def payloads(film: av.container.InputContainer, tracks: Sequence[int]) -> dict[int, Payload]:
    """The payload of the streams with these numbers, by number. ADTS sound counts without its frame headers.

    (MPEG-TS wraps each AAC frame in a header that Matroska and MP4 hold once, in the track's description.)
    """
    found = {number: Payload() for number in tracks}
    strip = {number: _adts_filter(film.streams[number]) for number in tracks}
    if not tracks:
        return found
    for packet in packets_of(film, *(film.streams[number] for number in tracks)):
        if isinstance(packet, Exception) or not packet.size:
            continue
        payload, stripper = found[packet.stream_index], strip[packet.stream_index]
        if packet.stream.type == "subtitle":
            payload.words += _words(bytes(packet), packet.stream.codec_context.codec.canonical_name)
        bare: Iterable[av.Packet] = stripper.filter(packet) if stripper and _is_adts(bytes(packet)) else [packet]
        for part in bare:
            payload.packets += 1
            payload.sha256.update(memoryview(part))
    return found


def _adts_filter(stream: Any) -> BitStreamFilterContext | None:
    codec = stream.codec_context
    if codec is None or codec.codec.canonical_name != "aac":
        return None
    return BitStreamFilterContext("aac_adtstoasc", stream)


def _is_adts(data: bytes) -> bool:
    return len(data) > 7 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0


def _words(data: bytes, codec: str) -> list[str]:
    """The words of one subtitle, without styling, for comparing text that changed its wrapping."""
    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    if codec == "ass":  # eight fields stand before the words
        data = data.split(b",", 8)[-1].replace(b"\\N", b" ")
    text = re.sub(r"<[^>]*>|\{\\[^}]*\}", "", data.decode("utf-8", "replace"))
    return text.split()
