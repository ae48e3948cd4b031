"""How well it is told what a shot is: gray, tinted or coloured pictures, title cards, leader; clean and worn.

    python benchmarks/kinds.py FOLDER [--side test] [--deep]

FOLDER holds the clips that `shots_clips.csv` names. Of every clip five shots are made: in gray as a codec leaves it
(chroma of a code or two of noise), in gray by night or against snow, tinted in two ways at a strength drawn by lot, and
in its own colour. Title cards, leader and countdowns are drawn. `--deep` has everything in 10 bits. Every shot is 30
frames long, of 320×240. Prints tables in Markdown: how often a kind that is found is right (precision), how often a
kind is found (recall), and what was taken for what. A countdown counts as card and as leader.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.kinds import KindFinder
from restore.shots.table import KINDS
from restore.wear import evenly, wear_out

Plane = npt.NDArray[np.float32]
SIZE, SMALL = (320, 240), (160, 120)
FRAMES = 30
STRENGTHS = {"clean": 0.0, "worn": 1.0, "badly worn": 2.0}
CLIPS = Path(__file__).with_name("shots_clips.csv")
DYES = {  # R, G, B of clear film, 0 to 1
    "sepia": (1.0, 0.85, 0.62), "amber": (1.0, 0.78, 0.35), "blue night": (0.45, 0.6, 1.0),
    "green": (0.6, 1.0, 0.62), "rose": (1.0, 0.68, 0.74), "red": (1.0, 0.4, 0.3),
}  # fmt: skip
WORDS = (
    "THE END", "Part Two", "A few days later", "In the big city there lived a poor man|who had but one good coat",
    '"Where were you last night?"', "The police arrive.",
    "That evening, at the house|of the mayor, the guests|are waiting",
    "EPISODE FOUR|The Stolen Letter", "1914", "Directed by|J. SMITH|Photographed by|A. BROWN", "Morning", "Fin",
)  # fmt: skip
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_COMPLEX | cv2.FONT_ITALIC,
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A shot that is known. `light` (240, 320) 0 to 1 of every frame; `colour` gives Cb, Cr (120, 160), −0.5 to 0.5,
    of a frame from its number in the unworn shot and its light."""

    what: str
    right: tuple[str, ...]
    light: Sequence[Plane]
    colour: Callable[[int, Plane], tuple[Plane, Plane]]


def clips(folder: Path, side: str, rng: random.Random) -> Iterator[tuple[str, list[Plane], list[Plane], list[Plane]]]:
    """Name, luma, Cb and Cr of a span of every moving clip."""
    with CLIPS.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["side"] == side and row["stop"]]
    for row in rows:
        first, stop = int(row["start"]), int(row["stop"])
        first = rng.randint(first, max(first, stop - FRAMES))
        planes: tuple[list[Plane], ...] = ([], [], [])
        with Reader(probe(str(folder / row["file"]), digest=False), chroma=True) as reader:
            for picture in reader.pictures(0, stop):
                if first <= picture.index < first + FRAMES and picture.chroma is not None:
                    parts = (picture.light, *picture.chroma)
                    for kept, part, size in zip(planes, parts, (SIZE, SMALL, SMALL), strict=True):
                        kept.append(cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.float32))
        light = [np.asarray((y - 16) / 219, np.float32) for y in planes[0]]
        cb, cr = ([np.asarray((c - 128) / 224, np.float32) for c in part] for part in planes[1:])
        yield Path(row["file"]).stem, light, cb, cr


def none(_: int, __: Plane) -> tuple[Plane, Plane]:
    zero = np.zeros(SMALL[::-1], np.float32)
    return zero, zero


def dyed(names: Sequence[str], strength: float, toned: bool) -> Callable[[int, Plane], tuple[Plane, Plane]]:
    """Chroma of tinted (colour strongest in the lights) or toned film (in the shadows; with two dyes, both)."""
    dyes = [1 + strength * (np.array(DYES[name], np.float32) - 1) for name in names]

    def colour(_: int, light: Plane) -> tuple[Plane, Plane]:
        y = cv2.resize(light, SMALL, interpolation=cv2.INTER_AREA)[..., None].clip(0, 1)
        rgb = y * dyes[0] if not toned else y + (1 - y) * (dyes[0] - dyes[0].min()) * 0.6
        if len(dyes) > 1:
            rgb = rgb * dyes[1]
        luma = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
        return (rgb[..., 2] - luma) / np.float32(1.772), (rgb[..., 0] - luma) / np.float32(1.402)

    return colour


