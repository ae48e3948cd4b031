"""The scores over time as curves: thinned so that a long film's page stays small, and drawn so that they print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.steps.curves import Column, Series
from restore.steps.report.page import clean, number

POINTS = 800
"""Points of a curve; of a film with more frames, a point stands for several, and their span is drawn as a band."""
MARKED = 400
"""Shots that are marked on a curve, at most: more would paint it over."""

NOTHING = 1e-5
_EACH_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
WIDTH, HEIGHT = 1000, 100
"""The drawing's own units; the page stretches it."""


@dataclass(frozen=True)
class Line:
    """One line of a curve: a column of the scores, by whom it is (the page's colour) and what it is called."""

    column: str
    whose: str  # "first" | "second" | "truth" | "gray"
    name: str


@dataclass(frozen=True)
class Curve:
    """A metric over time."""

    metric: str
    title: str
    unit: str
    about: str
    lines: tuple[Line, ...]


def of_film(wanted: Sequence[Curve], series: Series) -> dict[str, Any]:
    """All curves for the template, what they share, and the points for the script."""
    shown = [drawn(curve, series) for curve in wanted]
    shared = axis(series)
    return {
        "curves": shown, "axis": shared,
        "points": {"axis": shared["data"], "curves": [curve["values"] for curve in shown]},
    }  # fmt: skip


def drawn(curve: Curve, series: Series) -> dict[str, Any]:
    """What the template draws and the script reads out: paths in 1000 × 100 units, ticks, and the points' values."""
    size = step(len(series))
    lines = curve.lines
    thin = [thinned(series.columns[line.column], size) for line in lines]
    measured = np.concatenate([np.empty(0), *(value for points in thin for value in points)])
    measured = measured[np.isfinite(measured)]
    peak = cut_at(measured)
    bottom, top, ticks = scale(measured[measured <= peak], floor=curve.metric not in ("psnr", "ssim"))
    shots = series.shots[::size]
    middles = (np.arange(len(shots)) + 0.5) * size / len(series) * WIDTH

    def heights(values: Column) -> npt.NDArray[np.float64]:
        return np.maximum((top - values.astype(np.float64)) / (top - bottom) * HEIGHT, 0)

    return {
        "over": over(measured, top),
        "metric": clean(curve.metric), "title": clean(curve.title), "unit": clean(curve.unit), "about": curve.about,
        "ticks": [{"text": text, "at": f"{(top - value) / (top - bottom) * 100:.2f}"} for value, text in ticks],
        "lines": [
            {
                "whose": line.whose, "name": clean(line.name),
                "path": path(middles, heights(mean), shots),
                "band": band(middles, heights(low), heights(high), shots) if size > 1 else "",
            }
            for line, (low, mean, high) in zip(lines, thin, strict=True)
        ],
        "values": [
            {"name": clean(line.name), "low": listed(low, top), "mean": listed(mean, top), "high": listed(high, top)}
            if size > 1 else {"name": clean(line.name), "mean": listed(mean, top)}
            for line, (low, mean, high) in zip(lines, thin, strict=True)
        ],
    }  # fmt: skip


def over(measured: npt.NDArray[np.float64], top: float) -> str:
    """Says so where the axis ends below the highest value."""
    return f"Cut off at the top: the highest is {number(float(measured.max()))}." if (measured > top).any() else ""


def axis(series: Series) -> dict[str, Any]:
    """What all curves of a film share: shot marks, times along the bottom, and what each point stands for."""
    size, frames = step(len(series)), len(series)
    starts = np.flatnonzero(np.diff(series.shots, prepend=series.shots[:1] - 1))
    shown = starts[1:] if len(starts) <= MARKED else starts[:0]
    return {
        "size": size,
        "frames": frames,
        "marks": [f"{start / frames * WIDTH:.2f}" for start in shown],
        "marked": len(starts) <= MARKED,
        "times": times(series),
        "data": {
            "size": size,
            "frames": frames,
            "seconds": [round(float(second), 3) for second in series.seconds[::size]],
            "shots": series.shots[::size].tolist(),
        },
    }


def times(series: Series) -> list[dict[str, str]]:
    """Round times along the bottom: at most five, from the first frame on."""
    seconds, frames = series.seconds, len(series)
    lasts = float(seconds[-1] - seconds[0])
    each = next((each for each in _EACH_S if lasts / each <= 5), lasts / 4) or 1.0
    marks = np.arange(0, lasts + each / 100, each)
    places = np.searchsorted(seconds - seconds[0], marks - 1e-6)
    return [
        {"text": clock_text(mark), "at": f"{(place + 0.5) / frames * 100:.2f}"}
        for mark, place in zip(marks.tolist(), places.tolist(), strict=True)
        if place < frames
    ]


