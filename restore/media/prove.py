"""The proof: what lies on disk is read back and held, frame by frame and packet by packet, to what was promised."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from restore.errors import Stopped
from restore.film import ColourTags, Gate, Survey, Take, VideoStream
from restore.media.carried import NONE, carried
from restore.media.clock import Clock, clock
from restore.media.encoder import Track
from restore.media.evidence import Look, Pictures, pictures, readable
from restore.media.framemd5 import Listing
from restore.media.freight import for_access, for_master
from restore.media.index import NO_TIME, Index
from restore.media.probe import probe
from restore.media.spec import OutputSpec
from restore.progress import Progress

_TICK = Fraction(1, 1000)


@dataclass(frozen=True)
class Proof:
    """All gates, and hashes that anyone can check with ffmpeg alone.

    hashes  ("master video", SHA-256 of all decoded planes, as `ffmpeg -i M -map 0:v:0 -f hash -hash sha256 -` prints)
            and ("source audio 1", SHA-256 of the track's packets, as `-c copy -f streamhash -hash sha256 -` prints).
    """

    gates: tuple[Gate, ...]
    hashes: tuple[tuple[str, str], ...]
    listing: Listing  # of the master's frames, for lists of their checksums


def prove(
    survey: Survey, index: Index, spec: OutputSpec, master: Path, access: Path | None,
    progress: Progress | None = None, takes: Sequence[Take] = (), look: Look | None = None,
) -> Proof:  # fmt: skip
    """Read master and access copy back and judge them. A failed gate is reported, not raised.

    `takes`, in order: the chroma of those whose shot was left is held to what they were given of the source. `look`
    is shown every picture of the master, as it was decoded for the proof; what it raises is raised here.
    Raises ProofFailed when a file cannot be read back at all.
    """
    left = [take for take in takes if take.shot.left]
    spans = [(take.shot.start, take.shot.stop) for take in left] if spec.lossless else []
    with _beside(access if spec.access else None) as reading:
        seen = pictures(master, index if spec.lossless else None, progress, survey.frames, spans, look)
    with readable(master):
        proof = _of_master(survey, index, spec, master, seen)
    gates, hashes = list(proof.gates), [("master video", seen.sha256), *proof.hashes]
    if left:
        gates.insert(1, _chroma(seen, left, survey.reel.video, spec))
    if access and reading and spec.access:
        copy = reading.result()
        with readable(access):
            gates += _of_access(survey, index, spec, access, copy)
    return Proof(tuple(gates), tuple(hashes), proof.listing)


def _of_master(survey: Survey, index: Index, spec: OutputSpec, master: Path, seen: Pictures) -> Proof:
    reel = survey.reel
    times = clock(reel.video, index)
    gates = [
        _light(seen, index, spec),
        _count("frames", seen, survey.frames),
        _times("timestamps", seen, times, spec.suffix == ".mkv"),
        _clean("decoding", seen),
        _picture("picture tags", probe(str(master), digest=False).video, reel.video, spec.master),
    ]
    size, rate = (spec.master.width, spec.master.height), reel.video.rate if times.steady else None
    listing = Listing(*size, seen.sample_aspect, seen.times, seen.unit, seen.start, rate)
    if reel.container == "sequence":
        return Proof(tuple(gates), (), listing)
    beside, sums = carried(reel, for_master(reel, spec.suffix), master, times.late)
    return Proof((*gates, *beside), tuple(sums), listing)


def _of_access(survey: Survey, index: Index, spec: OutputSpec, access: Path, copy: Pictures) -> list[Gate]:
    assert spec.access is not None
    reel, freight = survey.reel, for_access(survey.reel, spec.audio)
    times = clock(reel.video, index)
    gates = [
        _count("access frames", copy, survey.frames),
        _times("access timestamps", copy, times, False, freight.lead_s),
        _clean("access decoding", copy),
        _picture("access picture tags", probe(str(access), digest=False).video, reel.video, spec.access),
        _faststart(access),
    ]
    if reel.container != "sequence":
        beside, _ = carried(reel, freight, access, times.late)
        gates += [replace(gate, name=f"access {gate.name}") for gate in beside if gate.detail != NONE]
    return gates


@contextmanager
def _beside(access: Path | None) -> Iterator[Future[Pictures] | None]:
    """The access copy is read back in a thread of its own while the master is; a stop ends both."""
    if access is None:
        yield None
        return
    ended = threading.Event()

    def heed(_done: int, _total: int) -> None:
        if ended.is_set():
            raise Stopped("the proof was stopped")

    with ThreadPoolExecutor(1, "access copy") as beside:
        reading = beside.submit(pictures, access, None, heed)
        try:
            yield reading
        except BaseException:
            ended.set()
            raise


def _light(seen: Pictures, index: Index, spec: OutputSpec) -> Gate:
    if not spec.lossless:
        return Gate("luma", None, f"not applicable: {spec.master.codec} is a lossy master")
    if seen.strange is not None:
        return Gate("luma", False, f"frame {seen.strange}: the master's luma is not the source's")
    held = len(seen.times) == len(index)
    return Gate("luma", held, f"{len(seen.times)} of {len(index)} luma planes equal the source's by SHA-256")


def _chroma(seen: Pictures, left: Sequence[Take], video: VideoStream, spec: OutputSpec) -> Gate:
    """The chroma of shots that were left, from source to master."""
    name = "chroma of shots left as they are"
    if not spec.lossless:
        return Gate(name, None, f"not applicable: {spec.master.codec} is a lossy master")
    for take, got in zip(left, seen.chroma, strict=True):
        if got != take.chroma_sha256:
            return Gate(name, False, f"frames {take.shot.start} to {take.shot.stop - 1}: not the source's chroma")
    frames = sum(take.shot.frames for take in left)
    if video.chroma == spec.chroma:
        how = "equal the source's by SHA-256"
    elif video.chroma == "gray":
        how = "are neutral, as the source has none"
    elif video.chroma == "rgb":
        how = "are those of the source's R, G and B by its matrix"
    else:
        how = f"are the source's, brought from {':'.join(video.chroma)} to {':'.join(spec.chroma)} once"
    return Gate(name, True, f"Cb and Cr of {frames} frames {how}")


def _count(name: str, seen: Pictures, frames: int) -> Gate:
    return Gate(name, len(seen.times) == frames, f"{len(seen.times)} frames, the source has {frames}")


def _times(name: str, seen: Pictures, times: Clock, ticks: bool, lead_s: int = 0) -> Gate:
    """Every picture's time is its own, less `lead_s` or moved behind zero: exactly, or rounded to the millisecond where
    those count."""
    for frame, (got, stamp) in enumerate(zip(seen.times, times.times, strict=False)):
        wanted = int(stamp) * times.time_base - lead_s + times.late
        if ticks:
            wanted = _rounded(wanted / _TICK) * _TICK
        if got * seen.unit != wanted:
            shown = "no time" if got == NO_TIME else f"{float(got * seen.unit):.6f} s"
            return Gate(name, False, f"frame {frame}: {shown} where the source has {float(wanted):.6f} s")
    count, mended = len(times.times), len(times.mended)
    said = f"all {count} as the source states them"
    if mended:
        said = f"{count - mended} of {count} as the source states them, the other {mended} mended"
    less = f", less the {lead_s} s before the film begins" if lead_s else ""
    less += f", {times.late} s later, as they begin before zero" if times.late else ""
    how = "rounded to the container's millisecond" if ticks else f"exact, in units of {times.time_base} s"
    return Gate(name, True, f"{said}; {how}{less}")


def _rounded(value: Fraction) -> int:
    """Half away from zero, as FFmpeg rescales timestamps."""
    size = int(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def _clean(name: str, seen: Pictures) -> Gate:
    if seen.complaints:
        return Gate(name, False, f"the decoder complains {len(seen.complaints)} times, first: {seen.complaints[0]}")
    return Gate(name, True, "reads back without a complaint")


def _picture(name: str, got: VideoStream, source: VideoStream, track: Track) -> Gate:
    """Size, depth, pixel aspect, rotation, field order and colour tags, as the finished file states them."""
    wrong = [
        f"{what} is {is_} instead of {wanted}"
        for what, is_, wanted in (
            ("the size", (got.width, got.height), (track.width, track.height)),
            ("the depth", got.bit_depth, track.depth if track.codec != "prores_ks" else got.bit_depth),
            ("the chroma", got.chroma, track.chroma),
            ("the display matrix", got.display_matrix, _plain_matrix(source.display_matrix)),
            ("the field order", _fields(got.field_order, track), _fields(track.field_order, track)),
            ("the colour tags", _tags(got.colour), (track.matrix, track.primaries, track.transfer, track.range_tag)),
        )
        if is_ != wanted
    ]
    # Matroska holds pixel aspect as a picture size in whole pixels.
    if abs(got.sample_aspect / track.sample_aspect - 1) > max(Fraction(1, 1000), Fraction(1, track.width)):
        wrong.append(f"the pixel aspect is {got.sample_aspect} instead of {track.sample_aspect}")
    return Gate(name, not wrong, "; ".join(wrong) or "size, depth, pixel aspect, rotation, field order, colour tags")


def _plain_matrix(matrix: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Without the shift that some cameras write: it has no place outside QuickTime, and players ignore it."""
    if matrix is None:
        return None
    return (*matrix[:6], 0, 0, matrix[8])


def _fields(order: str, track: Track) -> str:
    """H.264 tells which field is shown first, and not in which order they are stored."""
    order = "progressive" if order == "unknown" else order
    return {"tb": "tt", "bt": "bb"}.get(order, order) if track.codec == "libx264" else order


def _tags(colour: ColourTags) -> tuple[int, int, int, int]:
    return colour.tagged_matrix, colour.tagged_primaries, colour.tagged_transfer, colour.tagged_range


def _faststart(path: Path) -> Gate:
    """An MP4 file plays while it is still being fetched when its index (moov) lies before its pictures (mdat)."""
    kinds = list[bytes]()
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8 and len(kinds) < 64:
            size = int.from_bytes(head[:4], "big")
            size, read = (int.from_bytes(file.read(8), "big"), 16) if size == 1 else (size, 8)
            kinds.append(head[4:])
            if size < read:
                break
            file.seek(size - read, 1)
    held = b"moov" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")
    return Gate("access faststart", held, "the index lies before the pictures" if held else f"order is {kinds}")
