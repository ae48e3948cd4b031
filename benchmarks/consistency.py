"""What each way of holding colour still does to flicker and to colour: clips of a folder, clean and worn, one network.

    python benchmarks/consistency.py FOLDER --out docs/consistency.md [--frames 24] [--pictures FOLDER]

FOLDER holds films in colour, in subfolders `video_cartoon` and `video_natural`; only those that the shipped network
never saw are used, as configs/train/first.toml names them. Truth is their own colour, laid over the same light.
"""

from __future__ import annotations

import argparse
import itertools
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour, filters, metrics, motion
from restore.colour.codes import Float
from restore.contracts import Frames
from restore.film import ColourTags, Shot
from restore.media.probe import probe
from restore.media.read import Reader
from restore.runtime import Runtime
from restore.shots.luma import LumaDetector
from restore.wear import Wear, wear_out
from restore.windows import filtered, joined

TAGS = ColourTags("bt601", False, "center")
KINDS = ("video_cartoon", "video_natural")
WORN = Wear(blur=1, fading=1, flicker=1, grain=1, dust=1, blotches=1, scratches=1)
"""All kinds of wear that leave things where they are, so that the true colour still lies on them."""
Chain = tuple[tuple[str, dict[str, object]], ...]
Passage = tuple[Float, Float]
"""Where one frame's things are in the next (h, w, 2), and 1 where they are seen in both (h, w, 1)."""
STABILIZE: Chain = (("stabilize", {}),)
SEGMENTS: Chain = (*STABILIZE, ("smooth_segments", {}))
WAYS: tuple[tuple[str, bool, Chain], ...] = (
    ("(a) frame by frame", False, ()),
    ("(b) a + stabilize", False, STABILIZE),
    ("(c) two-frame network", True, ()),
    ("(d) c + stabilize", True, STABILIZE),
    ("(e1) d + smooth_segments", True, SEGMENTS),
    ("(e2) d + median", True, (*STABILIZE, ("median", {}))),
    ("(e) d + both", True, (*SEGMENTS, ("median", {}))),
)
MEASURES = ("warp", "chroma warp", "cdc", "cdc to truth", "psnr", "ciede2000")


@dataclass(frozen=True)
class Clip:
    """Frames of one shot with true colour planes; `clean` is the light before wear."""

    name: str
    kind: str
    frames: Frames
    clean: npt.NDArray[np.uint8]
    truth: tuple[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]], ...]


def clips(folder: Path, frames: int) -> list[Clip]:
    with (Path(__file__).parents[1] / "configs" / "train" / "first.toml").open("rb") as file:
        held_out = tomllib.load(file)["data"]["held_out"]
    found = [path for glob in held_out for path in sorted(folder.glob(glob)) if path.parent.name in KINDS]
    return [made for path in found if (made := clip(path, frames)) is not None]


def clip(path: Path, frames: int) -> Clip | None:
    """The first `frames` of the longest shot of a film; none where no shot is half as long."""
    reel = probe(str(path), digest=False)
    with Reader(reel, chroma=True) as reader:
        pictures = [(p.light.copy(), p.chroma) for p in reader.pictures()]
    detector = LumaDetector()
    detector.begin(Fraction(24))
    for index, (light, _) in enumerate(pictures):
        detector.add(index, light, 8)
    edges = [0, *(t.frame for t in detector.finish()), len(pictures)]
    start, stop = max(itertools.pairwise(edges), key=lambda span: span[1] - span[0])
    chosen = pictures[start : min(stop, start + frames)]
    if len(chosen) < frames // 2 or reel.video.bit_depth != 8 or any(chroma is None for _, chroma in chosen):
        return None
    light = np.stack([light for light, _ in chosen])
    planes = tuple((chroma[0].copy(), chroma[1].copy()) for _, chroma in chosen if chroma is not None)
    return Clip(path.stem, path.parent.name, Frames(light, None, 0, 8, reel.video.colour), light, planes)


