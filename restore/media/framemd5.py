"""Frame checksums as archives keep them beside a film: the list that `ffmpeg -f framemd5` prints, for later checks."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restore import __version__
from restore.errors import BadInput, shown
from restore.media.read import Picture
from restore.store import write_text

Plane = npt.NDArray[Any]

_LENGTH = 16  # bytes of an MD5


@dataclass
class Sums:
    """The MD5 of each frame of one list, in order, and what a frame is."""

    size: int = 0  # bytes of a frame
    digests: bytearray = field(default_factory=bytearray)

    def add(self, planes: Sequence[Plane]) -> None:
        """One more frame: its planes as rows without padding, 16-bit samples little-endian."""
        digest = hashlib.md5(usedforsecurity=False)
        for plane in planes:
            digest.update(np.ascontiguousarray(plane, dtype=plane.dtype.newbyteorder("<")).data)
        self.size = sum(plane.nbytes for plane in planes)
        self.digests += digest.digest()

    def __len__(self) -> int:
        return len(self.digests) // _LENGTH

    def hex(self, frame: int) -> str:
        return self.digests[frame * _LENGTH : (frame + 1) * _LENGTH].hex()


@dataclass
class FrameSums:
    """What a proof notes on its way: the sums of whole pictures, and of their luma alone."""

    pictures: Sums = field(default_factory=Sums)
    luma: Sums = field(default_factory=Sums)

    def noting(self, frames: Iterator[Picture]) -> Generator[Picture]:
        """The frames, noted one by one as they pass."""
        for frame in frames:
            self.pictures.add([frame.light, *(frame.chroma or ())])
            self.luma.add([frame.light])
            yield frame

    def note(self, frames: Iterator[Picture]) -> None:
        """Note all frames."""
        for _ in self.noting(frames):
            pass


@dataclass(frozen=True)
class Listing:
    """What stands beside the sums in a list.

    times  of the frames, in `unit` seconds
    start  seconds at which the file begins, its first track's first time: ffmpeg counts from there
    rate   frames a second, where they are steady: times are then counted in frames, as ffmpeg does
    """

    width: int
    height: int
    sample_aspect: Fraction | None
    times: Sequence[int]
    unit: Fraction
    start: Fraction
    rate: Fraction | None


def write(path: Path, sums: Sums, listing: Listing) -> None:
    """Publish the list. For a steady film it is, line by line, what this prints (but for the line `#software`):

        ffmpeg -i FILM -map 0:v:0 -f framemd5 -                            whole pictures
        ffmpeg -i FILM -map 0:v:0 -vf extractplanes=y -f framemd5 -        luma alone

    Of a film whose frames are not steady, ffmpeg's own list repeats or drops frames; here each stands once.
    """
    unit = 1 / listing.rate if listing.rate else listing.unit
    aspect = listing.sample_aspect or Fraction(0, 1)
    head = [
        "#format: frame checksums", "#version: 2", "#hash: MD5", f"#software: restore {__version__}",
        f"#tb 0: {unit.numerator}/{unit.denominator}", "#media_type 0: video", "#codec_id 0: rawvideo",
        f"#dimensions 0: {listing.width}x{listing.height}", f"#sar 0: {aspect.numerator}/{aspect.denominator}",
        "#stream#, dts,        pts, duration,     size, hash",
    ]  # fmt: skip
    places = _places(listing, unit)
    lines = [
        f"0, {place:>10}, {place:>10}, {_lasts(places, frame):>8}, {sums.size:>8}, {sums.hex(frame)}"
        for frame, place in enumerate(places)
    ]
    write_text(path, "\n".join([*head, *lines, ""]))


def _places(listing: Listing, unit: Fraction) -> Sequence[int]:
    """When each frame is shown, in whole `unit`s: steady frames follow each other, however their times were rounded."""
    times = listing.times[:1] if listing.rate else listing.times
    places = [int((time * listing.unit - listing.start) / unit + Fraction(1, 2)) for time in times]
    return range(places[0], places[0] + len(listing.times)) if listing.rate and places else places


def _lasts(places: Sequence[int], frame: int) -> int:
    """Until the next frame; the last one as long as the one before."""
    if len(places) < 2:
        return 1
    at = min(frame, len(places) - 2)
    return places[at + 1] - places[at]


def read(path: Path) -> list[str]:
    """The MD5 (hex) of each frame of a list, of its first track. Raises BadInput, naming the line."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != 6 or len(parts[5]) != 2 * _LENGTH:
            raise BadInput(f"{shown(path)}: line {number} is not a line of frame checksums")
        if parts[0] == "0":
            found.append(parts[5])
    return found
