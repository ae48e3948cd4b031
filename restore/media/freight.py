"""What travels with the picture: sound, subtitles, other pictures, attachments, timecode, and in which form each goes.

A track goes packet for packet where the container can hold it. Where it cannot, sound goes decoded, as PCM,
QuickTime text as SubRip, and anything else stays behind; each such case is a note for the report.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import av
from av.stream import Disposition

from restore.film import Reel
from restore.media import sound
from restore.media.open import open_film

MP4_SOUND = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac")
"""Sound that an access copy takes as it is: what MP4 players commonly read."""

_TEXT = ("subrip", "ass", "ssa", "mov_text", "webvtt", "text")
_PCM = {"u8": "pcm_u8", "s16": "pcm_s16le", "s32": "pcm_s32le", "flt": "pcm_f32le", "dbl": "pcm_f64le"}
_PICTURE_TYPES = {"png": "image/png", "mjpeg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp"}
FORMATS = {".mkv": "matroska", ".mov": "mov", ".mp4": "mp4"}


@dataclass(frozen=True)
class Cargo:
    """One track of the source and how it goes. `codec` is "copy", "attach" or the encoder that the program uses."""

    index: int  # of the stream in the source
    kind: str  # "audio" | "subtitle" | "video" | "attachment"
    codec: str
    name: str  # of the codec in the source
    rate: int = 1  # of sound, samples a second
    untyped: bool = False  # an attachment without the MIME type that Matroska wants


@dataclass(frozen=True)
class Cover:
    """A still picture that a container shows for the whole film; Matroska holds it as an attachment."""

    filename: str
    mimetype: str
    content: bytes


@dataclass(frozen=True)
class Freight:
    """All that goes beside the picture into one file."""

    cargo: tuple[Cargo, ...] = ()  # in the order in which they follow the picture, attachments last
    covers: tuple[Cover, ...] = ()
    timecode: str = ""  # as the source states it, drop-frame mark and all
    default: bool = True  # the source marks its picture as the default track
    lead_s: int = 0  # whole seconds that the source counts before anything begins; an access copy leaves them out
    notes: tuple[str, ...] = ()


def for_master(reel: Reel, suffix: str) -> Freight:
    """Everything the source holds beside its picture, for a master in Matroska (".mkv") or QuickTime (".mov")."""
    return _load(reel, FORMATS[suffix], _master_form)


def for_access(reel: Reel, audio: str) -> Freight:
    """Sound and text subtitles, for an access copy in MP4. With audio "aac", all sound is encoded again."""

    def form(stream: Any, name: str, _container: str) -> str:
        if stream.type == "audio":
            return "copy" if audio == "copy" and name in MP4_SOUND else "aac"
        if stream.type == "subtitle" and name in _TEXT:
            return "copy" if name == "mov_text" else "mov_text"
        return ""

    return _load(reel, "mp4", form)


def _rate(stream: Any) -> int:
    return int(stream.codec_context.sample_rate or 1) if stream.type == "audio" and stream.codec_context else 1


def _load(reel: Reel, container: str, form: Callable[[Any, str, str], str]) -> Freight:
    """`form` says for (stream, its codec's name, container) how it goes; "" leaves it behind."""
    if reel.container == "sequence":
        return Freight()
    cargo, covers, notes, timecode = list[Cargo](), list[Cover](), list[str](), ""
    with open_film(reel.path) as film:
        for stream in film.streams:
            timecode = timecode or stream.metadata.get("timecode", "")
            if stream.index == reel.video.index:
                continue
            name, what = _codec(stream), f"{stream.type} track {stream.index}"
            if stream.type == "video" and stream.disposition & Disposition.attached_pic:
                if container == "matroska":
                    covers.append(_cover(film, stream, name))
                continue
            codec = form(stream, name, container)
            if codec and stream.type == "audio" and (state := sound.state(reel, stream.index)) != sound.WHOLE:
                codec = _decoded(stream, container) if state == sound.BROKEN else ""
                how = f"goes decoded, as {codec}" if codec else "stays in the source"
                notes.append(f"{what} ({name or 'unnamed data'}) {state}: it {how}")
            if codec:
                untyped = stream.type == "attachment" and not stream.metadata.get("mimetype")
                cargo.append(Cargo(stream.index, stream.type, codec, name, _rate(stream), untyped))
            hurt = stream.type == "audio" and notes and notes[-1].startswith(what)
            note = "" if hurt else _note(stream, name, codec, container)
            notes += [f"{what} ({name or 'unnamed data'}) {note}"] if note else []
        timecode = timecode or film.metadata.get("timecode", "")
        default = bool(film.streams[reel.video.index].disposition & Disposition.default)
        lead = _lead(film) if container == "mp4" else 0
    cargo.sort(key=lambda piece: piece.kind == "attachment")  # Matroska keeps them apart, behind all tracks
    return Freight(tuple(cargo), tuple(covers), timecode, default, lead, tuple(notes))


def _lead(film: av.container.InputContainer) -> int:
    """Broadcast streams begin at any hour of their clock, and a player would wait for it. Chapters count with it."""
    return 0 if film.chapters() else max(0, (film.start_time or 0) // 1_000_000)


def _master_form(stream: Any, name: str, container: str) -> str:
    kind = stream.type
    if kind == "attachment":
        return "copy" if container == "matroska" else ""
    if kind == "data" or stream.codec_context is None:
        return ""
    # Matroska holds any sound that WAVE can describe, though PyAV's trial does not know it.
    if _held(stream, container) or (container == "matroska" and kind == "audio" and _held(stream, "wav")):
        return "copy"
    if kind == "audio":
        return _decoded(stream, container)
    if kind == "subtitle" and name in _TEXT:
        return "srt" if container == "matroska" else "mov_text"
    return ""


def _decoded(stream: Any, container: str) -> str:
    """The encoder of sound that does not go as it is."""
    return "aac" if container == "mp4" else _PCM.get(stream.codec_context.format.name.rstrip("p"), "pcm_s32le")


def _note(stream: Any, name: str, codec: str, container: str) -> str:
    """What people must know about this track; nothing where it goes as it is."""
    if codec == "copy" or (container == "mp4" and stream.type not in ("audio", "subtitle")):
        return ""  # an access copy promises no more than sound and subtitles
    if codec:
        return f"goes into {container} as {codec}"
    if stream.type == "data" and stream.metadata.get("timecode"):
        return "goes on as the timecode tag of the picture"
    if stream.type == "data" and name == "bin_data" and stream.metadata.get("handler_name") == "SubtitleHandler":
        return ""  # QuickTime's text track of chapter titles: they travel as chapters
    return f"does not fit into {container}: it stays in the source"


def _codec(stream: Any) -> str:
    if stream.codec_context is None:
        return stream.name if stream.type == "data" and stream.name else ""
    return str(stream.codec_context.codec.canonical_name)


def _held(stream: Any, container: str) -> bool:
    """Whether the container takes this track: tried on an empty file, as lists of codecs tell only half of it."""
    trial = av.open(io.BytesIO(), "w", format=container)
    try:
        trial.add_stream_from_template(stream)
        trial.start_encoding()
        trial.close()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _cover(film: av.container.InputContainer, stream: Any, name: str) -> Cover:
    suffix = "jpg" if name == "mjpeg" else name
    content = next((bytes(packet) for packet in film.demux(stream) if packet.size), b"")
    film.seek(0)
    return Cover(
        filename=stream.metadata.get("filename") or f"cover.{suffix}",
        mimetype=stream.metadata.get("mimetype") or _PICTURE_TYPES.get(name, "application/octet-stream"),
        content=content,
    )
