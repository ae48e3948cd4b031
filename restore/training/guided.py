"""A lesson in heeding hints: each picture of a batch is hinted at in one way, or not at all, and coloured once.

Nothing is drawn that is not needed: frame t−1 is coloured only where its colours are the hints, or are held against
those of t, and is not learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.training.ageing import Wear
from restore.training.colour import lightness, rgb_to_lab
from restore.training.hinting import MANY, Hinter, Parts, parts
from restore.training.losses.colourfulness import colourfulness
from restore.training.losses.hinted import hinted
from restore.training.losses.rank_diversity import rank_diversity
from restore.training.losses.smooth_l1 import smooth_l1
from restore.training.losses.temporal import temporal
from restore.training.motion import Sample
from restore.training.settings import Losses

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Exercise:
    """A batch that is ready to be coloured.

    light   (N, 3, h, w) L*/100 of t, t−1, t−2, worn.
    hints   (N, 3, h, w) a*, b*, confidence for t; those from the network's own colours are still missing.
    truth   (N, 2, h/2, w/2) a*b* of t.
    sample  motion between t and t−1, of the `parts.watched` first.
    """

    light: Tensor
    hints: Tensor
    truth: Tensor
    sample: Sample
    parts: Parts
    hinter: Hinter


@torch.no_grad()
def exercise(sample: Sample, wear: Wear, hinter: Hinter, drawn: list[bool], stride: int) -> Exercise:
    """Wears a batch and hints at it. `drawn` says which samples are drawings, whose hues may be turned."""
    count, (height, width) = len(sample.rgb), sample.rgb.shape[-2:]
    light = lightness(wear(sample.rgb))[:, :, 0]
    shares = parts(hinter.hints, count)
    small = F.avg_pool2d(sample.rgb[:, :2].flatten(0, 1), stride)
    ab = rgb_to_lab(small)[:, 1:].unflatten(0, (count, 2))
    start = shares.first_hinted
    whole, dotted = start + shares.before, count - shares.dots
    numbers = hinter.numbers(shares.dots)
    fits = [True] * shares.before + [False] * shares.areas + [number >= MANY for number in numbers]
    turned = torch.rand(count - start, generator=hinter.generator, device=hinter.device) < hinter.hints.turned
    chosen = [fit and one and bool(two) for fit, one, two in zip(fits, drawn[start:], turned, strict=True)]
    ab = torch.cat((ab[:start], hinter.turn(ab[start:], chosen)))
    full = F.interpolate(ab[start:].flatten(1, 2), (height, width), mode="bilinear", align_corners=False)
    now, before = full[:, :2], full[:, 2:]
    known = sample.where[start:whole], sample.known[start:whole]
    hints = torch.cat(
        (
            light.new_zeros(start, 3, height, width),
            hinter.carried(before[: shares.before], *known),
            hinter.areas(now[shares.before : dotted - start]),
            hinter.dots(now[dotted - start :], numbers),
        )
    )
    return Exercise(light, hints, ab[:, 0], sample, shares, hinter)


def teach(student: Any, given: Exercise, losses: Losses) -> Terms:
    """All terms of the loss, weighted."""
    watched = given.parts.watched
    kind, planes = given.light.device.type, given.hints.clone()
    with torch.no_grad(), torch.autocast(kind, torch.bfloat16):
        before = student(_ready(given.light[:watched, 1:])).float()
    where, known = given.sample.where[:watched], given.sample.known[:watched]
    own = given.parts.own
    if own:
        full = F.interpolate(before[:own, 0], planes.shape[-2:], mode="bilinear", align_corners=False)
        planes[:own] = given.hinter.carried(full, where[:own], known[:own])
    with torch.autocast(kind, torch.bfloat16):
        now = student(_ready(torch.cat((given.light[:, :2], planes), dim=1))).float()
    cost = smooth_l1(now, given.truth, losses.rebalance)
    terms = {"first": losses.first * cost[:, 0].mean()}
    if losses.diversity:
        terms["diversity"] = losses.diversity * rank_diversity(cost[:, 1:])
    if losses.colourfulness:
        others = colourfulness(now[:, 1:].flatten(0, 1), given.truth.repeat_interleave(now.shape[1] - 1, 0))
        terms["colourfulness"] = losses.colourfulness * (colourfulness(now[:, 0], given.truth) + 0.5 * others)
    if losses.temporal and watched:
        small, seen = resized(where, known, now.shape[-1])
        terms["temporal"] = losses.temporal * temporal(now[:watched].flatten(1, 2), before.flatten(1, 2), small, seen)
    if losses.hinted:
        surely = F.max_pool2d(planes[:, 2:], planes.shape[-1] // now.shape[-1])
        surely[: given.parts.first_hinted] = 0  # its own colours are no truth
        terms["hinted"] = losses.hinted * hinted(now, given.truth, surely)
    return terms


def _ready(planes: Tensor) -> Tensor:
    return planes.contiguous(memory_format=torch.channels_last)


def resized(where: Tensor, known: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """A sample's motion at the size of the colour; known only where all of it was."""
    step = known.shape[-1] // width
    small = F.avg_pool2d(where.permute(0, 3, 1, 2), step).permute(0, 2, 3, 1)
    return small, (F.avg_pool2d(known, step) > 0.99).float()