def passages(clip: Clip) -> list[Passage]:
    """DIS at its medium preset on clean light 320 wide; occlusion as Lai et al. 2018 (ECCV) rule it, times 1 px."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    lights = [seen(light) for light in clip.clean]
    made = []
    for here, there in itertools.pairwise(lights):
        ahead, back = dis.calc(here, there, None), dis.calc(there, here, None)
        x, y = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in here.shape[::-1]))
        where = np.dstack([x, y]) + ahead
        returned = cv2.remap(back, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=1e3)
        length = np.square(ahead).sum(2) + np.square(returned).sum(2)
        hidden = np.square(ahead + returned).sum(2) > 0.01 * length + 0.5
        down, across = (np.diff(ahead, axis=axis, append=ahead.take([-1], axis)) for axis in (0, 1))
        edge = np.square(down).sum(2) + np.square(across).sum(2) > 0.01 * np.square(ahead).sum(2) + 0.002
        made.append((where, (~(hidden | edge)).astype(np.float32)[..., None]))
    return made


def seen(picture: npt.NDArray) -> npt.NDArray:
    factor = min(1.0, 320 / max(picture.shape[:2]))
    if factor == 1.0:
        return picture
    sides = tuple(round(side * factor) for side in picture.shape[1::-1])
    return cv2.resize(picture, sides, interpolation=cv2.INTER_AREA)


def paint(clip: Clip, runtime: Runtime, two_frames: bool) -> Frames:
    """The network's colour; with its view of the frame before hidden, unless `two_frames`."""
    shot = Shot(1, 1, 0, len(clip.frames), 0, len(clip.frames), "start")
    session = filters.find("colorize")().begin(shot, runtime)
    if two_frames:
        return session(clip.frames)
    parts = [session(clip.frames.part(t, t + 1)).colour for t in range(len(clip.frames))]
    return replace(clip.frames, colour=np.concatenate([part for part in parts if part is not None]))


def through(frames: Frames, chain: Chain) -> Frames:
    """The frames after the chain, in windows as a run has them."""
    shot = Shot(1, 1, 0, len(frames), 0, len(frames), "start")
    for name, settings in chain:
        part = filters.find(name)(**settings)
        stream = (frames.part(t, min(t + 8, frames.stop)) for t in range(0, frames.stop, 8))
        frames = joined(list(filtered(stream, part, part.begin(shot, None))))
    return frames


