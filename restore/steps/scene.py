"""A shot that somebody painted frames of, as the filter that carries them looks at it before the first window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from restore.contracts import Frames, Light, Scene
from restore.film import Hint, Shot, digest
from restore.guidance import shelf

Pictures = Callable[[int, int], Iterator[Frames]]
"""The film's frames [start, stop), in runs, read anew."""


def reaching(shot: Shot, hints: Sequence[Hint]) -> tuple[Hint, ...]:
    """The painted frames that the shot's colours hang on, by frame; none for a shot that keeps its own colours."""
    if shot.left:
        return ()
    return tuple(sorted((hint for hint in hints if hint.reaches(shot)), key=lambda hint: (hint.frame, hint.sha256)))


def named(hints: Sequence[Hint]) -> list[list[int | str]]:
    """What of painted frames decides a take's bytes."""
    return [[hint.frame, hint.sha256] for hint in hints]


def scene(shot: Shot, hints: Sequence[Hint], film: Sequence[object], scratch: Path, pictures: Pictures) -> Scene:
    """The whole scene of `shot` with the painted frames that reach it. `film`: all that says which film it is.

    Raises BadInput for painted frames that are no longer what was put away.
    """

    def frames() -> Iterator[Frames]:
        return pictures(shot.scene_start, shot.scene_stop)

    def lit(frame: int) -> Light:
        light: Light = next(pictures(frame, frame + 1)).light[0]
        return light

    key = digest([list(film), shot.scene_start, shot.scene_stop, named(hints)])
    painted = tuple(shelf.take(hint) for hint in hints)
    return Scene(shot.scene_start, shot.scene_stop, painted, frames, lit, str(scratch), key)
