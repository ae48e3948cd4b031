"""The judge: how near the restored film is to the film in its true colour, beside what leaving it gray would score."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest

from restore import colour, metrics
from restore.errors import BadInput, UsageError, shown
from restore.film import ColourTags, Reel, Scorecard, Shot, Survey
from restore.media.probe import probe
from restore.media.read import Picture, Reader
from restore.progress import Progress
from restore.steps.tallies import NONE, Measured, Notepad, Pictures, Values, named, of_film
from restore.windows import overlapped

NO_TRUTH = "not measured, because no truth was given"
SAME_RATE = 0.005
"""Share by which two rates may differ and be one: 24000/1001 and 24 are, 24 and 25 are not."""

STEP = 8
"""Frames between two signs of life."""

THREADS = 2
"""Metrics at work at a time, beside the two decoders."""


Each = Callable[[int, int, tuple[Values, ...]], None]
"""Called after every frame with its number, its shot's, and each metric's values of this frame alone."""


@dataclass(frozen=True)
class Measuring:
    """What is measured, and who is told."""

    parts: tuple[Measured, ...]
    progress: Progress | None = None
    each: Each | None = None


def judge(
    restored: str, truth: str | None, survey: Survey, shots: Sequence[Shot], progress: Progress | None = None
) -> Scorecard:
    """Score the film at `restored` against the truth, by the metrics that take part in a run, shot by shot.

    truth: path of a film or folder in true colour, frame for frame the same; "self": the source's own colour, which
    the run dropped; None: nothing is measured and the scorecard says so. The metrics that cost much are measured on
    some frames only, or left to `restore score`; the scorecard says which.

    Raises what `measure` raises.
    """
    shelf = tuple(metrics.find(name)() for name in metrics.names())
    parts = tuple(Measured(part, part.in_run) for part in shelf if part.in_run and not part.missing())
    if truth is None:
        nothing = tuple(named(part.metric, NONE, NO_TRUTH) for part in parts)
        return Scorecard(survey.reel.sha256, "none", survey.frames, nothing, note=NO_TRUTH)
    card = measure(probe(restored, digest=False), truth, survey, shots, Measuring(parts, progress))
    left = ", ".join(part.title for part in shelf if not part.in_run)
    return replace(card, note=f"{sampled(parts)}Left to restore score: {left}.")


def sampled(parts: Sequence[Measured]) -> str:
    """Says which metrics looked at some frames only; empty when none did."""
    said = ""
    for every in sorted({part.every for part in parts if part.every > 1}):
        few = ", ".join(part.metric.title for part in parts if part.every == every)
        said += f"Each {every}th frame of a shot: {few}. "
    return said


def measure(made: Reel, truth: str, survey: Survey, shots: Sequence[Shot], how: Measuring) -> Scorecard:
    """Score the film `made` against `truth` (see `judge`) as `how` says, in one pass through both.

    survey, shots: of the source of `made`, or of itself.

    Every score has the gray baseline's beside it: the restored film's own luma without any chroma; and the truth's own
    where that says something. A film's score is the mean of its shots' by frames, so that no metric looks across a cut.

    Raises UsageError for a truth without colour, BadInput for one of another size, rate or number of frames, and
    what `restore.media.probe` raises for a file that is no film.
    """
    right = true_reel(survey.reel, truth)
    with ExitStack() as open_films:
        readers = [open_films.enter_context(Reader(reel, chroma=True)) for reel in (made, right)]
        pairs = open_films.enter_context(closing(_side_by_side(*readers)))
        pads = tuple(_judged(pairs, survey, shots, how))
        if next(pairs, None) is not None:
            raise _another_length(right, f"more than {survey.frames}", survey.frames)
    by_shot = tuple((pad.shot, pad.scores()) for pad in pads)
    name = truth if truth == "self" else os.path.abspath(truth)  # noqa: PTH100 (Path.absolute keeps "..")
    return Scorecard(survey.reel.sha256, name, survey.frames, of_film(pads), by_shot)


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


def _seen(pair: _Pair, tags: ColourTags) -> Pictures:
    """One frame as a player would show it: restored, left gray, and true."""
    made, right = pair.reels
    light, depth = pair.restored.light, made.video.bit_depth
    if pair.restored.chroma is None or pair.truth.chroma is None:
        raise BadInput(f"{shown(made.path)}: frame {pair.restored.index} has no chroma; it cannot be scored")
    truth = colour.to_rgb(pair.truth.light, *pair.truth.chroma, right.video.colour, right.video.bit_depth)
    restored = colour.to_rgb(light, *pair.restored.chroma, tags, depth)
    return Pictures(restored, colour.gray_rgb(light, tags, depth), truth)


def _judged(pairs: Iterator[_Pair], survey: Survey, shots: Sequence[Shot], how: Measuring) -> Iterator[Notepad]:
    """A filled notepad for every shot, its parts taken together."""
    done = 0
    with ThreadPoolExecutor(THREADS, "judge") as beside:
        for number, pieces in groupby(shots, key=lambda shot: shot.number):
            pad = Notepad(number, how.parts, beside)
            for _ in range(sum(piece.frames for piece in pieces)):
                pair = next(pairs, None)
                if pair is None:
                    raise BadInput(f"{shown(survey.reel.path)}: the restored film ends at frame {done}")
                values = pad.add(_seen(pair, survey.reel.video.colour))
                if how.each is not None:
                    how.each(done, number, values)
                done += 1
                if how.progress is not None and (done % STEP == 0 or done == survey.frames):
                    how.progress(done, survey.frames)
            yield pad


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
