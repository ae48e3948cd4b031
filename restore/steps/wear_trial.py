"""How each filter of a recipe holds under wear: a colour film is worn, coloured anew step by step, and scored.

The film's own colour is the truth. Of every shot a few frames from its middle are taken; they lose their colour, are
worn at each strength (`restore.wear`) and pass through the recipe, and after every filter that leaves colour the result
is scored beside the truth and beside gray.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour, metrics
from restore.colour.codes import Float
from restore.configs.recipe import Recipe
from restore.contracts import Filter, Frames, Light, LooksAhead, Tally
from restore.errors import BadInput, UsageError, shown
from restore.film import Reel, Shot
from restore.media.index import Index
from restore.media.probe import probe
from restore.media.read import Picture, Reader
from restore.metrics._flow import motion
from restore.metrics.warp_error import pair_error
from restore.progress import Progress
from restore.runtime import Runtime
from restore.steps.split import split
from restore.wear import Wear, wear_out
from restore.windows import WINDOW, filtered, joined

MEASURES = ("warp_error", "chroma_warp_error", "cdc", "cdc_to_truth", "psnr", "ciede2000")
"""What is measured, in this order. `warp_error`, `cdc`, `psnr` and `ciede2000` are the metrics of these names, but the
motion of the warp error is that of the film before it was worn, on pictures made small; `chroma_warp_error` is the
same of Cb and Cr, which tells colour's own flicker from light's; `cdc_to_truth` is the distance of `cdc` from the
truth's own."""
SURFACE = ("blur", "fading", "flicker", "grain", "dust", "blotches", "scratches")
"""The kinds of wear that leave things where they are, so that the true colour still lies on them."""
LEAST = 5
"""Frames of a shot that can be measured: CDC compares frames that are four apart."""
LONGEST = 320
"""Longer side, px, of the pictures that warp errors are measured on."""
EVERY = 3
"""CIEDE2000 is measured on each so many frames."""
SEED = 3

Planes = tuple[npt.NDArray[Any], npt.NDArray[Any]]
Passage = tuple[Float, npt.NDArray[np.bool_]]
"""Where one frame's things are in the next (h, w, 2), px, and True where they are seen in both (h, w)."""
Values = Mapping[str, float]


@dataclass(frozen=True)
class Sample:
    """Frames of one shot before wear, without colour, and the true Cb, Cr planes of each as code values."""

    frames: Frames
    truth: tuple[Planes, ...]


@dataclass(frozen=True)
class WearRow:
    """What one way scored at one strength of wear.

    way     "truth", "gray", or the filters that were passed so far: "colorize + stabilize".
    values  (name, value) in the order of the table's `metrics`.
    """

    wear: float  # 0 none, 1 light, 2 heavy
    way: str
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class WearTable:
    """A film's trial: rows strength by strength, in each truth, gray, then filter by filter."""

    film: str
    recipe: str
    shots: int  # that could be measured
    frames: int  # of them that were, at each strength
    metrics: tuple[str, ...]
    rows: tuple[WearRow, ...]


