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
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from restore import colour, filters, motion
from restore.colour.codes import Float
from restore.contracts import Frames
from restore.film import ColourTags, Shot
from restore.media.probe import probe
from restore.media.read import Reader
from restore.runtime import Runtime
from restore.shots.luma import LumaDetector
from restore.steps import wear_trial
from restore.steps.wear_trial import Sample, judged, made_pictures, true_pictures
from restore.windows import filtered

TAGS = ColourTags("bt601", False, "center")
KINDS = ("video_cartoon", "video_natural")
STRENGTHS = (0, 1, 2)
Chain = tuple[str, ...]
STABILIZE: Chain = ("stabilize",)
SEGMENTS: Chain = ("stabilize", "smooth_segments")
WAYS: tuple[tuple[str, bool, Chain], ...] = (
    ("(a) frame by frame", False, ()),
    ("(b) a + stabilize", False, STABILIZE),
    ("(c) two-frame network", True, ()),
    ("(d) c + stabilize", True, STABILIZE),
    ("(e1) d + smooth_segments", True, SEGMENTS),
    ("(e2) d + median", True, (*STABILIZE, "median")),
    ("(e) d + both", True, (*SEGMENTS, "median")),
)
WRITTEN = "truth, as a master holds it"
ALL = ("truth", WRITTEN, "gray", *(name for name, _, _ in WAYS))
SCALES = {"warp_error": 1e4, "chroma_warp_error": 1e4, "cdc": 1e3, "cdc_to_truth": 1e3}
HEADS = ("warp error ×10⁴", "of chroma alone", "CDC ×10³", "CDC to truth's", "PSNR, dB", "CIEDE2000")
Found = dict[tuple[str, int, str], dict[str, float]]
"""(kind, strength of wear, way) → the mean of the clips' measures."""


def clips(folder: Path, frames: int) -> Iterator[tuple[str, str, Sample]]:
    """(kind, name, sample) of every film that the network never saw."""
    with (Path(__file__).parents[1] / "configs" / "train" / "first.toml").open("rb") as file:
        held_out = tomllib.load(file)["data"]["held_out"]
    for path in (path for glob in held_out for path in sorted(folder.glob(glob))):
        if path.parent.name in KINDS and (sample := clip(path, frames)) is not None:
            yield path.parent.name, path.stem, sample


def clip(path: Path, frames: int) -> Sample | None:
    """The first `frames` of the longest shot of a film; none where no shot is half as long."""
    reel = probe(str(path), digest=False)
    with Reader(reel, chroma=True) as reader:
        pictures = [replace(p, light=p.light.copy()) for p in reader.pictures()]
    detector = LumaDetector()
    detector.begin(Fraction(24))
    for picture in pictures:
        detector.add(picture.index, picture.light, reel.video.bit_depth)
    edges = [0, *(t.frame for t in detector.finish()), len(pictures)]
    start, stop = max(itertools.pairwise(edges), key=lambda span: span[1] - span[0])
    chosen = pictures[start : min(stop, start + frames)]
    return wear_trial.sample_of(chosen, reel) if len(chosen) >= frames // 2 else None


def paint(frames: Frames, runtime: Runtime, two_frames: bool) -> Frames:
    """The network's colour; with its view of the frame before hidden, unless `two_frames`."""
    session = filters.find("colorize")().begin(whole(frames), runtime)
    if two_frames:
        return session(frames)
    parts = [session(frames.part(t, t + 1)).colour for t in range(frames.start, frames.stop)]
    return replace(frames, colour=np.concatenate([part for part in parts if part is not None]))


def whole(frames: Frames) -> Shot:
    return Shot(1, 1, frames.start, frames.stop, frames.start, frames.stop, "start")


def through(frames: Frames, chain: Chain, runtime: Runtime) -> Frames:
    """The frames after the chain, each filter with its own settings, in windows as a run has them."""
    parts = [(name, filters.find(name)()) for name in chain]
    for _, done in wear_trial.through(frames, parts, runtime):
        frames = done
    return frames


def made(sample: Sample, worn: Frames, runtime: Runtime) -> Iterator[tuple[str, Frames]]:
    """(way, the worn frames with its colour), without the truth."""
    zero, steps = colour.codes.chroma_scale(worn.depth, worn.tags.full_range)
    planes = [np.stack([(plane.astype(np.float32) - zero) / steps for plane in pair]) for pair in sample.truth]
    yield WRITTEN, replace(worn, colour=np.stack(planes).astype(np.float32))
    yield "gray", worn
    painted = {two: paint(worn, runtime, two) for two in (False, True)}
    for name, two, chain in WAYS:
        yield name, through(painted[two], chain, runtime)


def scores(folder: Path, frames: int, pictures: Path | None) -> tuple[Found, int]:
    """What was found, and of how many clips."""
    runtime = Runtime("cpu", 2)
    found: dict[tuple[str, int, str], list[wear_trial.Values]] = defaultdict(list)
    count = 0
    for kind, name, sample in clips(folder, frames):
        count += 1
        size = sample.truth[0][0].shape
        journey = wear_trial.passages(true_pictures(sample, sample.frames.light))
        for strength in STRENGTHS:
            light = wear_trial.worn_light(sample.frames, wear_trial.worn_surface(strength))
            truth = list(true_pictures(sample, light))
            own = judged(truth, truth, journey)
            found[kind, strength, "truth"].append(wear_trial.beside(own, own))
            shown = {"truth": truth}
            for way, done in made(sample, replace(sample.frames, light=light), runtime):
                shown[way] = list(made_pictures(done, size))
                values = wear_trial.beside(judged(shown[way], truth, journey), own)
                found[kind, strength, way].append(values)
            if pictures is not None:
                strip(shown, pictures / f"{name}-{strength}.png")
    means = {
        key: {m: float(np.mean([row[m] for row in rows])) * SCALES.get(m, 1.0) for m in wear_trial.MEASURES}
        for key, rows in found.items()
    }
    return means, count


