"""Opening a film so that it can open nothing else: no other file, no network, no endless pipe, no monstrous frame."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.container
import av.error

from restore.errors import BadInput, DiskError, MissingInput, shown
from restore.film import Reel
from restore.media import damage

MAX_PIXELS = 67_108_864
"""Largest picture, in pixels (8192 × 8192)."""

_DEMUXERS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "vc1", "mxf",
    "ogg", "dv", "h264", "hevc", "m4v", "h263", "mjpeg", "av1", "obu", "ivf", "nut", "yuv4mpegpipe", "gif", "apng",
    "flv", "asf", "gxf", "dnxhd", "dirac", "rm", "flic", "aac", "mp3", "flac", "wav", "ac3", "srt", "ass",
)  # fmt: skip
"""Films, and bare sound or subtitles so that they can be refused by name. No playlists (hls, dash, concat, sdp), no
device, no picture sequence: a film opens itself and nothing else."""

_SLICES_APART = ("ffv1", "prores", "dnxhd", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "dvvideo", "jpeg2000", "cfhd")
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(_DEMUXERS),
    "max_pixels": str(MAX_PIXELS),
    "probesize": "10000000",  # bytes
    "analyzeduration": "10000000",  # microseconds
}
_MP4_STARTS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp")
_GENPTS = 0x0001  # AVFMT_FLAG_GENPTS, which PyAV always sets: it would invent timestamps that the film does not have


def regular_file(path: str | os.PathLike[str]) -> os.stat_result:
    """`stat` of a film's file. Raises MissingInput or BadInput at once for whatever cannot be a film."""
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        why = "the link leads nowhere" if Path(path).is_symlink() else "there is no such file"
        raise MissingInput(f"{shown(path)}: {why}; check the name") from None
    except (OSError, ValueError) as problem:
        raise MissingInput(
            f"{shown(path)}: cannot be reached ({damage.plain(problem)}); check name and rights"
        ) from None
    if stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode):
        return found
    kind = "a pipe" if stat.S_ISFIFO(found.st_mode) else "a device or socket"
    raise MissingInput(f"{shown(path)}: is {kind}, not a file; copy the film to a file first")


def unchanged(reel: Reel) -> None:
    """Raise BadInput when the film is no longer the file that was read at the start, by its size and its time."""
    path = Path(reel.path)
    if not path.is_dir():
        now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (reel.size_bytes, reel.modified_ns):
            raise BadInput(f"{shown(path)}: was changed while it was read; run again when it rests")


@contextmanager
def open_film(path: str, heard: list[damage.Line] | None = None) -> Iterator[av.container.InputContainer]:
    """The film at `path`, open for reading and closed at the end. Raises in one line: BadInput, MissingInput,
    DiskError.

    heard: gets the error lines of the container while FFmpeg looked the file over. What decoders said then is left
    out: the picture's will say it again, and the others were only tried.
    """
    found = regular_file(path)
    if found.st_size == 0:
        raise BadInput(f"{shown(path)}: is empty (0 bytes); get the film again from its source")
    with damage.listening() as lines:
        try:
            container = av.open("file:" + str(Path(path).absolute()), options=_OPTIONS, metadata_errors="replace")
        except (PermissionError, FileNotFoundError) as problem:
            raise MissingInput(f"{shown(path)}: cannot be read ({damage.plain(problem)}); check its rights") from None
        except (av.error.FFmpegError, OSError, ValueError) as problem:
            if getattr(problem, "errno", None) in (errno.EMFILE, errno.ENFILE):
                raise  # ours are too few; the film is not to blame
            if getattr(problem, "errno", None) == errno.EIO:
                raise DiskError(
                    f"{shown(path)}: cannot be read ({damage.plain(problem)}); check its disk, then run again"
                ) from None
            raise BadInput(f"{shown(path)}: {_refusal(path, problem, lines)}") from None
    if heard is not None:
        heard.extend(line for line in lines if line[1] == container.format.name)
    try:
        container.flags &= ~_GENPTS
        yield container
    finally:
        container.close()


def open_decoder(stream: av.VideoStream) -> None:
    """Prepare the decoder of `stream`: the pixel limit, and threads that leave pictures and complaints as they are.

    Measured on damaged films: with frame threads two runs can give different pictures and FFmpeg tells of damage some
    frames late; with slice threads H.264, H.265, VP8 and AV1 patch holes differently, and H.265 and AV1 keep quiet
    about some. So one thread decodes, and the result is the same everywhere; only codecs whose slices do not lean on
    one another are shared out (FFV1 at 1080p: 54 → 34 ms a frame on two cores).
    """
    decoder = stream.codec_context
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    apart = decoder.codec.canonical_name in _SLICES_APART
    decoder.thread_type = "SLICE" if apart else "NONE"
    decoder.thread_count = min(os.cpu_count() or 1, 8) if apart else 1


def _refusal(path: str, problem: Exception, lines: list[damage.Line]) -> str:
    """Why a file cannot be opened, and what would do."""
    said = " ".join(message for _, _, message in lines).lower()
    with Path(path).open("rb") as opened:
        start = opened.read(12)
    if "moov atom not found" in said and start[4:8] in _MP4_STARTS:
        return "its index (moov) is missing, so the file was cut off or never finished; get it again or recover it"
    if "whitelist" in said or start.startswith((b"#EXTM3U", b"ffconcat", b"v=0")):
        return "is a playlist, a single picture or another file that is no film; give the film itself"
    return f"is not a film we can read ({damage.plain(problem)}); try playing it, or get it again from its source"
