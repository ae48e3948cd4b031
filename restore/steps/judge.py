"""The judge: how near the restored film is to the film in its true colour, beside what leaving it gray would score."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import groupby, zip_longest

from restore import colour, metrics
from restore.contracts import Array, Metric, Tally
from restore.errors import BadInput, UsageError, shown
from restore.film import ColourTags, Reel, Score, Scorecard, Shot, Survey
from restore.media.probe import probe
from restore.media.read import Picture, Reader
from restore.progress import Progress
from restore.windows import overlapped

NO_TRUTH = "not measured, because no truth was given"
SAME_RATE = 0.005
"""Share by which two rates may differ and be one: 24000/1001 and 24 are, 24 and 25 are not."""

STEP = 8
"""Frames between two signs of life."""


def judge(
    restored: str, truth: str | None, survey: Survey, shots: Sequence[Shot], progress: Progress | None = None
) -> Scorecard:
    """Score the film at `restored` against the truth, by every metric on the shelf, shot by shot.

    truth: path of a film or folder in true colour, frame for frame the same; "self": the source's own colour, which
    the run dropped; None: nothing is measured and the scorecard says so. Every score has the gray baseline's beside
    it: the restored film's own luma without any chroma. A film's score is the mean of its shots' by frames, so that
    no metric looks across a cut.

    Raises UsageError for a truth without colour, BadInput for one of another size, rate or number of frames, and
    what `restore.media.probe` raises for a file that is no film.
    """
    parts = tuple(metrics.find(name)() for name in metrics.names())
    if truth is None:
        nothing = tuple(_score(metric, None, None, NO_TRUTH) for metric in parts)
        return Scorecard(survey.reel.sha256, "none", survey.frames, nothing, note=NO_TRUTH)
    right = true_reel(survey.reel, truth)
    made = probe(restored, digest=False)
    with ExitStack() as open_films:
        readers = [open_films.enter_context(Reader(reel, chroma=True)) for reel in (made, right)]
        pairs = open_films.enter_context(closing(_side_by_side(*readers)))
        sheets = tuple(_judged(pairs, survey, shots, parts, progress))
        if next(pairs, None) is not None:
            raise _another_length(right, f"more than {survey.frames}", survey.frames)
    by_shot = tuple((sheet.shot, sheet.scores()) for sheet in sheets)
    name = truth if truth == "self" else os.path.abspath(truth)  # noqa: PTH100 (Path.absolute keeps "..")
    return Scorecard(survey.reel.sha256, name, survey.frames, _mean(sheets), by_shot)


def true_reel(reel: Reel, truth: str) -> Reel:
    """The truth for `reel`, opened and found to fit; see `judge`. Its frames are not counted yet."""
    if truth == "self":
        if reel.video.chroma == "gray":
            raise UsageError(f"{shown(reel.path)}: has no colour to score against; --truth self wants a colour film")
        return reel
    right = probe(truth, rate=reel.sequence_rate, deinterlace=reel.deinterlace, digest=False)
    if right.video.chroma == "gray":
        raise UsageError(f"{shown(truth)}: has no colour to score against; --truth wants the film in its true colour")
    sizes = [(r.video.width, r.video.height) for r in (right, reel)]
    if sizes[0] != sizes[1]:
        raise BadInput(
            f"{shown(truth)}: {sizes[0][0]}x{sizes[0][1]} px, but the film has {sizes[1][0]}x{sizes[1][1]}; "
            "the truth must be the same film"
        )
    if abs(right.video.rate / reel.video.rate - 1) > SAME_RATE:
        raise BadInput(
            f"{shown(truth)}: {float(right.video.rate):.3f} frames a second, but the film has "
            f"{float(reel.video.rate):.3f}; the truth must be the same film"
        )
    return right


@dataclass(frozen=True)
class _Pair:
    """One frame, restored and true, with what their code values mean."""

    restored: Picture
    truth: Picture
    reels: tuple[Reel, Reel]


class _Sheet:
    """One shot's tallies: for each metric one of the restored film and one of the gray baseline."""

    def __init__(self, shot: int, parts: tuple[Metric, ...], beside: ThreadPoolExecutor) -> None:
        self.shot, self.frames = shot, 0
        self._parts = parts
        self._restored: tuple[Tally, ...] = tuple(part.begin() for part in parts)
        self._gray: tuple[Tally, ...] = tuple(part.begin() for part in parts)
        self._beside = beside

    def add(self, pair: _Pair, tags: ColourTags) -> None:
        """Measure one frame: the gray baseline in a thread beside the restored picture."""
        made, right = pair.reels
        light, depth = pair.restored.light, made.video.bit_depth
        if pair.restored.chroma is None or pair.truth.chroma is None:
            raise BadInput(f"{shown(made.path)}: frame {pair.restored.index} has no chroma; it cannot be scored")
        truth = colour.to_rgb(pair.truth.light, *pair.truth.chroma, right.video.colour, right.video.bit_depth)
        gray_done = self._beside.submit(lambda: _add(self._gray, colour.gray_rgb(light, tags, depth), truth))
        _add(self._restored, colour.to_rgb(light, *pair.restored.chroma, tags, depth), truth)
        gray_done.result()
        self.frames += 1

    def scores(self) -> tuple[Score, ...]:
        each = zip(self._parts, self._restored, self._gray, strict=True)
        return tuple(_score(part, restored.score(), gray.score()) for part, restored, gray in each)


