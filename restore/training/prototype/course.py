"""One lesson by the prototype's rules: pairs of frames are coloured, and each loss says what it thinks of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.models._favc import Favc, Vgg
from restore.training.colour import lab_to_rgb, lightness, luma
from restore.training.losses.bilateral import bilateral
from restore.training.losses.feature_distance import feature_distance
from restore.training.losses.rank_diversity import rank_diversity
from restore.training.losses.segment import segment
from restore.training.losses.temporal import temporal_rgb
from restore.training.prototype.settings import Prototype
from restore.training.prototype.targets import SAME, Batch

Terms = dict[str, Tensor]


def coloured(network: Any, gray: Tensor, further: Tensor | None) -> Tensor:
    """(N, frames, h, w) gray 0..1, frame t first, `further` planes (N, E, h, w) → (N, K, 3, h, w) R'G'B' about 0..1.

    The prototype gives R'G'B' itself; of any other network the a*b* are laid over the frame's own lightness.
    """
    if isinstance(network, Favc):
        return network.rgb(gray, further)
    light = lightness(gray)
    colour = network(light if further is None else torch.cat((light, further), dim=1))
    count, candidates = colour.shape[:2]
    full = F.interpolate(colour.float().flatten(1, 2), gray.shape[-2:], mode="bilinear", align_corners=False)
    own = (100 * light[:, None, :1]).expand(-1, candidates, -1, -1, -1).float()
    lab = torch.cat((own, full.unflatten(1, (candidates, 2))), dim=2)
    return lab_to_rgb(lab.flatten(0, 1)).unflatten(0, (count, candidates))


def carried(planes: Tensor, where: Tensor) -> Tensor:
    """(N, C, h, w) of t−1 as seen from t; bilinear, edges repeat."""
    return F.grid_sample(planes, where, mode="bilinear", padding_mode="border", align_corners=False)


def agrees(one: Tensor, other: Tensor) -> Tensor:
    """(N, 1, h, w) 1 where no channel of two pictures (N, C, h, w) differs by `SAME` or more."""
    return ((one - other).abs().amax(1, keepdim=True) < SAME).to(one.dtype)


def further_input(network: Any, settings: Prototype, batch: Batch, generator: torch.Generator) -> Tensor | None:
    """The planes that `settings.input` names, for frame t. A coloured frame before is the true one, or what the network
    makes of it now, or withheld."""
    if not settings.input:
        return None
    if settings.input == "segments":
        return batch.flat
    light = luma(batch.rgb.flatten(0, 1)).unflatten(0, batch.rgb.shape[:2])
    chances = torch.rand(2, len(light), 1, 1, 1, generator=generator, device=generator.device).to(light.device)
    shown = (chances[0] >= settings.dropped).to(light)
    before, mine = batch.rgb[:, 1], chances[1] < settings.own
    if mine.any():
        before = torch.where(mine, own_before(network, light[:, 1]), before)
    return already_coloured(before, light, batch.where, shown)


@torch.no_grad()
def own_before(network: Any, light: Tensor) -> Tensor:
    """(N, 1, h, w) luma of frame t−1 → (N, 3, h, w) what the network makes of it, at that luma, as the film's first.

    It is made twice, the second time in sight of the first: a network that goes on from itself must bear what it
    thickens. Its first candidate, as a run goes on with it.
    """
    still = torch.stack((light, light), dim=1)
    nothing, here = light.new_zeros(len(light), 3, *light.shape[-2:]), _standing_still(light)
    learning = network.training
    network.eval()
    made = nothing
    for shown in (0.0, 1.0):
        further = already_coloured(made, still, here, torch.full_like(light[:, :1, :1, :1], shown))
        with torch.autocast(light.device.type, torch.bfloat16):
            made = own_luma(coloured(network, still[:, :, 0], further)[:, 0].float(), light)
    network.train(learning)
    return made


def _standing_still(light: Tensor) -> Tensor:
    """Places (N, h, w, 2) of a film in which nothing moves, in `grid_sample`'s coordinates."""
    unmoved = torch.eye(2, 3, device=light.device).expand(len(light), -1, -1)
    return F.affine_grid(unmoved, [len(light), 1, *light.shape[-2:]], align_corners=False)


def own_luma(rgb: Tensor, light: Tensor) -> Tensor:
    """(N, 3, h, w) made R'G'B' → their colour differences at the film's luma (N, 1, h, w), cut off to 0..1."""
    shown = rgb.clamp(0, 1)
    return (shown - luma(shown) + light).clamp(0, 1)


