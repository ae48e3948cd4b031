"""Which frames of a film get stills in the page, and how large, so that the page stays small however long the film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from restore.film import Shot, VideoStream
from restore.shots.sheet import DOUBTFUL, middle

BUDGET = 40_000_000
"""Pixels of all stills together: some 5 MB of smooth film, 15 of very grainy, and a third more as text."""
LEAST = 12_000
"""Pixels that even the smallest picture counts for: its JPEG's tables and its place in the page."""
SIZES = ((960, 9), (960, 5), (800, 5), (640, 5), (640, 3), (480, 3), (400, 3), (480, 1), (400, 1), (320, 1))
"""Width of a still in px and stills of a shot, best first."""
TILES = 1000
"""Shots with a tile in the contact sheet that has a picture."""


@dataclass(frozen=True)
class Choice:
    """Stills `width` px wide; `frames` of each shot by its number, rising, and the one that stands for the shot."""

    width: int
    frames: dict[int, tuple[int, ...]]
    main: dict[int, int]


def choose(shots: Sequence[Shot], marked: Sequence[int], looks: int, video: VideoStream) -> Choice:
    """Frames spread over every shot, and the `marked` ones (worst first).

    shots: whole ones. looks: pictures that each frame costs. Where not even one small still of each shot fits, the
    shots with marked frames come first, then the doubtful ones, then as many others as fit, evenly.
    """
    tall = video.height / (video.width * float(video.sample_aspect))

    def cost(width: int) -> float:
        shown = min(width, max(video.width, 64))
        return looks * max(shown**2 * min(tall, 3), LEAST)

    for width, each in SIZES:
        if cost(width) * (len(shots) * each + len(marked)) <= BUDGET:
            return _spread(shots, marked, width, each)
    width, each = SIZES[-1]
    room = max(1, int(BUDGET / cost(width)) - len(marked))
    return _spread(some(shots, marked, room), marked, width, each)


def some(shots: Sequence[Shot], marked: Sequence[int], most: int) -> tuple[Shot, ...]:
    """At most `most` of the shots, in order; see `choose`."""
    if len(shots) <= most:
        return tuple(shots)
    first = [shot for shot in shots if any(shot.start <= frame < shot.stop for frame in marked)]
    first += [shot for shot in shots if shot.confidence < DOUBTFUL and shot not in first]
    kept = {shot.number: shot for shot in first[:most]}
    left = [shot for shot in shots if shot.number not in kept]
    room = most - len(kept)
    evenly = [left[round(i * (len(left) - 1) / max(room - 1, 1))] for i in range(room)]
    kept.update((shot.number, shot) for shot in evenly)
    return tuple(sorted(kept.values(), key=lambda shot: shot.start))


def _spread(shots: Sequence[Shot], marked: Sequence[int], width: int, each: int) -> Choice:
    frames, main = dict[int, tuple[int, ...]](), dict[int, int]()
    for shot in shots:
        evenly = {shot.start + (2 * i + 1) * shot.frames // (2 * each) for i in range(each)}
        besides = {frame for frame in marked if shot.start <= frame < shot.stop}
        frames[shot.number] = tuple(sorted(evenly | besides | {middle(shot)}))
        main[shot.number] = middle(shot)
    return Choice(width, frames, main)
