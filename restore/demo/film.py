"""Puts the demo film together: five scenes, cuts, a dissolve and a fade, in gray and in its true colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from restore.colour import chroma_planes, from_rgb
from restore.demo.cartoon import harbour, meadow
from restore.demo.ink import Image
from restore.demo.photos import View, look, photograph
from restore.demo.sound import RATE, music
from restore.errors import UsageError
from restore.film import Chapter, ColourTags
from restore.media.make import Cue, FilmPlan, Planes, make_film
from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.detector import Transition
from restore.store import writing

WIDTH, HEIGHT = 640, 480
FPS = 24
DISSOLVE, FADE, BLACK = 12, 10, 4  # frames: of the dissolve, of each half of the fade, of black between
TAGS = ColourTags("bt601", False, "left", 6, 6, 6, 1)


@dataclass(frozen=True)
class DemoFilm:
    """Where the film lies. `shots` are its true transitions, as a perfect detector would find them."""

    gray: Path  # as an archive holds it: H.264, 4:2:0, no colour
    truth: Path  # the same luma bit for bit, with the colours
    frames: int
    shots: tuple[Transition, ...]


@dataclass(frozen=True)
class Scene:
    title: str
    words: str
    share: float  # of the film's length
    begins: str  # "start" | "cut" | "dissolve" | "fade"
    draw: Callable[[float, float], Image]  # seconds into the scene, share of the scene → picture


def _photo(name: str, begin: View, end: View) -> Callable[[float, float], Image]:
    return lambda _, at: look(photograph(name), begin, end, at, (HEIGHT, WIDTH))


_COFFEE = _photo("coffee.png", View(0.40, 0.48, 0.72), View(0.58, 0.52, 0.84))
_CAT = _photo("chelsea.png", View(0.56, 0.50, 0.86), View(0.52, 0.42, 0.60))
_ASTRONAUT = _photo("astronaut.png", View(0.50, 0.42, 0.98), View(0.43, 0.28, 0.62))

SCENES = (
    Scene("Meadow", "A fox goes for a walk.", 0.25, "start", lambda t, _: meadow(t)),
    Scene("Coffee", "Coffee is ready.", 0.17, "cut", _COFFEE),
    Scene("Cat", "Somebody has noticed.", 0.16, "cut", _CAT),
    Scene("Astronaut", "Eileen Collins goes further.", 0.19, "dissolve", _ASTRONAUT),
    Scene("Harbour", "Home again.", 0.23, "fade", lambda t, _: harbour(t)),
)


def make_demo(folder: Path, seconds: float = 10) -> DemoFilm:
    """Make the demo film in `folder`: `demo.mkv` in gray and `demo.truth.mkv` in colour. Same seconds, same bytes.

    640×480, 24 frames a second, BT.601, AAC sound, SubRip subtitles, chapters. The gray film is encoded as films are,
    with loss; the truth is that film's own decoded luma under the true chroma, without loss. Raises UsageError for a
    length outside 4 to 60 seconds.
    """
    if not 4 <= seconds <= 60:
        raise UsageError(f"a demo film of {seconds} s; ask for 4 to 60")
    starts = scene_starts(seconds)
    gray, truth = folder / "demo.mkv", folder / "demo.truth.mkv"
    plan = _plan(starts)
    colour: list[Planes] = []

    def in_gray() -> Iterator[Planes]:
        none = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
        for picture in pictures(starts):
            planes = _planes(picture)
            colour.append(planes)
            yield planes[0], none, none

    folder.mkdir(parents=True, exist_ok=True)
    with writing(gray) as part:
        make_film(part, plan, in_gray())
    with writing(truth) as part, Reader(probe(gray)) as reader:
        decoded = (picture.light for picture in reader.pictures())
        both = ((light, cb, cr) for light, (_, cb, cr) in zip(decoded, colour, strict=True))
        make_film(part, replace(plan, lossless=True), both)
    return DemoFilm(gray, truth, starts[-1], transitions(starts))


def scene_starts(seconds: float) -> tuple[int, ...]:
    """First frame of every scene, and the number of frames."""
    total = round(seconds * FPS)
    edges = np.cumsum([0.0] + [scene.share for scene in SCENES])
    return tuple(round(total * float(edge)) for edge in edges)


def transitions(starts: tuple[int, ...]) -> tuple[Transition, ...]:
    """Where the new scenes begin; a dissolve in its middle, a fade in the middle of its black."""
    return tuple(
        Transition(starts[i] + (BLACK // 2 if scene.begins == "fade" else 0), scene.begins)
        for i, scene in enumerate(SCENES)
        if scene.begins != "start"
    )


def pictures(starts: tuple[int, ...]) -> Iterator[Image]:
    """All pictures of the film, (480, 640, 3) uint8 RGB."""
    for frame in range(starts[-1]):
        now = max(i for i in range(len(SCENES)) if starts[i] <= frame)
        picture = _draw(now, frame, starts)
        for other, share in _mixed_with(now, frame, starts):
            under = np.zeros_like(picture) if other is None else _draw(other, frame, starts)
            picture = np.asarray(np.round(picture * (1 - share) + under * share), np.uint8)
        yield picture


def _draw(scene: int, frame: int, starts: tuple[int, ...]) -> Image:
    """Also a little before the scene begins and after it ends: a dissolve shows it there."""
    begin, end = starts[scene] - DISSOLVE, starts[scene + 1] + DISSOLVE
    return SCENES[scene].draw((frame - starts[scene]) / FPS, min(max((frame - begin) / (end - begin), 0.0), 1.0))


def _mixed_with(scene: int, frame: int, starts: tuple[int, ...]) -> Iterator[tuple[int | None, float]]:
    """What lies over the scene at this frame, and its share: another scene, or black (None)."""
    after, before = frame - starts[scene], starts[scene + 1] - 1 - frame
    half = DISSOLVE // 2
    if SCENES[scene].begins == "dissolve" and after < half:
        yield scene - 1, (half - after - 0.5) / DISSOLVE
    if SCENES[scene].begins == "fade" and after < BLACK + FADE:
        yield None, min(1.0, 1 - (after - BLACK + 1) / (FADE + 1))
    if scene + 1 < len(SCENES) and SCENES[scene + 1].begins == "dissolve" and before < half:
        yield scene + 1, (half - before - 0.5) / DISSOLVE
    if scene + 1 < len(SCENES) and SCENES[scene + 1].begins == "fade" and before < FADE:
        yield None, 1 - (before + 1) / (FADE + 1)


def _planes(picture: Image) -> Planes:
    luma, cb, cr = from_rgb(picture.astype(np.float32) / np.float32(255), TAGS.matrix)
    light = np.round(luma * 219 + 16).astype(np.uint8)
    return light, *chroma_planes(np.stack([cb, cr]), light, TAGS, 8, (HEIGHT // 2, WIDTH // 2))


def _plan(starts: tuple[int, ...]) -> FilmPlan:
    times = [start / FPS for start in starts]
    spans = list(zip(SCENES, times, times[1:], strict=False))
    return FilmPlan(
        title="A walk and a voyage", width=WIDTH, height=HEIGHT, rate=Fraction(FPS), lossless=False,
        sound=music(times[:-1], times[-1]), sound_rate=RATE,
        cues=tuple(Cue(start + 0.2, end - 0.2, scene.words) for scene, start, end in spans),
        chapters=tuple(
            Chapter(round(start * 1000), round(end * 1000), Fraction(1, 1000), scene.title)
            for scene, start, end in spans
        ),
    )  # fmt: skip
