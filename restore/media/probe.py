"""Looking a reel over before anything is restored: its picture, its colours, its sound, and what had to be assumed."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.stream

from restore.errors import BadInput, UsageError, shown
from restore.film import Chapter, OtherStream, Reel
from restore.media import picture, sequence
from restore.media.damage import Ledger
from restore.media.feed import deinterlacer, survivors
from restore.media.matroska import hidden_edges
from restore.media.open import MAX_PIXELS, open_decoder, open_film, regular_file
from restore.store import fitting


def probe(
    path: str | os.PathLike[str], *, stream: int | None = None, rate: Fraction | None = None,
    deinterlace: str | None = None, digest: bool = True,
) -> Reel:  # fmt: skip
    """Open and understand a film, or a folder of DPX, TIFF or PNG frames; decodes its first frame only.

    stream: which stream to restore; else the best video stream that is no cover picture. rate: frames a second, for
    folders and for films that state none. deinterlace: "bwdif", "yadif", "w3fdif" or "estdif", with arguments of
    theirs after "=" (not the mode: one picture comes out for each that goes in). digest: hash the file.
    Raises BadInput, MissingInput, UsageError, each in one line.
    """
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (Path.absolute keeps "..")
    if deinterlace is not None:
        deinterlacer(deinterlace)
    if rate is not None and rate <= 0:
        raise UsageError(f"--fps {rate}: a rate is above zero, as in 24 or 24000/1001")
    look = _probe_folder if Path(name).is_dir() else _probe_film
    reel = look(name, stream, rate, digest)
    return _deinterlaced(reel, deinterlace) if deinterlace else reel


def _probe_film(path: str, wanted: int | None, rate: Fraction | None, digest: bool) -> Reel:
    found = regular_file(path)
    with open_film(path) as container:
        stream, notes = _choose(container, wanted, path)
        siting = picture.siting_of(container, stream)
        open_decoder(stream)
        ledger = Ledger()
        frame = next(survivors(container, stream, ledger), None)
        if frame is None:
            raise BadInput(f"{shown(path)}: {_no_frame(stream, ledger)}")
        video, more = picture.of_film(stream, frame, siting, rate, path)
        return Reel(
            path=path,
            name=fitting(Path(path).stem),
            sha256=_sha256(path) if digest else "",
            size_bytes=found.st_size,
            modified_ns=found.st_mtime_ns,
            container=container.format.name,
            duration_s=_seconds(container, stream),
            video=video,
            others=tuple(_other(other) for other in container.streams if other.index != stream.index),
            chapters=_chapters(container),
            metadata=tuple(container.metadata.items()),
            notes=(*notes, *more, *_hidden(path, container.format.name, stream.index)),
        )


def _hidden(path: str, container: str, track: int) -> tuple[str, ...]:
    edges = hidden_edges(Path(path), track) if container.startswith("matroska") else {}
    if not edges:
        return ()
    asked = ", ".join(f"{pixels} at the {edge}" for edge, pixels in edges.items())
    return (f"The file asks players to hide pixels ({asked}); the whole picture is restored, and the master shows it.",)


def _probe_folder(path: str, wanted: int | None, rate: Fraction | None, digest: bool) -> Reel:
    if wanted:
        raise UsageError(f"--stream {wanted}: {shown(path)} is a folder of frames, which has one stream; leave it away")
    files = sequence.frame_files(path)
    if rate is None:
        raise UsageError(f"{shown(path)}: a folder of frames states no rate; give it with --fps, as in --fps 18")
    codec = sequence.codec_of(files[0])
    video, notes = picture.of_folder(sequence.decode(files[0], codec), codec, rate, len(files))
    states = [file.stat() for file in files]
    return Reel(
        path=path,
        name=fitting(Path(path).name),
        sha256=sequence.digest_of(files) if digest else "",
        size_bytes=sum(state.st_size for state in states),
        modified_ns=max(state.st_mtime_ns for state in states),
        container="sequence",
        duration_s=float(len(files) / rate),
        video=video,
        others=(),
        chapters=(),
        metadata=(),
        notes=(*notes, f"A folder of {len(files)} frames, from {shown(files[0].name)} to {shown(files[-1].name)}."),
        sequence_rate=rate,
    )


def _deinterlaced(reel: Reel, wanted: str) -> Reel:
    note = f"Fields ({reel.video.field_order}) are made whole pictures by libavfilter {wanted}, one for each frame."
    whole = replace(reel.video, field_order="progressive")
    kept = tuple(line for line in reel.notes if not line.startswith("The film is interlaced"))
    return replace(reel, video=whole, deinterlace=wanted, notes=(*kept, note))


def _no_frame(stream: av.VideoStream, ledger: Ledger) -> str:
    why = ledger.damage[0].message if ledger.damage else "no packet of it is there"
    if size := re.search(r"Picture size (\d+)x(\d+) (is invalid|exceeds)", " ".join(d.message for d in ledger.damage)):
        return f"pictures of {size[1]}×{size[2]} are over the limit of {MAX_PIXELS:,} pixels; make a smaller copy"
    return f"not one frame of stream {stream.index} can be decoded ({why}); get the film again from its source"


def _choose(
    container: av.container.InputContainer, wanted: int | None, path: str
) -> tuple[av.VideoStream, tuple[str, ...]]:
    """The stream to restore: the one asked for, else the default and largest one that is no cover picture."""
    films = [s for s in container.streams.video if not _still(s) and s.codec_context is not None]
    if wanted is not None:
        for stream in films:
            if stream.index == wanted:
                return stream, ()
        there = ", ".join(str(s.index) for s in films) or "none"
        raise UsageError(f"--stream {wanted}: is not a video stream of {shown(path)}; its video streams: {there}")
    if not films:
        has = " (only a cover picture)" if container.streams.video else ""
        raise BadInput(f"{shown(path)}: no video stream{has}; give a file with a picture track")

    def rank(s: av.VideoStream) -> tuple[bool, int, int]:
        return bool(s.disposition & av.stream.Disposition.default), s.width * s.height, -s.index

    best = max(films, key=rank)
    if len(films) == 1:
        return best, ()
    rest = ", ".join(str(s.index) for s in films if s is not best)
    return best, (f"Of {len(films)} video streams, stream {best.index} is restored (not {rest}); --stream chooses.",)


def _still(stream: av.stream.Stream) -> bool:
    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return bool(stream.disposition & cover)


def _seconds(container: av.container.InputContainer, stream: av.VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def _other(stream: Any) -> OtherStream:
    codec = stream.codec_context
    detail = ""
    if codec is None and stream.type != "attachment":
        detail = "no decoder for it"
    elif stream.type == "audio":
        layout = codec.layout
        named = {1: "mono", 2: "stereo"}.get(layout.nb_channels, layout.name)
        detail = f"{codec.sample_rate} Hz {named}"
    elif stream.type == "video":
        detail = "cover picture" if _still(stream) else f"{stream.width}×{stream.height}"
    elif stream.type == "attachment":
        detail = " ".join(filter(None, (stream.metadata.get("filename"), stream.metadata.get("mimetype"))))
    return OtherStream(
        index=stream.index,
        kind=stream.type,
        codec=codec.codec.name if codec is not None else "",
        language=stream.metadata.get("language", ""),
        detail=detail,
        metadata=tuple(stream.metadata.items()),
    )


def _chapters(container: av.container.InputContainer) -> tuple[Chapter, ...]:
    return tuple(
        Chapter(c["start"], c["end"], Fraction(c["time_base"] or 1), c["metadata"].get("title", ""))
        for c in container.chapters()
    )


def _sha256(path: str) -> str:
    with Path(path).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
