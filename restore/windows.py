"""Cuts a shot into windows and passes them through filters, so that memory stays flat however long the shot is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from restore.contracts import Colour, Frames

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
        light=np.concatenate([p.light for p in parts]),
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


def windowed(stream: Iterable[Frames], context: int, size: int = WINDOW) -> Iterator[tuple[Frames, Frames]]:
    """Regroup a stream into windows of `size` frames with up to `context` more on each side.

    Yields (frames, inner): `inner` are the frames to return, as they came; `frames` has them with their context, which
    is less at the ends of the stream. Holds at most size + 2·context frames and one incoming run.
    """
    held = list[Frames]()  # joined when a window is full, so that a frame is copied once for each window it is in
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
            yield _cut(held, max(held[0].start, start - context), stop + context), _cut(held, start, stop)
            start = stop
            held = [run for run in held if run.stop > start - context]
    if start is not None and end is not None and start < end:
        yield _cut(held, max(held[0].start, start - context), end), _cut(held, start, end)


def _cut(runs: list[Frames], start: int, stop: int) -> Frames:
    """The frames `[start, stop)` of consecutive runs; views where one run has them all."""
    inside = [run for run in runs if run.stop > start and run.start < stop]
    return joined([run.part(max(run.start, start), min(run.stop, stop)) for run in inside])


def filtered(stream: Iterable[Frames], part: Needs, session: Session, size: int = WINDOW) -> Iterator[Frames]:
    """Pass a stream through one filter's session; the context is dropped again from what comes back.

    Raises ValueError when the filter returns another span than it was given.
    """
    for window in windowed(stream, part.context, size):
        kept = _passed(session, *window)
        del window  # its memory is free while others work
        yield kept


def _passed(session: Session, frames: Frames, inner: Frames) -> Frames:
    done = session(frames)
    if (done.start, done.stop) != (frames.start, frames.stop):
        raise ValueError(
            f"the filter was given [{frames.start}, {frames.stop}) and returned [{done.start}, {done.stop})"
        )
    kept = done.part(inner.start, inner.stop)
    # Light that nobody changed goes on in the memory in which it came: the window's copy of it need not stay.
    return replace(kept, light=inner.light) if done.light is frames.light else kept
