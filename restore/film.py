"""The tickets that travel between steps: Reel → Shot → Take → Master → Scorecard. They name work; they hold no pixels.

Every ticket is frozen and made of paths (str), numbers, `Fraction`s, strings and tuples, so that it can cross task,
process and machine borders and be hashed the same everywhere. Frame intervals are half-open, `[start, stop)`, counted
in presentation-independent decode-output order from 0. Timestamps are integers in `time_base` seconds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

Chroma = str
"""Chroma subsampling of a pixel format: "gray", "420", "422", "444", "411", "410", "440" or "rgb"."""


@dataclass(frozen=True)
class ColourTags:
    """How code values mean light. Integers are the code points of ITU-T H.273, as containers carry them.

    `matrix`, `full_range` and `siting` are what the run works with; where the source does not say, they are assumed by
    rule and `assumed` names them ("matrix", "range", "siting", "primaries", "transfer"). `tagged_*` are the source's
    own code points, carried on unchanged (2 = unspecified).
    """

    matrix: str  # "bt601" | "bt709" | "bt2020" | "smpte240m" | "fcc"
    full_range: bool
    siting: str  # chroma siting: "left" | "center" | "topleft"
    tagged_matrix: int = 2
    tagged_primaries: int = 2
    tagged_transfer: int = 2
    tagged_range: int = 0  # 0 unspecified, 1 limited (MPEG), 2 full (JPEG)
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class VideoStream:
    """The picture track that will be restored, as its container and codec state it."""

    index: int  # stream index in the container
    codec: str
    profile: str
    width: int  # coded picture, px, before pixel aspect and rotation
    height: int
    pixel_format: str  # FFmpeg's name, e.g. "yuv420p10le"
    bit_depth: int  # of luma, 8 to 16
    chroma: Chroma
    has_alpha: bool
    colour: ColourTags
    sample_aspect: Fraction  # width/height of one pixel; 1 where unknown
    display_matrix: tuple[int, ...] | None  # nine 16.16/2.30 fixed-point integers, or none
    rotation: Fraction  # degrees clockwise that a player turns the picture by, for people; the matrix holds the truth
    field_order: str  # "progressive" | "tt" | "bb" | "tb" | "bt" | "unknown"
    rate: Fraction  # average frame rate, frames a second
    time_base: Fraction
    start: int | None  # first timestamp, in time_base
    frames_claimed: int | None  # by the header; not trusted


@dataclass(frozen=True)
class OtherStream:
    """A track that travels with the picture: sound, subtitles, data, attachments, further video."""

    index: int
    kind: str  # "audio" | "subtitle" | "data" | "attachment" | "video"
    codec: str
    language: str
    detail: str  # for people: "48000 Hz stereo", "cover art"
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Chapter:
    start: int
    end: int
    time_base: Fraction
    title: str


@dataclass(frozen=True)
class Reel:
    """A source film, opened and understood, not yet decoded."""

    path: str  # absolute; for a folder of frames, the folder
    name: str  # stem that outputs are named after: the film's own, cut where it is too long for that
    sha256: str  # of the file; of the sorted (name, sha256) list for a folder of frames
    size_bytes: int
    modified_ns: int
    container: str  # FFmpeg's demuxer name, or "sequence"
    duration_s: float | None  # claimed by the header
    video: VideoStream
    others: tuple[OtherStream, ...]
    chapters: tuple[Chapter, ...]
    metadata: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]  # assumptions and oddities, one sentence each, for the report
    sequence_rate: Fraction | None = None  # --fps, for folders of frames
    deinterlace: str | None = None  # libavfilter filter (and mode) that frames pass first, or none


@dataclass(frozen=True)
class Damage:
    """One sign that film was lost or hurt. `frame` is the index of the first frame decoded after the sign."""

    frame: int
    kind: str  # "log" | "packet" | "corrupt" | "hole" | "count"
    message: str


@dataclass(frozen=True)
class Survey:
    """What one whole decoding pass over a reel found. The per-frame facts lie in the file `index_path`."""

    reel: Reel
    frames: int
    index_path: str  # .npz written by media.index: pts, duration, luma sha256 of every frame
    index_sha256: str
    damage: tuple[Damage, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Shot:
    """A span of frames that one take renders. A long shot is cut into parts; filters may look as far as `scene_*`."""

    number: int  # of the shot in the reel, from 1
    part: int  # of the shot, from 1
    start: int
    stop: int
    scene_start: int  # first frame of the whole shot
    scene_stop: int
    why: str  # what begins it: "start" | "cut" | "fade" | "dissolve" | "listed"
    confidence: float = 1.0  # that there is a transition here, 0 to 1
    kind: str = "picture"  # what it is: "picture" | "coloured" | "tinted" | "card" | "leader" (restore.shots.kinds)
    kind_confidence: float = 1.0  # of `kind`, 0.5 to 1
    left: bool = False  # it keeps the source's own chroma: no filter touches it

    @property
    def frames(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Hint:
    """One painted frame on disk, as `restore.guidance.shelf` put it there."""

    frame: int  # in the reel
    path: str  # .npz in the work folder
    sha256: str  # of what is in it: frame, colours, confidence
    source: str  # where it comes from, for people
    beyond: tuple[int, ...] = ()  # numbers of the other shots that remember it
    across: tuple[int, ...] = ()  # frames that begin a shot with a dissolve, if it is the nearest to that on its side

    def reaches(self, shot: Shot) -> bool:
        """Whether the shot's colours hang on this frame."""
        return self.inside(shot) or shot.number in self.beyond or bool(self.dissolves(shot))

    def inside(self, shot: Shot) -> bool:
        """Whether it is a frame of the shot."""
        return shot.scene_start <= self.frame < shot.scene_stop

    def dissolves(self, shot: Shot) -> tuple[int, ...]:
        """The dissolves through which its colours come to the shot from beside."""
        ends = (shot.scene_start, shot.scene_stop)
        return () if self.inside(shot) else tuple(border for border in self.across if border in ends)