def strip(shown: dict[str, list[Float]], path: Path) -> None:
    """A sheet to look at: each way's four frames in a row, and the difference of the last two."""
    rows = []
    for result in shown.values():
        frames = result[len(result) // 2 - 2 :][:4]
        rows.append(np.hstack([*frames, np.clip(0.5 + 4 * (frames[3] - frames[2]), 0, 1)]))
    cv2.imwrite(str(path), cv2.cvtColor((np.vstack(rows) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR))


def costs() -> Iterator[str]:
    """Rows of the cost table: CPU-milliseconds a frame of a moving 640 × 480 film of nothing but texture."""
    rng = np.random.default_rng(1)
    scene = cv2.resize(rng.random((60, 90), np.float32), (900, 560), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, 3, (24, 480, 640))
    light = np.stack([200 * scene[t : t + 480, 3 * t : 3 * t + 640] + 20 for t in range(24)])
    chroma = rng.normal(0, 0.1, (24, 2, 96, 128)).astype(np.float32)
    film = Frames(np.clip(light + grain, 0, 255).astype(np.uint8), chroma, 0, 8, TAGS)
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    pair = [motion.small(frame, 8) for frame in film.light[:2]]
    one = least(lambda: dis.calc(*pair, None))
    yield row("filter", "alone, ms", "motion known, ms", "alone, flows", "motion known, flows")
    yield row("---", *["---:"] * 4)
    for name in ("stabilize", "median", "smooth_segments"):
        alone, known = cost(film, name, False), cost(film, name, True)
        yield f"| `{name}` | {alone:.1f} | {known:.1f} | {alone / one:.1f} | {known / one:.1f} |"
    yield f"| one DIS flow, 320 × 240, ultrafast | {one:.2f} | | 1 | |"


def cost(film: Frames, name: str, motion_known: bool) -> float:
    part, shot = filters.find(name)(), whole(film)
    runs = [film.part(t, t + 8) for t in range(0, len(film), 8)]

    def work() -> None:
        if not motion_known:
            motion.forget()
        for _ in filtered(runs, part, part.begin(shot, None)):
            pass

    return least(work) / len(film)


def least(work: Callable[[], object]) -> float:
    """Least CPU-milliseconds of ten runs, on this thread: the machine has other work."""
    times = []
    for _ in range(10):
        before = time.thread_time()
        work()
        times.append(time.thread_time() - before)
    return min(times) * 1000


def tables(means: Found) -> str:
    """Everything that was measured, for clean film and for film worn at strength 1."""
    parts = []
    for kind, (strength, state) in itertools.product(KINDS, ((0, "clean"), (1, "worn"))):
        parts += [f"### {kind.removeprefix('video_').capitalize()}, {state}", ""]
        parts += [row("", *HEADS), row("---", *["---:"] * len(HEADS))]
        parts += [row(way, *(figure(means[kind, strength, way][m]) for m in wear_trial.MEASURES)) for way in ALL]
        parts.append("")
    return "\n".join(parts)


def endurance(means: Found) -> str:
    """Flicker of chroma and distance of colour, by strength of wear."""
    parts = []
    for kind in KINDS:
        parts += [f"### {kind.removeprefix('video_').capitalize()}", ""]
        parts += [row("", *(f"{what}, wear {n}" for what in ("flicker", "CIEDE2000") for n in STRENGTHS))]
        parts += [row("---", *["---:"] * 6)]
        for way in ALL:
            values = (means[kind, n, way][m] for m in ("chroma_warp_error", "ciede2000") for n in STRENGTHS)
            parts.append(row(way, *map(figure, values)))
        parts.append("")
    return "\n".join(parts)


def figure(value: float) -> str:
    return f"{round(value, 6):.4g}"


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=24, help="of each clip")
    parser.add_argument("--out", type=Path, required=True, help="the page, whose tables are replaced")
    parser.add_argument("--pictures", type=Path, help="a folder that is there, for sheets to look at")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    priced = "\n".join(costs())
    means, count = scores(given.folder, given.frames, given.pictures)
    page = given.out.read_text(encoding="utf-8")
    clipped = f"{count} clips, up to {given.frames} frames of one shot of each."
    for mark, text in (
        ("clips", clipped),
        ("tables", tables(means)),
        ("endurance", endurance(means)),
        ("costs", priced),
    ):
        page = filled(page, mark, text)
    given.out.write_text(page, encoding="utf-8")


def filled(page: str, mark: str, text: str) -> str:
    """The page with what stands between <!-- mark --> and <!-- /mark --> replaced."""
    before, _, rest = page.partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition(f"<!-- /{mark} -->")
    if not end:
        raise ValueError(f"the page has no place for {mark}: <!-- {mark} --> … <!-- /{mark} -->")
    return f"{before}<!-- {mark} -->\n{text.rstrip()}\n\n{end}{after}"


if __name__ == "__main__":
    main()
