"""How many pictures a second a recipe learns here, and whether it ever waits for its data.

    python benchmarks/training_pace.py PACK [--recipes first guided] [--seconds 40] [--threads 2]

PACK is the folder `pack/` that `restore train` makes first. Nothing is kept. Recipes are followed as on a processor,
without teachers. Wants an idle machine: how much of it there was is in the table. While a step is learned the next one
is drawn, so drawing holds nothing up as long as it takes less.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from restore.training import loop
from restore.training import recipe as recipes
from restore.training.settings import followed

DRAWN = 8
"""Steps that are drawn once more, alone."""


def paces(name: str, pack: Path, seconds: float) -> str:
    """A row of the table."""
    recipe = recipes.unaided(followed(recipes.load(name), gpu=False))
    told: list[tuple[int, float, float]] = []

    def note(event: dict[str, Any]) -> None:
        told.append((event["step"], time.monotonic(), sum(os.times()[:2])))

    with tempfile.TemporaryDirectory() as folder:
        training = loop.prepare(recipe, pack, Path(folder), "cpu", None)
        loop.run(training, seconds / 60, note)
        chances, start = training.stock.chances(dict(recipe.data.mix)), time.monotonic()
        for step in range(DRAWN):
            loop.drawn(training, chances, step)
        drawing = (time.monotonic() - start) / DRAWN
    (first, began, before), (last, ended, after) = told[1], told[-1]  # the first report is of a cold start
    pace, schedule = (last - first) / (ended - began), recipe.schedule
    pictures = pace * schedule.batch * (1 if recipe.hints.any else 2)
    return (
        f"| `{name}` | {schedule.batch} × {schedule.height} × {schedule.width} | {pictures:.1f} | {1000 / pace:.0f} | "
        f"{1000 * drawing:.0f} | {(after - before) / (ended - began):.2f} |"
    )


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pack", type=Path)
    parser.add_argument("--recipes", nargs="+", default=["first", "guided"])
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print("| recipe | batch | pictures/s | ms a step | drawing alone, ms a step | cores that it had |")
    print("|---|---|---|---|---|---|")
    for name in given.recipes:
        print(paces(name, given.pack, given.seconds), flush=True)


if __name__ == "__main__":
    main()
