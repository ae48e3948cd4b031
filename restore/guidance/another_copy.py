"""Another copy of the film, in colour: a faded print, a tinted one, a television master. It need not be in step, of one
size or of one crop; its colours are carried over where it shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from restore.colour import lightness, rgb_to_lab, to_rgb
from restore.contracts import Painted
from restore.film import Given, Hint, Reel, Shot, VideoStream
from restore.guidance import in_place, in_time
from restore.guidance.at_hand import Asked, AtHand
from restore.guidance.in_place import Warp
from restore.guidance.in_time import Copy, Step
from restore.guidance.proxies import Float, Proxies, load
from restore.media.index import Index, Indexer
from restore.media.read import Picture, Reader
from restore.progress import Progress
from restore.shots.table import Clock, scenes

EVERY_S = 0.5
"""Seconds between the frames of a shot that get the copy's colours; between these, colours are carried."""

SIZE = 480
"""Longer side of the colours that are taken over, px."""

SUREST = 0.9
"""Confidence of the best fit: paint on the film itself counts for more."""

TRIED, ROUNDS = 5, 2
"""Shots by which it is tried to lay the copy over the film, and how often: the second time they are in step."""

JUDGED = 24
"""Shots by which it is judged how well it lies: where the camera closes in, one shot fits at any scale."""

GRAY = 1.5
"""Mean chroma, in a*b*, below which a frame of the copy is not in colour."""

ENDS = 0.01
"""Share of a channel's values that lie beyond its black and white, where fading is taken out."""


ClockOf = Callable[[Index, VideoStream], Clock]
"""What gives a film's times from its index."""


@dataclass(frozen=True)
class Opened:
    """The other copy, read once: its index, and its frames in time. `ends`: black and white of R', G' and B', (3, 2),
    by which fading is taken out; None: colours are taken as they are."""

    reel: Reel
    index: Index
    frames: Copy
    ends: Float | None


def survey(reel: Reel, folder: Path, clock_of: ClockOf, fade: bool, tell: Progress) -> Opened:
    """Read the copy from first frame to last. Raises BadInput where it cannot be decoded."""
    indexer, expected = Indexer(), reel.video.frames_claimed or 0
    levels = np.zeros((3, 256), np.int64)
    path = folder / "copy.bin"
    with Reader(reel, chroma=True) as reader, Proxies(path, reel.video) as small:
        for picture in reader.pictures():
            indexer.add(picture)
            small.add(picture.light)
            if fade and picture.index % 12 == 0:
                levels += _levels(picture, reel)
            if picture.index % 24 == 0:
                tell(picture.index, max(expected, picture.index))
    index = indexer.index()
    ends = _ends(levels) if fade else None
    return Opened(reel, index, Copy(load(path), clock_of(index, reel.video)), ends)


def asked(copy: Opened, film: AtHand) -> Asked:
    """Frames of every shot that the copy has too, in its colours, and which spans found no partner."""
    shots = scenes(film.shots)
    made, alone = list[Hint](), list[Shot]()
    with Reader(copy.reel, chroma=True) as reader:
        steps, guesses = _in_step(copy, film, reader)
        for number, shot in enumerate(shots):
            film.tell(number, len(shots))
            if shot.left:
                continue
            before = len(made)
            if shot.number in steps:
                found = _of_shot(shot, steps[shot.number], copy, film, reader, guesses)
                made += [film.keep(painted) for painted in found]
            alone += [shot] if len(made) == before else []
    return Asked(tuple(made), tuple(_said(copy, shots, alone)), (_given(copy, steps, made),))


def _in_step(copy: Opened, film: AtHand, reader: Reader) -> tuple[dict[int, Step], list[Warp]]:
    """Where each shot is in the copy, and how the copy lies over the film: found roughly, and then again with the
    copy's small copies laid over the film's, so that the same frames look the same."""
    ours, theirs, shots = Copy(film.small, film.clock), copy.frames, scenes(film.shots)
    even = float(film.video.rate / copy.reel.video.rate)
    steps = in_time.in_step(ours, theirs, shots, even)
    guesses: list[Warp] = []
    for _ in range(ROUNDS):
        surest = sorted((shot for shot in shots if shot.number in steps), key=lambda shot: -steps[shot.number].likeness)
        found = [_lies(shot, steps[shot.number], copy, film, reader, guesses) for shot in surest[:TRIED]]
        laid = [
            (Copy(in_place.small_laid(theirs.small, warp), theirs.clock), warp) for warp in found if warp is not None
        ]
        if not laid:
            break
        best, warp = max(laid, key=lambda each: in_time.likeness(ours, each[0], surest[:JUDGED], steps))
        guesses, steps = [warp], in_time.in_step(ours, best, shots, even)
    return steps, guesses


