"""The command line of the final mux: which tracks go where, under which tags, in exactly which words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg as graph

from restore.errors import shown
from restore.film import Reel, Survey
from restore.media.clock import Clock
from restore.media.encoder import Track
from restore.media.ffmpeg import Program
from restore.media.freight import FORMATS, Cargo, Freight
from restore.media.spec import OutputSpec

IPTC_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC digital source type of a real picture with elements that a trained network made."""

PIPE = "pipe:0"

_QUEUE, _QUEUE_BYTES = 128, 1 << 26
"""Packets of pictures that ffmpeg reads ahead, at most, and bytes of them; a coded picture seldom takes more than its
light does. Before version 7 it holds 8 where nothing else is said, and sleeps 10 ms whenever it finds none: that took
half of the time."""

REORDER = 2
"""Places that x264's pictures are moved at most by B-frames with a pyramid, as `spec` sets them."""

_INTERLEAVE = 3_000_000
"""Microseconds of packets that the program holds back at most while a sparse track is silent; bounds its memory."""

_SAME_LOOK = {  # at the source: as media.open has it, so that streams get the same numbers
    "protocol_whitelist": "file",
    "probesize": 10_000_000,  # bytes
    "analyzeduration": 10_000_000,  # microseconds
}


@dataclass(frozen=True)
class Job:
    """All that the command line says. `attached`: (file, name, MIME type) of each new attachment of the master."""

    survey: Survey
    spec: OutputSpec
    clock: Clock
    offset: int  # seconds that the piped times lie too late
    master: Path
    access: Path | None
    for_master: Freight
    for_access: Freight | None
    attached: tuple[tuple[Path, str, str], ...] = ()
    pictures: str = PIPE  # or a QuickTime file
    coloured: bool = True  # a network coloured some of it; False: all shots were left as they are


def disclosure(reel: Reel, coloured: bool = True) -> str:
    """The sentence that goes into both files, before whatever comment the source has."""
    source = f"{shown(reel.name)} (SHA-256 {reel.sha256})"
    said = (
        f"AI-colorized derivative of {source}; colours are not evidence. IPTC digital source type: {IPTC_SOURCE_TYPE}"
        if coloured
        else f"Copy of {source}; light and colours are the source's."
    )
    own = next((value for key, value in reel.metadata if key.lower() == "comment"), "")
    return f"{said} | Comment of the source: {own}" if own else said


def arguments(program: Program, job: Job) -> list[str]:
    """The ffmpeg command: pictures from `job.pictures`, the rest from the source, both outputs from one reading."""
    reel = job.survey.reel
    form = "nut" if job.pictures == PIPE else "mov"
    turn = _turn(reel.video.display_matrix)
    late = job.clock.late
    pictures = graph.input(
        "PICTURES", f=form, copyts=None, itsoffset=late - job.offset, thread_queue_size=_queue(job.spec.master), **turn
    )
    source, look = None, {"f": reel.container.split(",")[0], **_SAME_LOOK}
    if late:
        look["itsoffset"] = late  # chapters go along, which an offset of the output would leave behind
    if reel.container != "sequence":
        source = graph.input("SOURCE", **look)
    outputs = [_output(job, job.for_master, job.spec.master, (pictures["0"], source, "MASTER" + job.master.suffix))]
    if job.access and job.for_access and job.spec.access:
        outputs.append(_output(job, job.for_access, job.spec.access, (pictures["1"], source, "ACCESS.mp4")))
    words: list[str] = graph.merge_outputs(*outputs).compile(cmd=program.path)
    if source and "SOURCE" not in words:  # only its tags are wanted, which the wrapper does not see
        place = words.index("PICTURES") + 1
        words[place:place] = [
            *(word for key, value in look.items() for word in (f"-{key}", str(value))),
            "-i",
            "SOURCE",
        ]
    # Nor has the wrapper a way to say an option twice, as attachments need it, or names that are not UTF-8.
    place = words.index("MASTER" + job.master.suffix)
    words[place:place] = _attach(job)
    names = {
        "PICTURES": job.pictures, "SOURCE": f"file:{reel.path}", "MASTER" + job.master.suffix: f"file:{job.master}",
        "ACCESS.mp4": f"file:{job.access}",
    }  # fmt: skip
    words = [names.get(word, word) for word in words]
    return [words[0], "-hide_banner", "-nostdin", "-loglevel", "warning", "-y", *words[1:]]


