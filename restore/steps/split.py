"""Reads the whole reel once: notes every frame's time and light, collects damage, finds the shots and what they are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from restore import profile
from restore.errors import BadInput, shown
from restore.film import Reel, Shot, Survey, VideoStream
from restore.guidance.proxies import Proxies
from restore.media.index import NO_TIME, Index, Indexer
from restore.media.read import Picture, Reader
from restore.overlap import overlapped
from restore.progress import Progress
from restore.shots.detector import Detector
from restore.shots.kinds import KindFinder, with_kinds
from restore.shots.luma import LumaDetector
from restore.shots.table import Clock, kinds_listed, obey, read_shots, tile, write_shots
from restore.steps.leave import marked, sentence
from restore.store import writing

log = logging.getLogger(__name__)

_TELL_EVERY = 24  # frames
_AHEAD = 8  # frames decoded while earlier ones are looked at


@dataclass(frozen=True)
class Splitting:
    """How a reel is divided."""

    shots_file: str | None = None  # an edited list of shots; it is obeyed, and nothing is detected
    shortest: int = 6  # frames of a shot that is found
    longest_s: float = 60.0  # seconds of a part: what one take renders, and what an interruption can cost
    leave: tuple[str, ...] = ()  # kinds of shots that are marked as left
    proxies: str | None = None  # file for a small copy of every frame, where somebody will look for frames by them


def split(
    reel: Reel, index_path: Path, wanted: Splitting | None = None, *, progress: Progress | None = None
) -> tuple[Survey, tuple[Shot, ...]]:
    """Decode `reel` from first frame to last. Returns what was found, and the shots, which tile the reel: each with its
    kind, from the list or found, and marked where it is to be left.

    The index (time, key flag and light hash of every frame) is published at `index_path`. `progress` is told frames
    done and expected; the header's claim is corrected when it proves wrong. Raises MissingInput or BadInput for the
    list of shots (before decoding where possible), BadInput when no frame can be decoded, and what `progress` raises.
    """
    wanted = wanted or Splitting()
    listed = Path(wanted.shots_file) if wanted.shots_file is not None else None
    rows = read_shots(listed) if listed is not None else ()
    detector: Detector | None = LumaDetector() if listed is None else None
    kinds = KindFinder()
    with nullcontext() if wanted.proxies is None else Proxies(Path(wanted.proxies), reel.video) as small:
        survey = _survey(reel, index_path, _Watching(kinds, detector, small), progress)
    longest = max(1, round(wanted.longest_s * reel.video.rate))
    if listed is not None:
        tiles = tile(obey(listed, rows, survey.frames), survey.frames, 1, longest)
        shots = kinds_listed(with_kinds(tiles, kinds), rows)
    else:
        assert detector is not None
        shots = with_kinds(tile(detector.finish(), survey.frames, wanted.shortest, longest), kinds)
    shots = marked(shots, wanted.leave)
    notes = [left] if (left := sentence(shots)) else []
    return replace(survey, notes=(*survey.notes, *notes)), shots


@dataclass(frozen=True)
class _Watching:
    """Those who look at every frame that passes."""

    kinds: KindFinder
    detector: Detector | None
    proxies: Proxies | None

    def begin(self, reel: Reel) -> None:
        if self.detector is not None:
            self.detector.begin(reel.video.rate)

    def add(self, picture: Picture, depth: int) -> None:
        self.kinds.add(picture.index, picture.light, picture.chroma, depth)
        if self.detector is not None:
            self.detector.add(picture.index, picture.light, depth)
        if self.proxies is not None:
            self.proxies.add(picture.light)


def _survey(reel: Reel, index_path: Path, watching: _Watching, progress: Progress | None) -> Survey:
    indexer = Indexer()
    expected = expected_frames(reel)
    watching.begin(reel)
    with (
        Reader(reel, chroma=True) as reader,
        closing(overlapped(_entered(reader.pictures(), indexer), _AHEAD, "read")) as pictures,
        profile.working("find shots"),
    ):
        for count, picture in enumerate(pictures, start=1):
            watching.add(picture, reel.video.bit_depth)
            if progress is not None and count % _TELL_EVERY == 0:
                progress(count, max(expected, count))
        damage, notes = tuple(reader.damage), tuple(reader.notes)
    frames = len(indexer)
    if not frames:
        raise BadInput(f"{shown(reel.path)}: no frame can be decoded; get the film again from its source")
    if progress is not None:
        progress(frames, frames)
    with writing(index_path) as part:
        sha256 = indexer.index().save(part)
    log.info("%s: %d frames, %d signs of damage", shown(reel.path), frames, len(damage))
    return Survey(reel, frames, str(index_path), sha256, damage, notes)


def _entered(pictures: Iterable[Picture], indexer: Indexer) -> Iterator[Picture]:
    """The pictures, each entered in the index on the way: beside decoding, so that both threads have as much to do."""
    for picture in pictures:
        indexer.add(picture)
        yield picture


def expected_frames(reel: Reel) -> int:
    """How many frames the header leads one to expect; 0 where it says nothing."""
    if reel.video.frames_claimed:
        return reel.video.frames_claimed
    return round((reel.duration_s or 0.0) * reel.video.rate)


def save_shots(path: Path, survey: Survey, shots: Sequence[Shot]) -> None:
    """Publish the list of shots, FILM.shots.csv, with times as a player counts them."""
    with writing(path) as part:
        write_shots(part, shots, clock(Index.load(survey.index_path), survey.reel.video))


def clock(index: Index, video: VideoStream) -> Clock:
    """Seconds from the first frame at which a frame begins: by timestamps where all frames have rising ones, else by
    the frame rate."""
    pts = index.pts
    if len(pts) < 2 or (pts == NO_TIME).any() or (np.diff(pts) <= 0).any():
        return lambda frame: float(frame / video.rate)
    last = index.lasts(len(index) - 1) or round(1 / (video.rate * video.time_base))
    ticks = np.append(pts, pts[-1] + max(last, 1)) - pts[0]
    return lambda frame: float(int(ticks[frame]) * video.time_base)
