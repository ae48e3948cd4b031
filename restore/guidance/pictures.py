"""Reads the pictures that people paint or give as examples: PNG, TIFF and JPEG, checked before they are decoded."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour
from restore.errors import BadInput, MissingInput, shown
from restore.media.open import MAX_PIXELS

Float = npt.NDArray[np.float32]

LARGEST = MAX_PIXELS * 8 + (1 << 24)
"""Bytes of the largest picture file: 16-bit RGBA at the largest picture, and its header."""

_PNG, _TIFF, _JPEG = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*"), b"\xff\xd8\xff"
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_PHOTOMETRIC = 256, 257, 262  # TIFF 6.0, section 8
_TIFF_SEPARATED, _TIFF_LAB = 5, 8  # values of PhotometricInterpretation: ink, CIE L*a*b*
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG, ITU-T T.81, table B.1: a frame's header


@dataclass(frozen=True)
class Header:
    """What a picture's file says of itself before it is decoded."""

    kind: str  # "png" | "tiff" | "jpeg"
    width: int  # px
    height: int
    profile: str = ""  # name of the colour profile inside, where a PNG has one


@dataclass(frozen=True, eq=False)
class Image:
    """A decoded picture. rgb (H, W, 3) float32 R'G'B' in [0, 1], read as sRGB; alpha (H, W) float32 in [0, 1], or None
    where the file has none."""

    rgb: Float
    alpha: Float | None
    profile: str = ""

    @property
    def lab(self) -> Float:
        """(H, W, 3) float32 CIE L*a*b*."""
        return colour.rgb_to_lab(self.rgb)


def content(path: Path) -> bytes:
    """All bytes of a picture's file. Raises MissingInput, or BadInput where no picture is that large."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{shown(path)}: is larger than any picture of {MAX_PIXELS} pixels; check the file")
        return path.read_bytes()
    except OSError as problem:
        if isinstance(problem, BadInput):
            raise
        raise MissingInput(f"{shown(path)}: cannot be read ({problem.strerror}); check name and rights") from None


def sha256(data: bytes) -> str:
    """SHA-256 (hex) of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def is_jpeg(data: bytes) -> bool:
    """Whether a file with these bytes is a JPEG, whatever its name says."""
    return data.startswith(_JPEG)


def header(path: Path, data: bytes) -> Header:
    """What `data`, the bytes of `path`, begin with. Raises BadInput for all that is no picture in red, green and blue,
    and for one that is too large to be a frame."""
    if data.startswith(_PNG):
        found = _png(path, data)
    elif data[:4] in _TIFF:
        found = _tiff(path, data)
    elif is_jpeg(data):
        found = _jpeg(path, data)
    else:
        raise BadInput(f"{shown(path)}: is not a PNG, TIFF or JPEG picture whatever its name says; save it as PNG")
    if not 0 < found.width * found.height <= MAX_PIXELS:
        raise BadInput(f"{shown(path)}: is {found.width}×{found.height} pixels; no frame is that large: scale it down")
    return found


def read(path: Path, data: bytes | None = None) -> Image:
    """The picture in the file `path`, of any of its depths and layouts: gray, palette, with or without transparency.

    `data`: the file's bytes, where they are known. Raises MissingInput or BadInput.
    """
    data = content(path) if data is None else data
    about = header(path, data)
    logs = cv2.utils.logging
    level = logs.setLogLevel(logs.LOG_LEVEL_ERROR)  # what is damaged is said once, by us
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        decoded = None
    finally:
        logs.setLogLevel(level)
    if decoded is None or decoded.shape[:2] != (about.height, about.width):
        raise BadInput(f"{shown(path)}: cannot be decoded, it is damaged or cut off; save it again")
    most = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(decoded.dtype)
    if most is None:
        raise BadInput(f"{shown(path)}: has samples of {decoded.dtype}; save it with 8 or 16 bits")
    values = decoded.astype(np.float32)
    values *= np.float32(1 / most)
    values = values.reshape(about.height, about.width, -1)
    if values.shape[2] == 1:
        values = np.repeat(values, 3, axis=2)
    alpha = np.ascontiguousarray(values[:, :, 3]) if values.shape[2] == 4 else None
    return Image(np.ascontiguousarray(values[:, :, 2::-1]), alpha, about.profile)


def foreign_profile(profile: str) -> bool:
    """Whether a colour profile of this name may mean other colours than sRGB does, as which they are read."""
    return bool(profile) and "srgb" not in profile.lower().replace(" ", "")


def encoded(rgb: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of (H, W), (H, W, 3) R'G'B' or (H, W, 4) with alpha, uint8."""
    order = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[rgb.ndim if rgb.ndim == 2 else rgb.shape[2]]
    _, data = cv2.imencode(".png", rgb if order is None else cv2.cvtColor(rgb, order))
    return data.tobytes()


def _png(path: Path, data: bytes) -> Header:
    try:
        width, height = struct.unpack(">II", data[16:24])
    except struct.error:
        raise _cut_off(path) from None
    at, profile = 8, ""
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"iCCP":
            profile = data[at + 8 : at + 8 + min(length, 79)].split(b"\0")[0].decode("latin-1")
        if kind in (b"IDAT", b"iCCP"):
            break
        at += 12 + length
    return Header("png", width, height, profile)


def _tiff(path: Path, data: bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack(order + "I", data[4:8])
        (count,) = struct.unpack(order + "H", data[at : at + 2])
        found = {}
        for n in range(count):
            entry = data[at + 2 + 12 * n : at + 14 + 12 * n]
            tag, kind = struct.unpack(order + "HH", entry[:4])
            found[tag] = struct.unpack(order + ("H" if kind == 3 else "I"), entry[8 : 10 if kind == 3 else 12])[0]
        width, height = found[_TIFF_WIDTH], found[_TIFF_HEIGHT]
    except (struct.error, KeyError):
        raise _cut_off(path) from None
    if found.get(_TIFF_PHOTOMETRIC) in (_TIFF_SEPARATED, _TIFF_LAB):
        name = "CMYK" if found[_TIFF_PHOTOMETRIC] == _TIFF_SEPARATED else "L*a*b*"
        raise BadInput(f"{shown(path)}: is in {name}; convert it to RGB (sRGB) and save it again")
    return Header("tiff", width, height)


def _jpeg(path: Path, data: bytes) -> Header:
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _SOF:
            height, width, parts = struct.unpack(">HHB", data[at + 5 : at + 10])
            if parts == 4:
                raise BadInput(f"{shown(path)}: is in CMYK; convert it to RGB (sRGB) and save it again")
            return Header("jpeg", width, height)
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    raise _cut_off(path)


def _cut_off(path: Path) -> BadInput:
    return BadInput(f"{shown(path)}: is cut off; save it again")