def _queue(track: Track) -> int:
    return max(8, min(_QUEUE, _QUEUE_BYTES // (track.width * track.height * (1 if track.depth == 8 else 2))))


def _output(job: Job, freight: Freight, track: Track, way: tuple[Any, Any, str]) -> Any:
    """One output file: `way` is the piped picture, the source (or None) and the file."""
    picture, source, name = way
    reel, container = job.survey.reel, FORMATS[Path(name).suffix]
    options = _common(container) | _picture(track, freight)
    options |= {"map_metadata": "1" if source else "-1", "map_chapters": "1" if source else "-1"}
    options["metadata:g:0"] = f"comment={disclosure(reel, job.coloured)}"
    if container == "matroska" and job.coloured:
        options["metadata:g:1"] = f"DIGITAL_SOURCE_TYPE={IPTC_SOURCE_TYPE}"
    if source:
        options["map_metadata:s:0"] = f"1:s:{reel.video.index}"
    if container != "matroska":
        unit = reel.video.time_base.denominator
        options |= {"strict": "experimental"}  # FLAC and Opus in MP4 are that to older programs
        options["bsf:0"] = _told(job.clock)
        options |= {"movflags": "+faststart", "video_track_timescale": unit, "movie_timescale": _fine(unit, freight)}
        if freight.lead_s:
            options["output_ts_offset"] = -freight.lead_s
    elif job.clock.steady:
        options["r:0"] = f"{reel.video.rate.numerator}/{reel.video.rate.denominator}"
    for place, cargo in enumerate(freight.cargo, 1):
        options |= _cargo(job, cargo, place)
    streams = [picture, *(source[str(cargo.index)] for cargo in freight.cargo)]
    return graph.output(*streams, name, **options)


def _told(clock: Clock) -> str:
    """A bitstream filter that says what the pipe cannot: each picture's length, and when the first are decoded.

    The program would guess both from the frame rate, and where its guess is none the last picture is hidden.
    """
    length = f"{clock.step * clock.time_base}/TB"
    return f"setts=pts=PTS:dts='if(lt(N,{REORDER}),STARTPTS-({REORDER}-N)*{length},DTS)':duration={length}"


def _fine(unit: int, freight: Freight) -> int:
    """Parts of a second in which edit lists say when each track begins: whole for pictures and for sound."""
    whole = math.lcm(unit, *(cargo.rate for cargo in freight.cargo))
    return whole if whole < 1 << 31 else unit


def _common(container: str) -> dict[str, Any]:
    """No random numbers, no dates and no program version in the file: the same input gives the same bytes."""
    return {
        "f": container, "fflags": "+bitexact", "avoid_negative_ts": "disabled", "max_interleave_delta": _INTERLEAVE,
        "copypriorss": 1, "copyinkf": None, "max_muxing_queue_size": 100_000,
    }  # fmt: skip


def _picture(track: Track, freight: Freight) -> dict[str, Any]:
    """The tags of the picture, said again for the container: the pipe does not carry them."""
    options = {
        "c:0": "copy", "color_primaries:0": track.primaries, "color_trc:0": track.transfer,
        "colorspace:0": track.matrix, "color_range:0": track.range_tag, "metadata:s:0": "encoder=",
        "disposition:0": "default" if freight.default else "0",
    }  # fmt: skip
    if track.chroma == "420":
        options["chroma_sample_location:0"] = track.siting
    if track.field_order != "unknown":
        options["field_order:0"] = track.field_order
    if track.sample_aspect != 1:
        shape = track.sample_aspect * track.width / track.height
        options["aspect:0"] = f"{shape.numerator}:{shape.denominator}"
    if freight.timecode:
        options["metadata:s:v:0"] = f"timecode={freight.timecode}"
    return options


def _cargo(job: Job, cargo: Cargo, place: int) -> dict[str, Any]:
    options: dict[str, Any] = {f"c:{place}": cargo.codec, f"map_metadata:s:{place}": f"1:s:{cargo.index}"}
    if cargo.codec == "aac":
        options |= {f"b:{place}": f"{job.spec.audio_kbps}k", f"threads:{place}": 1}
    if cargo.untyped:
        options[f"metadata:s:{place}"] = "mimetype=application/octet-stream"
    return options


def _attach(job: Job) -> list[str]:
    words, place = list[str](), sum(cargo.kind == "attachment" for cargo in job.for_master.cargo)
    for number, (path, name, mimetype) in enumerate(job.attached, place):
        words += ["-attach", f"file:{path}", f"-metadata:s:t:{number}", f"mimetype={mimetype}"]
        words += [f"-metadata:s:t:{number}", f"filename={name}"]
    return words


def _turn(matrix: tuple[int, ...] | None) -> dict[str, Any]:
    """Options that give a picture this display matrix (nine integers by rows, 16.16 fixed point)."""
    if matrix is None:
        return {}
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    mirrored = a * d - b * c < 0
    if mirrored:
        a, c = -a, -c
    options: dict[str, Any] = {"display_rotation": round(math.degrees(math.atan2(c, a)), 6)}
    return options | ({"display_hflip": None} if mirrored else {})
