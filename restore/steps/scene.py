"""A shot that somebody painted frames of, as the filter that carries them looks at it before the first window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from restore.contracts import Frames, Light, Scene
from restore.film import Hint, Shot, digest
from restore.guidance import shelf
from restore.progress import Progress

Pictures = Callable[[int, int], Iterator[Frames]]
"""The film's frames [start, stop), in runs, read anew."""


def reaching(shot: Shot, hints: Sequence[Hint]) -> tuple[Hint, ...]:
    """The painted frames that the shot's colours hang on, by frame; none for a shot that keeps its own colours."""
    if shot.left:
        return ()
    return tuple(sorted((hint for hint in hints if hint.reaches(shot)), key=lambda hint: (hint.frame, hint.sha256)))


def named(hints: Sequence[Hint]) -> list[list[int | str]]:
    """What of painted frames decides a take's bytes."""
    return [[hint.frame, hint.sha256, *hint.across] for hint in hints]


def scratch(takes: str, shot: Shot) -> Path:
    """The folder, beside the takes, for what all parts of a shot need while they are made."""
    return Path(takes).with_name("scratch") / str(shot.number)


def scene(shot: Shot, hints: Sequence[Hint], film: Sequence[object], folder: Path, pictures: Pictures) -> Scene:
    """The whole scene of `shot` with the painted frames that reach it. `film`: all that says which film it is.

    Raises BadInput for painted frames that are no longer what was put away.
    """

    def frames() -> Iterator[Frames]:
        return pictures(shot.scene_start, shot.scene_stop)

    def lit(frame: int) -> Light:
        light: Light = next(pictures(frame, frame + 1)).light[0]
        return light

    key = digest([list(film), shot.scene_start, shot.scene_stop, named(hints)])
    painted = tuple(shelf.take(hint) for hint in hints if hint.inside(shot) or shot.number in hint.beyond)
    beside = tuple((border, shelf.take(hint)) for hint in hints for border in hint.dissolves(shot))
    return Scene(shot.scene_start, shot.scene_stop, painted, frames, lit, str(folder), key, pictures, beside)


def halves(progress: Progress | None, shot: Shot, hints: Sequence[Hint]) -> tuple[Progress, Progress]:
    """One shot's progress, in frames, for what carries its colours and for what renders it then. Of a shot that
    somebody painted each is about half of the work; of any other all of it is the second."""
    guided = bool(reaching(shot, hints))

    def carrying(done: int, total: int) -> None:
        if progress is not None:
            progress(shot.frames * done // (2 * total), shot.frames)

    def rendering(done: int, total: int) -> None:
        if progress is not None:
            progress((total + done) // 2 if guided else done, total)

    return carrying, rendering
