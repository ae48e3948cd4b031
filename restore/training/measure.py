"""Measures a student on films it never saw, against the gray picture, and prints sheets to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from restore.training.colour import lab_to_rgb, lightness, luma, rgb_to_lab
from restore.training.stock import Stock

DOTS, DOT = 20, 4
"""True dots that hints are measured with, and their side, px of the picture that the network sees."""

STEADY = 0.03
"""A pixel whose R, G and B changed less than this (of 1) from t−1 to t stood still."""


@dataclass(frozen=True)
class Scores:
    """Means over the held-out runs of one folder.

    psnr, gray_psnr   dB of gamma-coded RGB against the truth: ours and the gray picture's.
    ab_mse, gray_ab_mse   mean squared error of a* and b*.
    colourfulness     mean C* of ours over that of the truth.
    flicker           mean change of a*b* from t−1 to t where the film stood still, ours; `true_flicker` the truth's.
    best_psnr, mean_psnr   the best candidate of each picture, and the mean over candidates.
    dots_psnr         the first candidate, when `DOTS` dots of the true colours are given; None where it takes no hints.
    """

    runs: int
    psnr: float
    gray_psnr: float
    ab_mse: float
    gray_ab_mse: float
    colourfulness: float
    flicker: float
    true_flicker: float
    best_psnr: float
    mean_psnr: float
    dots_psnr: float | None


def whole(stock: Stock, run: int, short: int, multiple: int) -> Tensor:
    """(T, 3, h, w) a run's pictures, newest first, whole, the shorter side near `short`, sides multiples."""
    start, count = int(stock.first[run]), int(stock.length[run])
    numbers = [start + max(0, count - 1 - back) for back in range(3)]
    height, width = (int(side) for side in stock.sizes[start])
    scale = short / min(height, width)
    size = [max(multiple, round(side * scale / multiple) * multiple) for side in (height, width)]
    pictures = stock.frames[numbers, :, :height, :width].float() / 255
    return F.interpolate(pictures, size, mode="bilinear", antialias=True, align_corners=False)


@torch.no_grad()
def paint(student: Any, rgb: Tensor, hints: Tensor | None = None) -> Tensor:
    """(3, 3, h, w) RGB of t, t−1, t−2 → (2, K, 2, h, w) a*b* of t and t−1 at full size, given `hints` (2, 3, h, w)."""
    light = lightness(luma(rgb))[:, 0]
    seen = torch.stack((light[0:2], light[1:3]))
    with torch.autocast(rgb.device.type, torch.bfloat16, enabled=rgb.is_cuda):
        colour = student(seen if hints is None else torch.cat((seen, hints), dim=1))
    colour = colour.float()
    return F.interpolate(colour.flatten(1, 2), rgb.shape[-2:], mode="bicubic", align_corners=False).unflatten(
        1, colour.shape[1:3]
    )


def dotted(truth: Tensor, seed: int) -> Tensor:
    """(2, 2, h, w) true a*b* of two frames → (2, 3, h, w) hints: `DOTS` dots of the mean colour under them."""
    hints = truth.new_zeros(len(truth), 3, *truth.shape[-2:])
    draw = np.random.default_rng(seed)
    for frame, ab in zip(hints, truth, strict=True):
        for top, left in zip(*(draw.integers(0, side - DOT + 1, DOTS) for side in ab.shape[1:]), strict=True):
            rows, columns = slice(top, top + DOT), slice(left, left + DOT)
            frame[:2, rows, columns] = ab[:, rows, columns].mean(dim=(1, 2), keepdim=True)
            frame[2, rows, columns] = 1
    return hints


def relit(rgb: Tensor, colour: Tensor) -> Tensor:
    """(N, 3, h, w) RGB of the colours `colour` (N, 2, h, w) a*b* under the luma of `rgb`."""
    return lab_to_rgb(torch.cat((100 * lightness(luma(rgb)), colour), dim=1))


def _psnr(made: Tensor, truth: Tensor) -> float:
    return float(-10 * torch.log10((made - truth).square().mean().clamp(min=1e-10)))


