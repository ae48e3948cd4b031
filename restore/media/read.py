"""The reader: a reel's pictures as planes of code values, in order, once; anywhere else by seeking that is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from restore.contracts import Light
from restore.errors import BadInput, shown
from restore.film import Damage, Reel
from restore.media import pixels
from restore.media.damage import Ledger
from restore.media.feed import Decoded, Feed, feed
from restore.media.index import Index, light_digest
from restore.media.open import unchanged

_WARM_UP = 600
"""Frames looked at after a seek before another place is tried."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One frame of the reel.

    index     its number, from 0, in the order in which the decoder gives frames.
    pts       timestamp in the stream's time base; None where the film states none.
    duration  in the same unit; None where the film states none.
    key       decoding can begin here.
    light     (H, W) uint8 or uint16: luma code values exactly as decoded, in the low bits. Read-only; it may be a
              view of the decoder's own buffer, which stays alive and unchanged for as long as `light` is held.
    chroma    Cb and Cr, (h, w) each, same type and depth, or None (gray, or not asked for).
    """

    index: int
    pts: int | None
    duration: int | None
    key: bool
    light: Light
    chroma: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None


class Reader:
    """Reads one reel. Without an index it surveys: damage and oddities are listed. With one it checks every frame.

    chroma: whether the pictures to come have theirs; it may be changed between two calls.

    >>> with Reader(reel) as reader:
    ...     for picture in reader.pictures():
    ...         ...
    """

    def __init__(self, reel: Reel, *, chroma: bool = False) -> None:
        self.reel = reel
        self.chroma = chroma
        self._ledger = Ledger()
        self._surveyed = self._surveying = False
        self._feed: Feed | None = None
        self._pending: Decoded | None = None
        self._next = 0

    @property
    def damage(self) -> list[Damage]:
        """Signs of damage met so far by the first pass from frame 0 without an index."""
        return self._ledger.damage

    @property
    def notes(self) -> list[str]:
        """Oddities that are not damage, a sentence each; complete when the last frame has been read."""
        return self._ledger.notes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the film. The reader may be used again; it then opens the film anew."""
        if self._feed is not None:
            self._feed.close()
        self._feed, self._pending = None, None

    def pictures(self, start: int = 0, stop: int | None = None, index: Index | None = None) -> Iterator[Picture]:
        """The frames `[start, stop)`, to the end of the reel where `stop` is None.

        When `start` is where the last call ended, decoding goes on without reopening. With `index` the reader may
        seek, and the light of every frame it gives is held to the index: where a seek landed wrong, the film is
        read again from its first frame. Raises BadInput when the film yields no frame, changes its picture size,
        or differs from the index.
        """
        self._move(start, index)
        while stop is None or self._next < stop:
            decoded = self._decoded()
            if decoded is None:
                self._ended(index)
                return
            light = self._light(decoded)
            if index is not None and not self._agrees(light, index):
                decoded, light = self._again(index)
            self._next += 1
            yield Picture(self._next - 1, decoded.pts, decoded.duration, decoded.key, light, self._planes(decoded))

    def _decoded(self) -> Decoded | None:
        """The next frame; None at the end."""
        if self._pending is not None:
            landed, self._pending = self._pending, None
            return landed
        if self._feed is None:
            self._restart(surveying=False)
        assert self._feed is not None
        decoded = next(self._feed, None)
        if decoded is not None and self._surveying:
            self._ledger.saw(decoded.pts, decoded.duration)
        return decoded

    def _light(self, decoded: Decoded) -> Light:
        form = pixels.layout(decoded.frame.format.name)
        return pixels.light(decoded.frame, form, self.reel.video.colour.matrix)

    def _planes(self, decoded: Decoded) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
        if not self.chroma:
            return None
        tags = self.reel.video.colour
        form = pixels.layout(decoded.frame.format.name)
        return pixels.chroma(decoded.frame, form, tags.matrix, tags.full_range)

    def _restart(self, surveying: bool) -> None:
        """Open the reel at its first frame. Only one whole pass lists damage, so that nothing is listed twice."""
        self.close()
        self._surveying = surveying and not self._surveyed
        self._surveyed |= self._surveying
        self._feed, self._next = feed(self.reel, self._ledger if self._surveying else None), 0

    def _move(self, start: int, index: Index | None) -> None:
        """Make `start` the next frame: by reading on, by seeking, or from the beginning, whichever is right."""
        if self._feed is None or self._next > start or (index is not None and _far(self._next, start, index)):
            sought = index is not None and start > 0 and self._seek(start, index)
            if not sought:
                self._restart(surveying=index is None)
        while self._next < start:
            if self._decoded() is None:
                self._ended(index)
                unchanged(self.reel)
                raise BadInput(f"{shown(self.reel.path)}: ends after {self._next} frames, before frame {start}")
            self._next += 1

    def _agrees(self, light: Light, index: Index) -> bool:
        return self._next < len(index) and light_digest(light) == index.digest(self._next)

    def _again(self, index: Index) -> tuple[Decoded, Light]:
        """The next frame once more, decoded from the first frame of the reel."""
        number = self._next
        self._restart(surveying=False)
        self._move(number, None)
        decoded = self._decoded()
        light = None if decoded is None else self._light(decoded)
        if decoded is None or light is None or not self._agrees(light, index):
            unchanged(self.reel)
            raise BadInput(
                f"{shown(self.reel.path)}: frame {number} is not the frame that was surveyed; the film has changed or "
                "is failing: check it and run again"
            )
        return decoded, light

    def _ended(self, index: Index | None) -> None:
        """After the last frame: draw the balance of a survey, or hold the length to the index."""
        if index is not None and self._next != len(index):
            unchanged(self.reel)
            raise BadInput(
                f"{shown(self.reel.path)}: {self._next} frames, but {len(index)} were surveyed; the film has changed "
                "or is failing: check it and run again"
            )
        if self._next == 0:
            unchanged(self.reel)
            said = f" ({self.damage[0].message})" if self.damage else ""
            raise BadInput(f"{shown(self.reel.path)}: not one frame can be decoded{said}; get the film again")
        if self._surveying:
            self._ledger.close(self.reel, self._next)
            self._surveying = False

    def _seek(self, start: int, index: Index) -> bool:
        """Land on frame `start` by way of a key frame before it. False when no landing could be made sure of."""
        if self.reel.container == "sequence":
            self.close()
            self._feed, self._next, self._surveying = feed(self.reel, at=start), start, False
            return True
        keys = np.flatnonzero(index.key[: start + 1])
        for back in (1, 2, 5, 12):  # some containers land late: aim further back before giving up
            if back > len(keys) or (pts := index.time(int(keys[-back]))) is None:
                return False
            self.close()
            self._surveying = False
            self._feed = feed(self.reel, at=pts)
            if self._land(start, index):
                return True
        return False

    def _land(self, start: int, index: Index) -> bool:
        """Read on from wherever the seek led until frame `start` is next; the index says by time and light where."""
        assert self._feed is not None
        expected: int | None = None
        for _, decoded in zip(range(_WARM_UP), self._feed, strict=False):
            row = expected if expected is not None else index.frame_at(decoded.pts)
            if row is None:
                continue
            if row > start:
                return False
            expected = row + 1 if light_digest(self._light(decoded)) == index.digest(row) else None
            if row == start and expected is not None:
                self._pending, self._next = decoded, start
                return True
        return False


def _far(at: int, start: int, index: Index) -> bool:
    """True when a key frame lies between here and there, so that a seek saves decoding."""
    return start > at and bool(index.key[at + 1 : start + 1].any())