def shown(frames: Frames) -> list[Float]:
    """R'G'B' of each frame as a player shows the master with 4:2:0."""
    height, width = frames.light.shape[1:]
    size = (-(-height // 2), -(-width // 2))
    made = []
    for t, light in enumerate(frames.light):
        made_colour = np.zeros((2, 1, 1), np.float32) if frames.colour is None else frames.colour[t]
        planes = colour.chroma_planes(made_colour, light, frames.tags, frames.depth, size)
        made.append(colour.to_rgb(light, *planes, frames.tags, frames.depth))
    return made


def judged(pictures: Sequence[Float], truth: Sequence[Float], journey: Sequence[Passage]) -> dict[str, float]:
    """warp (×10⁴), chroma warp (×10⁴), CDC (×10³), PSNR (dB), CIEDE2000 of one clip."""
    small = [seen(picture) for picture in pictures]
    chroma = [np.stack(colour.from_rgb(picture, "bt601")[1:], axis=-1) for picture in small]
    made = {"warp": warp_error(small, journey), "chroma warp": warp_error(chroma, journey)}
    for name, every in (("cdc", 1), ("psnr", 1), ("ciede2000", 3)):
        tally = metrics.find(name)().begin()
        for t in range(0, len(pictures), every):
            tally.add(pictures[t], truth[t])
        made[name] = tally.score()
    return made | {"cdc": 1e3 * made["cdc"]}


def warp_error(pictures: Sequence[Float], journey: Sequence[Passage]) -> float:
    """×10⁴: mean over pairs of the squared difference of what is seen in both."""
    errors = []
    for (here, there), (where, mask) in zip(itertools.pairwise(pictures), journey, strict=True):
        fetched = cv2.remap(there, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        errors.append((np.square(fetched - here) * mask).sum() / max(mask.sum() * here.shape[2], 1.0))
    return float(1e4 * np.mean(errors))


def scores(folder: Path, frames: int, pictures: Path | None) -> tuple[dict[tuple[str, ...], dict[str, float]], int]:
    """{(kind, clean or worn, way): mean of the clips' measures}, and how many clips there are."""
    runtime = Runtime("cpu", 2)
    found: dict[tuple[str, ...], list[dict[str, float]]] = defaultdict(list)
    chosen = clips(folder, frames)
    for clean in chosen:
        journey = passages(clean)
        light = np.stack([frame.light for frame in wear_out(clean.clean, 8, WORN, seed=3)])
        worn = replace(clean, frames=replace(clean.frames, light=light))
        for state, clip in (("clean", clean), ("worn", worn)):
            both = zip(clip.frames.light, clip.truth, strict=True)
            truth = [colour.to_rgb(light, *planes, clip.frames.tags, 8) for light, planes in both]
            own = judged(truth, truth, journey)
            made = {"truth": truth, "gray": shown(clip.frames)}
            painted = {two: paint(clip, runtime, two) for two in (False, True)}
            made |= {name: shown(through(painted[two], chain)) for name, two, chain in WAYS}
            for name, result in made.items():
                row = judged(result, truth, journey)
                found[clip.kind, state, name].append(row | {"cdc to truth": abs(row["cdc"] - own["cdc"])})
            if pictures is not None:
                strip(made, pictures / f"{clip.name}-{state}.png")
    means = {key: {m: float(np.mean([row[m] for row in rows])) for m in MEASURES} for key, rows in found.items()}
    return means, len(chosen)


def strip(made: dict[str, list[Float]], path: Path) -> None:
    """A sheet to look at: each way's four frames in a row, and the difference of the last two."""
    rows = []
    for result in made.values():
        frames = [seen(frame) for frame in result[len(result) // 2 - 2 :][:4]]
        rows.append(np.hstack([*frames, np.clip(0.5 + 4 * (frames[3] - frames[2]), 0, 1)]))
    cv2.imwrite(str(path), cv2.cvtColor((np.vstack(rows) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR))


def costs() -> Iterator[str]:
    """Rows of the cost table: CPU-milliseconds a frame of a moving 640 × 480 film, colour at 96 × 128."""
    rng = np.random.default_rng(1)
    scene = cv2.resize(rng.random((60, 90), np.float32), (900, 560), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, 3, (24, 480, 640))
    light = np.stack([200 * scene[t : t + 480, 3 * t : 3 * t + 640] + 20 for t in range(24)])
    chroma = rng.normal(0, 0.1, (24, 2, 96, 128)).astype(np.float32)
    film = Frames(np.clip(light + grain, 0, 255).astype(np.uint8), chroma, 0, 8, TAGS)
    for name in ("stabilize", "median", "smooth_segments"):
        alone, shared = cost(film, name, False), cost(film, name, True)
        yield f"| `{name}` | {alone:.1f} | {shared:.1f} |"
    dis, pair = cv2.DISOpticalFlow.create(motion.PRESET), [motion.small(light, 8) for light in film.light[:2]]
    yield f"| to compare: one DIS flow, 320 × 240, ultrafast | {least(lambda: dis.calc(*pair, None)):.2f} | |"


def cost(film: Frames, name: str, motion_known: bool) -> float:
    def work() -> None:
        if not motion_known:
            motion.forget()
        through(film, ((name, {}),))

    return least(work) / len(film)


def least(work: Callable[[], object]) -> float:
    """Least CPU-milliseconds of ten runs, on this thread: the machine has other work."""
    times = []
    for _ in range(10):
        before = time.thread_time()
        work()
        times.append(time.thread_time() - before)
    return min(times) * 1000


def tables(means: dict[tuple[str, ...], dict[str, float]]) -> str:
    heads = ("warp error ×10⁴", "of chroma alone", "CDC ×10³", "CDC to truth's", "PSNR, dB", "CIEDE2000")
    parts = []
    for kind in KINDS:
        for state in ("clean", "worn"):
            parts += [f"### {kind.removeprefix('video_').capitalize()}, {state}", ""]
            parts += [row("", *heads), row("---", *["---:"] * len(heads))]
            for name in ("truth", "gray", *(way for way, _, _ in WAYS)):
                parts.append(row(name, *(f"{round(means[kind, state, name][m], 6):.4g}" for m in MEASURES)))
            parts.append("")
    return "\n".join(parts)


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=24, help="of each clip")
    parser.add_argument("--out", type=Path, required=True, help="the page")
    parser.add_argument("--pictures", type=Path, help="a folder that is there, for sheets to look at")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    means, count = scores(given.folder, given.frames, given.pictures)
    page = PAGE.format(count=count, frames=given.frames, tables=tables(means), costs="\n".join(costs()))
    given.out.write_text(page, encoding="utf-8")


PAGE = """# Colour that holds still, measured

Made by `python benchmarks/consistency.py FOLDER --out docs/consistency.md`, from {count} clips that the network never
saw, up to {frames} frames of one shot of each. Every way uses the network `duo` as it ships and each filter's own
settings. Worn film is the clean one with blur, fading, flicker, grain, dust, blotches and scratches of strength 1
(`restore.wear`). Truth is the clip's own colour over the same light; gray is no colour.

* Warp error: of R'G'B' between neighbours along the clean film's motion (DIS, medium), where it is seen in both (Lai
  et al. 2018). Light's own flicker and grain is most of it on worn film; "of chroma alone" is the same of Cb and Cr.
* CDC: Jensen–Shannon divergence of colour histograms 1, 2 and 4 frames apart. It should be the truth's, not least.
* PSNR of R'G'B'; CIEDE2000 on every third frame.

{tables}
Averaging along motion takes most of the flicker, costs no sharpness and comes nearer to the truth; on worn film it does
more than the network's second frame. Surfaces take colour back behind outlines, in drawings most. The median changes
little after the two; it is for colour with specks.

## What it costs

CPU-milliseconds a frame on one thread, 640 × 480, alone and with the motion that another filter of the chain has found.

| filter | alone | motion known |
| --- | ---: | ---: |
{costs}
"""

if __name__ == "__main__":
    main()
