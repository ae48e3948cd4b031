"""How far painted colour carries: shots of colour films made gray, of which the true colour of a frame is given back.

    python benchmarks/guidance.py FOLDER --out docs/guidance-numbers.md [--kept FILE] [--pictures FOLDER] [--second]

FOLDER holds films in colour, in subfolders `video_cartoon`, `video_emoji2d` and `video_natural`; only shots that the
shipped network never saw are used, as configs/train/first.toml names them. Everything is scored as a master would show
it: chroma planes at the film's own subsampling under its own luma. `--kept` is a file that holds what was measured
already, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import guidance_baselines as plain
import numpy as np
from guidance_baselines import Float, Paint

from restore import colour, filters, metrics
from restore.contracts import Colour, Frames, Light, Painted, Scene
from restore.film import ColourTags, Shot
from restore.guidance.carried import shape_of, small
from restore.guidance.planes import asked_for
from restore.media.probe import probe
from restore.media.read import Reader
from restore.runtime import Runtime

SHOTS: tuple[tuple[str, str, int, int], ...] = (
    ("spring", "video_cartoon/penny_chip_spring.mp4", 0, 192),
    ("brother", "video_natural/intel_asl_brother.mp4", 0, 66),
    ("surfing 1", "video_cartoon/penny_chip_beach_surfing.mp4", 0, 57),
    ("frog", "video_natural/mdn_frog.mp4", 0, 248),
    ("bunny 1829", "video_cartoon/bbb_048-165s.mp4", 1829, 1894),
    ("coffee", "video_natural/sam2_04_coffee.mp4", 0, 287),
    ("winter", "video_cartoon/penny_chip_winter.mp4", 0, 179),
    ("school", "video_natural/intel_asl_school.mp4", 0, 72),
    ("surfing 3", "video_cartoon/penny_chip_beach_surfing.mp4", 112, 178),
    ("pig", "video_natural/mdn_pig.mp4", 0, 196),
    ("bunny 1979", "video_cartoon/bbb_048-165s.mp4", 1979, 2467),
    ("two faces", "video_natural/intel_gif_head-pose-face-detection-female-and-male.mp4", 0, 56),
    ("bunny 2535", "video_cartoon/bbb_048-165s.mp4", 2535, 2708),
)
"""Name, file, first frame, end: every shot of at least 48 frames of the films that the network never saw."""

WAYS = ("first", "20 dots", "first and last", "middle")
MEASURES = ("psnr", "ciede2000", "warp_error")
BASELINES: dict[str, Callable[[Any, Paint], Float]] = {
    "gray": plain.gray, "plain DIS": plain.propagated, "DIS, nearest": plain.nearest, "Levin 2004": plain.optimized,
}  # fmt: skip
OURS, NETWORK, TRUTH = "carry", "network", "truth"
Scores = dict[str, dict[str, float]]
"""Frame (as text, or "mean") → measure → value."""
Shown = dict[str, Callable[[int], Float]]
"""Name of a way → what gives frame t as a player shows it."""


@dataclass(frozen=True)
class Clip:
    """A shot: light, true chroma planes, and how code values mean light."""

    name: str
    drawn: bool
    frames: Frames
    chroma: tuple[tuple[Light, Light], ...]

    def rgb(self, t: int, chroma: tuple[Light, Light] | None = None) -> Float:
        """Frame `t` as a player shows it, with its own chroma or other."""
        cb, cr = chroma or self.chroma[t]
        return colour.to_rgb(self.frames.light[t], cb, cr, self.frames.tags, self.frames.depth)

    def shown(self, t: int, ab: Float) -> Float:
        """Frame `t` with a*b* (h, w, 2) of any size, as a master would show it."""
        light = self.frames.light[t]
        luma = colour.luma(light, self.frames.depth, self.frames.tags.full_range)
        rows, columns = ab.shape[:2]
        under = cv2.resize(luma, (columns, rows), interpolation=cv2.INTER_AREA)
        planes = np.ascontiguousarray(ab.transpose(2, 0, 1))[None]
        cbcr = colour.cbcr_from_ab(planes, under[None], self.frames.tags.matrix)[0]
        size = self.chroma[t][0].shape
        return self.rgb(t, colour.chroma_planes(cbcr, light, self.frames.tags, self.frames.depth, size))

    def painted(self, t: int, sure: Float | None = None) -> tuple[Float, Float]:
        """The true a*b* (h, w, 2) of frame `t`, and where it is given: everywhere, unless `sure` (h, w) says."""
        ab = np.ascontiguousarray(colour.rgb_to_lab(self.rgb(t))[..., 1:])
        return ab, np.ones(ab.shape[:2], np.float32) if sure is None else sure


def clips(folder: Path, most: int, spans: tuple[tuple[str, str, int, int], ...] = SHOTS) -> Iterator[Clip]:
    """The shots, each up to `most` frames."""
    for name, file, start, stop in spans:
        reel = probe(str(folder / file), digest=False)
        lights, chroma = list[Light](), list[tuple[Light, Light]]()
        with Reader(reel, chroma=True) as reader:
            for picture in reader.pictures():
                if picture.index >= min(stop, start + most):
                    break
                if picture.index >= start:
                    assert picture.chroma is not None
                    lights.append(picture.light.copy())
                    chroma.append((picture.chroma[0].copy(), picture.chroma[1].copy()))
        tags: ColourTags = reel.video.colour
        frames = Frames(np.stack(lights), None, 0, reel.video.bit_depth, tags)
        yield Clip(name, "natural" not in file, frames, tuple(chroma))


def ways_to_paint(clip: Clip) -> dict[str, dict[int, tuple[Float, Float]]]:
    """What is given back of the true colours."""
    last = len(clip.frames) - 1
    return {
        "first": {0: clip.painted(0)},
        "first and last": {0: clip.painted(0), last: clip.painted(last)},
        "middle": {last // 2: clip.painted(last // 2)},
        "20 dots": {0: clip.painted(0, dots(clip, 20))},
    }


def dots(clip: Clip, count: int) -> Float:
    """(h, w): dots of 3 px in the 20 largest surfaces of the first frame, as a person would place them."""
    from restore.segments import surfaces_of

    light = small(clip.frames.light[0], clip.frames.depth, shape_of(clip.frames.size, 320))
    labels = surfaces_of(light)
    sure = np.zeros(clip.frames.size, np.float32)
    for label in np.argsort(-np.bincount(labels.ravel()))[:count]:
        inside = np.pad((labels == label).astype(np.uint8), 1)
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
        y, x = np.unravel_index(int(np.argmax(depth)), depth.shape)
        factor = sure.shape[1] / labels.shape[1]
        cv2.circle(sure, (round(x * factor), round(y * factor)), 3, 1, -1)
    return sure


def carried(clip: Clip, paint: Paint, runtime: Runtime, wanted: set[int]) -> tuple[dict[int, Float], float, Colour]:
    """The product's own filters: carry, then colorize. a*b* of the wanted frames, CPU-seconds, and the hints."""
    with tempfile.TemporaryDirectory() as scratch:
        shot = Shot(1, 1, 0, len(clip.frames), 0, len(clip.frames), "start")
        given = tuple(
            Painted(t, np.ascontiguousarray(ab.transpose(2, 0, 1)), sure, "benchmark")
            for t, (ab, sure) in sorted(paint.items())
        )
        scene = Scene(0, len(clip.frames), given, lambda: iter([clip.frames]), lambda t: clip.frames.light[t], scratch,
                      "k" * 64)  # fmt: skip
        began = time.process_time()
        frames = filters.find("carry")().foresee(shot, scene)(clip.frames)
        took = time.process_time() - began
    assert frames.hints is not None
    return {t: automatic(frames, t, runtime) for t in wanted}, took, frames.hints