@dataclass(frozen=True)
class Given:
    """One file in which people said what colour something has, as the provenance keeps it."""

    kind: str  # "keyframe" | "hints" | "objects" | "mask" | "reference" | "colour copy"
    file: str  # its name, in the folder or beside the list that named it
    sha256: str
    frames: tuple[int, ...] = ()  # that it colours, if these are few
    detail: str = ""  # for people: "31 % of the picture painted"


@dataclass(frozen=True)
class Take:
    """A rendered span on disk: one Matroska file with the FFV1 picture and, when wanted, the H.264 one beside it."""

    shot: Shot
    key: str  # digest of everything that went in; the file's stem
    path: str
    sha256: str
    size_bytes: int
    seconds: float  # spent making it; 0.0 when it was found
    found: bool  # already on disk from an earlier run
    chroma_sha256: str = ""  # of a shot that was left: of Cb and Cr of every frame, as the take was given them
    hints: tuple[Hint, ...] = ()  # painted frames that its colours hang on


@dataclass(frozen=True)
class Gate:
    """One thing that was promised, and whether it was seen to hold."""

    name: str
    passed: bool | None  # None: not applicable, `detail` says why
    detail: str


@dataclass(frozen=True)
class Master:
    """The finished reel and the proof that goes with it."""

    path: str
    sha256: str
    access_path: str | None
    access_sha256: str | None
    gates: tuple[Gate, ...]
    notes: tuple[str, ...] = ()  # what had to be decided about the outputs, one sentence each, for the report
    hashes: tuple[tuple[str, str], ...] = ()  # (what, SHA-256) of streams, as `ffmpeg -f hash` prints them


@dataclass(frozen=True)
class Score:
    """A metric's value for the restored film, with the gray baseline's beside it. None = not measured, see `note`."""

    metric: str
    better: str  # "higher" | "lower" | "truth": what is nearer to the truth's own value
    unit: str
    restored: float | None
    gray: float | None
    note: str = ""
    truth: float | None = None  # the truth's own value; None where that goes without saying


@dataclass(frozen=True)
class Scorecard:
    reel_sha256: str
    truth: str  # path of the truth, "self", or "none"
    frames: int
    scores: tuple[Score, ...]
    by_shot: tuple[tuple[int, tuple[Score, ...]], ...] = ()
    note: str = ""


def to_plain(value: Any) -> Any:
    """Tickets, Fractions and tuples as JSON types: dataclass → object, Fraction → "n/d", tuple → list."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): to_plain(v) for k, v in value.items()}
    return value


def from_plain(kind: Any, value: Any) -> Any:
    """A ticket of type `kind` from what `to_plain` made of it. Raises KeyError, TypeError or ValueError otherwise."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: from_plain(hints[name], item) for name, item in value.items()})  # type: ignore[operator]
    inner = get_args(kind)
    if get_origin(kind) is UnionType:  # of the tickets: `something | None`
        return None if value is None else from_plain(inner[0], value)
    if get_origin(kind) is tuple:
        kinds = (inner[0],) * len(value) if inner[-1] is Ellipsis else inner
        return tuple(from_plain(each, item) for each, item in zip(kinds, value, strict=True))
    return Fraction(value) if kind is Fraction else value


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`: sorted keys, no spaces, ASCII. Same in every process."""
    text = json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
