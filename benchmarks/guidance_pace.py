"""What paint costs: the same film restored without it and with it, painted in the ways in which people paint.

    python benchmarks/guidance_pace.py FILM [--rounds 3] [--frames 300] [--size 640x480] [--only dots …]

FILM is in colour; a gray film is made of it, and its true colours are given back: of the first frame of each shot all
over, three fifths of it, or twenty dots on it; of three frames of each shot every second of the largest surfaces, as
somebody would fill them who is in no hurry. All ways and the film without paint take turns, round by round; processor
time is the figure to trust, what was measured while other programs took more than an eighth of the machine has a *. The
time is that of a reel from opening to proof, as in docs/performance.md. Twice what no paint takes is the aim.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from measuring import SKIPPED, Sample, made, mark, rounds, row, run, spread, table

from restore.segments import surfaces_of

Picture = npt.NDArray[np.uint8]
BARE = "nothing"
PARTS = 24
"""The largest surfaces of a frame, of which each second is filled."""
DOTS = 20


def shots(film: Path, out: Path) -> list[tuple[int, int]]:
    """First frame and end of each shot that the product finds."""
    command = [sys.executable, "-m", "restore.flows.cli", "shots", str(film), "--out", str(out), "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [(shot["start"], shot["stop"]) for shot in found["shots"]]


def true(film: str, frames: set[int], size: tuple[int, int]) -> dict[int, Picture]:
    """(H, W, 3) R'G'B' of frames of the film that `made` makes gray."""
    found = dict[int, Picture]()
    with av.open(film) as source:
        for number, picture in enumerate(source.decode(video=0), -SKIPPED):
            if number in frames:
                found[number] = picture.to_ndarray(format="rgb24", width=size[0], height=size[1])
            if len(found) == len(frames):
                return found
    raise SystemExit(f"{film}: has no {max(frames)} frames after the first {SKIPPED}; give a longer one or --frames")


def surfaces(picture: Picture, every: int, count: int) -> list[npt.NDArray[np.bool_]]:
    """Where each `every`-th of the picture's `count` largest surfaces is, (H, W)."""
    labels = surfaces_of(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    return [labels == label for label in np.argsort(-np.bincount(labels.ravel()))[:count:every]]


def save(folder: Path, frame: int, picture: Picture, where: npt.NDArray[np.bool_]) -> None:
    """The picture as a keyframe that is painted there, transparent elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    rgba = np.dstack([picture, np.uint8(255) * where.astype(np.uint8)])
    cv2.imwrite(
        str(folder / f"{frame:06}{'.full' if where.all() else ''}.png"), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
    )


def dot(frame: int, picture: Picture, where: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """A dot in the middle of a surface, in the colour that it has there."""
    deep = cv2.distanceTransform(np.pad(where, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = (int(at) for at in np.unravel_index(int(deep.argmax()), deep.shape))
    return {"frame": frame, "at": [x, y], "colour": "#" + bytes(picture[y, x]).hex()}


def painted(folder: Path, pictures: dict[int, Picture], spans: Sequence[tuple[int, int]]) -> dict[str, list[str]]:
    """Every way to paint the film, and the words of the command line that it takes."""
    most, dots = 0.6, list[dict[str, Any]]()
    for start, stop in spans:
        first = pictures[start]
        everywhere = np.ones(first.shape[:2], bool)
        save(folder / "all over", start, first, everywhere)
        save(folder / "60 %", start, first, everywhere & (np.arange(first.shape[1]) < most * first.shape[1]))
        dots += [dot(start, first, where) for where in surfaces(first, 1, DOTS)]
        for frame in in_part(start, stop):
            filled = np.any(surfaces(pictures[frame], 2, PARTS), axis=0)
            save(folder / "three in part", frame, pictures[frame], filled)
    (folder / "hints.json").write_text(json.dumps({"dots": dots}), encoding="utf-8")
    return {
        BARE: [],
        **{f"first frame, {way}": ["--keyframes", str(folder / way)] for way in ("all over", "60 %")},
        f"first frame, {DOTS} dots": ["--hints", str(folder / "hints.json")],
        "three frames, in part": ["--keyframes", str(folder / "three in part")],
    }


def in_part(start: int, stop: int) -> list[int]:
    """Three frames of a shot."""
    return [start + (stop - start) * part // 6 for part in (1, 3, 5)]


def lines(found: dict[str, list[Sample]]) -> list[str]:
    """The table; ratios are those of each round, to the film without paint beside it."""
    rows = []
    for name, samples in found.items():
        told, bare = ([sample.more for sample in s] for s in (samples, found[BARE]))
        times = [spread([one[what] / other[what] for one, other in zip(told, bare, strict=True)], 2)
                 for what in ("cpu_s", "wall_s")]  # fmt: skip
        carry = [s["cpu_s"] for one in told for s in one["stages"] if s["name"] == "carry"]
        frames = told[0]["frames"]
        rows.append(row(
            name + mark(samples), spread([1000 * one["cpu_s"] / frames for one in told]),
            f"{1000 * statistics.median(carry) / frames:.1f}" if carry else "–",
            *times, spread([one["peak_mib"] for one in told], 0),
        ))  # fmt: skip
    return table(("painted", "CPU ms a frame", "of it carrying", "× CPU", "× clock", "peak MiB"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--size", default="640x480", help="of the gray film, WIDTHxHEIGHT")
    parser.add_argument("--only", nargs="+", default=[""], help="words that the names of the ways to measure hold")
    parser.add_argument("--more", nargs=argparse.REMAINDER, default=[], help="further words for every `restore run`")
    given = parser.parse_args()
    width, _, height = given.size.partition("x")
    size = int(width), int(height)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        film = made(given.film, folder / "gray.mp4", given.frames, size)
        spans = shots(film, folder / "shots")
        wanted = {start for start, _ in spans} | {frame for span in spans for frame in in_part(*span)}
        ways = painted(folder, true(given.film, wanted, size), spans)

        def restoring(words: list[str]) -> Callable[[], dict[str, Any]]:
            return lambda: run(film, folder / "out", "--no-keep-takes", *words, *given.more)

        chosen = {n: restoring(w) for n, w in ways.items() if n == BARE or any(word in n for word in given.only)}
        print(f"{given.frames} frames of {Path(given.film).name}, {given.size}, {len(spans)} shots")
        print("\n".join(lines(rounds(chosen, given.rounds))))


if __name__ == "__main__":
    main()
