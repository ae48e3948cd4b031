"""Cuts training samples: three frames of a clip, or a still set in motion by pan, zoom and a layer over it.

Everything is drawn from the seed and the step number alone, so that a training taken up again draws the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.training.stock import Stock

FRAMES = 3
"""Frames in a sample: t, t−1, t−2, so that a network that sees two frames can be run at t and at t−1."""

LAYER_CHANCE = 0.15
BARS_CHANCE = 0.12


@dataclass(frozen=True)
class Sample:
    """A batch of short runs.

    rgb     (N, 3, 3, h, w) float32 sRGB 0..1; frame t first, then t−1, t−2.
    where   (N, h, w, 2) where each pixel of t was at t−1, in `grid_sample`'s coordinates −1..1.
    known   (N, 1, h, w) 1 where that is known: exact for stills; in clips, where nothing changed.
    runs    (N,) numbers of the runs in the stock.
    """

    rgb: Tensor
    where: Tensor
    known: Tensor
    runs: Tensor


@dataclass(frozen=True)
class Crop:
    """Size of what is cut, px, and the least and the largest share of a picture that it takes."""

    height: int
    width: int
    least: float = 0.3
    most: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        return self.height, self.width


def step_generator(seed: int, step: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that depends on nothing but seed and step."""
    return torch.Generator(device).manual_seed((seed * 1_000_003 + step) % (2**63))


def draw(stock: Stock, chances: Tensor, count: int, crop: Crop, generator: torch.Generator) -> Sample:
    """`count` samples, cut as `crop` says; `generator` is a CPU generator, the pixels are cut where the stock lies."""
    device = stock.frames.device
    runs = torch.multinomial(chances, count, replacement=True, generator=generator)
    index, moving = _frames(stock, runs, generator)
    theta = _camera(stock.sizes[index[:, 0]], stock.frames.shape[-1], crop, moving, generator)
    rgb = _cut(stock, index, theta, crop.size)
    where, inside = _journey(theta[:, 0], theta[:, 1], crop.size)
    steady = (rgb[:, 0] - rgb[:, 1]).abs().amax(1, keepdim=True) < 0.03
    where, inside = where.to(device), inside.to(device)
    known = torch.where(moving.to(device).view(-1, 1, 1, 1), steady, inside)
    sample = Sample(rgb, where, known.float(), runs)
    return _bars(_layer(sample, generator), generator)


