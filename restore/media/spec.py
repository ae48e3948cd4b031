"""What the finished reel is written as: codecs, depth, chroma, slices and tags, settled once before the first frame.

Rules, each from the film itself and stated in the report:

* depth     The master keeps the source's bits: 8, 9, 10, 12, 14 or 16.
* chroma    "auto" keeps the source's subsampling, never below 4:2:0: 4:1:0 becomes 4:2:0, 4:1:1 4:2:2, 4:4:0 and RGB
            4:4:4. A gray source becomes 4:2:0 at 8 bits and 4:2:2 above, as the usual mezzanine formats are.
* range     The master's is the source's; RGB sources make a full-range YUV master of computed luma. Access copies and
            ProRes are limited range.
* tags      The master carries the source's own colour tags, unspecified ones too: an assumption is never written
            into it as a fact. The access copy, which players must show right, says what was assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from restore.film import Reel, VideoStream
from restore.media.encoder import FIRST_FIELD, INTERLACED, Track, chroma_size, opens, pixel_format


def _as_text(value: object) -> object:
    """TOML reads an unquoted 420 as a number; nothing else is meant by it."""
    return str(value) if type(value) is int else value


class MasterSettings(BaseModel):
    """The master. `crf` is the quality of an `h264` master (0 to 51, lower is better); the others have none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    codec: Literal["ffv1", "prores", "h264"] = "ffv1"
    chroma: Annotated[Literal["auto", "420", "422", "444"], BeforeValidator(_as_text)] = "auto"
    slices: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = "auto"
    threads: int = Field(default=4, ge=1, le=64)
    crf: int = Field(default=12, ge=0, le=51)


