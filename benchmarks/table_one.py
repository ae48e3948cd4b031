"""Teaches and measures every row of the cartoon paper's Table I on Penny & Chip, and writes docs/table-one.md.

python benchmarks/table_one.py DATA --teachers DIR --out WORK --steps 20000 --seeds 1 2 3 --page docs/table-one.md
python benchmarks/table_one.py … --done --page docs/table-one.md --sheet WORK/sheet.png      of what is done, no more

DATA is a folder with video_cartoon/penny_chip_*.mp4, the teachers' folder holds VGG-19's filters to conv3_1 (.npz).
Each row of each seed is taught for as many steps (or minutes) as every other. What is done lies in WORK and is not done
again; a row that was cut off goes on from its checkpoint. The sheet has a frame of each measured place: gray, the first
candidate of every row of the first seed that has it, the truth.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import table_one_page
import torch

from restore.store import write_json
from restore.training import export
from restore.training.colour import luma
from restore.training.loop import machine, on
from restore.training.losses.perceptual import Perceptual
from restore.training.pack import Source, sources
from restore.training.prototype import course, scores, training
from restore.training.prototype.settings import Prototype
from restore.training.prototype.targets import Pairs, film_frames, gray
from restore.training.settings import Data

HELD_OUT = ("spring", "beach_surfing", "winter")
"""Episodes that no row learns from."""

SPANS = (24, 120)
"""First frames of what is measured of each held-out episode."""

FILTERS = "vgg19_conv1_1-conv3_1_fp32.npz"


@dataclass(frozen=True)
class Row:
    """A row: which network, which losses, and what the paper printed for it (PSNR, LPIPS, Lab MSE), if it is its."""

    key: str
    title: str
    network: str = ""
    losses: dict[str, Any] = field(default_factory=dict)
    paper: tuple[float, float, float] | None = None


BOTH = {"bilateral": 1.0, "segment": 0.25}
ROWS = (
    Row("gray", "Gray", paper=(20.54358, 0.254359, 0.003924)),
    Row("temporal", "Bilateral + RankDiv + Temporal, main", "favc_conv3", {"bilateral": 1.0, "temporal": 1.0},
        (20.915756, 0.207897, 0.003493)),
    Row("refined", "Bilateral + RankDiv + Temporal, main + refinement", "favc_refine", {"refine": True},
        (19.404139, 0.249332, 0.005149)),
    Row("segment", "RankDiv + Segment, main", "favc_conv3_two", {"segment": 0.25}, (20.893824, 0.215922, 0.003830)),
    Row("both", "RankDiv + Bilateral + Segment, main", "favc_conv3_two", BOTH, (21.040308, 0.207812, 0.003641)),
    Row("bilateral", "RankDiv + Bilateral, main", "favc_conv3_two", {"bilateral": 1.0},
        (20.819466, 0.211376, 0.003793)),
    Row("both_one", "RankDiv + Bilateral + Segment, one frame in", "favc_conv3", BOTH),
    Row("duo", "Our network (duo), RankDiv + Bilateral + Segment", "duo", BOTH),
    Row("duo_segments", "Our network, segmented frame as further input", "duo", {**BOTH, "input": "segments"}),
    Row("duo_coloured", "Our network, coloured frame before as further input", "duo", {**BOTH, "input": "coloured"}),
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """What all rows have in common."""

    data: Path
    teachers: Path
    out: Path
    device: str
    minutes: float | None
    frames: int
    settings: Prototype

    def films(self, held_out: bool) -> list[Source]:
        """The episodes of one side. Raises SystemExit when there are none."""
        found = [film for film in sources(self.data, Data()) if "/penny_chip_" in f"/{film.file}"]
        wanted = [film for film in found if film.path.stem.removeprefix("penny_chip_") in HELD_OUT]
        films = wanted if held_out else [film for film in found if film not in wanted]
        if not films:
            raise SystemExit(f"{self.data}: no {'held-out' if held_out else 'other'} episode of penny_chip_*.mp4 here")
        return films

    def clips(self) -> list[scores.Clip]:
        """The measured spans of the held-out episodes."""
        size = self.settings.height, self.settings.width
        found = []
        for film in self.films(True):
            frames = np.stack(list(film_frames(film.path, size)))
            spans = [frames[lo : lo + self.frames] for lo in SPANS]
            found += [scores.clip(film.file, span) for span in spans if len(span) == self.frames]
        return found


def begun(bench: Bench, row: Row, seed: int) -> training.Lessons:
    """The row's network as an earlier run left it, or new."""
    changes = dict(row.losses)
    if changes.get("refine"):
        changes["main"] = str((bench.out / f"temporal-{seed}" / "favc_conv3.safetensors").resolve())
    settings = dataclasses.replace(bench.settings, **changes)
    folder = bench.out / f"{row.key}-{seed}"
    lessons = training.prepare(row.network, settings, seed, folder, device=bench.device, teachers=bench.teachers)
    if lessons.checkpoint.exists():
        lessons.take_up()
    return lessons


