"""Compares pictures as a trained eye does: by the first five layers of VGG-19, named vgg19[:conv3_1]."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import BadWeights

LAYERS = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
POOLED = ("conv2_1", "conv3_1")
"""Layers before which the picture is halved."""

MEANS = (123.68, 116.779, 103.939)
"""Of R, G, B 0..255: Simonyan and Zisserman 2014 (arXiv:1409.1556)."""


class Perceptual(nn.Module):
    """Filters of vgg19[:conv3_1], fixed. Made from an .npz of `<layer>.w` (OIHW) and `<layer>.b`; BadWeights if not."""

    means: Tensor

    def __init__(self, file: Path) -> None:
        super().__init__()
        try:
            with np.load(file, allow_pickle=False) as stored:
                for name in LAYERS:
                    self.register_buffer(f"{name}_w", torch.from_numpy(stored[f"{name}.w"]).float())
                    self.register_buffer(f"{name}_b", torch.from_numpy(stored[f"{name}.b"]).float())
        except (OSError, KeyError, ValueError) as error:
            raise BadWeights(f"{file}: not the filters of vgg19[:conv3_1]: {error}") from error
        self.register_buffer("means", torch.tensor(MEANS).view(1, 3, 1, 1))

    def forward(self, rgb: Tensor) -> list[Tensor]:
        """(N, 3, h, w) sRGB 0..1 → five maps, each divided by its own mean size so that all weigh alike."""
        x = rgb * 255 - self.means
        maps = []
        for name in LAYERS:
            if name in POOLED:
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, getattr(self, f"{name}_w"), getattr(self, f"{name}_b"), padding=1))
            maps.append(x)
        return maps


def perceptual(made: list[Tensor], truth: list[Tensor]) -> Tensor:
    """Maps of (N·K) made and (N) true pictures → (N, K): mean over layers of mean|difference| / mean|truth|.

    The weighting by each layer's own mean replaces the constants of Chen and Koltun 2017 (arXiv:1707.09405), which
    belong to other layers.
    """
    count = len(truth[0])
    costs = []
    for one, real in zip(made, truth, strict=True):
        each = one.unflatten(0, (count, -1)).float()
        real = real.float()
        gap = (each - real.unsqueeze(1)).abs().mean(dim=(2, 3, 4))
        costs.append(gap / (real.mean() + 1e-3))
    return torch.stack(costs).mean(dim=0)