def automatic(frames: Frames, t: int, runtime: Runtime) -> Float:
    """What `colorize` makes of frame `t`, a*b* (h, w, 2); guided where the frames have hints."""
    pair = frames.part(max(0, t - 1), t + 1)
    shot = Shot(1, 1, pair.start, pair.stop, pair.start, pair.stop, "start")
    made = asked_for(replace(filters.find("colorize")().begin(shot, runtime)(pair), hints=pair.hints))
    assert made.colour is not None
    cbcr, (rows, columns) = made.colour[-1], made.colour.shape[2:]
    light = cv2.resize(frames.light[t], (columns, rows), interpolation=cv2.INTER_AREA)
    luma = colour.luma(light, frames.depth, frames.tags.full_range)
    planes = np.stack([luma, *cbcr], axis=-1) @ colour.ycbcr.rgb_matrix(frames.tags.matrix).T.astype(np.float32)
    return np.ascontiguousarray(colour.rgb_to_lab(np.clip(planes, 0, 1).astype(np.float32))[..., 1:])


def scored(clip: Clip, made: Callable[[int], Float], frames: list[int], *, pairs: bool) -> Scores:
    """Every frame's PSNR and CIEDE2000, and where `pairs` the warp error to the frame before; and their means."""
    found: Scores = {}
    for t in frames:
        truth, restored = clip.rgb(t), made(t)
        values = {name: float(metrics.find(name)().begin().add(restored, truth) or 0) for name in MEASURES[:2]}
        if pairs and t:
            tally = metrics.find("warp_error")().begin()
            tally.add(made(t - 1), clip.rgb(t - 1))
            values["warp_error"] = float(tally.add(restored, truth) or 0)
        found[str(t)] = values
    names = {name for values in found.values() for name in values}
    others = [values for frame, values in found.items() if frame != "0"]
    found["mean"] = {n: float(np.mean([v[n] for v in others if n in v])) for n in sorted(names)}
    return found


