"""How well shots are found: real clips spliced by cuts, fades and dissolves, clean and worn at two strengths.

    python benchmarks/shots.py FOLDER [--side test] [--orders 4] [--others]

FOLDER holds the clips that `shots_clips.csv` names: spans of one shot each, by eye, and still pictures that are moved
like under a rostrum camera. A film's clips are all on one side: "tune", on which the thresholds were chosen, or
"test". `--others` measures PySceneDetect's detectors on the same films. Prints a table in Markdown.

A cut counts as found within one frame of its place, a fade or dissolve within its span, by whatever name. Everything
found elsewhere is a false alarm and counts against the cuts, and against the fades or dissolves if it is called one.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode

from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.detector import Transition
from restore.shots.luma import LumaDetector
from restore.wear import evenly, wear_out

Picture = npt.NDArray[np.uint8]
Film = list[Picture]
SIZE = (320, 240)
KINDS = ("cut", "fade", "dissolve")
SHARES = (6, 2, 2)  # of the kinds
LENGTHS = (36, 90)  # frames of a clip
FADES, BLACK, DISSOLVES = (6, 16), (1, 8), (8, 24)  # frames
STRENGTHS = {"clean": 0.0, "worn": 1.0, "badly worn": 2.0}
CLIPS = Path(__file__).with_name("shots_clips.csv")


@dataclass(frozen=True)
class Truth:
    """A transition of `why` over the frames [first, last]."""

    first: int
    last: int
    why: str


@dataclass
class Tally:
    true: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    found: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    named: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    false: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    frames: int = 0
    seconds: float = 0.0

    def f1(self, kind: str) -> float:
        false = sum(self.false.values()) if kind == "cut" else self.false[kind]
        return 200 * self.found[kind] / max(1, self.found[kind] + self.true[kind] + false)


def clip(folder: Path, row: dict[str, str], rng: random.Random) -> Film:
    """A random span of the clip, LENGTHS long, at SIZE."""
    path = folder / row["file"]
    length = rng.randint(*LENGTHS)
    if not row["stop"]:
        return moved(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), length, rng)
    first, stop = int(row["start"]), int(row["stop"])
    length = min(length, stop - first)
    begin = rng.randint(first, stop - length)
    with Reader(probe(str(path), digest=False)) as reader:
        return [
            cv2.resize(p.light, SIZE, interpolation=cv2.INTER_AREA)
            for p in reader.pictures(0, stop)
            if begin <= p.index < begin + length
        ]


def moved(still: Picture, length: int, rng: random.Random) -> Film:
    """A camera that pans and zooms over a picture: up to 1.2 % of the width and 0.8 % of the size a frame."""
    height, width = still.shape
    x, y, zoom = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.4, 0.8)
    dx, dy = rng.uniform(-0.012, 0.012), rng.uniform(-0.006, 0.006)
    growth = rng.choice((1.0, rng.uniform(0.992, 1.008)))
    film = []
    for i in range(length):
        size = min(1.0, zoom * growth**i)
        left = min(max(x + dx * i * size - size / 2, 0.0), 1 - size) * width
        top = min(max(y + dy * i * size - size / 2, 0.0), 1 - size) * height
        scale_x, scale_y = SIZE[0] / (size * width), SIZE[1] / (size * height)
        matrix = np.array([[scale_x, 0, -left * scale_x], [0, scale_y, -top * scale_y]])
        film.append(cv2.warpAffine(still, matrix, SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    return film


def splice(clips: Sequence[Film], rng: random.Random) -> tuple[Film, list[Truth]]:
    """All clips in some order."""
    order = list(clips)
    rng.shuffle(order)
    film, true = list(order[0]), []
    for part in order[1:]:
        kind = rng.choices(KINDS, SHARES)[0]
        end = len(film)
        if kind == "cut":
            true.append(Truth(end, end, kind))
            film += part
        elif kind == "fade":
            out, black, back = rng.randint(*FADES), rng.randint(*BLACK), rng.randint(*FADES)
            film[-out:] = [dimmed(f, 1 - (i + 1) / out) for i, f in enumerate(film[-out:])]
            film += [dimmed(film[0], 0.0)] * black
            film += [dimmed(f, (i + 1) / back) for i, f in enumerate(part[:back])] + part[back:]
            true.append(Truth(end - out, end + black + back, kind))
        else:
            length = rng.randint(*DISSOLVES)
            pairs = zip(film[-length:], part[:length], strict=True)
            film[-length:] = [
                cv2.addWeighted(a, 1 - share, b, share, 0)
                for (a, b), share in zip(pairs, np.linspace(0, 1, length + 2)[1:-1], strict=True)
            ]
            true.append(Truth(end - length, end, kind))
            film += part[length:]
    return film, true


def dimmed(picture: Picture, level: float) -> Picture:
    return np.round(16 + (picture - 16.0) * level).clip(0, 255).astype(np.uint8)


def worn(film: Film, true: Sequence[Truth], strength: float, seed: int) -> tuple[Film, list[Truth]]:
    """The film with all kinds of wear, and where its transitions are now: frames are missing, frames come twice."""
    after = list(wear_out(film, 8, evenly(strength), seed))
    sources = np.array([frame.source for frame in after])
    places = np.searchsorted(sources, np.arange(len(film) + 1))
    moved_true = [Truth(int(places[t.first]), int(places[t.last]), t.why) for t in true]
    return [np.asarray(frame.light, np.uint8) for frame in after], moved_true


def ours(film: Iterable[Picture]) -> list[Transition]:
    detector = LumaDetector()
    detector.begin(Fraction(24))
    for index, frame in enumerate(film):
        detector.add(index, frame, 8)
    return list(detector.finish())


def theirs(make: Callable[[], ContentDetector | AdaptiveDetector], film: Iterable[Picture]) -> list[Transition]:
    """What a PySceneDetect detector finds; it wants colour pictures."""
    detector = make()
    cuts: list[FrameTimecode] = []
    for index, frame in enumerate(film):
        cuts += detector.process_frame(FrameTimecode(index, 24.0), cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    cuts += detector.post_process(FrameTimecode(len(list(film)), 24.0))
    return [Transition(cut.frame_num, "cut") for cut in cuts]


OTHERS: dict[str, Callable[[Iterable[Picture]], list[Transition]]] = {
    "ContentDetector": lambda film: theirs(lambda: ContentDetector(min_scene_len=6), film),
    "ContentDetector, luma only": lambda film: theirs(lambda: ContentDetector(min_scene_len=6, luma_only=True), film),
    "AdaptiveDetector": lambda film: theirs(lambda: AdaptiveDetector(min_scene_len=6), film),
    "AdaptiveDetector, luma only": lambda film: theirs(lambda: AdaptiveDetector(min_scene_len=6, luma_only=True), film),
}


def judge(found: Sequence[Transition], true: Sequence[Truth], tally: Tally) -> list[str]:
    """Counts; returns what went wrong, for those who look."""
    left, wrong = list(found), []
    for right in true:
        tally.true[right.why] += 1
        near = [f for f in left if right.first - 1 <= f.frame <= right.last + 1]
        if near:
            tally.found[right.why] += 1
            tally.named[right.why] += near[0].why == right.why
            left.remove(near[0])
        else:
            wrong.append(f"missed {right}")
    for false in left:
        tally.false[false.why] += 1
        wrong.append(f"false {false}")
    return wrong


def measure(films: Sequence[tuple[Film, list[Truth]]], find: Callable[[Film], list[Transition]]) -> Tally:
    tally = Tally()
    for film, true in films:
        began = time.process_time()
        found = find(film)
        tally.seconds += time.process_time() - began
        tally.frames += len(film)
        judge(found, true, tally)
    return tally


def line(detector: str, film: str, tally: Tally) -> str:
    cells = [
        f"{tally.f1(kind):.1f} ({tally.found[kind]} of {tally.true[kind]}, {tally.named[kind]} by name)"
        for kind in KINDS
    ]
    false = sum(tally.false.values())
    return f"| {detector} | {film} | {' | '.join(cells)} | {false} | {tally.seconds / tally.frames * 1e3:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", choices=("tune", "test"), default="test")
    parser.add_argument("--orders", type=int, default=4)
    parser.add_argument("--others", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    rng = random.Random(1)
    with CLIPS.open(newline="") as file:
        clips = [clip(asked.folder, row, rng) for row in csv.DictReader(file) if row["side"] == asked.side]
    spliced = [splice(clips, random.Random(seed)) for seed in range(asked.orders)]
    print(f"{len(clips)} clips, {asked.orders} orders, {sum(len(film) for film, _ in spliced)} frames\n")
    print("| detector | film | cuts F1 | fades F1 | dissolves F1 | false | CPU ms a frame |")
    print("|---|---|---|---|---|---|---|")
    for name, strength in STRENGTHS.items():
        films = [worn(film, true, strength, seed) for seed, (film, true) in enumerate(spliced)]
        detectors = {"restore": ours} | (OTHERS if asked.others else {})
        for detector, find in detectors.items():
            print(line(detector, name, measure(films, find)), flush=True)


if __name__ == "__main__":
    main()