class AccessSettings(BaseModel):
    """The access copy. The thread count is part of the picture: x264 gives other bytes with another count."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    codec: Literal["h264", "none"] = "h264"
    crf: int = Field(default=20, ge=0, le=51)
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"] = "veryfast"
    audio: Literal["copy", "aac"] = "copy"
    audio_kbps: int = Field(default=192, ge=32, le=512)
    threads: int = Field(default=4, ge=1, le=64)


@dataclass(frozen=True)
class OutputSpec:
    """All that is settled about the outputs. `depth`, `chroma` and `chroma_size` are of the planes a take is given."""

    master: Track
    access: Track | None
    depth: int  # of light and chroma as given: the source's
    full_range: bool  # of light and chroma as given
    chroma: str
    chroma_size: tuple[int, int]  # (h, w)
    lossless: bool  # the master holds luma bit for bit
    suffix: str  # ".mkv" | ".mov"
    audio: str  # of the access copy: "copy" | "aac"
    audio_kbps: int
    notes: tuple[str, ...]


_CHROMA = {"gray": "420", "410": "420", "411": "422", "440": "444", "rgb": "444"}
_MATRIX = {"bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "bt2020": 9}
_LOOK = {1: (1, 1), 4: (4, 4), 5: (5, 6), 6: (6, 6), 7: (7, 7), 9: (9, 14)}  # matrix: (primaries, transfer), H.273
_X264_LIMIT = 16384  # px a side
_SUFFIX = {"ffv1": ".mkv", "h264": ".mkv", "prores": ".mov"}


def plan(reel: Reel, master: MasterSettings, access: AccessSettings) -> OutputSpec:
    """Settle how `reel` is written. Refusals of an encoder are met here, with a note, not at the first frame."""
    video, notes = reel.video, list[str]()
    if reel.container == "mxf" and video.field_order == "tb":
        # FFmpeg's MXF reader means the bottom field first; in Matroska and QuickTime "tb" stands for the top one.
        video = replace(video, field_order="bb")
    chroma = _choose_chroma(video, master, notes)
    full = video.colour.full_range or video.chroma == "rgb"
    make = {"ffv1": _ffv1, "prores": _prores, "h264": _h264_master}[master.codec]
    track = make(video, master, chroma, notes)
    return OutputSpec(
        master=track,
        access=_access(video, access, track, notes) if access.codec == "h264" else None,
        depth=video.bit_depth,
        full_range=full,
        chroma=track.chroma,
        chroma_size=chroma_size(track.chroma, video.height, video.width),
        lossless=master.codec == "ffv1",
        suffix=_SUFFIX[master.codec],
        audio=access.audio,
        audio_kbps=access.audio_kbps,
        notes=tuple(notes),
    )


def _choose_chroma(video: VideoStream, master: MasterSettings, notes: list[str]) -> str:
    if master.chroma != "auto":
        return master.chroma
    deep_gray = video.chroma == "gray" and video.bit_depth > 8
    chroma = "422" if deep_gray else _CHROMA.get(video.chroma, video.chroma)
    if chroma != video.chroma:
        notes.append(f"master chroma is {_dotted(chroma)}: the source is {_dotted(video.chroma)}")
    return chroma


def _dotted(chroma: str) -> str:
    return ":".join(chroma) if chroma.isdigit() else chroma


def _track(video: VideoStream, *, explicit: bool) -> Track:
    """Size and tags from the source; `explicit` writes assumed tags too. The codec fills in the rest."""
    colour = video.colour
    matrix, primaries, transfer = colour.tagged_matrix, colour.tagged_primaries, colour.tagged_transfer
    if video.chroma == "rgb" or (explicit and matrix == 2):
        matrix = _MATRIX[colour.matrix]
        if matrix == 6 and video.height in (288, 576):
            matrix = 5  # the 625-line twin of the same matrix
    if explicit:
        look = _LOOK.get(matrix, (2, 2))
        primaries = look[0] if primaries == 2 else primaries
        transfer = look[1] if transfer == 2 else transfer
    full = colour.full_range or video.chroma == "rgb"
    # An untagged gray or RGB picture is read as full range, an untagged YUV one as limited: full must be said.
    return Track(
        codec="", pixel_format="", depth=0, chroma="", full_range=full, width=video.width, height=video.height,
        matrix=matrix, primaries=primaries, transfer=transfer, range_tag=2 if full else colour.tagged_range,
        siting=colour.siting, field_order=video.field_order, sample_aspect=video.sample_aspect, threads=1, options=(),
    )  # fmt: skip


def _ffv1(video: VideoStream, master: MasterSettings, chroma: str, notes: list[str]) -> Track:
    track = replace(
        _track(video, explicit=False), codec="ffv1", depth=video.bit_depth, chroma=chroma,
        pixel_format=pixel_format(chroma, video.bit_depth), threads=master.threads,
    )  # fmt: skip
    return replace(track, options=_ffv1_options(track, master.slices, notes))


def _ffv1_options(track: Track, wanted: Literal["auto"] | int, notes: list[str]) -> tuple[tuple[str, str], ...]:
    """FFV1 level 3 with slice CRCs and the most slices, up to those wanted, that the encoder takes at this size."""
    if wanted == "auto":
        area = track.width * track.height
        wanted = 16 if area <= 768 * 576 else 24 if area < 3840 * 2160 * 3 // 4 else 64
    for slices in range(wanted, 0, -1):
        options = (("level", "3"), ("g", "1"), ("slicecrc", "1"), ("slices", str(slices)))
        if opens(replace(track, options=options)):
            if slices != wanted:
                notes.append(f"master has {slices} FFV1 slices: the encoder refuses {wanted} at this size")
            return options
    notes.append(f"FFV1 refuses slices at {track.width}×{track.height}: the master is level 1, without slice CRCs")
    return (("level", "1"), ("g", "1"))


def _prores(video: VideoStream, master: MasterSettings, chroma: str, notes: list[str]) -> Track:
    chroma = "444" if chroma == "444" else "422"
    profile = "hq" if chroma == "422" else "4444"
    notes.append(f"the ProRes master ({profile}, 10 bit, limited range) is lossy: luma is near the source's, not equal")
    return replace(
        _track(video, explicit=True), codec="prores_ks", depth=10, chroma=chroma, full_range=False,
        range_tag=1, pixel_format=pixel_format(chroma, 10), threads=master.threads, siting="left",
        options=(("profile", profile), ("vendor", "apl0")),
    )  # fmt: skip


def _h264_master(video: VideoStream, master: MasterSettings, chroma: str, notes: list[str]) -> Track:
    depth = 8 if video.bit_depth == 8 else 10
    notes.append(f"the H.264 master ({depth} bit, CRF {master.crf}) is lossy: luma is near the source's, not equal")
    track = replace(
        _track(video, explicit=False), codec="libx264", depth=depth, chroma=chroma,
        pixel_format=pixel_format(chroma, depth), threads=_x264_threads(video, master.threads),
        options=_x264_options(video, master.crf, "medium"),
    )  # fmt: skip
    return _padded(track, notes, "H.264 master")


def _access(video: VideoStream, access: AccessSettings, master: Track, notes: list[str]) -> Track | None:
    if max(video.width, video.height) > _X264_LIMIT:
        notes.append(f"no access copy: H.264 holds {_X264_LIMIT} px a side, the film is {video.width}×{video.height}")
        return None
    siting = master.siting if master.chroma == "420" else "left"
    track = replace(
        _track(video, explicit=True), codec="libx264", depth=8, chroma="420", full_range=False,
        range_tag=1, siting=siting, pixel_format="yuv420p", threads=_x264_threads(video, access.threads),
        options=_x264_options(video, access.crf, access.preset),
    )  # fmt: skip
    track = _padded(track, notes, "access copy")
    if not opens(track):
        notes.append(f"no access copy: the H.264 encoder refuses {track.width}×{track.height}")
        return None
    return track


def _x264_options(video: VideoStream, crf: int, preset: str) -> tuple[tuple[str, str], ...]:
    """Closed groups of pictures, so that takes can follow one another; the field shown first where there are two."""
    fields = f":{FIRST_FIELD[video.field_order]}=1" if video.field_order in INTERLACED else ""
    return (("preset", preset), ("crf", str(crf)), ("g", "250"), ("x264-params", "open-gop=0:nal-hrd=none" + fields))


def _x264_threads(video: VideoStream, wanted: int) -> int:
    """x264 codes interlaced pictures with several threads differently each time: those get one."""
    return 1 if video.field_order in INTERLACED else wanted


def _padded(track: Track, notes: list[str], what: str) -> Track:
    """Sides grown to what H.264 can code: even where chroma is halved, four lines where it is also interlaced."""
    across = 1 if track.chroma == "444" else 2
    down = (2 if track.chroma == "420" else 1) * (2 if track.interlaced else 1)
    width, height = -(-track.width // across) * across, -(-track.height // down) * down
    if (width, height) != (track.width, track.height):
        notes.append(f"the {what} is {width}×{height}: H.264 has no odd sides, the last row or column is repeated")
    return replace(track, width=width, height=height)