def taught(bench: Bench, row: Row, seed: int, pairs: Pairs) -> training.Lessons:
    """The row's network, taught to the end of its budget, from where an earlier run left it."""
    lessons = begun(bench, row, seed)
    folder = lessons.out
    began, before = time.monotonic(), _spent(folder)
    left = None if bench.minutes is None else max(0.0, bench.minutes - before / 60)
    training.run(lessons, pairs, left, lambda event: say(f"  {row.key} seed {seed}: {json.dumps(event)}"))
    write_json(folder / "spent.json", {"seconds": before + time.monotonic() - began, "steps": lessons.step})
    if row.key == "temporal":
        card = importlib.import_module(f"restore.models.{row.network}").CARD
        keep_main(lessons.network, card, folder)
    return lessons


def keep_main(network: Any, card: Any, folder: Path) -> None:
    """The main network's weights with the least card that lets them be found again: the refinement learns on it."""
    path = folder / f"{card.name}.safetensors"
    export.save(network, path)
    write_json(path.with_suffix(".json"), {"network": card.name, "files": {path.name: export.hashed(path)}})


def finished(bench: Bench, row: Row, seed: int) -> bool:
    """Whether this row of this seed is in the results."""
    return (bench.out / "results" / f"{row.key}-{seed}.json").exists()


