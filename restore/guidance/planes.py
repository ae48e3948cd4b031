"""Wanted colours at another size, laid over colours that a network made, and kept while filters work on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from restore.contracts import Colour, Frames, Remembers

NOTHING = np.float32(1e-4)
"""Confidence below which there is no colour to speak of."""


def sized(hints: Colour, shape: tuple[int, ...]) -> Colour:
    """Hints (T, 3, h, w) at `shape` (rows, columns): colours weighed by their confidence, so that what was not painted
    does not bleach what was. By area where they become smaller, linear where larger."""
    if hints.shape[2:] == tuple(shape):
        return hints
    smaller = shape[0] * shape[1] < hints.shape[2] * hints.shape[3]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    made = np.empty((len(hints), 3, *shape), np.float32)
    for out, (a, b, sure) in zip(made, hints, strict=True):
        for plane, values in zip(out, (a * sure, b * sure, sure), strict=True):
            plane[...] = cv2.resize(values, (shape[1], shape[0]), interpolation=how).reshape(shape)
        out[:2] /= np.maximum(out[2], NOTHING)
    return made


def laid_over(ab: Colour, hints: Colour) -> Colour:
    """A network's a*b* (T, 2, h, w) with the hints (T, 3, H, W) laid over them, as far as they are sure: (T, 2, H, W).

    c · wanted + (1 − c) · made, at the size of the hints.
    """
    rows, columns = hints.shape[2:]
    made = np.empty((len(ab), 2, rows, columns), np.float32)
    for out, frame, (*wanted, sure) in zip(made, ab, hints, strict=True):
        for plane, values, asked in zip(out, frame, wanted, strict=True):
            plane[...] = cv2.resize(values, (columns, rows), interpolation=cv2.INTER_CUBIC).reshape(rows, columns)
            plane += sure * (asked - plane)
    return made


def holding(session: Callable[[Frames], Frames]) -> Callable[[Frames], Frames]:
    """A filter's session that leaves colours alone as far as somebody asked for them."""
    return _RemembersAndHolds(session) if isinstance(session, Remembers) else _Holds(session)


class _Holds:
    def __init__(self, session: Callable[[Frames], Frames]) -> None:
        self._session = session

    def __call__(self, frames: Frames) -> Frames:
        done = self._session(frames)
        if frames.hints is None or frames.colour is None or done.colour is None or done.colour is frames.colour:
            return done
        return replace(done, colour=_kept(frames.colour, done.colour, frames.hints))


class _RemembersAndHolds(_Holds):
    def __init__(self, session: Remembers) -> None:
        super().__init__(session)
        self.show = session.show


def _kept(before: Colour, after: Colour, hints: Colour) -> Colour:
    """`after` (T, 2, h, w), drawn back to `before` by the confidence of the hints; of any sizes each."""
    rows, columns = after.shape[2:]
    made = after.copy()
    for out, own, hint in zip(made, before, hints, strict=True):
        sure = cv2.resize(hint[2], (columns, rows), interpolation=cv2.INTER_LINEAR).reshape(rows, columns)
        for plane, values in zip(out, own, strict=True):
            mine = values
            if mine.shape != (rows, columns):
                mine = cv2.resize(values, (columns, rows), interpolation=cv2.INTER_CUBIC).reshape(rows, columns)
            plane += sure * (mine - plane)
    return made
