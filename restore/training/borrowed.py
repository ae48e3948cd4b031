"""Trains on a borrowed machine that has torch, NumPy, OpenCV and safetensors and nothing else: one command.

python -m restore.training.borrowed PACK --teachers DIR --out DIR --minutes 9 [--resume] [--set losses.adversary=0.02]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from restore.training import export, loop
from restore.training.pack import read_index
from restore.training.settings import TrainRecipe


def changed(recipe: TrainRecipe, changes: list[str]) -> TrainRecipe:
    """`recipe` with PART.KEY=VALUE changes; values are JSON. Raises KeyError for a key that is not there."""
    for change in changes:
        key, value = change.split("=", 1)
        part, name = key.split(".")
        holder = getattr(recipe, part)
        if not hasattr(holder, name):
            raise KeyError(key)
        recipe = dataclasses.replace(recipe, **{part: dataclasses.replace(holder, **{name: json.loads(value)})})
    return recipe


def main() -> None:
    """Runs the command; progress goes to stdout as JSON lines."""
    parser = argparse.ArgumentParser(prog="restore.training.borrowed")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--teachers", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--set", action="append", default=[], dest="changes")
    given = parser.parse_args()

    def say(event: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    recipe = changed(read_index(given.pack)[0], given.changes)
    training = loop.prepare(recipe, given.pack, given.out, given.device, given.teachers)
    if given.resume and training.checkpoint.exists():
        training.take_up()
    done = loop.run(training, given.minutes, say)
    loop.score(training, say)
    export.save(export.shipped(training.mean.network), given.out / f"{recipe.network}.safetensors")
    say({"step": training.step, "done": done})


if __name__ == "__main__":
    main()
