"""The judge: how near the restored film is to the film in its true colour, beside what leaving it gray would score."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from pathlib import Path

from restore import colour, metrics, profile
from restore.colour.codes import Float
from restore.contracts import Metric
from restore.errors import BadInput, UsageError, shown
from restore.film import ColourTags, Reel, Score, Scorecard, Shot, Survey
from restore.media import guard
from restore.media.index import Index
from restore.media.probe import probe
from restore.media.read import Picture, Reader
from restore.overlap import overlapped
from restore.progress import Progress
from restore.steps.curves import Each, writing_curves
from restore.steps.leave import sentence
from restore.steps.split import clock
from restore.steps.tallies import NONE, Measured, Notepad, Page, Pictures, named, of_film

NO_TRUTH = "not measured, because no truth was given"
ALONE = 12
"""Without a truth, each so many frames of a shot are measured: two pairs a second of film show flicker, and cost
little."""
LEFT_OUT = "they have no part in the film's scores"
ALL_LEFT = "not measured, because every shot was left as it is"
SAME_RATE = 0.005
"""Share by which two rates may differ and be one: 24000/1001 and 24 are, 24 and 25 are not."""

STEP = 8
"""Frames between two signs of life."""

THREADS = 2
"""Metrics at work at a time, beside the two decoders."""


@dataclass(frozen=True)
class Judging:
    """What a run wants judged, and where every frame's own values go.

    truth   path of a film or folder in true colour, frame for frame the same; "self": the source's own colour, which
            the run dropped; None: only what the film says about itself is measured.
    curves  FILM.scores.csv, written as `restore.steps.curves` says; None: none.
    """

    truth: str | None = None
    curves: Path | None = None
    progress: Progress | None = None


@dataclass(frozen=True)
class Measuring:
    """What is measured, and who is told."""

    parts: tuple[Measured, ...]
    progress: Progress | None = None
    each: Each | None = None


def judge(
    restored: str, survey: Survey, shots: Sequence[Shot], wanted: Judging, given: Iterator[Picture] | None = None
) -> Scorecard:
    """Score the film at `restored` by the metrics that take part in a run, shot by shot and frame by frame.

    `given`: all its pictures, where somebody decodes them anyway; else the film is read here.

    The metrics that cost much are measured on some frames only, or left to `restore score`; the scorecard says which.
    Without a truth, those that need one stand in it with the reason why they were not measured.

    Raises what `measure` raises.
    """
    shelf = tuple(metrics.find(name)() for name in metrics.names())
    parts = _in_run(shelf, wanted.truth is not None)
    time = clock(Index.load(survey.index_path), survey.reel.video) if wanted.curves else None
    table = (
        writing_curves(wanted.curves, parts, time, truth=wanted.truth is not None)
        if wanted.curves is not None and time is not None
        else nullcontext()
    )
    with table as each:
        how = Measuring(parts, wanted.progress, each)
        card = measure(probe(restored, digest=False), wanted.truth, survey, shots, how, given)
    left_out = f"{left}; {LEFT_OUT}. " if (left := sentence(shots)) else ""
    if wanted.truth is None:
        rest = [part for part in shelf if part.in_run and not part.without_truth]
        missing = tuple(named(part, NONE, NO_TRUTH) for part in rest)
        return replace(
            card, scores=(*card.scores, *missing), note=f"No truth was given. {left_out}{sampled(parts)}".strip()
        )
    later = ", ".join(part.title for part in shelf if not part.in_run)
    return replace(card, note=f"{left_out}{sampled(parts)}Left to restore score: {later}.")


def _in_run(shelf: Sequence[Metric], truth: bool) -> tuple[Measured, ...]:
    """The metrics that a run measures, and how often."""
    here = [part for part in shelf if part.in_run and not part.missing()]
    if truth:
        return tuple(Measured(part, part.in_run) for part in here)
    return tuple(Measured(part, ALONE) for part in here if part.without_truth)


def sampled(parts: Sequence[Measured]) -> str:
    """Says which metrics looked at some frames only; empty when none did."""
    said = ""
    for every in sorted({part.every for part in parts if part.every > 1}):
        few = ", ".join(part.metric.title for part in parts if part.every == every)
        said += f"Each {every}th frame of a shot: {few}. "
    return said


def measure(
    made: Reel,
    truth: str | None,
    survey: Survey,
    shots: Sequence[Shot],
    how: Measuring,
    given: Iterator[Picture] | None = None,
) -> Scorecard:
    """Score the film `made` against `truth` (see `Judging`) as `how` says, in one pass through both.

    survey, shots: of the source of `made`, or of itself. given: see `judge`. Without a truth, the metrics in `how` must
    do without, too.

    Every score has the gray baseline's beside it: the restored film's own luma without any chroma; and the truth's own
    where that says something. A film's score is the mean of its shots' by frames, so that no metric looks across a cut.
    Shots that were left as they are have scores of their own and no part in the film's: nothing was coloured there.

    Raises UsageError for a truth without colour, BadInput for one of another size, rate or number of frames, and
    what `restore.media.probe` raises for a file that is no film.
    """
    right = None if truth is None else true_reel(survey.reel, truth)
    with ExitStack() as open_films:

        def read(reel: Reel) -> _Film:
            return _Film(reel, open_films.enter_context(Reader(reel, chroma=True)).pictures())

        ours = read(made) if given is None else _Film(made, given)
        pairs = open_films.enter_context(closing(_side_by_side(ours, read(right) if right else None)))
        with profile.working("judge", survey.frames):
            pages = tuple(_judged(pairs, survey, shots, how))
        if next(pairs, None) is not None:
            raise _another_length(right or made, f"more than {survey.frames}", survey.frames)
    left = {shot.number for shot in shots if shot.left}
    by_shot = tuple((page.shot, _noted(page.scores) if page.shot in left else page.scores) for page in pages)
    coloured = [page for page in pages if page.shot not in left]
    film = of_film(coloured) if coloured else tuple(named(part.metric, NONE, ALL_LEFT) for part in how.parts)
    name = {None: "none", "self": "self"}.get(truth) or os.path.abspath(str(truth))  # noqa: PTH100 (Path.absolute keeps "..")
    return Scorecard(survey.reel.sha256, name, survey.frames, film, by_shot)


def _noted(scores: Sequence[Score]) -> tuple[Score, ...]:
    """The scores of a shot that was left."""
    return tuple(replace(score, note=score.note or "left as it is: no part of the film's score") for score in scores)


def true_reel(reel: Reel, truth: str) -> Reel:
    """The truth for `reel`, opened and found to fit; see `judge`. Its frames are not counted yet."""
    if truth == "self":
        if reel.video.chroma == "gray":
            raise UsageError(f"{shown(reel.path)}: has no colour to score against; --truth self wants a colour film")
        return reel
    right = guard.probe(truth, rate=reel.sequence_rate, deinterlace=reel.deinterlace, digest=False)
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
class _Film:
    """A film and all its pictures, to be read once."""

    reel: Reel
    pictures: Iterator[Picture]


@dataclass(frozen=True)
class _Pair:
    """One frame, restored and, where there is a truth, true, with what their code values mean."""

    restored: Picture
    reel: Reel
    truth: Picture | None = None
    right: Reel | None = None


def _seen(pair: _Pair, tags: ColourTags) -> Pictures:
    """One frame as a player would show it: restored, left gray, and true. Without a truth: restored."""
    light, depth = pair.restored.light, pair.reel.video.bit_depth
    restored = _shown(pair.restored, pair.reel, tags)
    if pair.truth is None or pair.right is None:
        return Pictures(restored)
    truth = _shown(pair.truth, pair.right, pair.right.video.colour)
    return Pictures(restored, colour.gray_rgb(light, tags, depth), truth)


def _shown(picture: Picture, reel: Reel, tags: ColourTags) -> Float:
    """R'G'B' (H, W, 3) of a decoded picture."""
    if picture.chroma is None:
        raise BadInput(f"{shown(reel.path)}: frame {picture.index} has no chroma; it cannot be scored")
    return colour.to_rgb(picture.light, *picture.chroma, tags, reel.video.bit_depth)


