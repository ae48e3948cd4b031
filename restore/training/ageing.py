"""Wears a clean gray picture the way years and old stock do, so that a real old film is no stranger."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.training.colour import LUMA, luma
from restore.training.settings import Ageing

ORTHOCHROMATIC = (0.04, 0.46, 0.50)
"""Response of film that is blind to red (to about 1926): lips and red cloth go dark, sky goes white."""


class Wear:
    """Draws how much each sample of a batch is worn, then wears its frames alike, grain and flicker each anew."""

    def __init__(self, ageing: Ageing, generator: torch.Generator, device: torch.device) -> None:
        self.ageing = ageing
        self.generator = generator
        self.device = device

    def __call__(self, rgb: Tensor) -> Tensor:
        """(N, T, 3, h, w) sRGB 0..1 → (N, T, 1, h, w) luma code value 0..1 as the camera and the years left it."""
        samples, frames = rgb.shape[:2]
        touched = self._drawn(samples, self.ageing.chance)
        gray = luma(rgb.flatten(0, 1), self._response(touched).repeat_interleave(frames, 0))
        gray = gray.unflatten(0, (samples, frames))
        gray = self._blur(gray, touched & self._drawn(samples, self.ageing.blur))
        gray = self._tone(gray, touched)
        gray = self._grain(gray, touched & self._drawn(samples, self.ageing.grain))
        return self._dirt(gray, touched & self._drawn(samples, self.ageing.dirt)).clamp(0, 1)

    def _uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        drawn = torch.rand(*shape, generator=self.generator, device=self.device)
        return low + (high - low) * drawn

    def _drawn(self, samples: int, chance: float) -> Tensor:
        return self._uniform(samples) < chance

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device=self.device)

    def _response(self, touched: Tensor) -> Tensor:
        """(N, 3) weights of R, G, B: BT.601's, or between them, orthochromatic and chance."""
        samples = len(touched)
        modern = torch.tensor(LUMA, device=self.device).expand(samples, 3)
        ortho = torch.tensor(ORTHOCHROMATIC, device=self.device).expand(samples, 3)
        share = self._uniform(samples, 3) + 1e-3
        mixed = share[:, :1] * modern + share[:, 1:2] * ortho
        mixed = mixed + 0.5 * share[:, 2:] * torch.softmax(1.5 * self._normal(samples, 3), dim=1)
        mixed = mixed / mixed.sum(1, keepdim=True)
        return torch.where((touched & self._drawn(samples, self.ageing.stock))[:, None], mixed, modern)

    def _blur(self, gray: Tensor, touched: Tensor) -> Tensor:
        """A soft lens or a much copied print: a Gaussian of up to 1.5 px."""
        samples = len(gray)
        sigma = self._uniform(samples, low=0.3, high=1.5)
        reach = torch.arange(-4, 5, device=self.device)
        kernel = torch.exp(-(reach**2) / (2 * sigma[:, None] ** 2))
        kernel = kernel / kernel.sum(1, keepdim=True)
        flat = gray.squeeze(2).transpose(0, 1)  # (T, N, h, w): each sample is a channel with its own kernel
        soft = F.conv2d(F.pad(flat, (4, 4, 0, 0), "replicate"), kernel[:, None, None, :], groups=samples)
        soft = F.conv2d(F.pad(soft, (0, 0, 4, 4), "replicate"), kernel[:, None, :, None], groups=samples)
        soft = soft.transpose(0, 1).unsqueeze(2)
        return torch.where(touched.view(-1, 1, 1, 1, 1), soft, gray)

    def _tone(self, gray: Tensor, touched: Tensor) -> Tensor:
        """Gamma, fading of blacks and whites, and exposure that flickers from frame to frame."""
        samples, frames = gray.shape[:2]
        bend = torch.exp(0.35 * self._normal(samples)).clamp(0.5, 2.0)
        bend = torch.where(touched & self._drawn(samples, self.ageing.gamma), bend, torch.ones_like(bend))
        gray = gray.clamp(1e-4, 1) ** bend.view(-1, 1, 1, 1, 1)
        faded = (touched & self._drawn(samples, self.ageing.fade)).float()
        black = faded * self._uniform(samples, low=-0.06, high=0.15)
        white = 1 - faded * self._uniform(samples, low=-0.1, high=0.25)
        gray = black.view(-1, 1, 1, 1, 1) + gray * (white - black).view(-1, 1, 1, 1, 1)
        flicker = (touched & self._drawn(samples, self.ageing.flicker)).float() * self._uniform(samples, high=0.06)
        gain = 1 + flicker[:, None] * self._normal(samples, frames)
        return gray * gain.view(samples, frames, 1, 1, 1)

    def _grain(self, gray: Tensor, touched: Tensor) -> Tensor:
        """Grain anew in every frame, strongest in the middle grays, fine or clumped."""
        samples, frames, _, height, width = gray.shape
        fine = self._normal(samples, frames, 1, height, width)
        small = self._normal(samples * frames, 1, math.ceil(height / 2), math.ceil(width / 2))
        clumped = F.interpolate(small, (height, width), mode="bilinear", align_corners=False) * 1.6
        share = self._uniform(samples).view(-1, 1, 1, 1, 1)
        strength = (touched.float() * self._uniform(samples, low=0.005, high=0.07)).view(-1, 1, 1, 1, 1)
        grain = share * fine + (1 - share) * clumped.unflatten(0, (samples, frames))
        return gray + strength * grain * (0.4 + 2.4 * gray.clamp(0, 1) * (1 - gray.clamp(0, 1)))

    def _dirt(self, gray: Tensor, touched: Tensor) -> Tensor:
        """Light dust (specks of a few pixels, in one frame only) and scratches (one column, in all frames)."""
        samples, frames, _, height, width = gray.shape
        seeds = self._uniform(samples * frames, 1, height // 4, width // 4)
        specks = F.interpolate((seeds > 0.9985).float(), (height, width), mode="bilinear", align_corners=False)
        specks = (specks > 0.4).float().unflatten(0, (samples, frames))
        columns = (self._uniform(samples, 1, 1, 1, width) > 0.996).float()
        tone = self._uniform(samples, 1, 1, 1, 1).round()
        spoilt = torch.where(specks > 0, tone, gray)
        spoilt = torch.where(columns > 0, 0.7 * spoilt + 0.3 * tone, spoilt)
        return torch.where(touched.view(-1, 1, 1, 1, 1), spoilt, gray)