def sheet(bench: Bench, rows: Sequence[Row], seeds: Sequence[int], clips: list[scores.Clip], path: Path) -> list[str]:
    """Writes the contact sheet; returns what its columns are, with the seed of each."""
    truth = [clip.rgb[len(clip.rgb) // 2] for clip in clips]
    columns, names = [[np.repeat(gray(frame)[..., None], 3, axis=2) for frame in truth]], ["gray"]
    for row in rows:
        folders = [bench.out / f"{row.key}-{seed}" for seed in seeds if finished(bench, row, seed)]
        folder = next((one for one in folders if (one / "checkpoint.safetensors").exists()), None)
        if row.network and folder is not None:
            names.append(folder.name)
            columns.append(_shown(begun(bench, row, int(folder.name.rsplit("-", 1)[1])), clips))
    whole = np.vstack([np.hstack(line) for line in zip(*columns, truth, strict=True)])
    cv2.imwrite(str(path), cv2.cvtColor(whole, cv2.COLOR_RGB2BGR))
    return [*names, "truth"]


def _shown(lessons: training.Lessons, clips: list[scores.Clip]) -> list[np.ndarray]:
    """The middle frame of each clip in the first candidate's colours, (h, w, 3) R'G'B' at the film's luma."""
    found = []
    for shot in clips:
        t = len(shot.rgb) // 2
        light = luma(torch.from_numpy(shot.rgb[t]).permute(2, 0, 1)[None].float() / 255)
        rgb = course.own_luma(colours(lessons, shot)[t, :1].cpu(), light)[0]
        found.append((255 * rgb).round().to(torch.uint8).permute(1, 2, 0).numpy())
    return found


def _spent(folder: Path) -> float:
    path = folder / "spent.json"
    return float(json.loads(path.read_text(encoding="utf-8"))["seconds"]) if path.exists() else 0.0


def colours(lessons: training.Lessons, shot: scores.Clip) -> torch.Tensor:
    """What a row's network makes of a clip, as `scores.painted` gives it."""
    refine, network = (lessons.network, lessons.main) if lessons.main is not None else (None, lessons.network)
    return scores.painted(network, lessons.settings, shot, refine)


def measured(bench: Bench, row: Row, seed: int, pairs: Pairs, clips: list[scores.Clip]) -> dict[str, Any]:
    """A row's scores, mean over the clips, and what they cost; kept in WORK."""
    kept = bench.out / "results" / f"{row.key}-{seed}.json"
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    eye = Perceptual(bench.teachers / FILTERS)
    each, about = [], {"steps": 0, "seconds": 0.0}
    if row.network:
        lessons = taught(bench, row, seed, pairs)
        eye = eye.to(lessons.device)
        each = [scores.scored(colours(lessons, shot), shot, eye) for shot in clips]
        about = {"steps": lessons.step, "seconds": round(_spent(lessons.out))}
    else:
        for shot in clips:
            light = torch.from_numpy(shot.rgb).permute(0, 3, 1, 2).float() / 255
            gray = luma(light).expand(-1, 3, -1, -1)
            each.append(scores.scored(gray[:, None], shot, eye))
    found = {**about, "scores": {name: float(np.mean([one[name] for one in each])) for name in each[0]}}
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_json(kept, found)
    return found


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="table_one", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--teachers", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20_000, help="of each row; with --minutes, the most")
    parser.add_argument("--minutes", type=float, help="of each row")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--rows", nargs="+", choices=[row.key for row in ROWS], default=[row.key for row in ROWS])
    parser.add_argument("--size", type=int, nargs=2, metavar=("ROWS", "COLUMNS"), default=(96, 160))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-4, help="Adam's; 1e-4 is the published one")
    parser.add_argument("--falls", action="store_true", help="let the rate fall to nothing at the last step")
    parser.add_argument("--every", type=int, default=4, help="a pair of frames of each so many")
    parser.add_argument("--frames", type=int, default=12, help="measured at each place, at least 5")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--page", type=Path, help="Markdown file to write")
    parser.add_argument("--sheet", type=Path, help="PNG file to write")
    parser.add_argument("--done", action="store_true", help="teach nothing: show what is done")
    return parser.parse_args()


def main() -> None:
    """Runs the command."""
    given = arguments()
    settings = Prototype(
        FILTERS, height=given.size[0], width=given.size[1], batch=given.batch, every=given.every, steps=given.steps,
        rate=given.rate, falls=given.falls,
    )  # fmt: skip
    bench = Bench(given.data, given.teachers, given.out, given.device, given.minutes, given.frames, settings)
    pairs = Pairs(bench.films(False), settings, bench.out, on(bench.device))
    clips = bench.clips()
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in given.seeds:
        for row in ROWS:
            if row.key in given.rows and (finished(bench, row, seed) or not given.done):
                say(f"{row.title}, seed {seed}")
                found.setdefault(row.key, []).append(measured(bench, row, seed, pairs, clips))
    truth = [scores.true_changes(shot) for shot in clips]
    text = table_one_page.text(
        [(row.title, row.key, row.paper, found[row.key]) for row in ROWS if row.key in found],
        {name: float(np.mean([one[name] for one in truth])) for name in truth[0]},
        {"size": given.size, "batch": given.batch, "seeds": given.seeds, "pairs": len(pairs),
         "rate": given.rate, "falls": given.falls,
         "held_out": [film.path.stem for film in bench.films(True)], "machine": machine(pairs.device),
         "frames": sum(len(shot.rgb) for shot in clips)},
    )  # fmt: skip
    if given.sheet:
        say("sheet, from left to right: " + ", ".join(sheet(bench, ROWS, given.seeds, clips, given.sheet)))
    if given.page:
        given.page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