def pictures(folder: Path, side: str, rng: random.Random) -> Iterator[Sample]:
    for name, light, cb, cr in clips(folder, side, rng):
        yield Sample(f"gray {name}", ("picture",), light, none)
        if rng.random() < 0.5:
            dark = rng.uniform(0.1, 0.25)
            yield Sample(f"night {name}", ("picture",), [y * np.float32(dark) for y in light], none)
        else:
            share = rng.uniform(0.15, 0.35)
            yield Sample(f"snow {name}", ("picture",), [1 - (1 - y) * np.float32(share) for y in light], none)
        dye, strength = rng.choice(list(DYES)), rng.choice((0.3, 0.5, 0.75, 1.0))
        yield Sample(f"tint {dye} {strength} {name}", ("tinted",), light, dyed([dye], strength, False))
        two = rng.sample(list(DYES), 2) if rng.random() < 0.5 else [rng.choice(list(DYES))]
        strength = rng.choice((0.5, 0.75, 1.0))
        yield Sample(f"tone {'+'.join(two)} {strength} {name}", ("tinted",), light, dyed(two, strength, True))
        yield Sample(f"colour {name}", ("coloured",), light, lambda i, _, b=cb, r=cr: (b[i], r[i]))  # type: ignore[misc]


def card(words: str, font: int, rng: random.Random) -> Plane:
    """A title card: lettering in a random size, light on dark or dark on light, with or without a frame."""
    width, height = 2 * SIZE[0], 2 * SIZE[1]
    ground, ink = (rng.uniform(0.02, 0.12), rng.uniform(0.7, 0.95)) if rng.random() < 0.8 else (0.85, 0.08)
    picture = np.full((height, width), round(255 * ground), np.uint8)
    lines = words.split("|")
    thick, scale = rng.choice((1, 2, 3)), rng.uniform(1.0, 2.4)
    widest = max(cv2.getTextSize(line, font, 1.0, thick)[0][0] for line in lines)
    scale = min(scale, 0.82 * width / widest)
    step = 52 * scale
    top = height / 2 - step * (len(lines) - 1) / 2 + 10 * scale
    for number, line in enumerate(lines):
        across = cv2.getTextSize(line, font, scale, thick)[0][0]
        place = (round((width - across) / 2), round(top + number * step))
        cv2.putText(picture, line, place, font, scale, round(255 * ink), thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        ornament(picture, round(255 * ink), rng)
    return as_light(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA))


