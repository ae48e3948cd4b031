"""The part of the proof about what travels with the picture: sound, subtitles, chapters, attachments, tags."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

from av.stream import Disposition

from restore.film import Gate, Reel
from restore.media.evidence import Payload, payloads
from restore.media.freight import Cargo, Freight
from restore.media.open import open_film

Pair = tuple[Cargo, Payload, Payload | None]
"""One track: how it was to go, what the source holds, what the finished file holds."""

NONE = "none to carry"

_NAMES = {"audio": "sound", "subtitle": "subtitles", "video": "further pictures"}
_OWN_TAGS = ("encoder", "comment", "duration", "language")
"""Tags that every file states for itself."""

_QUICKTIME_TAGS = ("title", "artist", "album", "composer", "date", "genre", "copyright", "description", "synopsis")
"""Tags that QuickTime and MP4 hold and the program writes; a Matroska file holds any."""


def carried(reel: Reel, freight: Freight, path: Path, late: int = 0) -> tuple[list[Gate], list[tuple[str, str]]]:
    """Gates of everything beside the picture in the finished file, and hashes of the source's tracks that went in.

    late  seconds by which the finished file was moved (see `Clock.late`)
    """
    streams = [piece for piece in freight.cargo if piece.kind != "attachment"]
    place = {piece.index: number for number, piece in enumerate(freight.cargo, 1)}
    with open_film(reel.path) as source, open_film(str(path)) as made:
        covers = [stream.index for stream in made.streams.video if stream.disposition & Disposition.attached_pic]
        theirs = payloads(source, [piece.index for piece in streams])
        there = [place[piece.index] for piece in streams if place[piece.index] < len(made.streams)]
        ours = payloads(made, [*there, *covers])
        pairs = [(piece, theirs[piece.index], ours.get(place[piece.index])) for piece in streams]
        gates = [_tracks(kind, [pair for pair in pairs if pair[0].kind == kind]) for kind in _NAMES]
        gates.append(_attachments(source, made, freight, [ours[number].digest for number in covers]))
        gates.append(_chapters(source, made, late, path.suffix == ".mkv"))
        gates.append(_tags(source, made, streams, path.suffix == ".mkv"))
    return gates, [(f"source {piece.kind} {piece.index}", payload.digest) for piece, payload, _ in pairs]


def _tracks(kind: str, pairs: Sequence[Pair]) -> Gate:
    """Packets equal; or words equal, for text in another wrapping; sound that was encoded again is not comparable."""
    name, said, compared = _NAMES[kind], list[str](), bool(pairs)
    for piece, source, made in pairs:
        track = f"track {piece.index} ({piece.name})"
        if made is None:
            return Gate(name, False, f"{track} is missing")
        if piece.codec == "copy":
            if not _equal(piece, source, made):
                return Gate(name, False, f"{track}: {made.packets} packets are not the source's {source.packets}")
            said.append(f"{track}: {made.packets} packets equal")
        elif kind == "subtitle":
            if source.words != made.words:
                return Gate(name, False, f"{track}: the words as {piece.codec} are not the source's")
            said.append(f"{track}: {len(made.words)} words equal")
        else:
            compared = False
            said.append(f"{track}: encoded again as {piece.codec}, not comparable packet by packet")
    return Gate(name, True if compared else None, "; ".join(said) or NONE)


def _equal(piece: Cargo, source: Payload, made: Payload) -> bool:
    """Same bytes in all; H.264 and H.265 change their framing between containers, there the packets are counted."""
    reframed = piece.name in ("h264", "hevc") and source.packets == made.packets
    return source.digest == made.digest or reframed


def _attachments(source: Any, made: Any, freight: Freight, covers: list[str]) -> Gate:
    pieces = [piece for piece in freight.cargo if piece.kind == "attachment"]
    wanted = [sha256(source.streams[piece.index].data).hexdigest() for piece in pieces]
    wanted += [sha256(cover.content).hexdigest() for cover in freight.covers]
    held = [*covers, *(sha256(stream.data).hexdigest() for stream in made.streams.attachments)]
    there = sum(digest in held for digest in wanted)
    passed = there == len(wanted) if wanted else None
    return Gate("attachments", passed, f"{there} of {len(wanted)} there" if wanted else NONE)


def _chapters(source: Any, made: Any, late: int, any_start: bool) -> Gate:
    """Starts and titles. In MP4 and QuickTime the first chapter begins with the film: without `any_start`, it may."""
    theirs, ours = _marks(source), [(start - late, title) for start, title in _marks(made)]
    if theirs and ours and not any_start and ours[0][0] == -late:
        ours[0] = theirs[0][0], ours[0][1]
    if not theirs:
        return Gate("chapters", None, NONE)
    near = len(theirs) == len(ours) and all(
        title == other and abs(start - begun) <= Fraction(1, 1000)
        for (start, title), (begun, other) in zip(theirs, ours, strict=True)
    )
    return Gate("chapters", near, f"{len(ours)} of {len(theirs)}, starts and titles {'equal' if near else 'differ'}")


def _marks(film: Any) -> list[tuple[Fraction, str]]:
    return [(mark["start"] * mark["time_base"], mark["metadata"].get("title", "")) for mark in film.chapters()]


def _tags(source: Any, made: Any, streams: Sequence[Cargo], any_tag: bool) -> Gate:
    """The film's tags, its comment within ours, and the language and title of each track."""
    wanted = {(0, key.lower()): value for key, value in source.metadata.items() if key.lower() not in _OWN_TAGS}
    held = {(0, key.lower()): value for key, value in made.metadata.items()}
    if not any_tag:
        wanted = {key: value for key, value in wanted.items() if key[1] in _QUICKTIME_TAGS}
    for place, piece in enumerate(streams, 1):
        named = {"language"} if not any_tag else {"language", "title"}
        theirs, ours = source.streams[piece.index].metadata, made.streams[place].metadata
        wanted |= {(place, key.lower()): value for key, value in theirs.items() if key.lower() in named}
        held |= {(place, key.lower()): value for key, value in ours.items()}
    lost = [f"{key} of track {place}" if place else key for (place, key), value in wanted.items()
            if held.get((place, key), "und" if key == "language" else "") != value]  # fmt: skip
    comment = next((value for key, value in source.metadata.items() if key.lower() == "comment"), "")
    if comment not in held.get((0, "comment"), ""):
        lost.append("comment")
    return Gate("tags", not lost, f"not carried: {', '.join(lost)}" if lost else f"{len(wanted)} equal")
