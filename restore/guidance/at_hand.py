"""The film as the readers of wanted colours have it: its frames, shots and times, and any frame's light on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from restore.colour import lightness
from restore.contracts import Painted
from restore.film import Given, Hint, Reel, Shot, Survey, VideoStream
from restore.guidance import proxies, shelf
from restore.guidance.proxies import Float, Small
from restore.guidance.sheet import turns
from restore.guidance.when import Timeline
from restore.media.index import Index
from restore.media.read import Picture, Reader
from restore.progress import Progress
from restore.shots.table import Clock


@dataclass(frozen=True)
class Asked:
    """What one way of asking came to: painted frames, put away, sentences for people, and the files they are from."""

    painted: tuple[Hint, ...] = ()
    said: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()


@dataclass
class AtHand:
    """A context manager; the film is opened when the first frame is asked for, and stays open until the end.

    clock    seconds at which a frame begins.
    proxies  the file with the small copies of all frames (`proxies.Proxies`), where the split wrote it.
    tell     is told frames done and in all.
    painted  the folder in which painted frames are put away, so that no two of them need be in memory.
    """

    survey: Survey
    shots: Sequence[Shot]
    clock: Clock
    proxies: Path
    tell: Progress
    painted: Path
    _open: ExitStack = field(default_factory=ExitStack)
    _readers: dict[bool, Reader] = field(default_factory=dict)

    @property
    def reel(self) -> Reel:
        return self.survey.reel

    @property
    def video(self) -> VideoStream:
        return self.survey.reel.video

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.survey.frames, self.video.rate, self.clock)

    @property
    def small(self) -> Small:
        """(N, 36, 48) uint8: every frame's small copy."""
        return proxies.load(self.proxies)

    @property
    def index(self) -> Index:
        return Index.load(self.survey.index_path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def keep(self, painted: Painted) -> Hint:
        """Put a painted frame away. Raises DiskError."""
        return shelf.put(painted, self.painted)

    def picture(self, frame: int, *, chroma: bool = False) -> Picture:
        """One frame as it is stored. Raises BadInput where it is no longer what was surveyed."""
        return next(self.pictures(frame, frame + 1, chroma=chroma))

    def pictures(self, start: int, stop: int, *, chroma: bool = False) -> Iterator[Picture]:
        """The frames [start, stop) as they are stored."""
        if chroma not in self._readers:
            self._readers[chroma] = self._open.enter_context(Reader(self.reel, chroma=chroma))
        return self._readers[chroma].pictures(start, stop, self.index)

    def light(self, frame: int, shape: tuple[int, int]) -> Float:
        """CIE L*, 0 to 100, of a frame as it is shown, at a size (rows, columns) no larger than the picture's."""
        return upright_lightness(self.picture(frame), self.video, shape)

    def shot_of(self, frame: int) -> Shot:
        """The shot, or the part of one, that a frame is in."""
        return next(shot for shot in self.shots if shot.start <= frame < shot.stop)


def upright_lightness(picture: Picture, video: VideoStream, shape: tuple[int, int]) -> Float:
    """CIE L* (rows, columns) of a picture as it is shown, without pixel aspect."""
    values = lightness(picture.light, video.bit_depth, video.colour.full_range)
    shown = np.ascontiguousarray(np.rot90(values, -turns(video)))
    return np.asarray(cv2.resize(shown, shape[::-1], interpolation=cv2.INTER_AREA), np.float32).reshape(shape)