def _lies(
    shot: Shot, step: Step, copy: Opened, film: AtHand, reader: Reader, guesses: list[Warp]
) -> Warp | None:  # fmt: skip
    """How the copy lies over the middle frame of a shot."""
    frame = (shot.start + shot.stop) // 2
    there = in_time.partner(step, film.clock(frame), copy.frames.times)
    if there is None:
        return None
    lab = _in_colour(next(reader.pictures(there, there + 1, copy.index)), copy)
    fits = in_place.laid(_light(film, frame), np.ascontiguousarray(lab[..., 0]), guesses)
    return None if fits is None else fits[0]


def _of_shot(
    shot: Shot, step: Step, copy: Opened, film: AtHand, reader: Reader, guesses: list[Warp]
) -> Iterator[Painted]:  # fmt: skip
    """Painted frames of one shot, in rising order. `guesses`: how the shot before lay; this one's is put there."""
    times = copy.frames.times
    lies: Warp | None = None
    for frame in _frames(shot, film.clock):
        there = in_time.partner(step, film.clock(frame), times)
        if there is None:
            continue
        lab = _in_colour(next(reader.pictures(there, there + 1, copy.index)), copy)
        light = _light(film, frame)
        fits = in_place.laid(light, np.ascontiguousarray(lab[..., 0]), [lies] if lies is not None else guesses)
        if fits is None or float(np.hypot(lab[..., 1], lab[..., 2]).mean()) < GRAY:
            continue
        lies = fits[0]
        over = in_place.warped(lab, lies, light.shape)
        sure = SUREST * in_place.agreement(light, over[..., 0])
        ab = np.ascontiguousarray(np.nan_to_num(over[..., 1:]).transpose(2, 0, 1))
        if (sure > 0.1).mean() > 0.05:
            yield Painted(frame, ab, sure, Path(copy.reel.path).name)
    guesses[:] = guesses if lies is None else [lies]


def _frames(shot: Shot, clock: Clock) -> list[int]:
    """First, last, and evenly between."""
    lasts = clock(shot.stop) - clock(shot.start)
    count = min(shot.frames, max(2, 1 + round(lasts / EVERY_S)))
    return sorted({shot.start + (shot.frames - 1) * n // max(count - 1, 1) for n in range(count)})


def _light(film: AtHand, frame: int) -> Float:
    """CIE L* (h, w) of a frame as it is stored, at the size of the colours that are taken over."""
    return _small(lightness(film.picture(frame).light, film.video.bit_depth, film.video.colour.full_range))


def _in_colour(picture: Picture, copy: Opened) -> Float:
    """(h, w, 3) CIE L*a*b* of a frame of the copy, fading taken out where that is wanted."""
    video = copy.reel.video
    assert picture.chroma is not None  # it was checked to have some
    rgb = _small(to_rgb(picture.light, *picture.chroma, video.colour, video.bit_depth))
    if copy.ends is not None:
        low, high = copy.ends[:, 0], copy.ends[:, 1]
        rgb = (rgb - low) / np.maximum(high - low, 0.05) * (high.max() - low.min()) + low.min()
    return rgb_to_lab(np.clip(rgb, 0, 1).astype(np.float32))


def _small(plane: Float) -> Float:
    scale = min(1.0, SIZE / max(plane.shape[:2]))
    size = (max(8, round(plane.shape[1] * scale)), max(8, round(plane.shape[0] * scale)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _levels(picture: Picture, reel: Reel) -> np.ndarray:
    """(3, 256) how often each value of R', G' and B' occurs."""
    if picture.chroma is None:
        return np.zeros((3, 256), np.int64)
    rgb = _small(to_rgb(picture.light, *picture.chroma, reel.video.colour, reel.video.bit_depth))
    codes = np.clip(np.round(rgb * 255), 0, 255).astype(np.int64)
    return np.stack([np.bincount(codes[..., n].ravel(), minlength=256) for n in range(3)])


def _ends(levels: np.ndarray) -> Float:
    """(3, 2): black and white of each channel, in [0, 1]. Dyes fade each by itself: what was black is no longer black
    in the layer that faded, and what was white has its cast; each channel's own ends undo both."""
    shares = levels.cumsum(axis=1) / np.maximum(levels.sum(axis=1, keepdims=True), 1)
    low, high = (np.array([np.searchsorted(row, end) for row in shares]) for end in (ENDS, 1 - ENDS))
    return np.stack([low, high], axis=1).astype(np.float32) / np.float32(255)


def _said(copy: Opened, shots: Sequence[Shot], alone: Sequence[Shot]) -> Iterator[str]:
    name = Path(copy.reel.path).name
    if alone:
        spans = ", ".join(f"{shot.start}-{shot.stop - 1}" for shot in alone[:8])
        more = f" and {len(alone) - 8} more" if len(alone) > 8 else ""
        asked_of = sum(not shot.left for shot in shots)
        yield f"{name}: {len(alone)} of {asked_of} shots have no partner in it (frames {spans}{more})"


def _given(copy: Opened, steps: dict[int, Step], made: Sequence[Hint]) -> Given:
    speed = f", its time runs {next(iter(steps.values())).speed:.4f} times as fast" if steps else ""
    name, detail = Path(copy.reel.path).name, f"{len(made)} frames taken over{speed}"
    return Given("colour copy", name, copy.reel.sha256, (), detail)
