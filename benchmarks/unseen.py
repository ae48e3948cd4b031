"""What a network reaches on films that it learned from, beside those that it never saw: does it lack time, or films?

    python benchmarks/unseen.py PACK [--weights duo] [--runs 60]

PACK is the folder `pack/` that `restore train` makes first. Of each kind of film so many runs are coloured, evenly
spread over what was learned from and over what was held out; the series Penny & Chip is a kind of its own. Prints a
table in Markdown; what its columns are is said in the model card. Wants torch.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from restore.training import measure, stock, student
from restore.training.pack import Run, read_index

HEAD = ("kind", "", "runs", "gray, dB", "PSNR, dB", "over gray", "a*b* error to gray's", "best over mean, dB",
        "20 dots bring, dB", "colourfulness")  # fmt: skip


def kind(run: Run) -> str:
    """The kind of film that a run is counted with."""
    return "Penny & Chip" if "penny_chip" in run.file else run.folder.removeprefix("video_")


def cells(scores: measure.Scores) -> list[str]:
    """A row of the table without its first two columns."""
    dots = "–" if scores.dots_psnr is None else f"{scores.dots_psnr - scores.psnr:+.2f}"
    return [
        f"{scores.runs}", f"{scores.gray_psnr:.2f}", f"{scores.psnr:.2f}", f"{scores.psnr - scores.gray_psnr:+.2f}",
        f"{scores.ab_mse / scores.gray_ab_mse:.2f}", f"{scores.best_psnr - scores.mean_psnr:+.2f}", dots,
        f"{scores.colourfulness:.2f}",
    ]  # fmt: skip


def spread(runs: Sequence[Run], each: int) -> list[Run]:
    """`each` runs of every kind, evenly spread."""
    kinds = {name: [run for run in runs if kind(run) == name] for name in sorted({kind(run) for run in runs})}
    return [
        replace(run, folder=name)
        for name, all_of in kinds.items()
        for run in all_of[:: max(1, len(all_of) // each)][:each]
    ]


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pack", type=Path)
    parser.add_argument("--weights", default="duo", help="name of the set of weights, or its .json")
    parser.add_argument("--runs", type=int, default=60, help="of each kind and side")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    recipe, runs = read_index(given.pack)
    module = importlib.import_module(f"restore.models.{recipe.network}")
    network = student.go_on(module.build(), given.weights).eval()
    found = {}
    for side, held_out in (("learned from", False), ("never seen", True)):
        chosen = spread([run for run in runs if run.held_out == held_out], given.runs)
        pictures = stock.load(given.pack, chosen, torch.device("cpu"))
        found[side] = measure.held_out(network, pictures, module.CARD, given.runs)
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for name in sorted({name for scores in found.values() for name in scores}):
        for side, scores in found.items():
            if name in scores:
                print(f"| {' | '.join([name, side, *cells(scores[name])])} |")


if __name__ == "__main__":
    main()