def measured(
    clip: Clip, way: str, paint: Paint, runtime: Runtime, frames: list[int], without: Collection[str]
) -> tuple[dict[str, Any], Shown]:
    """One way to paint a shot, and all ways to carry that, but those that are left out: scores, and what gives each
    way's pictures."""
    first = way == "first"
    wanted = {max(0, t - before) for t in frames for before in ((0, 1) if first else (0,))}
    ours, took, hints = carried(clip, paint, runtime, wanted)
    shown: Shown = {OURS: lambda t: clip.shown(t, ours[t])}
    result: dict[str, Any] = {
        "CPU ms a frame": 1000 * took / len(clip.frames),
        "confidence": [round(float(value), 4) for value in hints[:, 2].mean(axis=(1, 2))],
    }
    lights = np.stack([(f >> (clip.frames.depth - 8)).astype(np.uint8) for f in clip.frames.light])
    for name, make in BASELINES.items():
        if name not in without and (first or (name != "gray" and (way == "20 dots") == (name == "Levin 2004"))):
            made = make(lights, paint)
            shown[name] = lambda t, made=made: clip.shown(t, made[t])
    if first:
        alone = {t: automatic(clip.frames, t, runtime) for t in frames}
        shown |= {NETWORK: lambda t: clip.shown(t, alone[t]), TRUTH: clip.rgb}
    for name, make in shown.items():
        result[name] = scored(clip, make, frames, pairs=first and name in (OURS, TRUTH))
    return result, shown


def strip(shown: Shown, frames: list[int], path: Path) -> None:
    """A sheet to look at, a frame to a column: gray, plain DIS, carried, true."""
    rows = [
        np.hstack([cv2.resize(shown[name](t), (320, 200)) for t in frames])
        for name in ("gray", "plain DIS", OURS, TRUTH)
    ]
    cv2.imwrite(str(path), cv2.cvtColor((np.vstack(rows) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="the page, whose tables are replaced")
    parser.add_argument("--kept", type=Path, required=True, help="JSON file of what is measured already")
    parser.add_argument("--frames", type=int, default=97, help="of each shot, at the most")
    parser.add_argument("--every", type=int, default=8, help="each n-th frame is scored")
    parser.add_argument("--pictures", type=Path, help="a folder that is there, for strips to look at")
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS, help="what is given back of the colours")
    parser.add_argument("--without", nargs="+", default=(), choices=BASELINES, help="plain ways that are left out")
    parser.add_argument("--only", nargs="+", help="names of the shots to measure; none: all")
    parser.add_argument("--second", action="store_true", help="measure the second keyframe too: eleven runs a shot")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    runtime = Runtime("cpu", 1)
    kept: dict[str, Any] = json.loads(given.kept.read_text(encoding="utf-8")) if given.kept.exists() else {}
    spans = tuple(span for span in SHOTS if given.only is None or span[0] in given.only)
    for clip in clips(given.folder, given.frames, spans):
        shot = kept.setdefault(clip.name, {"drawn": clip.drawn, "frames": len(clip.frames)})
        frames = sorted({0, 1, *range(given.every, len(clip.frames), given.every)})
        for way, paint in ways_to_paint(clip).items():
            if way in given.ways and way not in shot:
                shot[way], shown = measured(clip, way, paint, runtime, frames, given.without)
                told = {k: round(v["mean"]["psnr"], 2) for k, v in shot[way].items() if isinstance(v, dict)}
                print(clip.name, way, told, file=sys.stderr, flush=True)
                if given.pictures is not None and way == "first":
                    strip(shown, sorted({1, 24, 48, 96} & {*frames}), given.pictures / f"{clip.name}.png")
                given.kept.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        if given.second and "second" not in shot:
            from guidance_second import second_keyframe

            shot["second"] = second_keyframe(clip, runtime)
            given.kept.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    if given.out is not None:
        from guidance_page import page

        given.out.write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
