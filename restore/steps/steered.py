"""A recipe that follows references: the filter `steer`, set by what the automatic colours lack of the references'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from restore.configs.recipe import Recipe
from restore.contracts import Filter, RunsNetwork
from restore.filters.steer import Steer
from restore.guidance.at_hand import AtHand
from restore.guidance.reference import Statistics
from restore.runtime import Runtime
from restore.shots.table import scenes
from restore.steps.automatic import automatic

SAMPLES = 16
"""Frames whose automatic colours are looked at, spread over the shots."""

GAINS = (0.5, 2.0)
"""Least and most factor on the automatic colours' chroma."""


def steered(recipe: Recipe, references: Sequence[Statistics], film: AtHand, runtime: Runtime) -> Recipe:
    """The recipe with `steer` after the filter that makes colour: the references' mean chroma, half-way, and their
    palettes. A recipe that has `steer` keeps its own settings, and one without a network stays as it is."""
    names = [name for name, _ in recipe.chain]
    maker = next((n for n, (_, part) in enumerate(recipe.chain) if isinstance(part, RunsNetwork)), None)
    if maker is None or "steer" in names:
        return recipe
    made = [_chroma(film, frame, recipe, runtime) for frame in _samples(film)]
    wanted = float(np.mean([reference.chroma for reference in references]))
    own = float(np.mean(made)) if made else wanted
    gain = float(np.clip(np.sqrt(wanted / max(own, 1e-4)), *GAINS))
    entries = [(cb, cr, share / len(references)) for reference in references for cb, cr, share in reference.palette]
    part: Any = Steer.model_validate({"saturation": round(gain, 3), "palette": entries})
    chain: tuple[tuple[str, Filter], ...] = (*recipe.chain[: maker + 1], ("steer", part), *recipe.chain[maker + 1 :])
    head = recipe.head.model_copy(update={"filters": tuple(name for name, _ in chain)})
    return replace(recipe, head=head, chain=chain)


def _samples(film: AtHand) -> list[int]:
    """The middle frames of some of the shots that are coloured, evenly chosen."""
    middles = [(shot.start + shot.stop) // 2 for shot in scenes(film.shots) if not shot.left]
    return middles[:: max(1, len(middles) // SAMPLES)][:SAMPLES]


def _chroma(film: AtHand, frame: int, recipe: Recipe, runtime: Runtime) -> float:
    """Mean chroma of a frame's automatic colours, in Cb, Cr."""
    _, made = automatic(film, frame, recipe, runtime)
    return 0.0 if made is None else float(np.hypot(made[0], made[1]).mean())
