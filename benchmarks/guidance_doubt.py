"""Fits how far carried colour may be off: the numbers of restore/guidance/doubt.py, from films whose colours are known.

    python benchmarks/guidance_doubt.py FOLDER [--kept samples.npz]

FOLDER holds films in colour, as for benchmarks/guidance.py. The first frame of each span below is taken for painted,
and at every fourth frame some places are asked three ways what colour they have. How far that is off is made a
log-linear function of the measures that the product has (quasi-likelihood of a mean whose variance is that of its
square; McCullagh and Nelder 1989, chapter 9). Spans are taken as they lie in the files, cuts and wipes in them: what
is not there any more must be in doubt too. None of them is of a film that benchmarks/guidance.py judges by.

What is printed are the lines to put into doubt.py, and, by tenths of the places, what they say beside what was so; the
last of it on films that the fit has not seen (each is left out once).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import guidance
import numpy as np
import numpy.typing as npt
from guidance import Clip

from restore.guidance import doubt
from restore.guidance.carried import shape_of, small
from restore.guidance.doubt import Float, Place
from restore.guidance.following import Follower
from restore.guidance.known import Frame, Known
from restore.guidance.memory import Memory
from restore.guidance.surroundings import Sheet
from restore.guidance.ways import compared

SPANS: tuple[tuple[str, str, int, int], ...] = (
    ("basketball", "video_cartoon/penny_chip_basketball.mp4", 0, 81),
    ("carnival", "video_cartoon/penny_chip_carnival.mp4", 0, 81),
    ("easter", "video_cartoon/penny_chip_easter.mp4", 0, 81),
    ("football", "video_cartoon/penny_chip_football.mp4", 0, 81),
    ("mountain bike", "video_cartoon/penny_chip_mtb.mp4", 0, 81),
    ("reading", "video_cartoon/penny_chip_reading.mp4", 0, 81),
    ("sandbox", "video_cartoon/penny_chip_sandbox.mp4", 0, 81),
    ("summer", "video_cartoon/penny_chip_summer.mp4", 0, 81),
    ("bunny 300", "video_cartoon/bbb_000-030s.mp4", 300, 381),
    ("bunny 100", "video_cartoon/bbb_030-048s.mp4", 100, 181),
    ("rabbit", "video_natural/mdn_rabbit.mp4", 0, 81),
    ("elf", "video_natural/mdn_elf.mp4", 0, 81),
    ("blocks", "video_natural/sam2_03_blocks.mp4", 0, 81),
    ("cups", "video_natural/sam2_02_cups.mp4", 0, 81),
    ("book", "video_natural/intel_asl_book.mp4", 0, 81),
    ("bottle", "video_natural/intel_bottle.mp4", 0, 81),
)
"""Name, file, first frame, end."""

EVERY = 4
"""Each so many-th frame is asked."""
PLACES = 1200
"""Places of it that are asked, at random."""
NAMES = ("FOLLOWED", "FOUND", "STEPPED")
ROUNDS = 200

Samples = dict[str, tuple[Float, Float, Float]]
"""Way → measures (N, M), squared error in a*b* (N,), number of the span (N,)."""


class Asker(Follower):
    """Follows as the product does, and writes down what each way says and how far it is off."""

    def __init__(self, truth: list[Float], rng: np.random.Generator) -> None:
        super().__init__(Memory())
        self.truth, self.rng, self.at = truth, rng, 0
        self.rows: dict[str, list[Float]] = {name: [] for name in NAMES}
        self.off: dict[str, list[Float]] = {name: [] for name in NAMES}

    def _told(self, kind: Float, frame: Frame, place: Place, there: Frame, known: Known) -> Known:
        if self.at and self.at % EVERY == 0:
            name = next(name for name in NAMES if kind is getattr(doubt, name))
            source = self.truth[self.at - 1 if name == "STEPPED" else 0]
            error = np.square(place.fetch(source) - self.truth[self.at]).sum(axis=2)
            measures = doubt.measures(compared(frame.tone, there.tone, place), place, frame.busy)
            rows, columns = measures[0].shape
            half = np.asarray(cv2.resize(error, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
            some = self.rng.integers(0, half.size, PLACES)
            self.rows[name].append(np.stack([plane.ravel()[some] for plane in measures], axis=1))
            self.off[name].append(half.ravel()[some])
        return super()._told(kind, frame, place, there, known)


def asked(clip: Clip, number: int) -> Samples:
    """What one span tells."""
    shape = shape_of(clip.frames.size, 320)
    lights = [small(light, clip.frames.depth, shape) for light in clip.frames.light]
    truth = [
        np.asarray(cv2.resize(clip.painted(t)[0], shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
        for t in range(len(lights))
    ]
    asker = Asker(truth, np.random.default_rng(number))
    for t, light in enumerate(lights):
        asker.at = t
        if t:
            asker.step(light)
        else:
            asker.painted(light, Sheet(truth[0], np.ones(shape, np.float32)))
    return {
        name: (
            np.concatenate(asker.rows[name]),
            np.concatenate(asker.off[name]),
            np.full(sum(map(len, asker.off[name])), number, np.float32),
        )
        for name in NAMES
    }


def fitted(measures: Float, off: Float) -> npt.NDArray[np.float64]:
    """Constant and weights of log(mean of `off`)."""
    x = np.column_stack([np.ones(len(measures)), measures]).astype(np.float64)
    y = off.astype(np.float64) + doubt.LEAST
    weights = np.zeros(x.shape[1])
    weights[0] = np.log(y.mean())
    gram = x.T @ x + 1e-3 * np.eye(x.shape[1])
    for _ in range(ROUNDS):
        mean = np.exp(np.clip(x @ weights, -2, 8))
        step = np.linalg.solve(gram, x.T @ (y / mean - 1))
        step *= min(1.0, 0.3 / np.abs(step).max())  # a far step overshoots: the mean is an exponential
        weights += step
        if np.abs(step).max() < 1e-4:
            break
    return weights


def told(weights: npt.NDArray[np.float64], measures: Float) -> npt.NDArray[np.float64]:
    """What a fit says of places."""
    return np.clip(np.exp(weights[0] + measures @ weights[1:]), doubt.LEAST, doubt.MOST)


def by_tenths(said: npt.NDArray[np.float64], off: Float) -> str:
    """Means of what was said and what was so, of each tenth of the places in the order of what was said."""
    parts = np.array_split(np.argsort(said), 10)
    return "  ".join(f"{said[part].mean():.1f}:{off[part].mean():.1f}" for part in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kept", type=Path, help="a file for what the films tell, so that a second fit takes seconds")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    samples: Samples
    if given.kept is not None and given.kept.exists():
        with np.load(given.kept) as file:
            samples = {n: (file[f"{n}_rows"], file[f"{n}_off"], file[f"{n}_span"]) for n in NAMES}
    else:
        found = list[Samples]()
        for number, clip in enumerate(guidance.clips(given.folder, 81, SPANS)):
            found.append(asked(clip, number))
            print(clip.name, len(clip.frames), "frames", file=sys.stderr, flush=True)
        samples = {n: tuple(np.concatenate(part) for part in zip(*(one[n] for one in found), strict=True))  # type: ignore[misc]
                   for n in NAMES}  # fmt: skip
        if given.kept is not None:
            arrays: dict[str, Any] = {}
            for name, (rows, off, span) in samples.items():
                arrays |= {f"{name}_rows": rows, f"{name}_off": off, f"{name}_span": span}
            np.savez_compressed(given.kept, **arrays)
    for name, (rows, off, span) in samples.items():
        weights = fitted(rows, off)
        print(f"{name} = np.array([{', '.join(f'{weight:.3f}' for weight in weights)}], np.float32)")
        print("  said:so, by tenths:", by_tenths(told(weights, rows), off))
        apart = np.zeros(len(off))
        for one in np.unique(span):
            apart[span == one] = told(fitted(rows[span != one], off[span != one]), rows[span == one])
        print("  the same of films that were left out:", by_tenths(apart, off))


if __name__ == "__main__":
    main()
