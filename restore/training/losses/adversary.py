"""A judge that learns to tell painted from real colour, patch by patch, and so teaches the painter to dare."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm


class Judge(nn.Module):
    """PatchGAN (Isola et al. 2017, arXiv:1611.07004) with spectral norm (Miyato et al. 2018, arXiv:1802.05957)."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for i, out in enumerate((width, 2 * width, 4 * width, 4 * width)):
            layers += [spectral_norm(nn.Conv2d(channels, out, 4, stride=2 if i < 3 else 1, padding=1))]
            layers += [nn.LeakyReLU(0.2)]
            channels = out
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(channels, 1, 3, padding=1)))

    def forward(self, light: Tensor, colour: Tensor) -> Tensor:
        """light (N, 1, h, w) L*/100, colour (N, 2, h, w) a*b* → (N, 1, h/8, w/8): above 0 real, below 0 painted."""
        verdict: Tensor = self.layers(torch.cat((2 * light - 1, colour / 50), dim=1))
        return verdict


def judged(real: Tensor, painted: Tensor) -> Tensor:
    """The judge's own loss: hinge (Lim and Ye 2017, arXiv:1705.02894)."""
    return F.relu(1 - real).mean() + F.relu(1 + painted).mean()


def adversary(painted: Tensor) -> Tensor:
    """The painter's loss: to be taken for real."""
    return -painted.mean()
