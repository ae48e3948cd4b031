"""How the weights of `restore.shots.evidence` were found: a logistic regression on films whose cuts are known.

    python benchmarks/shots_fit.py FOLDER

Fits on the clips that `shots_clips.csv` has on the side "tune", and on two harder sets of clips that the list does not
name: drawings on white ground, and such drawings in front of one of six walls (cut out and laid over a picture), where
only a part of the frame changes at a cut. All of them clean, worn and badly worn. Frames next to a transition count
neither way. Prints the weights; with the same clips and seeds they come out the same. It takes about half an hour.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from shots import CLIPS, LENGTHS, SIZE, STRENGTHS, Film, Truth, clip, splice, worn

from restore.media.probe import probe
from restore.media.read import Reader
from restore.shots.luma import Evidence, LumaDetector

Floats = npt.NDArray[np.float64]
SMALL = (128, 96)  # enough for the detector, and sooner read
HELD = 1e-5  # on the squared weights of measures brought to unit spread
AROUND_CUT, AROUND_SPAN = 3, 6  # frames beside a transition that count neither way
WALLS, BEFORE_EACH, ON_WHITE = 6, 9, 50
PAPER = 225  # code values above which a drawing's ground is white


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    cv2.setNumThreads(1)
    seen, cuts = [], []
    for film, true, seed in films(folder):
        for strength in STRENGTHS.values():
            aged, places = worn(film, true, strength, seed)
            measured, is_cut = examples([cv2.resize(f, SMALL, interpolation=cv2.INTER_AREA) for f in aged], places)
            seen.append(measured)
            cuts.append(is_cut)
        print(f"{sum(map(len, cuts))} frames", flush=True)
    weights, bias = fit(np.concatenate(seen), np.concatenate(cuts))
    print(np.round(weights.reshape(2, -1), 2).tolist(), round(bias, 2))


def films(folder: Path) -> Iterator[tuple[Film, list[Truth], int]]:
    """The spliced films, each with its seed."""
    rows = list(csv.DictReader(CLIPS.open(newline="")))
    rng = random.Random(1)
    clips = [clip(folder, row, rng) for row in rows if row["side"] == "tune"]
    for seed in range(4):
        yield *splice(clips, random.Random(seed)), seed
    rng = random.Random(7)
    drawings = unnamed(folder, rows, rng)[:ON_WHITE]
    white = [[cv2.resize(f, SIZE, interpolation=cv2.INTER_AREA) for f in span(path, rng)] for path in drawings]
    for seed in range(2):
        yield *splice([c for c in white if len(c) >= LENGTHS[0]], random.Random(seed)), seed
    rng = random.Random(7)
    drawings = unnamed(folder, rows, rng)
    pictures = {row["film"] for row in rows}
    walls = [p for p in sorted((folder / "illustration").glob("asp_*.jpg")) if p.name[:8] not in pictures]
    rng.shuffle(walls)
    scenes = []
    for number, path in enumerate(walls[:WALLS]):
        wall = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), SIZE, interpolation=cv2.INTER_AREA)
        first = ON_WHITE + number * BEFORE_EACH
        scenes.append([before(wall, span(p, rng), rng) for p in drawings[first : first + BEFORE_EACH]])
    for seed in range(2):
        yield *room_by_room(scenes, random.Random(seed)), seed


def unnamed(folder: Path, rows: Sequence[dict[str, str]], rng: random.Random) -> list[Path]:
    """The films of drawings on white ground that the list of clips does not name, in some order."""
    named = {row["file"] for row in rows}
    found = [p for p in sorted((folder / "video_emoji2d").glob("*.mp4")) if f"{p.parent.name}/{p.name}" not in named]
    rng.shuffle(found)
    return found


def room_by_room(scenes: Sequence[Sequence[Film]], rng: random.Random) -> tuple[Film, list[Truth]]:
    """All clips of one wall, then those of the next."""
    film: Film = []
    true: list[Truth] = []
    for clips in scenes:
        if film:
            true.append(Truth(len(film), len(film), "cut"))
        part, places = splice([c for c in clips if len(c) >= LENGTHS[0]], rng)
        true += [Truth(place.first + len(film), place.last + len(film), place.why) for place in places]
        film = film + part
    return film, true


def span(path: Path, rng: random.Random) -> Film:
    """A random span of a film."""
    with Reader(probe(str(path), digest=False)) as reader:
        frames = [np.asarray(picture.light, np.uint8) for picture in reader.pictures()]
    length = min(rng.randint(*LENGTHS), len(frames))
    begin = rng.randint(0, len(frames) - length)
    return frames[begin : begin + length]


def before(wall: npt.NDArray[np.uint8], drawing: Film, rng: random.Random) -> Film:
    """The drawing, cut out of its white ground, stands in front of the wall at half to nearly the whole height."""
    width, height = SIZE
    side = int(height * rng.uniform(0.5, 0.95))
    left = max(0, min(width - side, int((width - side) / 2 + rng.uniform(-25, 25))))
    film = []
    for frame in drawing:
        figure = cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)
        cover = cv2.GaussianBlur((figure < PAPER).astype(np.float32), (0, 0), 1)
        cover = cv2.morphologyEx(cover, cv2.MORPH_CLOSE, np.ones((9, 9)))
        picture = wall.astype(np.float32)
        place = picture[height - side :, left : left + side]
        place[:] = place * (1 - cover) + figure * cover
        film.append(np.round(picture).astype(np.uint8))
    return film


def examples(film: Film, true: Sequence[Truth]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(N, 14) measures of the frames that count, and whether a cut is there."""
    measured = np.zeros((len(film), 14))

    def keep(evidence: Evidence) -> None:
        measured[evidence.frame] = evidence.measured.ravel()

    detector = LumaDetector(keep)
    for index, frame in enumerate(film):
        detector.add(index, frame, 8)
    detector.finish()
    counts, is_cut = np.ones(len(film), np.bool_), np.zeros(len(film), np.bool_)
    for place in true:
        beside = AROUND_CUT if place.why == "cut" else AROUND_SPAN
        counts[max(0, place.first - beside) : place.last + beside + 1] = False
    for place in true:
        if place.why == "cut":
            counts[place.first] = is_cut[place.first] = True
    return measured[counts], is_cut[counts]


def fit(measured: Floats, is_cut: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    """Logistic regression by Newton's method; returns the weights of the measures as they are, and the bias."""
    middle, spread = measured.mean(axis=0), measured.std(axis=0) + 1e-6
    rows = np.column_stack((np.ones(len(measured)), (measured - middle) / spread))
    held = np.diag([0.0] + [2 * HELD] * measured.shape[1])
    found = np.zeros(rows.shape[1])
    for _ in range(40):
        chance = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (chance - is_cut) / len(rows) + held @ found
        bend = (rows.T * (chance * (1 - chance))) @ rows / len(rows) + held
        found = found - np.linalg.solve(bend, slope)
    weights = found[1:] / spread
    return weights, float(found[0] - weights @ middle)


if __name__ == "__main__":
    main()
