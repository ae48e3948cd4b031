"""Finishes a training: puts the candidates in order, measures, writes what ships and the model card around it.

python -m restore.training.finish PACK WEIGHTS.safetensors OUT STEPS MACHINE    what a borrowed machine brought home
"""

from __future__ import annotations

import importlib
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from restore import weights as vault
from restore.contracts import UNGUIDED, Card, Guidance
from restore.runtime import Runtime
from restore.store import write_json, write_text
from restore.training import export, measure, modelcard
from restore.training.pack import Run, read_credits, read_index
from restore.training.settings import TrainRecipe, to_plain
from restore.training.stock import Stock, load
from restore.training.telling import Jobs, Report, untold

LIMIT, RANKED = 60, 20
"""Held-out runs of each folder that are measured, and that say in which order the candidates stand."""


@dataclass(frozen=True)
class Trained:
    """What was trained: an `export.shipped` network, by which recipe, for how many steps and on what machine."""

    network: Any
    recipe: TrainRecipe
    steps: int
    machine: str


def finish(trained: Trained, pack: Path, held_out: Stock, out: Path, report: Report = untold) -> Path:
    """Writes the weights, their OpenVINO form, card .json and .md into `out`; returns the .json's path.

    `held_out` is the stock to measure on, of the pack `pack`. Takes about a minute a hundred pictures on one core;
    `report` is told how many are measured.
    """
    network, recipe = trained.network, trained.recipe
    card: Card = importlib.import_module(f"restore.models.{recipe.network}").CARD
    ranking = measure.spread(held_out, RANKED)
    jobs = Jobs("measuring", len(ranking) + len(measure.spread(held_out, LIMIT)), report)
    gains = measure.gains(network, held_out, card, ranking, jobs.one)
    export.ranked(network, gains, card)
    scores = measure.held_out(network, held_out, card, LIMIT, jobs.one)
    _, runs = read_index(pack)
    about = {
        "recipe": to_plain(recipe),
        "steps": trained.steps,
        "machine": trained.machine,
        "candidate_gains_db": sorted(gains, reverse=True),
        "held_out": {folder: asdict(found) for folder, found in scores.items()},
        "data": described(runs),
        "credits": read_credits(pack),
        "begun_from": begun_from(recipe.start.weights),
    }
    path = export.write(network, card, recipe.network, out, about)
    found = dict(vault.find(str(path)).card)
    found["cpu_ms_per_frame_640x480"] = cpu_ms(card, path)
    if card.guided:
        found["cpu_ms_per_hinted_frame_640x480"] = cpu_ms(card, path, hinted=True)
    write_json(path, found)
    write_text(path.with_suffix(".md"), modelcard.text(vault.find(str(path)).card))
    measure.sheet(network, held_out, card, out / "samples.png", measure.spread(held_out, 5))
    return path


def begun_from(weights: str) -> dict[str, Any] | None:
    """What a card says of the weights that a training went on from: which they were, and how they had been made."""
    if not weights:
        return None
    found = vault.find(weights)
    kept = {key: found.card[key] for key in ("recipe", "steps", "machine", "begun_from") if key in found.card}
    return {"name": found.name, "sha256": found.sha256, **kept}


def described(runs: list[Run]) -> dict[str, dict[str, Any]]:
    """By folder: how many runs were learned from and held out, under which licences, made by whom."""
    found: dict[str, dict[str, Any]] = {}
    for folder in sorted({run.folder for run in runs}):
        here = [run for run in runs if run.folder == folder]
        found[folder] = {
            "learned_from": sum(not run.held_out for run in here),
            "held_out": sum(run.held_out for run in here),
            "held_out_files": sorted({run.file for run in here if run.held_out}),
            "licences": [licence for licence, _ in Counter(run.licence for run in here).most_common()],
            "authors": sorted({run.author for run in here if run.author}),
        }
    return found


def cpu_ms(card: Card, path: Path, frames: int = 24, hinted: bool = False) -> float:
    """CPU-milliseconds a frame of a 640 × 480 film on one thread, as OpenVINO runs it here: median of frames."""
    painter: Any = Runtime("cpu", 1).painter(card.name, str(path))
    light = np.random.default_rng(1).random((1, 1, card.working_size, card.working_size * 4 // 3), np.float32)
    guidance = Guidance(hints=light.repeat(3, axis=1)) if hinted else UNGUIDED
    painter(light, guidance)
    spent = []
    for _ in range(frames):
        before = time.process_time()
        painter(light, guidance)
        spent.append(time.process_time() - before)
    return round(1000 * float(np.median(spent)), 1)


def main() -> None:
    """Makes what ships out of weights that a borrowed machine trained."""
    pack, weights, out = (Path(given) for given in sys.argv[1:4])
    recipe, runs = read_index(pack)
    network = importlib.import_module(f"restore.models.{recipe.network}").build()
    shapes = {name: tuple(values.shape) for name, values in network.state_dict().items()}
    stored = vault.read(weights, shapes)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in stored.items()})
    held_out = load(pack, [run for run in runs if run.held_out], torch.device("cpu"))
    finish(Trained(network.eval(), recipe, int(sys.argv[4]), sys.argv[5]), pack, held_out, out)


if __name__ == "__main__":
    main()
