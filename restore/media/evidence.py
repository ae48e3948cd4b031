"""Reading a finished file back from disk: what is really in it, by a pass for the pictures and one for the rest."""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.bitstream import BitStreamFilterContext

from restore.errors import BadInput, ProofFailed, shown
from restore.media import damage
from restore.media.abreast import ALONE, abreast
from restore.media.feed import packets_of
from restore.media.index import NO_TIME, Index, light_digest
from restore.media.read import Picture
from restore.overlap import overlapped
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
    start: Fraction = Fraction(0)  # when the file begins, seconds: its first track's first time
    sample_aspect: Fraction | None = None


Look = Callable[[Generator[Picture]], None]
"""Takes the pictures of a file, one after the other, while it is read back."""


@dataclass
class Payload:
    """What one track carries: the bytes of all its packets, one after the other, and the words if it is text."""

    packets: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    words: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return str(self.sha256.hexdigest())


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """What a file that we wrote cannot be read back for is raised as ProofFailed, naming it."""
    try:
        yield
    except (BadInput, av.error.FFmpegError) as problem:
        if isinstance(problem, OSError | MemoryError):  # the machine's, not the file's
            raise
        raise ProofFailed(
            f"{shown(path)}: cannot be read back ({damage.plain(problem)}); nothing is published: check the disk, run "
            "again"
        ) from problem


def pictures(
    path: Path, index: Index | None, progress: Progress | None = None, total: int = 0,
    spans: Sequence[tuple[int, int]] = (), look: Look | None = None,
) -> Pictures:  # fmt: skip
    """Decode the first video track of a file that we wrote, and hold its luma to `index` frame by frame.

    `spans`, in order: half-open intervals of frames whose chroma is digested. `look` takes the pictures on their way,
    so that nothing else has to decode the file again; they must then be `total`. Raises ProofFailed for a file that
    cannot be read back, and what `look` raises.
    """
    found = list[Pictures]()
    frames = _read_back(path, index, progress, total, spans, found)
    if look is not None:
        look(_counted(frames, path, total))
    for _ in frames:
        pass
    return found[0]


def _counted(frames: Iterator[Picture], path: Path, total: int) -> Generator[Picture]:
    """The frames, which must be `total`: who looks at them need not know what to say of a file that was cut short."""
    number = 0
    for frame in frames:
        number += 1
        if number > total:
            break
        yield frame
    if number != total:
        raise ProofFailed(f"{shown(path)}: {'more' if number > total else number} frames, the source has {total}")


def _read_back(
    path: Path, index: Index | None, progress: Progress | None, total: int, spans: Sequence[tuple[int, int]],
    found: list[Pictures],
) -> Iterator[Picture]:  # fmt: skip
    """Every frame of the file, decoded in a thread of its own and digested here; what was learned of them goes into
    `found` after the last one."""
    times, strange, digests, heard = array("q"), None, _Digests(spans), list[_Heard]()
    with closing(overlapped(_decoded(path, heard), stage=f"decode {path.suffix[1:]}")) as frames:
        for number, frame in enumerate(frames):
            planes = _packed(frame)
            digests.add(number, planes)
            if index and strange is None and (number >= len(index) or light_digest(planes[0]) != index.digest(number)):
                strange = number
            times.append(NO_TIME if frame.pts is None else frame.pts)
            if progress and number % 50 == 0:
                progress(number, max(total, number))
            yield Picture(number, frame.pts, frame.duration, bool(frame.key_frame), planes[0], (planes[1], planes[2]))
    whole, chroma = digests.found()
    film = heard[0]
    found.append(Pictures(times, film.unit, strange, whole, film.complaints, chroma, film.start, film.sample_aspect))


@dataclass(frozen=True)
class _Heard:
    """What is known of a film when it has been decoded to its end."""

    unit: Fraction
    complaints: tuple[str, ...]
    start: Fraction
    sample_aspect: Fraction | None


def _decoded(path: Path, heard: list[_Heard]) -> Iterator[av.VideoFrame]:
    own = {"protocol_whitelist": "file"}
    with (
        readable(path),
        damage.listening() as lines,
        av.open(f"file:{path}", options=own, metadata_errors="replace") as film,
    ):
        track = film.streams.video[0]
        if track.codec_context.name in ALONE:
            yield from abreast(film, track, lines, f"decode {path.suffix[1:]}")
        else:
            track.thread_type = "SLICE"  # FFmpeg's complaints from frame threads do not arrive
            yield from film.decode(track)
        beside = {stream.codec_context.name for stream in film.streams.audio}  # hurt sound goes on as it was
        complaints = tuple(
            f"{part}: {said.strip()}" for level, part, said in lines
            if level <= av.logging.ERROR and part not in beside  # another thread may have asked for more than errors
        )  # fmt: skip
        start = Fraction(film.start_time or 0, av.time_base)
        heard.append(_Heard(Fraction(track.time_base or 0), complaints, start, track.sample_aspect_ratio))


class _Digests:
    """SHA-256 of all planes of all frames, and of the chroma of some spans of them."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._whole = hashlib.sha256()
        self._chroma, self._waiting = [hashlib.sha256() for _ in spans], deque(enumerate(spans))

    def add(self, number: int, planes: Sequence[npt.NDArray[Any]]) -> None:
        for plane in planes:
            self._whole.update(plane.data)
        while self._waiting and number >= self._waiting[0][1][1]:
            self._waiting.popleft()
        if self._waiting and number >= self._waiting[0][1][0]:
            for plane in planes[1:]:
                self._chroma[self._waiting[0][0]].update(plane.data)

    def found(self) -> tuple[str, tuple[str, ...]]:
        """Of all planes, and of each span's chroma."""
        return self._whole.hexdigest(), tuple(digest.hexdigest() for digest in self._chroma)


def _packed(frame: av.VideoFrame) -> list[npt.NDArray[Any]]:
    """The frame's planes as rows without padding, code values as they lie in memory."""
    word = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    rows = [np.frombuffer(memoryview(plane), word).reshape(plane.height, -1) for plane in frame.planes]
    return [np.ascontiguousarray(row[:, : plane.width]) for row, plane in zip(rows, frame.planes, strict=True)]


def attachments(path: Path) -> dict[str, bytes]:
    """What is attached to a Matroska file that we wrote, by name. Raises ProofFailed for what is no film any more."""
    own = {"protocol_whitelist": "file"}
    with readable(path), av.open(f"file:{path}", options=own, metadata_errors="replace") as film:
        return {stream.name or "": bytes(stream.data or b"") for stream in film.streams.attachments}


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
