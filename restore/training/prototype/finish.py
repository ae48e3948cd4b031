"""A training by the prototype's rules from films to weights that a run can load, with what they came from."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from restore.contracts import Card
from restore.errors import BadRecipe
from restore.store import write_text
from restore.training import export
from restore.training.loop import machine, on
from restore.training.losses.perceptual import Perceptual
from restore.training.pack import VIDEOS, Source, is_held_out, sources
from restore.training.prototype import scores, training
from restore.training.prototype.settings import Prototype
from restore.training.prototype.targets import Pairs, film_frames
from restore.training.settings import TrainRecipe, to_plain
from restore.training.student import teacher

MEASURED = 12
"""Frames measured from the middle of each held-out film."""


def train(
    recipe: TrainRecipe, data: Path, out: Path, *, device: str, teachers: Path | None, minutes: float | None,
    report: Callable[[dict[str, Any]], None],
) -> tuple[Path | None, bool]:  # fmt: skip
    """Teach by `recipe.prototype` on the films in `data`, or go on; see `restore.steps.train.train`.

    Returns the model card (None where no step was made) and whether the last step was reached.
    """
    settings = recipe.prototype
    assert settings is not None
    if settings.input:
        raise BadRecipe(
            "prototype.input: a run gives no network further input; benchmarks/table_one.py teaches and measures such"
        )
    films = [film for film in sources(data, recipe.data) if film.path.suffix.lower() in VIDEOS]
    learned = [film for film in films if not is_held_out(film, recipe.data)]
    pairs = Pairs(learned, settings, out, on(device))
    lessons = training.prepare(recipe.network, settings, recipe.seed, out, device=device, teachers=teachers)
    if lessons.checkpoint.exists():
        lessons.take_up()
    whole = training.run(lessons, pairs, minutes, report)
    if not lessons.step:
        return None, whole
    held_out = [film for film in films if film not in learned]
    card: Card = importlib.import_module(f"restore.models.{recipe.network}").CARD
    about = {
        "recipe": to_plain(recipe),
        "steps": lessons.step,
        "machine": machine(lessons.device),
        "held_out": measured(lessons, settings, held_out, teachers),
        "data": [{"file": film.file, "author": film.author, "licence": film.licence} for film in learned],
    }
    path = export.write(export.shipped(lessons.network), card, recipe.network, out, about)
    write_text(path.with_suffix(".md"), text(card, settings, about))
    return path, whole


def measured(
    lessons: training.Lessons, settings: Prototype, films: list[Source], teachers: Path | None
) -> dict[str, dict[str, float]]:
    """Scores of each held-out film, by its name; without VGG-19 in the form of .npz there are none."""
    found: dict[str, dict[str, float]] = {}
    if not settings.vgg19.endswith(".npz"):
        return found
    eye = Perceptual(teacher(teachers, settings.vgg19)).to(lessons.device)
    refine, network = (lessons.network, lessons.main) if lessons.main is not None else (None, lessons.network)
    for film in films:
        frames = np.stack(list(film_frames(film.path, (settings.height, settings.width))))
        first = max(0, (len(frames) - MEASURED) // 2)
        shot = scores.clip(film.file, frames[first : first + MEASURED])
        if len(shot.rgb) >= 5:
            made = scores.painted(network, settings, shot, refine)
            found[film.file] = {k: round(v, 5) for k, v in scores.scored(made, shot, eye).items()}
    return found


def text(card: Card, settings: Prototype, about: dict[str, Any]) -> str:
    """The model card for people."""
    losses = ", ".join(f"{k} {v:g}" for k, v in asdict(settings).items() if k in LOSSES and v)
    said = "refinement on a fixed main network" if settings.refine else f"losses {losses}"
    how = (
        f"{about['steps']:,} steps of {settings.batch} pairs of frames at {settings.height} × {settings.width} px, "
        f"seed {about['recipe']['seed']}, on {about['machine']}"
    )
    lines = [
        f"# {card.name}: {card.title}",
        "",
        f"After {card.paper}. Taught by `restore train`: {said}; {how}.",
        "",
        f"It sees with, and was taught by, the filters of VGG-19 in {settings.vgg19}: their licence holds for it too.",
        "",
        "## Held out",
        "",
        *(f"- {film}: {_named(found)}" for film, found in about["held_out"].items()),
        "",
        "## What it learned from",
        "",
        *(f"- {film['file']}: {film['author'] or 'no author named'}; {film['licence']}" for film in about["data"]),
    ]
    return "\n".join(lines) + "\n"


def _named(scores_of_film: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in scores_of_film.items())


LOSSES = ("rank_diversity", "bilateral", "segment", "temporal")
