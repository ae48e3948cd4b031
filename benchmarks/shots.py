"""How well shots are found: real clips from a folder, spliced by cuts, fades and dissolves, clean and worn twice over.

    python benchmarks/shots.py FOLDER [--films 4]

FOLDER holds clips of one shot each (transitions inside a clip count as false finds). Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from restore.errors import RestoreError
from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.detector import Transition
from restore.shots.luma import LumaDetector

Film = list[np.ndarray]
SIZE = (320, 240)
FADE, BLACK = 8, 4  # frames of each half of a fade, of black between
DISSOLVE = 12
TOLERANCE = {"cut": 2, "fade": 12, "dissolve": 12}  # frames


@dataclass
class Tally:
    found: dict[str, int]
    true: dict[str, int]
    false: int = 0


def clip(path: Path, frames: int) -> Film:
    try:
        with Reader(probe(str(path), digest=False)) as reader:
            return [cv2.resize(p.light, SIZE, interpolation=cv2.INTER_AREA) for p in reader.pictures(0, frames)]
    except RestoreError:
        return []


def splice(clips: Sequence[Film], rng: random.Random) -> tuple[Film, list[Transition]]:
    """All clips in some order: six cuts to two fades to one dissolve."""
    order = list(clips)
    rng.shuffle(order)
    film, true = list(order[0]), []
    for part in order[1:]:
        kind = rng.choice(["cut"] * 6 + ["fade"] * 2 + ["dissolve"])
        if kind == "cut":
            true.append(Transition(len(film), kind))
            film += part
        elif kind == "fade":
            levels = [1 - (i + 1) / FADE for i in range(FADE)]
            film[-FADE:] = [(f * level).astype(np.uint8) for f, level in zip(film[-FADE:], levels, strict=True)]
            true.append(Transition(len(film) + BLACK // 2, kind))
            film += [np.zeros_like(film[0])] * BLACK
            film += [(f * level).astype(np.uint8) for f, level in zip(part[:FADE], levels[::-1], strict=True)]
            film += part[FADE:]
        else:
            shares = [(i + 1) / (DISSOLVE + 1) for i in range(DISSOLVE)]
            pairs = zip(film[-DISSOLVE:], part[:DISSOLVE], shares, strict=True)
            film[-DISSOLVE:] = [(a * (1 - s) + b * s).astype(np.uint8) for a, b, s in pairs]
            true.append(Transition(len(film) - DISSOLVE // 2, kind))
            film += part[DISSOLVE:]
    return film, true


def worn(film: Film, strength: float, seed: int) -> Film:
    """Flicker, gate weave, grain, dust, blotches and flashes."""
    rng = np.random.default_rng(seed)
    w, h = SIZE
    out = []
    for frame in film:
        shift = np.array([[1, 0, rng.normal(0, 1.2 * strength)], [0, 1, rng.normal(0, 1.2 * strength)]])
        f = frame * rng.normal(1, 0.08 * strength) + rng.normal(0, 6 * strength)
        f = cv2.warpAffine(f.astype(np.float32), shift, SIZE, borderMode=cv2.BORDER_REPLICATE)
        f += rng.normal(0, 8 * strength, f.shape)
        for _ in range(rng.poisson(4 * strength)):
            speck = (int(rng.integers(w)), int(rng.integers(h)))
            cv2.circle(f, speck, int(rng.integers(1, 4)), float(rng.choice([0, 255])), -1)
        if rng.random() < 0.02 * strength:
            cv2.ellipse(f, (int(rng.integers(w)), int(rng.integers(h))), (60, 40), 0, 0, 360, 255, -1)
        if rng.random() < 0.01 * strength:
            f += 90
        out.append(np.clip(f, 0, 255).astype(np.uint8))
    return out


def find(film: Film) -> tuple[Transition, ...]:
    detector = LumaDetector()
    detector.begin(Fraction(24))
    for index, frame in enumerate(film):
        detector.add(index, frame, 8)
    return detector.finish()


def judge(found: Sequence[Transition], true: Sequence[Transition], tally: Tally) -> None:
    """A transition counts as found at its place, by whatever name."""
    left = list(found)
    for right in true:
        tally.true[right.why] += 1
        near = [f for f in left if abs(f.frame - right.frame) <= TOLERANCE[right.why]]
        if near:
            tally.found[right.why] += 1
            left.remove(near[0])
    tally.false += len(left)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=4)
    asked = parser.parse_args()
    rng = random.Random(1)
    clips = [clip(path, rng.randint(30, 60)) for path in sorted(asked.folder.iterdir()) if path.is_file()]
    clips = [c for c in clips if len(c) >= 30]
    print(f"{len(clips)} clips, {asked.films} films\n\n| film | cuts | fades | dissolves | false | ms a frame |")
    print("|---|---|---|---|---|---|")
    for name, strength in (("clean", 0.0), ("worn", 1.0), ("badly worn", 2.0)):
        tally = Tally(dict.fromkeys(TOLERANCE, 0), dict.fromkeys(TOLERANCE, 0))
        frames, seconds = 0, 0.0
        for seed in range(asked.films):
            film, true = splice(clips, random.Random(seed))
            film = worn(film, strength, seed) if strength else film
            began = time.process_time()
            found = find(film)
            seconds, frames = seconds + time.process_time() - began, frames + len(film)
            judge(found, true, tally)
        shares = " | ".join(f"{tally.found[kind]} of {tally.true[kind]}" for kind in TOLERANCE)
        print(f"| {name} | {shares} | {tally.false} | {seconds / frames * 1e3:.2f} |")


if __name__ == "__main__":
    main()
