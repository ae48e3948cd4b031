"""A folder of scanned frames (DPX, TIFF or PNG): which files are its frames, in what order, and how one is decoded."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import av
import av.error

from restore.errors import BadInput, MissingInput, shown
from restore.media import damage
from restore.media.open import MAX_PIXELS

_CODECS = {".dpx": "dpx", ".tif": "tiff", ".tiff": "tiff", ".png": "png"}
_MAGIC = {b"SDPX": "dpx", b"XPDS": "dpx", b"II*\0": "tiff", b"MM\0*": "tiff", b"\x89PNG": "png"}
_LARGEST = MAX_PIXELS * 8 + (1 << 24)
"""Bytes of the largest frame file: 16-bit RGBA at the largest picture, and its header."""


def frame_files(folder: str) -> tuple[Path, ...]:
    """The frames of a folder by rising number; the first may have any number.

    Raises BadInput naming the file when a number is missing or comes twice, when kinds or names are mixed, or when
    there is no frame at all.
    """
    try:
        entries = sorted(Path(folder).iterdir())
    except OSError as problem:
        raise MissingInput(f"{shown(folder)}: cannot be read ({problem.strerror}); check its rights") from None
    frames = [file for file in entries if file.suffix.lower() in _CODECS and not file.name.startswith(".")]
    if not frames:
        raise BadInput(f"{shown(folder)}: holds no DPX, TIFF or PNG frames; name a film or a folder of frames")
    numbered = sorted((_number(file), file) for file in frames)
    first_stem, first_kind = _series(numbered[0][1])
    expected = numbered[0][0]
    for number, file in numbered:
        if _series(file) != (first_stem, first_kind):
            first = shown(numbered[0][1].name)
            raise BadInput(f"{shown(file)}: is not of the same series as {first}; give each series its own folder")
        if number != expected:
            why = f"frame {expected} is missing before it" if number > expected else f"number {number} comes twice"
            raise BadInput(f"{shown(file)}: {why}; complete the folder or split it there")
        expected += 1
    return tuple(file for _, file in numbered)


def codec_of(file: Path) -> str:
    """ "dpx", "tiff" or "png", by the first bytes of the file. Raises BadInput for anything else."""
    with file.open("rb") as opened:
        codec = _MAGIC.get(opened.read(4))
    if codec is None:
        raise BadInput(f"{shown(file)}: is not a DPX, TIFF or PNG file whatever its name says; replace it")
    return codec


def decode(file: Path, codec: str) -> av.VideoFrame:
    """The picture in one frame file. No demuxer is involved, so a file can bring nothing in but itself.

    Raises BadInput, naming the file, when it is damaged, too large or of another kind than `codec`.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise BadInput(f"{shown(file)}: is larger than any frame of {MAX_PIXELS} pixels; check the file")
        content = file.read_bytes()
    except OSError as problem:
        raise MissingInput(f"{shown(file)}: cannot be read ({problem.strerror}); complete the folder") from None
    if _MAGIC.get(content[:4]) != codec:
        raise BadInput(f"{shown(file)}: is not a {codec.upper()} file as the first frame is; replace it")
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    try:
        frames = [*decoder.decode(av.Packet(content)), *decoder.decode(None)]
    except (av.error.FFmpegError, ValueError) as problem:
        raise BadInput(f"{shown(file)}: cannot be decoded ({damage.plain(problem)}); replace the file") from None
    if not frames:
        raise BadInput(f"{shown(file)}: holds no picture; replace the file")
    frame: av.VideoFrame = frames[0]
    return frame


def digest_of(files: tuple[Path, ...]) -> str:
    """SHA-256 (hex) over name and SHA-256 of every frame, in order: `<sha256>  <name>` lines, as sha256sum prints."""
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        whole.update(sha256.encode() + b"  " + file.name.encode("utf-8", "surrogateescape") + b"\n")
    return whole.hexdigest()


def _number(file: Path) -> int:
    if match := re.search(r"(\d+)$", file.stem, re.ASCII):
        return int(match[1])
    raise BadInput(f"{shown(file)}: has no frame number at the end of its name; number it or move it away")


def _series(file: Path) -> tuple[str, str]:
    return re.sub(r"\d+$", "", file.stem, flags=re.ASCII), _CODECS[file.suffix.lower()]
