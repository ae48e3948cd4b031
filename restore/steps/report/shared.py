"""What the report of a run and that of a comparison have in common: their curves, and rankings by flicker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from restore.steps.curves import Column, Series
from restore.steps.report import curves, scores, series
from restore.steps.report.page import number
from restore.steps.report.worst import Ranking

FIRST = ("flicker", "ciede2000", "psnr", "warp_error")
"""Curves that come first; the others follow in their order."""


def curve_view(
    table: Series | None, endings: Sequence[tuple[str, str, str]], about: Callable[[str], str] = scores.about
) -> dict[str, Any]:
    """All curves for the template; none of a film of one frame, and none where nothing was measured.

    endings: how the names of a metric's columns end, the page's colour of each line, and what the line is called.
    about: what a metric's curve shows, in words.
    """
    nothing: dict[str, Any] = {"curves": [], "axis": None, "points": None}
    if table is None or len(table) < 2:
        return nothing
    measured = list(dict.fromkeys(name.split(" ")[0] for name, values in table.columns.items() if _any(values)))
    order = [*(name for name in FIRST if name in measured), *(name for name in measured if name not in FIRST)]
    wanted = [
        curves.Curve(
            name, scores.title(name), scores.unit(name), about(name),
            tuple(
                curves.Line(name + ending, whose, called) for ending, whose, called in endings
                if name + ending in table.columns
            ),
        )
        for name in order
    ]  # fmt: skip
    return curves.of_film([curve for curve in wanted if curve.lines], table) if wanted else nothing


def _any(values: Column) -> bool:
    return bool(np.isfinite(values).any())


def by_metric(table: Series, metric: str, heading: str, looks: tuple[str, ...]) -> Ranking:
    """Frames ranked by a metric's own value, or by how far that is above the truth's."""
    values, own = table.columns[metric], table.columns.get(f"{metric} truth")
    middle = float(np.nanmean(values)) if _any(values) else 0.0

    def said(frame: int) -> tuple[str, str]:
        beside = f"film {number(middle)}" if own is None else f"true film {number(float(own[frame]))}"
        return f"{scores.title(metric)} {number(float(values[frame]))}", beside

    bad = series.badness(table, metric, scores.better(metric))
    return Ranking(heading, bad, said, looks, moves=metric == "flicker")
