"""The index of a reel: time, key flag and light hash of every frame, by which a later reading is held to the first."""

from __future__ import annotations

import hashlib
import io
import zipfile
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.contracts import Light
from restore.errors import BadInput, shown

NO_TIME = -(1 << 63)
"""Stands for a missing timestamp or duration in the arrays."""

_MEMBERS = {"pts": np.int64, "duration": np.int64, "key": np.bool_, "light_sha256": np.uint8}


def light_digest(light: Light) -> bytes:
    """SHA-256 of one frame's light, rows packed, 16-bit samples little-endian.

    The same as `ffmpeg -vf extractplanes=y -f framehash -hash sha256` prints for a planar source.
    """
    packed = np.ascontiguousarray(light, dtype=light.dtype.newbyteorder("<"))
    return hashlib.sha256(packed.data).digest()


@dataclass(frozen=True, eq=False)
class Index:
    """One row a frame, in decode-output order. Arrays are not to be written to.

    pts, duration  (N,) int64, in the stream's time base; NO_TIME where the source states none.
    key            (N,) bool: decoding can begin here.
    light_sha256   (N, 32) uint8.
    """

    pts: npt.NDArray[np.int64]
    duration: npt.NDArray[np.int64]
    key: npt.NDArray[np.bool_]
    light_sha256: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.pts)

    def time(self, frame: int) -> int | None:
        """Timestamp of a frame in the stream's time base, or None."""
        return _or_none(self.pts[frame])

    def frame_at(self, pts: int | None) -> int | None:
        """The frame with this timestamp; None when there is none, or more than one."""
        if pts is None:
            return None
        rows = np.flatnonzero(self.pts == pts)
        return int(rows[0]) if len(rows) == 1 else None

    def lasts(self, frame: int) -> int | None:
        """Stated duration of a frame in the stream's time base, or None."""
        return _or_none(self.duration[frame])

    def digest(self, frame: int) -> bytes:
        """SHA-256 of the frame's light, as `light_digest` gives it."""
        return bytes(self.light_sha256[frame])

    def to_bytes(self) -> bytes:
        """The index as an .npz file; the same index gives the same bytes."""
        store = io.BytesIO()
        np.savez_compressed(store, **{name: getattr(self, name) for name in _MEMBERS})
        return store.getvalue()

    def save(self, path: str | Path) -> str:
        """Write the .npz plainly (publishing is the caller's work); returns the SHA-256 (hex) of the file."""
        content = self.to_bytes()
        Path(path).write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def load(cls, path: str | Path) -> Index:
        """Read an index. Raises BadInput when the file is not one; FileNotFoundError when it is not there."""
        try:
            with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in _MEMBERS}
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as problem:
            raise BadInput(f"{shown(path)}: is not a whole index; remove it and run again") from problem
        shapes = {arrays[name].shape for name in ("pts", "duration", "key")}
        frames = len(arrays["pts"])
        if shapes != {(frames,)} or arrays["light_sha256"].shape != (frames, 32):
            raise BadInput(f"{shown(path)}: is not a whole index; remove it and run again")
        if any(arrays[name].dtype != kind for name, kind in _MEMBERS.items()):
            raise BadInput(f"{shown(path)}: is not an index of this version; remove it and run again")
        return cls(**arrays)


class Indexer:
    """Collects an index while a reel is read: 49 bytes a frame (4 MB an hour)."""

    def __init__(self) -> None:
        self._pts, self._duration = array("q"), array("q")
        self._key, self._digests = bytearray(), bytearray()

    def __len__(self) -> int:
        return len(self._key)

    def add(self, picture: Any) -> bytes:
        """Enter the next `read.Picture`; returns the digest of its light."""
        digest = light_digest(picture.light)
        self._pts.append(NO_TIME if picture.pts is None else picture.pts)
        self._duration.append(NO_TIME if picture.duration is None else picture.duration)
        self._key.append(picture.key)
        self._digests += digest
        return digest

    def index(self) -> Index:
        return Index(
            pts=np.array(self._pts, np.int64),
            duration=np.array(self._duration, np.int64),
            key=np.frombuffer(bytes(self._key), np.bool_),
            light_sha256=np.frombuffer(bytes(self._digests), np.uint8).reshape(-1, 32),
        )


def index_of(pictures: Iterable[Any]) -> Index:
    """The index of a run of pictures that begins with the reel's first."""
    indexer = Indexer()
    for picture in pictures:
        indexer.add(picture)
    return indexer.index()


def _or_none(value: np.int64) -> int | None:
    return None if value == NO_TIME else int(value)
