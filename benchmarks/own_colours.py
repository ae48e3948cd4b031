"""What it does to flicker and to colour when duo is shown its own colours of the frame before, as hints along motion.

    python benchmarks/own_colours.py FOLDER [--films NAME ...] [--frames 24] [--weights trained/duo.json]
        [--pictures FOLDER]

FOLDER holds films in colour, in subfolders `video_cartoon` and `video_natural`; only those that the shipped network
never saw are used, as for benchmarks/consistency.py. Prints a table in Markdown. `restore run` has no such way; this
asks whether it should.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import consistency
import cv2
import numpy as np
from consistency import row, through, whole

from restore import colour, models, motion
from restore.colour.codes import Float
from restore.contracts import Frames, Guidance
from restore.filters.colorize import Colorize, working_shape
from restore.runtime import Runtime
from restore.steps import wear_trial

SURE = (0.25, 0.5, 1.0)
"""Confidence in the frame before, where motion is believed in full; the lessons had 0.5 to 1."""
MEASURES = ("warp_error", "chroma_warp_error", "psnr", "ciede2000")
HEADS = ("warp error ×10⁴", "of chroma alone", "PSNR, dB", "CIEDE2000")


def on_from_itself(frames: Frames, runtime: Runtime, weights: str | None, sure: float) -> Frames:
    """The frames as duo colours them when each is hinted at, all over, by what it made of the one before."""
    painter = runtime.painter("duo", weights)
    card = models.card("duo")
    shape = working_shape(frames.light.shape[1:], None, card)
    light = np.stack([cv2.resize(f, shape[::-1], interpolation=cv2.INTER_AREA) for f in frames.light])
    seen = colour.lightness(light, frames.depth, frames.tags.full_range)[:, None] / np.float32(100)
    below, beside = (-side % card.multiple_of for side in shape)
    padding = ((0, 0), (0, 0), (0, below), (0, beside))
    ways = motion.Paths(motion.Tolerance()).steps(frames, shape)
    made: list[Float] = []
    for t in range(len(frames)):
        pair = np.pad(seen[[max(t - 1, 0), t]], padding, mode="edge")
        hints = np.zeros((2, 3, *shape), np.float32)
        if made:
            back = ways[t - 1][1]
            last = cv2.resize(made[-1].transpose(1, 2, 0), shape[::-1], interpolation=cv2.INTER_LINEAR)
            hints[1, :2], hints[1, 2] = back.fetch(last).transpose(2, 0, 1), sure * back.trust
        painted = painter(pair, Guidance(hints=np.pad(hints, padding)), seen=1)[0, 0]
        made.append(np.asarray(painted[:, : -(-shape[0] // card.stride), : -(-shape[1] // card.stride)], np.float32))
    ab = np.stack(made)
    under = np.stack([cv2.resize(f, ab.shape[:1:-1], interpolation=cv2.INTER_AREA) for f in light])
    luma = colour.luma(under, frames.depth, frames.tags.full_range)
    return replace(frames, colour=colour.cbcr_from_ab(ab, luma, frames.tags.matrix))


def ways(frames: Frames, runtime: Runtime, weights: str | None) -> Iterator[tuple[str, Frames]]:
    """(way, the frames with its colour)."""
    alone = Colorize(weights=weights).begin(whole(frames), runtime)(frames)
    yield "gray", frames
    yield "alone", alone
    yield "alone, then `stabilize`", through(alone, ("stabilize",), runtime)
    for sure in SURE:
        itself = on_from_itself(frames, runtime, weights, sure)
        yield f"own colours, {sure:g} sure", itself
        if sure == max(SURE):
            yield f"own colours, {sure:g} sure, then `stabilize`", through(itself, ("stabilize",), runtime)


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", nargs="+", help="names of those that are taken; without it all")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--weights")
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    runtime = Runtime("cpu", 1)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _, name, sample in consistency.clips(given.folder, given.frames):
        if given.films and name not in given.films:
            continue
        sys.stderr.write(f"{name}\n")
        size = sample.truth[0][0].shape
        truth = list(wear_trial.true_pictures(sample, sample.frames.light))
        journey = wear_trial.passages(truth)
        shown = {"truth": truth}
        for way, done in ways(sample.frames, runtime, given.weights):
            shown[way] = list(wear_trial.made_pictures(done, size))
        for way, pictures in shown.items():
            values = wear_trial.judged(pictures, truth, journey)
            for measure in MEASURES:
                found[way][measure].append(values[measure] * consistency.SCALES.get(measure, 1.0))
            each = ", ".join(f"{measure} {found[way][measure][-1]:.2f}" for measure in MEASURES)
            sys.stderr.write(f"  {way}: {each}\n")
        if given.pictures:
            consistency.strip(shown, given.pictures / f"{name}.png")
    print(row("way", *HEADS))
    print(row("---", *["---:"] * len(HEADS)))
    for way, measures in found.items():
        print(row(way, *(f"{np.mean(measures[measure]):.2f}" for measure in MEASURES)))


if __name__ == "__main__":
    main()
