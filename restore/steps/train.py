"""Teaches a network: packs the data once, trains, writes what could ship. Stopped, it goes on from its checkpoint."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from restore.errors import MissingInput, Unavailable, shown


def train(
    recipe: str, data: Path, out: Path, *, device: str = "auto", teachers: Path | None = None,
    minutes: float | None = None, report: Callable[[dict[str, Any]], None],
) -> tuple[Path | None, bool]:  # fmt: skip
    """Train by `recipe` (a name, or a TOML file) on the pictures and films in `data`; everything is kept in `out`.

    Without `teachers`, the folder of trained filters that the recipe names, the network begins from nothing and is not
    taught by them; that is told, and stands in the model card. When `minutes` are over the training is put down, and
    the weights are written as they are by then; the same call goes on from there.

    Without a GPU the recipe's table `processor` changes its schedule; that is told too. `report` is told what
    `restore.training.telling.Report` lists. Returns the model card of the weights
    (None where no step was made) and whether the recipe's last step was reached. Raises Unavailable without torch or
    its GPU, BadRecipe, MissingInput, BadInput.
    """
    if importlib.util.find_spec("torch") is None:
        raise Unavailable("training needs torch: install restore-film[train]")
    from restore.training import export, finish, loop, pack
    from restore.training import recipe as recipes
    from restore.training.settings import followed

    read = recipes.load(recipe)
    gpu = loop.on(device).type == "cuda"
    wanted = followed(read, gpu)
    if read.processor and not gpu:
        report({"notice": _without_gpu(read)})
    if teachers is None and (named := recipes.filters(wanted)):
        wanted = recipes.unaided(wanted)
        report({"notice": f"no --teachers: without {' and '.join(named)} the network begins from nothing and learns "
                "more slowly; give the folder that holds them to follow the recipe"})  # fmt: skip
    if not data.is_dir():
        raise MissingInput(f"{shown(data)}: no such folder; --data wants pictures and films in colour")
    if wanted.prototype is not None:
        from restore.training.prototype import finish as prototype

        return prototype.train(wanted, data, out, device=device, teachers=teachers, minutes=minutes, report=report)
    packed = out / "pack"
    if not (packed / "index.json").exists():  # written last
        pack.make(data, wanted, packed, report)
    training = loop.prepare(wanted, packed, out, device, teachers)
    if training.checkpoint.exists():
        training.take_up()
    whole = loop.run(training, minutes, report)
    if not training.step:
        return None, whole
    made = finish.Trained(export.shipped(training.mean.network), wanted, training.step, loop.machine(training.device))
    return finish.finish(made, packed, training.held_out, out, report), whole


def _without_gpu(recipe: Any) -> str:
    """What the recipe does otherwise on a processor, in words."""
    was = asdict(recipe.schedule)
    changes = ", ".join(f"{key} {value:,} in place of {was[key]:,}" for key, value in recipe.processor.items())
    return f"no GPU: as the recipe says for a processor, {changes}"