def _of_run(rgb: Tensor, colour: Tensor, hinted: Tensor | None) -> list[float]:
    truth = rgb_to_lab(rgb[:2])[:, 1:]
    gray = luma(rgb[:1]).expand(-1, 3, -1, -1)
    steady = ((rgb[0] - rgb[1]).abs().amax(0) < STEADY).float()
    first = colour[:, 0]

    def change(ab: Tensor) -> float:
        return float(((ab[0] - ab[1]).abs().mean(0) * steady).sum() / (steady.sum() + 1))

    each = [_psnr(relit(rgb[:1], one[None]), rgb[:1]) for one in colour[0]]
    return [
        each[0],
        _psnr(gray, rgb[:1]),
        float((first[0] - truth[0]).square().mean()),
        float(truth[0].square().mean()),
        float(first[0].norm(dim=0).mean()),
        float(truth[0].norm(dim=0).mean()),
        change(first),
        change(truth),
        max(each),
        float(np.mean(each)),
        float("nan") if hinted is None else _psnr(relit(rgb[:1], hinted[:1, 0]), rgb[:1]),
    ]


def held_out(
    student: Any, stock: Stock, card: Any, limit: int = 60, counted: Callable[[], None] = lambda: None
) -> dict[str, Scores]:
    """Scores by folder over at most `limit` runs of each, evenly spread; `counted` is called after each of them.

    `stock` holds held-out runs only.
    """
    found: dict[str, Scores] = {}
    for folder in sorted(set(stock.folder)):
        chosen = [run for run in spread(stock, limit) if stock.folder[run] == folder]
        rows = []
        for run in chosen:
            rgb = whole(stock, run, card.working_size, card.multiple_of)
            hinted = paint(student, rgb, dotted(rgb_to_lab(rgb[:2])[:, 1:], run)) if card.guided else None
            rows.append(_of_run(rgb, paint(student, rgb), hinted))
            counted()
        psnr, gray_psnr, ab, gray_ab, made, real, *others = (float(v) for v in np.mean(rows, axis=0))
        flicker, still, best, mean, dots = others
        share = made / max(real, 1e-6)
        found[folder] = Scores(
            len(chosen), round(psnr, 3), round(gray_psnr, 3), round(ab, 3), round(gray_ab, 3), round(share, 3),
            round(flicker, 3), round(still, 3), round(best, 3), round(mean, 3),
            None if np.isnan(dots) else round(dots, 3),
        )  # fmt: skip
    return found


def gains(student: Any, stock: Stock, card: Any, runs: Sequence[int], counted: Callable[[], None]) -> list[float]:
    """dB of RGB PSNR over the gray picture for each candidate, mean over `runs`; `counted` is called after each."""
    found = []
    for run in runs:
        rgb = whole(stock, run, card.working_size, card.multiple_of)
        colour = paint(student, rgb)[0]
        gray = luma(rgb[:1]).expand(-1, 3, -1, -1)
        found.append([_psnr(relit(rgb[:1], one[None]), rgb[:1]) - _psnr(gray, rgb[:1]) for one in colour])
        counted()
    return [round(float(value), 3) for value in np.mean(found, axis=0)]


def sheet(student: Any, stock: Stock, card: Any, path: Path, runs: Sequence[int]) -> None:
    """A PNG: for each run a row of gray, our first candidate, the truth, and our other candidates."""
    rows = []
    for run in runs:
        rgb = whole(stock, run, card.working_size, card.multiple_of)
        colour = paint(student, rgb)[0]
        candidates = relit(rgb[:1].expand(len(colour), -1, -1, -1), colour)
        gray = luma(rgb[:1]).expand(-1, 3, -1, -1)
        row = torch.cat((gray, candidates[:1], rgb[:1], candidates[1:]))
        rows.append(F.interpolate(row, (120, 168), mode="bilinear", antialias=True))
    strips = torch.stack(rows).permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    picture = (255 * strips.clamp(0, 1)).round().to(torch.uint8).cpu().numpy()
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def spread(stock: Stock, each: int) -> list[int]:
    """Numbers of `each` runs of every folder, evenly spread."""
    chosen: list[int] = []
    for folder in sorted(set(stock.folder)):
        runs = [run for run, name in enumerate(stock.folder) if name == folder]
        chosen += runs[:: max(1, len(runs) // each)][:each]
    return chosen
