"""Putting the finished reel together: the takes' pictures, the source's own times, and all that the source held beside.

Nothing is encoded here but what a container cannot hold. The pictures of all takes go through one pipe (NUT, which
keeps any time base exactly) into one ffmpeg process that reads the source beside it and writes master and access copy.
A Matroska file counts time in milliseconds; an MP4 file in the source's own units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import av
import av.error

from restore.errors import ProofFailed
from restore.film import Survey, Take, digest
from restore.media import ffmpeg, matroska
from restore.media.clock import Clock, clock
from restore.media.encoder import Track
from restore.media.freight import Freight, for_access, for_master
from restore.media.index import Index
from restore.media.muxing import PIPE, REORDER, Job, arguments
from restore.media.spec import OutputSpec
from restore.progress import Progress
from restore.store import TEMPORARY, disk_errors


@dataclass(frozen=True)
class Outputs:
    """Where the files are written: temporary names, which the caller publishes once they are proved.

    `provenance` is a JSON file that goes into a Matroska master as an attachment, under the name `provenance_name`.
    """

    master: Path
    access: Path | None
    provenance: Path | None = None
    provenance_name: str = "provenance.json"


@dataclass(frozen=True)
class Assembled:
    """What was learned on the way: notes for the report, and the program that did it, for the provenance."""

    program: str
    notes: tuple[str, ...]


def assemble(
    survey: Survey, index: Index, takes: Sequence[Take], spec: OutputSpec, out: Outputs,
    progress: Progress | None = None,
) -> Assembled:  # fmt: skip
    """Write master and access copy from the takes of a whole reel, which must tile it in order.

    Raises ProofFailed when the takes do not fit the index, Unavailable without an ffmpeg program, DiskError.
    """
    reel, takes = survey.reel, sorted(takes, key=lambda take: take.shot.start)
    _tiled(takes, len(index))
    times = clock(reel.video, index)
    program = ffmpeg.program(ffmpeg.ROTATES if reel.video.display_matrix else ffmpeg.OLDEST)
    master = for_master(reel, spec.suffix)
    access = for_access(reel, spec.audio) if out.access else None
    offset = _offset(times)
    with disk_errors(out.master), TemporaryDirectory(prefix=TEMPORARY, dir=out.master.parent) as folder:
        attached = _attachments(master, out, Path(folder)) if spec.suffix == ".mkv" else ()
        pictures = f"file:{folder}/pictures.mov" if spec.master.codec == "prores_ks" else PIPE
        # A killed run's program may still be at work: it knows no name that ours are going to have.
        new_master, new_access = Path(folder) / out.master.name, Path(folder) / out.access.name if out.access else None
        made = not all(take.shot.left for take in takes)
        job = Job(survey, spec, times, offset, new_master, new_access, master, access, attached, pictures, made)
        if pictures != PIPE:  # NUT has no place for ProRes
            _feed(pictures, takes, job, progress)
        with ffmpeg.fed(arguments(program, job)) as pipe:
            if pictures == PIPE:
                _feed(pipe, takes, job, progress)
        new_master.replace(out.master)
        if new_access is not None and out.access is not None:
            new_access.replace(out.access)
    notes = [*times.notes, *master.notes, *(access.notes if access else ())]
    if spec.suffix == ".mkv":
        name = digest([reel.sha256, [take.sha256 for take in takes]])
        if not matroska.set_segment_uid(out.master, bytes.fromhex(name)[:16]):
            notes.append("the master has no segment UID: the program left no room for it")
    return Assembled(program.version, tuple(notes))


def _tiled(takes: Sequence[Take], frames: int) -> None:
    at = 0
    for take in takes:
        if take.shot.start != at:
            raise ProofFailed(f"frame {at}: the next take begins at frame {take.shot.start}; run again to make it")
        at = take.shot.stop
    if at != frames:
        raise ProofFailed(f"frame {at}: the takes end here, the reel has {frames} frames; run again to make the rest")


def _attachments(master: Freight, out: Outputs, folder: Path) -> tuple[tuple[Path, str, str], ...]:
    """(file, name, MIME type) of what is attached to the master beyond the source's own attachments."""
    attached = list[tuple[Path, str, str]]()
    for number, cover in enumerate(master.covers):
        path = folder / f"cover{number}"
        path.write_bytes(cover.content)
        attached.append((path, cover.filename, cover.mimetype))
    if out.provenance:
        attached.append((out.provenance, out.provenance_name, "application/json"))
    return tuple(attached)


def _offset(times: Clock) -> int:
    """Whole seconds, whole in the time base too, that lift every time above zero: NUT knows no negative ones."""
    return times.seconds_below(int(times.times[0]) - (REORDER + 1) * times.step)


def _feed(into: IO[bytes] | str, takes: Sequence[Take], job: Job, progress: Progress | None) -> None:
    """Write the packets of all takes, every picture at its own time plus the job's offset."""
    times, tracks = job.clock, [job.spec.master, *([job.spec.access] if job.access and job.spec.access else [])]
    lift = int(job.offset / times.time_base)
    shown, late = times.times + lift, times.decode_times(REORDER) + lift
    decoded = [late if track.codec == "libx264" else shown for track in tracks]
    sent = [0] * len(tracks)
    with _piped(into, takes[0], times.time_base, tracks) as stream:
        for take in takes:
            for packet in _packets(take, stream):
                frame, track = take.shot.start + (packet.pts or 0), packet.stream_index
                if not take.shot.start <= frame < take.shot.stop:
                    raise ProofFailed(f"frame {frame}: {take.path} holds a frame too many; remove it and run again")
                packet.pts, packet.dts = int(shown[frame]), int(decoded[track][sent[track]])
                packet.duration, packet.time_base = times.step, times.time_base
                packet.stream = stream.streams[track]
                stream.mux(packet)
                sent[track] += 1
            if min(sent) != take.shot.stop:
                raise ProofFailed(f"frame {min(sent)}: {take.path} lacks frames; remove it and run again")
            if progress:
                progress(take.shot.stop, len(shown))


def _packets(take: Take, stream: av.container.OutputContainer) -> Iterator[av.Packet]:
    """The packets of a take, track by track as they lie in its file."""
    with _opened(take) as file:
        mine = file.streams.video[: len(stream.streams)]
        for own, first in zip(mine, stream.streams.video, strict=True):
            if own.codec_context.extradata != first.codec_context.extradata:
                raise ProofFailed(
                    f"frame {take.shot.start}: {take.path} was encoded otherwise than the takes before it"
                )
        for packet in file.demux(*mine):
            if packet.size:
                yield packet


def _opened(take: Take) -> av.container.InputContainer:
    return av.open(f"file:{take.path}", format="matroska", options={"protocol_whitelist": "file"})


@contextmanager
def _piped(
    into: IO[bytes] | str, take: Take, time_base: Fraction, tracks: Sequence[Track]
) -> Iterator[av.container.OutputContainer]:
    """A file or a pipe with the first tracks of `take`. When the reader goes away: BrokenPipeError."""
    stream = av.open(into, "w", format="mov" if isinstance(into, str) else "nut")
    try:
        with _opened(take) as file:
            for track in file.streams.video[: len(tracks)]:
                stream.add_stream_from_template(track).time_base = time_base
        yield stream
    except BaseException:
        with suppress(av.FFmpegError, OSError):
            stream.close()
        raise
    try:
        stream.close()
    except av.error.PyAVCallbackError as error:
        raise BrokenPipeError(str(error)) from error
