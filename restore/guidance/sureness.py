"""How sure a run was of every frame's colours: a small map of each, kept beside the take and with the results.

By it the tool knows where painted colour ran out, and which frame is worth painting next.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from restore.contracts import Colour
from restore.errors import BadInput, MissingInput, shown
from restore.film import Take
from restore.guidance.doubt import MOST, PAINTED, confidence, doubted
from restore.guidance.proxies import HEIGHT, WIDTH, Float, Small

KEY = "doubt"
"""Under which a take's note has its maps."""

FORMAT = 2

LEVELS = 255
"""Steps of doubt, by the same factor each, from `MOST` (0) to `PAINTED` (255). A step of confidence would be none: of
colours whose confidence is 0.99 and more some are ten times as far off as others."""

DOUBTS: Float = np.asarray(MOST * (PAINTED / MOST) ** (np.arange(LEVELS + 1) / LEVELS), np.float32)
"""(256,): the doubt that each level stands for (see `restore.guidance.doubt`)."""

CONFIDENCES: Float = confidence(DOUBTS)
"""(256,): the confidence of each."""


def small(hints: Colour) -> Small:
    """(T, 36, 48) uint8 `LEVELS` of hints (T, 3, h, w): how sure the colours of each place are."""
    return np.stack([mapped(hint[2]) for hint in hints])


def mapped(sure: Float) -> Small:
    """(36, 48) uint8 `LEVELS` of a frame's confidence (h, w), 0..1."""
    cells = np.asarray(cv2.resize(sure, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)
    return level(doubted(cells))


def level(doubt: Float) -> Small:
    """uint8 `LEVELS` of doubts."""
    steps = np.log(np.float32(MOST) / doubt) * np.float32(LEVELS / np.log(MOST / PAINTED))
    return np.asarray(np.clip(np.round(steps), 0, LEVELS), np.uint8)


def packed(maps: Sequence[Small]) -> str:
    """A take's maps as text, for the note that lies beside it and travels with it; empty where no paint reached it."""
    return base64.b64encode(zlib.compress(np.concatenate(maps).tobytes())).decode("ascii") if maps else ""


def unpacked(text: str) -> Small:
    """(T, 36, 48) uint8: what `packed` made text of. Raises ValueError for anything else."""
    try:
        data = zlib.decompress(base64.b64decode(text, validate=True))
    except (zlib.error, binascii.Error) as problem:
        raise ValueError(str(problem)) from None
    return np.frombuffer(data, np.uint8).reshape(-1, HEIGHT, WIDTH)


def _of_take(take: Take) -> Small | None:
    """The maps that its note holds; None where it holds none that fit."""
    try:
        maps = unpacked(json.loads(Path(take.path).with_suffix(".json").read_text(encoding="utf-8"))[KEY])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return maps if len(maps) == take.shot.frames else None


def gather(path: Path, takes: Sequence[Take], index_sha256: str, frames: int) -> None:
    """Write the maps of all takes into one .npz, in place: the caller publishes it. Only one take's are in memory."""
    spans = list[tuple[int, int]]()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "about", np.array([FORMAT, frames]))
        _put(archive, "film", np.frombuffer(bytes.fromhex(index_sha256), np.uint8))
        for take in takes:
            if take.hints and (maps := _of_take(take)) is not None:
                _put(archive, f"from_{take.shot.start}", maps)
                spans.append((take.shot.start, take.shot.stop))
        _put(archive, "spans", np.array(spans, np.int64).reshape(-1, 2))


def _put(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    about = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
    about.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(about, "w", force_zip64=True) as member:
        np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


@dataclass(frozen=True)
class Sureness:
    """A run's maps, of which one take's are in memory at a time. spans: start and stop of each take that has some."""

    path: Path
    spans: tuple[tuple[int, int], ...]

    def doubt(self, frame: int) -> Float | None:
        """(36, 48) float32: 0 where colours are sure, 1 where nothing is known. None: no paint reached the frame."""
        levels = self.levels(frame)
        return None if levels is None else np.asarray(1 - CONFIDENCES[levels], np.float32)

    def levels(self, frame: int) -> Small | None:
        """(36, 48) uint8 `LEVELS`. None: no paint reached the frame."""
        for start, stop in self.spans:
            if start <= frame < stop:
                return np.asarray(self._maps(start, stop)[frame - start])
        return None

    def mean(self, start: int, stop: int) -> float:
        """Mean confidence of the frames [start, stop), 0 to 1; what no paint reached counts as 0."""
        total = 0.0
        for lo, hi in self.spans:
            first, last = max(start, lo), min(stop, hi)
            if first < last:
                total += float(CONFIDENCES[self._maps(lo, hi)[first - lo : last - lo]].mean(axis=(1, 2)).sum())
        return total / max(stop - start, 1)

    def _maps(self, start: int, stop: int) -> Small:
        maps = _member(self.path, f"from_{start}")
        if maps.dtype != np.uint8 or maps.shape != (stop - start, HEIGHT, WIDTH):
            raise _broken(self.path)
        return maps


def load(path: Path, index_sha256: str, frames: int) -> Sureness:
    """What `gather` wrote. Raises MissingInput, or BadInput for what is no such file, or of another film."""
    about, film, spans = (_member(path, name) for name in ("about", "film", "spans"))
    if spans.ndim != 2 or spans.shape[1] != 2:
        raise _broken(path)
    if about.tolist() != [FORMAT, frames] or film.tobytes().hex() != index_sha256:
        raise BadInput(f"{shown(path)}: is of another film, or of another reading of it; move it away, or run again")
    return Sureness(path, tuple((int(start), int(stop)) for start, stop in spans))


@functools.lru_cache(maxsize=4)
def _read(path: Path, name: str, _state: tuple[int, int]) -> np.ndarray:
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        array: np.ndarray = file[name]
    return array


def _member(path: Path, name: str) -> np.ndarray:
    """One array of the file. Raises MissingInput or BadInput."""
    try:
        found = path.stat()
        return _read(path, name, (found.st_ino, found.st_mtime_ns))
    except OSError as problem:
        raise MissingInput(f"{shown(path)}: cannot be read ({problem.strerror}); check name and rights") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, TypeError):
        raise _broken(path) from None


def _broken(path: Path) -> BadInput:
    return BadInput(f"{shown(path)}: is not what a run wrote about its confidence; move it away, or run again")
