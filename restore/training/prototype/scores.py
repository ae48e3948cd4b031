"""Colours held-out films frame after frame, and measures every candidate as the cartoon paper's table does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from restore import metrics
from restore.training.colour import luma
from restore.training.losses.perceptual import Perceptual, perceptual
from restore.training.prototype import course
from restore.training.prototype.settings import Prototype
from restore.training.prototype.targets import flat, gray, ways

Rgb = npt.NDArray[np.uint8]
AVERAGED = ("psnr", "lab_mse", "warp_error", "cdc")
"""Metrics of `restore.metrics` that are taken of every candidate."""


@dataclass(frozen=True)
class Clip:
    """Consecutive frames of a held-out film: `rgb` (T, h, w, 3) uint8, and (T − 1, h, w, 2) where each pixel of a frame
    was in the one before, in `grid_sample`'s coordinates, by the light alone."""

    film: str
    rgb: Rgb
    where: npt.NDArray[np.float32]


def clip(film: str, rgb: Rgb) -> Clip:
    """A clip with its motion."""
    height, width = rgb.shape[1:3]
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    light = np.stack([gray(frame) for frame in rgb])
    seen = np.stack([way.fetch(places) for way in ways(light)])
    sides = np.array([width, height], np.float32)
    return Clip(film, rgb, np.asarray((2 * seen + 1) / sides - 1, np.float32))


@torch.no_grad()
def painted(network: Any, settings: Prototype, shot: Clip, refine: Any = None) -> Tensor:
    """(T, K, 3, h, w) R'G'B' about 0..1, not cut off, as the network gives them, on its device.

    A network that is shown coloured frames gets its own first candidate, at the film's luma; none before the first.
    `refine` carries each candidate on through the clip: its own last result is what it is shown.
    """
    device = next(network.parameters()).device
    truth = torch.from_numpy(shot.rgb).to(device).permute(0, 3, 1, 2).float() / 255
    light = luma(truth)
    where = torch.from_numpy(shot.where).to(device)
    network.eval()
    frames: list[Tensor] = []
    for t in range(len(truth)):
        before = max(t - 1, 0)
        pair = torch.stack((light[t], light[before]), dim=1)[0][None]
        seen = pair if getattr(network, "frames", 2) == 2 else pair[:, :1]
        further = _further(settings, light[[t, before]][None], where[before : before + 1], frames)
        made = course.coloured(network, seen, further)[0].float()
        if refine is not None and frames:
            made = _refined(refine, light[[t, before]], where[before : before + 1], made, frames[-1])
        frames.append(made)
    return torch.stack(frames)


def _further(settings: Prototype, light: Tensor, where: Tensor, frames: list[Tensor]) -> Tensor | None:
    if settings.input == "segments":
        codes = (255 * light[0, 0, 0]).round().to(torch.uint8).cpu().numpy()
        return torch.from_numpy(flat(codes)).to(light.device)[None, None].float() / 255
    if settings.input == "coloured":
        shown = torch.full((1, 1, 1, 1), float(bool(frames)), device=light.device)
        last = (
            course.own_luma(frames[-1][:1], light[0, 1:])
            if frames
            else torch.zeros_like(light[0, :1]).expand(-1, 3, -1, -1)
        )
        return course.already_coloured(last, light, where, shown)
    return None


def _refined(refine: Any, light: Tensor, where: Tensor, made: Tensor, last: Tensor) -> Tensor:
    """(K, 3, h, w): the candidates of t mended by those of t−1; light (2, 1, h, w) of t and t−1."""
    count = len(made)
    back = where.expand(count, -1, -1, -1)
    now = light[:1].expand(count, -1, -1, -1)
    brought = course.carried(light[1:].expand(count, -1, -1, -1), back)
    planes, _ = course.refinement_planes(now, brought, made.clamp(0, 1), course.carried(last.clamp(0, 1), back))
    mended: Tensor = refine(planes)
    return mended.float()


@torch.no_grad()
def scored(made: Tensor, shot: Clip, eye: Perceptual) -> dict[str, float]:
    """Scores of (T, K, 3, h, w) R'G'B' against a clip, mean over candidates, luma put back, and the truth's own.

    psnr_as_made: of the network's R'G'B' with its own luma; psnr_best: of the best candidate of each frame;
    vgg19[:conv3_1]: see `restore.training.losses.perceptual`.
    """
    frames, candidates = made.shape[:2]
    truth = torch.from_numpy(shot.rgb).to(made.device).permute(0, 3, 1, 2).float() / 255
    light = luma(truth)
    found: dict[str, list[float]] = {}
    psnr = np.zeros((frames, candidates))
    real = [np.ascontiguousarray(frame.permute(1, 2, 0).cpu().numpy()) for frame in truth]
    for k in range(candidates):
        shown = course.own_luma(made[:, k], light)
        tallies = {name: metrics.find(name)().begin() for name in AVERAGED}
        for t, frame in enumerate(shown):
            picture = np.ascontiguousarray(frame.permute(1, 2, 0).cpu().numpy())
            values = {name: tally.add(picture, real[t]) for name, tally in tallies.items()}
            psnr[t, k] = values["psnr"]
        for name, tally in tallies.items():
            found.setdefault(name, []).append(tally.score())
        seen = perceptual(eye(shown), eye(truth))
        found.setdefault("vgg19[:conv3_1]", []).append(float(seen.mean()))
        raw = (made[:, k].clamp(0, 1) - truth).square().mean(dim=(1, 2, 3))
        found.setdefault("psnr_as_made", []).append(float((-10 * torch.log10(raw.clamp(min=1e-10))).mean()))
    scores = {name: float(np.mean(values)) for name, values in found.items()}
    return {**scores, "psnr_best": float(psnr.max(axis=1).mean())}


def true_changes(shot: Clip) -> dict[str, float]:
    """Warp error and CDC of the truth itself: what a perfect colouring has."""
    found = {}
    for name in ("warp_error", "cdc"):
        tally = metrics.find(name)().begin()
        for frame in shot.rgb:
            picture = frame.astype(np.float32) / 255
            tally.add(picture, picture)
        found[name] = float(tally.score())
    return found