def _judged(pairs: Iterator[_Pair], survey: Survey, shots: Sequence[Shot], how: Measuring) -> Iterator[Page]:
    """What was measured of every shot, its parts taken together."""
    done = 0
    with ThreadPoolExecutor(THREADS, "judge") as beside:
        for number, pieces in groupby(shots, key=lambda shot: shot.number):
            pad: Notepad | None = None
            for _ in range(sum(piece.frames for piece in pieces)):
                pair = next(pairs, None)
                if pair is None:
                    raise BadInput(f"{shown(survey.reel.path)}: the restored film ends at frame {done}")
                pad = pad or Notepad(number, how.parts, beside, truth=pair.truth is not None)
                values = pad.add(_seen(pair, survey.reel.video.colour) if pad.wanted() else None)
                if how.each is not None:
                    how.each(done, number, values)
                done += 1
                if how.progress is not None and (done % STEP == 0 or done == survey.frames):
                    how.progress(done, survey.frames)
            if pad is not None:
                yield pad.page()


def _side_by_side(made: _Film, right: _Film | None) -> Generator[_Pair]:
    """Frames of both films, each decoded in a thread of its own. Raises BadInput when one ends before the other."""
    with closing(overlapped(made.pictures, stage="check")) as ours, ExitStack() as stack:
        if right is None:
            yield from (_Pair(restored, made.reel) for restored in ours)
            return
        theirs = stack.enter_context(closing(overlapped(right.pictures, stage="read truth")))
        for number, (restored, truth) in enumerate(zip_longest(ours, theirs)):
            if restored is None or truth is None:
                short, long = number, f"more than {number}"
                raise _another_length(right.reel, short if truth is None else long, long if truth is None else short)
            yield _Pair(restored, made.reel, truth, right.reel)


def _another_length(truth: Reel, has: int | str, film: int | str) -> BadInput:
    return BadInput(
        f"{shown(truth.path)}: {has} frames, but the film has {film}; both must be the same film, frame for frame"
    )