def clock_text(seconds: float) -> str:
    """A time as short as it may be: `0:04`, `0:00.2`, `1:02:45`."""
    tenths = round(seconds * 10)
    hours, minutes, rest = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
    within = f"{rest:04.1f}" if tenths % 10 else f"{rest:02.0f}"
    return f"{hours}:{minutes:02d}:{within}" if hours else f"{minutes}:{within}"


def step(frames: int) -> int:
    """Frames that a point stands for."""
    return max(1, math.ceil(frames / POINTS))


def thinned(values: Column, size: int) -> tuple[Column, Column, Column]:
    """Least, mean and greatest of each run of `size` frames; NaN where none was measured. No peak gets lost."""
    whole = np.full(math.ceil(len(values) / size) * size, np.nan, np.float32)
    whole[: len(values)] = values
    rows = whole.reshape(-1, size)
    there = ~np.isnan(rows)
    counts = there.sum(axis=1)
    sums = np.where(there, rows, 0).sum(axis=1, dtype=np.float64)
    mean = np.full(len(rows), np.nan)
    np.divide(sums, counts, out=mean, where=counts > 0)
    low, high = np.where(there, rows, np.inf).min(axis=1), np.where(there, rows, -np.inf).max(axis=1)
    empty = counts == 0
    low[empty] = high[empty] = np.nan
    return low.astype(np.float32), mean.astype(np.float32), high.astype(np.float32)


def cut_at(measured: npt.NDArray[np.float64]) -> float:
    """Where an axis ends: at the highest value, unless a few peaks would press all others flat."""
    if not len(measured):
        return 1.0
    usual = float(np.percentile(measured, 98))
    return 2 * usual if 0 < 4 * usual < measured.max() else float(measured.max())


def scale(measured: npt.NDArray[np.float64], *, floor: bool) -> tuple[float, float, list[tuple[float, str]]]:
    """Bottom, top and ticks (value, text) of an axis in round numbers; from 0 where `floor`."""
    low, high = (float(measured.min()), float(measured.max())) if len(measured) else (0.0, 1.0)
    low = min(low, 0.0) if floor else low
    if high <= low:
        low, high = (low, low + 1.0) if low == 0 else (low - abs(low) * 0.05, high + abs(high) * 0.05)
    unit = 10 ** math.floor(math.log10((high - low) / 3))
    unit *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (unit * factor) <= 4)
    first, last = math.floor(low / unit + 1e-9), math.ceil(high / unit - 1e-9)
    digits = max(0, -math.floor(math.log10(unit) + 1e-9))
    ticks = [(k * unit, _text(k * unit, digits)) for k in range(first, last + 1)]
    return first * unit, last * unit, ticks


def _text(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if digits <= 4 else f"{value:.0e}" if value else "0"


def path(across: npt.NDArray[Any], down: npt.NDArray[Any], shots: npt.NDArray[Any]) -> str:
    """An SVG path through the measured points of each shot; a shot with one point is a dot."""
    words = list[str]()
    last = None
    for x, y, shot in _measured(across, down, shots):
        words.append(f"L{x:.1f} {y:.1f}" if shot == last else f"M{x:.1f} {y:.1f}h0")
        last = shot
    return "".join(words)


def band(across: npt.NDArray[Any], upper: npt.NDArray[Any], lower: npt.NDArray[Any], shots: npt.NDArray[Any]) -> str:
    """An SVG path around the span of each shot's points."""
    words = list[str]()
    for shot in np.unique(shots):
        there = (shots == shot) & np.isfinite(upper)
        if there.sum() > 1:
            forth = [f"{x:.1f} {y:.1f}" for x, y in zip(across[there], upper[there], strict=True)]
            back = [f"{x:.1f} {y:.1f}" for x, y in zip(across[there][::-1], lower[there][::-1], strict=True)]
            words.append(f"M{'L'.join([*forth, *back])}z")
    return "".join(words)


def _measured(
    across: npt.NDArray[Any], down: npt.NDArray[Any], shots: npt.NDArray[Any]
) -> list[tuple[float, float, int]]:
    there = np.isfinite(down)
    return list(zip(across[there].tolist(), down[there].tolist(), shots[there].tolist(), strict=True))


def listed(values: Column, top: float) -> list[float | None]:
    """Numbers for JSON, in four digits that count; null where nothing was measured, 0 for what is but rounding errors
    beside the `top` of the axis."""
    return [
        None if math.isnan(value) else 0.0 if abs(value) < NOTHING * top else float(f"{value:.4g}")
        for value in values.tolist()
    ]
