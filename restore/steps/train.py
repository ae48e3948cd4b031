"""Teaches a network: packs the data once, trains, writes what could ship. Stopped, it goes on from its checkpoint."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from restore.errors import MissingInput, Unavailable, shown


def train(
    recipe: str, data: Path, out: Path, *, device: str = "auto", teachers: Path | None = None,
    minutes: float | None = None, report: Callable[[dict[str, Any]], None],
) -> Path | None:  # fmt: skip
    """Train by `recipe` (a name, or a TOML file) on the pictures and films in `data`; everything is kept in `out`.

    `report` is told step, loss, pace and time left now and then. Returns the model card of the finished weights, or
    None when `minutes` were over first. Raises Unavailable without torch or its GPU, BadRecipe, MissingInput, BadInput.
    """
    if importlib.util.find_spec("torch") is None:
        raise Unavailable("training needs torch: install restore-film[train]")
    from restore.training import export, finish, loop, pack
    from restore.training import recipe as recipes

    wanted = recipes.load(recipe)
    if not data.is_dir():
        raise MissingInput(f"{shown(data)}: no such folder; --data wants pictures and films in colour")
    packed = out / "pack"
    if not (packed / "index.json").exists():  # written last
        pack.make(data, wanted, packed)
    training = loop.prepare(wanted, packed, out, device, teachers)
    if training.checkpoint.exists():
        training.take_up()
    if not loop.run(training, minutes, report):
        return None
    made = finish.Trained(export.shipped(training.mean.network), wanted, training.step, loop.machine(training.device))
    return finish.finish(made, packed, training.held_out, out)