def _frames(stock: Stock, runs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(N, 3) frame numbers of t, t−1, t−2, forwards or backwards in time, and (N,) whether they are a clip's."""
    moving = stock.length[runs] >= FRAMES
    room = (stock.length[runs] - FRAMES).clamp(min=0)
    start = (torch.rand(len(runs), generator=generator) * (room + 1)).long()
    offsets = torch.arange(FRAMES).expand(len(runs), FRAMES)
    backwards = torch.rand(len(runs), 1, generator=generator) < 0.5
    offsets = torch.where(backwards, offsets, FRAMES - 1 - offsets)
    index = stock.first[runs, None] + torch.where(moving[:, None], start[:, None] + offsets, 0)
    return index, moving


def _camera(sizes: Tensor, side: int, crop: Crop, moving: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 3, 2, 3) affine maps from the crop's coordinates −1..1 to the canvas's, one a frame.

    The crop keeps its shape (but for ±8 %); stills drift, zoom and roll a little from frame to frame.
    """
    count = len(sizes)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, generator=generator)

    height, width = sizes[:, :1].float(), sizes[:, 1:].float()
    shape = crop.width / crop.height * torch.exp(uniform(-0.08, 0.08))
    largest = torch.minimum(height, width / shape) / 2  # half the crop's height, px
    half = largest * torch.sqrt(uniform(crop.least, crop.most))
    times = torch.arange(FRAMES, dtype=torch.float32)[None]
    still = (~moving)[:, None].float()
    zoom = torch.exp(still * uniform(-0.02, 0.02) * times)
    tall, wide = half * zoom, half * shape * zoom
    drift_y, drift_x = (still * uniform(-0.04, 0.04) * 2 * half for _ in range(2))
    room_y, room_x = (height / 2 - half).clamp(min=0), (width / 2 - half * shape).clamp(min=0)
    centre_y = height / 2 + uniform(-1, 1) * room_y + drift_y * times
    centre_x = width / 2 + uniform(-1, 1) * room_x + drift_x * times
    angle = uniform(-0.05, 0.05) + still * uniform(-0.006, 0.006) * times
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    scale = 2 / side
    top = torch.stack((mirror * wide * cosine, -tall * sine, centre_x - side / 2), dim=-1)
    bottom = torch.stack((mirror * wide * sine, tall * cosine, centre_y - side / 2), dim=-1)
    return torch.stack((top, bottom), dim=-2) * scale


def _cut(stock: Stock, index: Tensor, theta: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, T, 3, h, w) pictures in 0..1, cut from the stock by the affine maps."""
    device = stock.frames.device
    flat = stock.frames[index.flatten().to(device)].float() / 255
    maps = theta.flatten(0, 1).to(device)
    grid = F.affine_grid(maps, [len(flat), 3, *size], align_corners=False)
    cut = F.grid_sample(flat, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return cut.unflatten(0, index.shape).clamp(0, 1)


def _square(theta: Tensor) -> Tensor:
    """(N, 3, 3) of an affine (N, 2, 3)."""
    last = torch.tensor([0.0, 0.0, 1.0]).expand(len(theta), 1, 3)
    return torch.cat((theta, last), dim=1)


def _journey(now: Tensor, before: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Where each pixel of the crop `now` lies in the crop `before` (N, h, w, 2), and whether it is inside it."""
    between = (torch.linalg.inv(_square(before)) @ _square(now))[:, :2]
    where = F.affine_grid(between, [len(now), 1, *size], align_corners=False)
    inside = (where.abs() <= 1).all(-1).unsqueeze(1)
    return where, inside


def _layer(sample: Sample, generator: torch.Generator) -> Sample:
    """Lays a piece of the next sample over some samples, moving by its own path; where layers swap is not known."""
    count, _, _, height, width = sample.rgb.shape
    device = sample.rgb.device
    has = (torch.rand(count, generator=generator) < LAYER_CHANCE).to(device)
    centre = torch.rand(count, 1, 2, generator=generator) * 1.4 - 0.7
    pace = torch.rand(count, 1, 2, generator=generator) * 0.12 - 0.06
    radius = 0.25 + 0.4 * torch.rand(count, 1, 1, 2, generator=generator)
    power = 2 + 4 * torch.rand(count, 1, 1, generator=generator)
    path = (centre + pace * torch.arange(FRAMES).view(1, FRAMES, 1)).to(device)
    y, x = _centres(height, device), _centres(width, device)
    away_y = ((y[:, None] - path[..., 1, None, None]) / radius[..., 1:].to(device)).abs()
    away_x = ((x - path[..., 0, None, None]) / radius[..., :1].to(device)).abs()
    power = power[..., None].to(device)
    over = ((away_y**power + away_x**power) < 1) & has.view(-1, 1, 1, 1)  # (N, T, h, w)
    other = sample.rgb[:, :1].roll(1, 0).expand(-1, FRAMES, -1, -1, -1)
    rgb = torch.where(over.unsqueeze(2), _follow(other, path - path[:, :1]), sample.rgb)
    here = torch.stack((x.expand(height, width), y[:, None].expand(height, width)), dim=-1)
    own = here + (path[:, 1] - path[:, 0]).view(-1, 1, 1, 2)
    where = torch.where(over[:, 0, ..., None], own, sample.where)
    swapped = over[:, 0].float() - _sample(over[:, 1:2].float(), where)[:, 0]
    inside = (own.abs() <= 1).all(-1)
    known = torch.where(over[:, 0], inside, sample.known[:, 0] > 0) & (swapped.abs() < 0.01)
    return Sample(rgb, where, known.float().unsqueeze(1), sample.runs)


def _bars(sample: Sample, generator: torch.Generator) -> Sample:
    """Black bars left and right or above and below some samples, as films carried in another shape have."""
    count, _, _, height, width = sample.rgb.shape
    device = sample.rgb.device
    has = torch.rand(count, 1, generator=generator) < BARS_CHANCE
    upright = torch.rand(count, 1, generator=generator) < 0.5
    share = 0.75 + 0.2 * torch.rand(count, 1, generator=generator)
    across = torch.where(has & upright, share, 2.0).to(device)
    down = torch.where(has & ~upright, share, 2.0).to(device)
    shown = (_centres(width, device).abs() < across)[:, None, :] & (_centres(height, device).abs() < down)[:, :, None]
    return Sample(sample.rgb * shown[:, None, None], sample.where, sample.known, sample.runs)


def _centres(count: int, device: torch.device) -> Tensor:
    """(count,) coordinates −1..1 of pixel centres, as `grid_sample` counts them."""
    return (2 * torch.arange(count, device=device) + 1) / count - 1


def _sample(planes: Tensor, where: Tensor) -> Tensor:
    return F.grid_sample(planes, where, mode="bilinear", padding_mode="border", align_corners=False)


def _follow(pictures: Tensor, path: Tensor) -> Tensor:
    """(N, T, 3, h, w) pictures shifted by −`path` (N, T, 2) in coordinates −1..1, so that they move along it."""
    count, frames, _, height, width = pictures.shape
    shift = torch.zeros(count * frames, 2, 3, device=pictures.device)
    shift[:, 0, 0] = shift[:, 1, 1] = 1
    shift[:, :, 2] = -path.flatten(0, 1)
    grid = F.affine_grid(shift, [count * frames, 3, height, width], align_corners=False)
    return _sample(pictures.flatten(0, 1), grid).unflatten(0, (count, frames))