def ornament(picture: npt.NDArray[np.uint8], ink: int, rng: random.Random) -> None:
    """A double frame with curls in its corners."""
    height, width = picture.shape
    for inset in (24, 34):
        cv2.rectangle(picture, (inset, inset), (width - inset, height - inset), ink, rng.choice((1, 2, 4)))
    for x in (50, width - 50):
        for y in (50, height - 50):
            for radius in (8, 14, 22):
                cv2.ellipse(picture, (x, y), (radius, radius // 2), rng.uniform(0, 180), 0, 300, ink, 2, cv2.LINE_AA)


def as_light(picture: npt.NDArray[np.uint8]) -> Plane:
    return np.asarray(picture / np.float32(255), np.float32)


def countdown(number: int, sweep: bool) -> list[Plane]:
    """A second of leader that counts: cross, circles, a digit, and a hand that sweeps."""
    film = []
    for frame in range(FRAMES):
        picture = np.full(SIZE[::-1], 115, np.uint8)
        if sweep:
            cv2.ellipse(picture, (160, 120), (220, 220), -90, 0, 360 * frame / FRAMES, 76, -1)
        cv2.line(picture, (0, 120), (319, 120), 26, 1)
        cv2.line(picture, (160, 0), (160, 239), 26, 1)
        for radius in (80, 92):
            cv2.circle(picture, (160, 120), radius, 230, 2, cv2.LINE_AA)
        cv2.putText(picture, str(number), (118, 160), cv2.FONT_HERSHEY_DUPLEX, 4.0, 13, 8, cv2.LINE_AA)
        film.append(as_light(picture))
    return film


def drawn(rng: random.Random) -> Iterator[Sample]:
    for words in WORDS:
        for font in FONTS:
            still = card(words, font, rng)
            colour, name = none, "card"
            if rng.random() < 0.4:
                dye = rng.choice(list(DYES))
                colour, name = dyed([dye], rng.uniform(0.4, 1.0), False), f"{dye} card"
            yield Sample(f"{name} {words[:12]} {font}", ("card",), [still] * FRAMES, colour)
    for level in (0.0, 0.0, 0.02, 0.05, 0.08, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0, 1.0):
        blank = np.full(SIZE[::-1], level, np.float32)
        yield Sample(f"leader {level}", ("leader",), [blank] * FRAMES, none)
    for number in (8, 5, 3):
        yield Sample(f"countdown {number}", ("leader", "card"), countdown(number, False), none)
        yield Sample(f"sweeping countdown {number}", ("leader", "card"), countdown(number, True), none)


def found(sample: Sample, strength: float, depth: int, seed: int) -> str:
    """What the program takes the sample for, once it is worn and coded."""
    finder, noise = KindFinder(), np.random.default_rng(seed)
    scale = 1 << (depth - 8)
    kind = np.uint8 if depth == 8 else np.uint16
    codes = [np.round((16 + 219 * y) * scale).clip(0, 256 * scale - 1).astype(kind) for y in sample.light]
    number = 0
    for number, worn in enumerate(wear_out(codes, depth, evenly(strength), seed)):
        light = (worn.light.astype(np.float32) / scale - 16) / 219
        chroma = [_coded(c, noise, depth) for c in sample.colour(worn.source, np.asarray(light, np.float32))]
        finder.add(number, worn.light, (chroma[0], chroma[1]), depth)
    return finder.of(0, number + 1).name


def _coded(chroma: Plane, noise: np.random.Generator, depth: int) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Code values with the noise of a lossy codec: blocks of 8×8 that are a code or two off, and a code of grain."""
    blocks = cv2.resize(noise.normal(0, 1.2, (15, 20)), SMALL, interpolation=cv2.INTER_NEAREST)
    codes = 128 + 224 * chroma + blocks + noise.normal(0.5, 1.0, chroma.shape)
    scale = 1 << (depth - 8)
    whole = np.round(codes * scale).clip(scale, 255 * scale)
    return whole.astype(np.uint8) if depth == 8 else whole.astype(np.uint16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", choices=("tune", "test"), default="test")
    parser.add_argument("--deep", action="store_true", help="10 bits")
    parser.add_argument("--misses", action="store_true", help="name every shot that is not told right")
    given = parser.parse_args()
    rng = random.Random(7 if given.side == "test" else 8)
    samples = [*pictures(given.folder, given.side, rng), *drawn(rng)]
    print(f"{len(samples)} shots of {FRAMES} frames, {given.side}\n")
    print("| film | kind | precision | recall | of | taken for |\n|---|---|---|---|---|---|")
    for name, strength in STRENGTHS.items():
        results = [(s, found(s, strength, 10 if given.deep else 8, i)) for i, s in enumerate(samples)]
        for kind in KINDS:
            mine = [got for s, got in results if kind == s.right[0]]
            right = sum(got in s.right for s, got in results if kind == s.right[0])
            named = [kind in s.right for s, got in results if got == kind]
            others = Counter(got for s, got in results if kind == s.right[0] and got not in s.right)
            said = ", ".join(f"{other} {count}" for other, count in others.most_common()) or "–"
            precision = 100 * sum(named) / max(1, len(named))
            print(f"| {name} | {kind} | {precision:.1f} | {100 * right / len(mine):.1f} | {len(mine)} | {said} |")
        if given.misses:
            print(*(f"    {s.what}: {got}" for s, got in results if got not in s.right), sep="\n")


if __name__ == "__main__":
    main()