def wear_trial(
    film: Path,
    recipe: Recipe,
    strengths: tuple[float, ...] = (0.0, 1.0, 2.0),
    frames_per_shot: int = 12,
    progress: Progress | None = None,
) -> WearTable:
    """Wear the colour film `film` at each of `strengths` (0 to 2) and score the recipe's filters on what is left.

    From the middle of every shot of at least `LEAST` frames, `frames_per_shot` consecutive ones are taken (all, where
    there are fewer). Values are the mean of the shots' by their frames. `progress` is told frames done, all strengths
    together. One shot's sample is held at a time.

    Raises UsageError for a film without colour, a strength outside of 0 to 2 or fewer than `LEAST` frames a shot,
    BadInput where no shot is long enough, and what `probe`, `split` and the filters raise.
    """
    reel = probe(str(film), digest=False)
    if reel.video.chroma == "gray":
        raise UsageError(f"{shown(reel.path)}: has no colour; how filters hold under wear is measured on a colour film")
    if frames_per_shot < LEAST:
        raise UsageError(f"{frames_per_shot} frames a shot are too few to measure; take {LEAST} or more")
    try:
        wears = {strength: worn_surface(strength) for strength in strengths}
    except ValueError as error:
        raise UsageError(str(error)) from error
    runtime = Runtime()
    found: dict[tuple[float, str], list[tuple[int, Values]]] = defaultdict(list)
    shots = frames = 0
    for sample, total in samples(reel, frames_per_shot):
        journey = passages(true_pictures(sample, sample.frames.light))
        for strength, wear in wears.items():
            for way, values in trial(sample, journey, wear, recipe.chain, runtime):
                found[strength, way].append((len(sample.frames), values))
            frames += len(sample.frames)
            if progress is not None:
                progress(frames, total * len(wears))
        shots += 1
    if not shots:
        raise BadInput(f"{shown(reel.path)}: no shot has {LEAST} frames; the trial needs a film with longer shots")
    rows = tuple(WearRow(strength, way, _mean(counted)) for (strength, way), counted in found.items())
    return WearTable(reel.path, recipe.name, shots, frames // len(wears), MEASURES, rows)


def worn_surface(strength: float) -> Wear:
    """Every kind of wear that leaves things where they are, at one strength. ValueError outside of 0 to 2."""
    return Wear(**dict.fromkeys(SURFACE, strength))


def samples(reel: Reel, frames_per_shot: int) -> Iterator[tuple[Sample, int]]:
    """The middle of every shot that is long enough, and how many frames there are of all of them."""
    with tempfile.TemporaryDirectory(prefix="restore-") as scratch:
        path = Path(scratch) / "index.npz"
        _, shots = split(reel, path)
        index = Index.load(path)
        spans = []
        for _, parts in itertools.groupby(shots, key=lambda shot: shot.number):
            whole = next(parts)
            taken = min(frames_per_shot, whole.scene_stop - whole.scene_start)
            start = (whole.scene_start + whole.scene_stop - taken) // 2
            if taken >= LEAST:
                spans.append((start, start + taken))
        total = sum(stop - start for start, stop in spans)
        with Reader(reel, chroma=True) as reader:
            for span in spans:
                yield sample_of(reader.pictures(*span, index), reel), total


def sample_of(pictures: Iterable[Picture], reel: Reel) -> Sample:
    """A sample of consecutive pictures with chroma, copied out of the decoder's buffers; numbered from 0."""
    kept = [(p.light.copy(), p.chroma) for p in pictures]
    planes = tuple((chroma[0].copy(), chroma[1].copy()) for _, chroma in kept if chroma is not None)
    if len(planes) < len(kept):
        raise BadInput(f"{shown(reel.path)}: some frames have no chroma; the trial needs a film in colour throughout")
    turns = round(reel.video.rotation / 90) % 4
    return Sample(Frames([light for light, _ in kept], None, 0, reel.video.bit_depth, reel.video.colour, turns), planes)


def trial(
    sample: Sample,
    journey: Sequence[Passage],
    wear: Wear,
    chain: Sequence[tuple[str, Filter]],
    runtime: Runtime,
) -> Iterator[tuple[str, Values]]:
    """(way, what it scored) of a worn sample: truth, gray, and after every filter that leaves colour."""
    light = worn_light(sample.frames, wear)
    own = judged(true_pictures(sample, light), true_pictures(sample, light), journey)
    yield "truth", beside(own, own)
    worn = replace(sample.frames, light=light)
    size = sample.truth[0][0].shape
    for way, frames in itertools.chain([("gray", worn)], through(worn, chain, runtime)):
        yield way, beside(judged(made_pictures(frames, size), true_pictures(sample, light), journey), own)


def worn_light(frames: Frames, wear: Wear) -> Sequence[Light]:
    """The T planes (H, W) of light of `frames`, worn. No kind of wear that drops or repeats frames may be asked for."""
    return [worn.light for worn in wear_out(frames.light, frames.depth, wear, SEED)]


def through(frames: Frames, chain: Sequence[tuple[str, Filter]], runtime: Runtime) -> Iterator[tuple[str, Frames]]:
    """(filters so far, frames after them) for every filter of the chain that leaves colour, in windows as a run has.

    The frames are taken for a whole shot, of which nobody painted any: filters that carry paint are left out.
    """
    chain = [(name, part) for name, part in chain if not isinstance(part, LooksAhead)]
    shot = Shot(1, 1, frames.start, frames.stop, frames.start, frames.stop, "start")
    for count, (_, part) in enumerate(chain, 1):
        starts = range(frames.start, frames.stop, WINDOW)
        stream = [frames.part(start, min(start + WINDOW, frames.stop)) for start in starts]
        frames = joined(list(filtered(stream, part, part.begin(shot, runtime))))
        if frames.colour is not None:
            yield " + ".join(name for name, _ in chain[:count]), frames


def true_pictures(sample: Sample, light: Sequence[Light]) -> Iterator[Float]:
    """R'G'B' of the true colour over `light`, as a player shows it."""
    frames = sample.frames
    for one, planes in zip(light, sample.truth, strict=True):
        yield colour.to_rgb(one, *planes, frames.tags, frames.depth)


def made_pictures(frames: Frames, size: tuple[int, ...]) -> Iterator[Float]:
    """R'G'B' of each frame as a player shows the master with chroma planes of `size`; gray where it has no colour."""
    for t, light in enumerate(frames.light):
        if frames.colour is None:
            yield colour.gray_rgb(light, frames.tags, frames.depth)
            continue
        planes = colour.chroma_planes(frames.colour[t], light, frames.tags, frames.depth, (size[0], size[1]))
        yield colour.to_rgb(light, *planes, frames.tags, frames.depth)


def passages(pictures: Iterable[Float]) -> list[Passage]:
    """The motion between neighbours of a film in R'G'B', on small pictures; the rule of `metrics.warp_error`."""
    return [motion(before, now) for before, now in itertools.pairwise(map(_small, pictures))]


def judged(pictures: Iterable[Float], truth: Iterable[Float], journey: Sequence[Passage]) -> dict[str, float]:
    """All of `MEASURES` but the distances from the truth's own, of one shot; R'G'B' (H, W, 3) in [0, 1]."""
    tallies: dict[str, Tally] = {name: metrics.find(name)().begin() for name in ("cdc", "psnr", "ciede2000")}
    errors: dict[str, list[float]] = {"warp_error": [], "chroma_warp_error": []}
    before: tuple[Float, Float] | None = None
    for t, (picture, right) in enumerate(zip(pictures, truth, strict=True)):
        for name, tally in tallies.items():
            if name != "ciede2000" or t % EVERY == 0:
                tally.add(picture, right)
        small = _small(picture)
        now = small, np.stack(colour.from_rgb(small, "bt709")[1:], axis=-1)
        for values, one, other in zip(errors.values(), before or (), now, strict=False):
            values.append(pair_error(one, other, *journey[t - 1]))
        before = now
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    return means | {name: tally.score() for name, tally in tallies.items()}


def _small(picture: Float) -> Float:
    factor = min(1.0, LONGEST / max(picture.shape[:2]))
    sides = tuple(max(1, round(side * factor)) for side in picture.shape[1::-1])
    return np.asarray(cv2.resize(picture, sides, interpolation=cv2.INTER_AREA), np.float32)


def beside(values: Values, own: Values) -> Values:
    """All of `MEASURES`: a way's values and their distances from the truth's own."""
    return {**values, "cdc_to_truth": abs(values["cdc"] - own["cdc"])}


def _mean(counted: Sequence[tuple[int, Values]]) -> tuple[tuple[str, float], ...]:
    """Values of shots, by their frames."""
    frames = [count for count, _ in counted]
    return tuple((name, float(np.average([row[name] for _, row in counted], weights=frames))) for name in MEASURES)


__all__ = ["MEASURES", "Sample", "WearRow", "WearTable", "wear_trial"]
