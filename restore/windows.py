"""Cuts a shot into windows and passes them through filters, so that memory stays flat however long the shot is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from restore.contracts import Colour, Frames, Remembers

WINDOW = 8
"""Frames that a filter gets to return at a time, beside the context it asked for."""

Session = Callable[[Frames], Frames]


class Needs(Protocol):
    """What a window must know of a filter."""

    context: int


def joined(parts: list[Frames]) -> Frames:
    """One run of frames from consecutive ones. Raises ValueError when they do not follow on each other."""
    if len(parts) == 1:
        return parts[0]
    if any(a.stop != b.start for a, b in itertools.pairwise(parts)):
        raise ValueError(f"frames do not follow on each other: {[(p.start, p.stop) for p in parts]}")
    return Frames(
        light=tuple(itertools.chain.from_iterable(p.light for p in parts)),
        colour=_all_or_none([p.colour for p in parts], "colour"),
        start=parts[0].start,
        depth=parts[0].depth,
        tags=parts[0].tags,
        turns=parts[0].turns,
        hints=_all_or_none([p.hints for p in parts], "hints"),
    )


def _all_or_none(parts: list[Colour | None], what: str) -> Colour | None:
    there = [part for part in parts if part is not None]
    if there and len(there) != len(parts):
        raise ValueError(f"some frames have {what} and some have none")
    return np.concatenate(there) if there else None


def windowed(
    stream: Iterable[Frames], context: int, size: int = WINDOW, alone: bool = False
) -> Iterator[tuple[Frames, int, int]]:
    """Regroup a stream into windows of `size` frames with up to `context` more on each side.

    Yields (frames, start, stop): the frames with their context, which is less at the ends of the stream, and the span
    to return. `alone`: without the context; each window still waits until the frames after it have come. Holds at most
    size + 2·context frames and one incoming run.
    """
    beside = 0 if alone else context
    held = list[Frames]()  # joined when a window is full, so that colour is copied once for each window it is in
    start = end = None
    for run in stream:
        start = run.start if start is None else start
        if end not in (None, run.start):
            raise ValueError(f"frames do not follow on each other: one run ends at {end}, the next is at {run.start}")
        held.append(run)
        end = run.stop
        del run  # what is in no window any more must not stay in memory while others work
        while end >= start + size + context:
            stop = start + size
            yield _cut(held, max(held[0].start, start - beside), stop + beside), start, stop
            start = stop
            held = [run for run in held if run.stop > start - beside]
    while start is not None and end is not None and start < end:
        stop = min(start + size, end) if alone else end
        yield _cut(held, max(held[0].start, start - beside), stop), start, stop
        start = stop


def _cut(runs: list[Frames], start: int, stop: int) -> Frames:
    """The frames `[start, stop)` of consecutive runs; views where one run has them all."""
    inside = [run for run in runs if run.stop > start and run.start < stop]
    return joined([run.part(max(run.start, start), min(run.stop, stop)) for run in inside])


def filtered(stream: Iterable[Frames], part: Needs, session: Session, size: int = WINDOW) -> Iterator[Frames]:
    """Pass a stream through one filter's session; the context is dropped again from what comes back.

    Raises ValueError when the filter returns another span than it was given.
    """
    alone = isinstance(session, Remembers)
    for window in windowed(_shown(stream, session), part.context, size, alone):
        kept = _passed(session, *window)
        del window  # its memory is free while others work
        yield kept


def _shown(stream: Iterable[Frames], session: Session) -> Iterable[Frames]:
    """The stream, each run of which is shown to a session that wants to see it as it comes."""
    for run in stream:
        if isinstance(session, Remembers):
            session.show(run)
        yield run


def _passed(session: Session, frames: Frames, start: int, stop: int) -> Frames:
    done = session(frames)
    if (done.start, done.stop) != (frames.start, frames.stop):
        raise ValueError(
            f"the filter was given [{frames.start}, {frames.stop}) and returned [{done.start}, {done.stop})"
        )
    kept = done.part(start, stop)
    if kept.colour is None or len(kept) == len(done):
        return kept
    return replace(kept, colour=kept.colour.copy())  # a view would keep all of the window in memory
