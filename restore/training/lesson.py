"""One lesson: a batch is worn, coloured by the student, and every loss says what it thinks of the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.training.ageing import Wear
from restore.training.colour import lab_to_rgb, lightness, rgb_to_lab
from restore.training.guided import resized
from restore.training.losses.adversary import Judge, adversary, judged
from restore.training.losses.colourfulness import colourfulness
from restore.training.losses.perceptual import perceptual
from restore.training.losses.rank_diversity import rank_diversity
from restore.training.losses.smooth_l1 import smooth_l1
from restore.training.losses.temporal import temporal
from restore.training.motion import Sample
from restore.training.settings import Losses

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Classroom:
    """What a lesson needs beside the student. `see` is vgg19[:conv3_1], `judge` the adversary; None leaves them out."""

    losses: Losses
    see: Callable[[Tensor], list[Tensor]] | None
    judge: Judge | None


def pairs(light: Tensor) -> Tensor:
    """(N, 3, 1, h, w) light of t, t−1, t−2 → (2N, 2, h, w): all pairs of t, then all pairs of t−1."""
    return torch.cat((light[:, 0:2, 0], light[:, 1:3, 0]))


def teach(student: Any, sample: Sample, wear: Wear, room: Classroom) -> tuple[Terms, Tensor, Tensor]:
    """All terms of the loss, weighted, and for the judge the true (N, 1 + 2, h/2, w/2) L*/100, a*b* and the painted."""
    losses, count = room.losses, len(sample.rgb)
    light = lightness(wear(sample.rgb))
    with torch.autocast(sample.rgb.device.type, torch.bfloat16):
        painted = student(pairs(light).contiguous(memory_format=torch.channels_last))
    painted = painted.float()
    now, before = painted[:count], painted[count:]
    small = F.avg_pool2d(sample.rgb[:, :2].flatten(0, 1), light.shape[-1] // painted.shape[-1])
    lab = rgb_to_lab(small).unflatten(0, (count, 2))
    truth = lab[:, 0, 1:]
    cost = smooth_l1(now, truth, losses.rebalance)
    earlier = smooth_l1(before[:, :1], lab[:, 1, 1:], losses.rebalance)
    if room.see is not None:
        cost = cost + losses.perceptual * _seen(now, lab[:, 0], room.see)
    terms = {"first": losses.first * (cost[:, 0].mean() + earlier.mean()) / 2}
    if losses.diversity:
        terms["diversity"] = losses.diversity * rank_diversity(cost[:, 1:])
    if losses.colourfulness:
        others = colourfulness(now[:, 1:].flatten(0, 1), truth.repeat_interleave(now.shape[1] - 1, 0))
        terms["colourfulness"] = losses.colourfulness * (colourfulness(now[:, 0], truth) + 0.5 * others)
    if losses.temporal:
        where, known = resized(sample.where, sample.known, painted.shape[-1])
        terms["temporal"] = losses.temporal * temporal(now.flatten(1, 2), before.flatten(1, 2), where, known)
    real = torch.cat((lab[:, 0, :1] / 100, truth), dim=1)
    fake = torch.cat((real[:, :1], now[:, 0]), dim=1)
    if room.judge is not None:
        with torch.autocast(sample.rgb.device.type, torch.bfloat16):
            verdict = room.judge(fake[:, :1], fake[:, 1:])
        terms["adversary"] = losses.adversary * adversary(verdict.float())
    return terms, real, fake.detach()


def _seen(colour: Tensor, lab: Tensor, see: Callable[[Tensor], list[Tensor]]) -> Tensor:
    """(N, K) perceptual cost of the candidates, at the true lightness."""
    candidates = colour.shape[1]
    light = lab[:, None, :1].expand(-1, candidates, -1, -1, -1)
    made = lab_to_rgb(torch.cat((light, colour), dim=2).flatten(0, 1))
    with torch.autocast(colour.device.type, torch.bfloat16):
        with torch.no_grad():
            real = see(lab_to_rgb(lab))
        return perceptual(see(made), real)


def train_judge(judge: Judge, optimizer: torch.optim.Optimizer, real: Tensor, fake: Tensor) -> Tensor:
    """One step of the judge on true and painted (N, 1 + 2, h, w); returns its loss."""
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(real.device.type, torch.bfloat16):
        verdicts = judge(torch.cat((real[:, :1], fake[:, :1])), torch.cat((real[:, 1:], fake[:, 1:])))
    yes, no = verdicts.float().chunk(2)
    loss = judged(yes, no)
    loss.backward()
    optimizer.step()
    return loss.detach()
