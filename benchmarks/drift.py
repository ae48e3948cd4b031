"""How far the colour of one thing drifts within a shot, and what averaging over longer stretches does about it.

    python benchmarks/drift.py FOLDER --page docs/consistency.md [--frames 72]

FOLDER is as for `benchmarks/consistency.py`, and so are the clips, which the network never saw. Drift is how far the
colour of a place is, in code values of Cb and Cr, from the colour of the same place 24 frames on, found by the steps
between frames and weighed by the belief in them. Truth is the clip's own colour.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from consistency import KINDS, clips, figure, filled, paint, row, whole

from restore import motion
from restore.contracts import Colour, Filter, Frames
from restore.filters.smooth_segments import SmoothSegments
from restore.filters.stabilize import Stabilize
from restore.runtime import Runtime
from restore.steps import wear_trial
from restore.steps.wear_trial import Sample, judged, made_pictures, true_pictures
from restore.windows import WINDOW, filtered, joined

APART = 24
REACHES = (4, 8, 16, 32, 64)
MEASURES = ("drift", "chroma_warp_error", "cdc_to_truth", "psnr", "ciede2000")
SCALES = {"chroma_warp_error": 1e4, "cdc_to_truth": 1e3}
HEADS = ("drift, code values", "warp error of chroma ×10⁴", "CDC to truth's ×10³", "PSNR, dB", "CIEDE2000")


def drift(colour: Colour, steps: Sequence[motion.Step]) -> float:
    """Of Cb, Cr (T, 2, h, w), mean distance `APART` frames on, in 8-bit code values; NaN of shorter clips."""
    sums = np.zeros(2)
    for start in range(0, len(colour) - APART, 6):
        way = steps[start][0]
        for ahead, _ in steps[start + 1 : start + APART]:
            x, y, trust = cv2.split(way.fetch(np.dstack([ahead.x, ahead.y, ahead.trust])))
            way = motion.Way(np.asarray(x, np.float32), np.asarray(y, np.float32), np.asarray(trust * way.trust))
        later = way.fetch(np.ascontiguousarray(colour[start + APART].transpose(1, 2, 0)))
        away = np.linalg.norm(later - colour[start].transpose(1, 2, 0), axis=2)
        sums += (away * way.trust).sum(), way.trust.sum()
    return float(255 * sums[0] / sums[1]) if sums[1] else float("nan")


def ways(painted: Frames, runtime: Runtime) -> Iterator[tuple[str, Frames]]:
    """(how, the frames) of the network alone, of each reach, and of the recipe `film`."""
    yield "network alone", painted
    for reach in REACHES:
        done = through(painted, Stabilize(reach=reach), runtime)
        yield f"reach {reach}", done
        if reach == Stabilize().reach:
            yield f"reach {reach}, then `smooth_segments`", through(done, SmoothSegments(), runtime)


def through(frames: Frames, part: Filter, runtime: Runtime) -> Frames:
    """The frames after one filter, in windows as a run has them."""
    starts = range(frames.start, frames.stop, WINDOW)
    stream = [frames.part(start, min(start + WINDOW, frames.stop)) for start in starts]
    return joined(list(filtered(stream, part, part.begin(whole(frames), runtime))))


def measured(sample: Sample, runtime: Runtime) -> Iterator[tuple[str, dict[str, float]]]:
    """(how, what was measured) of one clip."""
    truth = list(true_pictures(sample, sample.frames.light))
    journey = wear_trial.passages(truth)
    own, size = judged(truth, truth, journey), sample.truth[0][0].shape
    painted = paint(sample.frames, runtime, True)
    assert painted.colour is not None
    grid = painted.colour.shape[2:]
    steps = motion.Paths(motion.Tolerance()).steps(painted, grid)
    for how, frames in ways(painted, runtime):
        assert frames.colour is not None
        values = wear_trial.beside(judged(list(made_pictures(frames, size)), truth, journey), own)
        yield how, {**values, "drift": drift(_sized(frames.colour, grid), steps)}


def _sized(colour: Colour, size: tuple[int, ...]) -> Colour:
    return np.stack(
        [[cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA) for plane in pair] for pair in colour]
    )


def table(folder: Path, frames: int) -> str:
    """The means of the clips of each kind, as Markdown."""
    runtime = Runtime("cpu", 2)
    found: dict[str, dict[str, list[dict[str, float]]]] = {kind: defaultdict(list) for kind in KINDS}
    for kind, _, sample in clips(folder, frames):
        for how, values in measured(sample, runtime):
            found[kind][how].append(values)
    parts = list[str]()
    for kind, hows in found.items():
        count = len(next(iter(hows.values())))
        parts += [f"{count} clips, {kind.removeprefix('video_')}, up to {frames} frames of each:", ""]
        parts += [row("", *HEADS), row("---", *["---:"] * len(HEADS))]
        for how, rows in hows.items():
            means = [SCALES.get(name, 1) * float(np.nanmean([one[name] for one in rows])) for name in MEASURES]
            parts.append(row(how, *map(figure, means)))
        parts.append("")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=72, help="of each clip")
    parser.add_argument("--page", type=Path, required=True, help="the page, whose table is replaced")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    made = table(given.folder, given.frames)
    given.page.write_text(filled(given.page.read_text(encoding="utf-8"), "drift", made), encoding="utf-8")


if __name__ == "__main__":
    main()