def _add(tallies: tuple[Tally, ...], picture: Array, truth: Array) -> None:
    for tally in tallies:
        tally.add(picture, truth)


def _judged(
    pairs: Iterator[_Pair], survey: Survey, shots: Sequence[Shot], parts: tuple[Metric, ...], progress: Progress | None
) -> Iterator[_Sheet]:
    """A filled sheet for every shot, its parts taken together."""
    done = 0
    with ThreadPoolExecutor(1, "judge") as beside:
        for number, pieces in groupby(shots, key=lambda shot: shot.number):
            sheet = _Sheet(number, parts, beside)
            for _ in range(sum(piece.frames for piece in pieces)):
                pair = next(pairs, None)
                if pair is None:
                    raise BadInput(f"{shown(survey.reel.path)}: the restored film ends at frame {done}")
                sheet.add(pair, survey.reel.video.colour)
                done += 1
                if progress is not None and (done % STEP == 0 or done == survey.frames):
                    progress(done, survey.frames)
            yield sheet


def _side_by_side(made: Reader, right: Reader) -> Generator[_Pair]:
    """Frames of both films, each decoded in a thread of its own. Raises BadInput when one ends before the other."""
    reels = (made.reel, right.reel)
    with closing(overlapped(made.pictures())) as ours, closing(overlapped(right.pictures())) as theirs:
        for number, (restored, truth) in enumerate(zip_longest(ours, theirs)):
            if restored is None or truth is None:
                short, long = number, f"more than {number}"
                raise _another_length(right.reel, short if truth is None else long, long if truth is None else short)
            yield _Pair(restored, truth, reels)


def _another_length(truth: Reel, has: int | str, film: int | str) -> BadInput:
    return BadInput(
        f"{shown(truth.path)}: {has} frames, but the film has {film}; the truth must be the same film, frame for frame"
    )


def _mean(sheets: tuple[_Sheet, ...]) -> tuple[Score, ...]:
    """The film's scores: the mean of the shots' by their frames."""
    frames = sum(sheet.frames for sheet in sheets)
    film = []
    for same in zip(*(sheet.scores() for sheet in sheets), strict=True):
        restored, gray = (
            sum(sheet.frames * value for sheet, value in zip(sheets, values, strict=True)) / frames
            for values in ([s.restored for s in same], [s.gray for s in same])
        )
        film.append(Score(same[0].metric, same[0].better, same[0].unit, restored, gray))
    return tuple(film)


def _score(metric: Metric, restored: float | None, gray: float | None, note: str = "") -> Score:
    return Score(metric.name, metric.better, metric.unit, restored, gray, note)