def already_coloured(before: Tensor, light: Tensor, where: Tensor, shown: Tensor) -> Tensor:
    """(N, 4, h, w): the coloured frame t−1 (N, 3, h, w) brought to t where the light found there is that of t, and the
    mask of it. light (N, 2, 1, h, w) of t and t−1; `shown` (N, 1, 1, 1) 0 withholds all."""
    trusted = shown * agrees(light[:, 0], carried(light[:, 1], where))
    return torch.cat((trusted * carried(before, where), trusted), dim=1)


def refinement_planes(gray: Tensor, gray_before: Tensor, now: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """What the refinement network is shown, (N, 18, h, w), and what it is to doubt, (N, 1, h, w).

    gray (N, 1, h, w) of t, and of t−1 as seen from t; `now` (N, 3, h, w) the colouring of t, `before` that of t−1 as
    seen from t; all 0..1. Doubted is what keeps its light but not its colour: Lei and Chen 2019, section 3.3.
    """
    colours, lights = agrees(now, before), agrees(gray, gray_before)
    doubted = (lights > colours).to(now.dtype)
    coarse = now * (1 - doubted) + gray * doubted
    masks = [mask.expand_as(now) for mask in (doubted, colours, lights)]
    return torch.cat((coarse, before, now, *masks), dim=1), doubted


def terms(network: Any, eye: Vgg, settings: Prototype, batch: Batch, generator: torch.Generator) -> Terms:
    """The terms of the main network's loss, weighted. Frame t−1 is coloured too where the Temporal loss wants it."""
    gray = luma(batch.rgb.flatten(0, 1)).unflatten(0, batch.rgb.shape[:2])[:, :, 0]
    frames = 2 if settings.temporal else 1
    further = further_input(network, settings, batch, generator)
    made = [_made(network, gray, t, further) for t in range(frames)]
    found: Terms = {}
    costs = [_cost(eye, made[t], batch.rgb[:, t]) for t in range(frames)]
    found["rank_diversity"] = settings.rank_diversity * torch.stack([rank_diversity(c) for c in costs]).sum()
    if settings.bilateral:
        each = [bilateral(made[t], batch.near[:, t]) for t in range(frames)]
        found["bilateral"] = settings.bilateral * torch.stack(each).sum()
    if settings.segment:
        each = [segment(made[t], batch.rgb[:, t], batch.labels[:, t], batch.beside[:, t]) for t in range(frames)]
        found["segment"] = settings.segment * torch.stack(each).sum()
    if settings.temporal:
        flow = temporal_rgb(made[0].flatten(1, 2), made[1].flatten(1, 2), batch.where, batch.known)
        found["temporal"] = settings.temporal * flow
    return found


def _made(network: Any, gray: Tensor, t: int, further: Tensor | None) -> Tensor:
    seen = gray if getattr(network, "frames", 2) == 2 else gray[:, t : t + 1]
    with torch.autocast(gray.device.type, torch.bfloat16):
        return coloured(network, seen, further).float()


def _cost(eye: Vgg, made: Tensor, truth: Tensor) -> Tensor:
    with torch.autocast(truth.device.type, torch.bfloat16):
        with torch.no_grad():
            real = eye(truth)
        seen = eye(made.flatten(0, 1))
    return feature_distance(
        made, truth, {k: v.float() for k, v in seen.items()}, {k: v.float() for k, v in real.items()}
    )


def refinement_terms(refine: Any, main: Any, batch: Batch) -> Terms:
    """The terms of the refinement network's loss, on the first candidate of a main network that stays as it is.

    |Y − R| + |warp(C0) − R| where doubted + |C1 − R| elsewhere, means over all pixels: Lei and Chen 2019, section 3.3.
    """
    gray = luma(batch.rgb.flatten(0, 1)).unflatten(0, batch.rgb.shape[:2])[:, :, 0]
    with torch.no_grad(), torch.autocast(gray.device.type, torch.bfloat16):
        made = [coloured(main, gray[:, t : t + 1], None)[:, 0].float().clamp(0, 1) for t in range(2)]
    before = carried(made[1], batch.where)
    planes, doubted = refinement_planes(gray[:, :1], carried(gray[:, 1:], batch.where), made[0], before)
    with torch.autocast(gray.device.type, torch.bfloat16):
        mended = refine(planes).float()
    return {
        "truth": (batch.rgb[:, 0] - mended).abs().mean(),
        "before": ((before - mended).abs() * doubted).mean(),
        "colouring": ((made[0] - mended).abs() * (1 - doubted)).mean(),
    }
