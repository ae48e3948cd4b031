"""The first step: open a reel, understand it, and say in plain rows what was found and what had to be assumed."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from fractions import Fraction

from restore.errors import shown
from restore.film import ColourTags, OtherStream, Reel, VideoStream, to_plain
from restore.media import guard

log = logging.getLogger(__name__)

_CODE_NAMES = {  # ITU-T H.273, tables 2 to 4; the numbers that films really carry
    "primaries": {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020"},
    "transfer": {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100",
                 10: "log316", 13: "srgb", 14: "bt2020-10", 15: "bt2020-12", 16: "PQ", 18: "HLG"},
    "matrix": {0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc",
               10: "bt2020c"},
}  # fmt: skip
_ORDERS = {
    "progressive": "progressive",
    "tt": "interlaced, top field first",
    "bb": "interlaced, bottom field first",
    "tb": "interlaced, top field coded first, bottom shown first",
    "bt": "interlaced, bottom field coded first, top shown first",
}


@dataclass(frozen=True)
class Wanted:
    """What the command line says about how to read a film."""

    stream: int | None = None  # --stream
    rate: Fraction | None = None  # --fps
    deinterlace: str | None = None  # --deinterlace


def probe(path: str | os.PathLike[str], wanted: Wanted | None = None, *, digest: bool = True) -> Reel:
    """The reel at `path`. Raises BadInput, MissingInput or UsageError, each in one line; writes nothing."""
    asked = wanted or Wanted()
    reel = guard.probe(path, stream=asked.stream, rate=asked.rate, deinterlace=asked.deinterlace, digest=digest)
    video = reel.video
    log.info("%s: %s %s×%s %s", shown(path), video.codec, video.width, video.height, video.pixel_format)
    for note in reel.notes:
        log.info("%s: %s", shown(path), note)
    return reel


def describe(reel: Reel) -> tuple[tuple[str, str], ...]:
    """(label, value) rows for people, in the order in which they are read; a label may be empty or come again."""
    video = reel.video
    rows = [
        ("film", shown(reel.path)),
        ("container", f"{reel.container}, {reel.size_bytes:,} bytes, {_clock(reel.duration_s)}"),
        ("sha256", reel.sha256 or "not computed"),
        ("picture", f"stream {video.index}, {video.codec}{f' ({video.profile})' if video.profile else ''}"),
        ("size", _size(video)),
        ("pixels", f"{video.pixel_format}: {_pixels(video)}"),
        ("colour", _colour(video.colour)),
        ("tags", _tags(video.colour)),
        ("fields", _ORDERS.get(video.field_order, "not stated")),
        ("rate", f"{video.rate} = {float(video.rate):.6g} frames a second, time base {video.time_base}"),
        ("frames", f"{video.frames_claimed:,} claimed" if video.frames_claimed else "not counted by the header"),
    ]
    rows += [(other.kind, _other(other)) for other in reel.others]
    rows += [("chapter", _chapter(c.start * c.time_base, c.end * c.time_base, c.title)) for c in reel.chapters]
    rows += [("metadata", f"{shown(key)}: {shown(value)}") for key, value in reel.metadata]
    return (*rows, *(("note", note) for note in reel.notes))


def to_json(reel: Reel) -> str:
    """The whole ticket as indented ASCII JSON; fractions as "n/d", `shown_path` beside the exact path."""
    return json.dumps(to_plain(reel) | {"shown_path": shown(reel.path)}, indent=2, ensure_ascii=True)


def _size(video: VideoStream) -> str:
    words = [f"{video.width}×{video.height}"]
    if video.sample_aspect != 1:
        aspect = video.sample_aspect
        words.append(f"pixel aspect {aspect.numerator}:{aspect.denominator}")
    if video.display_matrix is not None:
        words.append(f"display matrix, turned {float(video.rotation):g}° clockwise")
    return ", ".join(words)


def _pixels(video: VideoStream) -> str:
    kind = {"gray": "gray", "rgb": "RGB"}.get(video.chroma, ":".join(video.chroma))
    return f"{video.bit_depth} bit, {kind}{', alpha (dropped)' if video.has_alpha else ''}"


def _colour(tags: ColourTags) -> str:
    guessed = {"matrix": tags.matrix, "range": "full range" if tags.full_range else "limited range"}
    words = [f"{value} (assumed)" if name in tags.assumed else value for name, value in guessed.items()]
    return ", ".join([*words, f"chroma {tags.siting}{' (assumed)' if 'siting' in tags.assumed else ''}"])


def _tags(tags: ColourTags) -> str:
    codes = (("matrix", tags.tagged_matrix), ("primaries", tags.tagged_primaries), ("transfer", tags.tagged_transfer))
    words = [f"{name} {_CODE_NAMES[name].get(code, code)}" for name, code in codes if code != 2]
    if tags.tagged_range:
        words.append("range limited" if tags.tagged_range == 1 else "range full")
    return ", ".join(words) or "none stated"


def _other(other: OtherStream) -> str:
    words = [f"stream {other.index}", other.codec, shown(other.language), shown(other.detail)]
    return ", ".join(word for word in words if word)


def _chapter(start: Fraction, end: Fraction, title: str) -> str:
    return f"{_clock(float(start))} to {_clock(float(end))}{f': {shown(title)}' if title else ''}"


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "length not stated"
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{rest:03}"
