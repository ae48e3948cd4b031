"""How a network listens to hints: the colours given near a place, and those given anywhere to what looks like it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PLANES = 3
"""Of hints: a*, b* and confidence."""

HEARD = 4
"""Planes that `near` makes of them."""

SOFT = 0.01
"""Share of an area's pixels that must be hinted at for half of the full voice."""

LEAST = 1e-6
"""A place without hints counts this much beside one with them."""

GRID = 16
"""Rows and columns of areas to which the hints of a picture are gathered before all of it looks at them."""


def weighed(hints: Tensor) -> Tensor:
    """(N, 3, h, w) a*, b*, confidence 0..1 → (N, 3, h, w): a*/100 and b*/100 times confidence, and confidence."""
    return torch.cat((hints[:, :2] * hints[:, 2:] * 0.01, hints[:, 2:]), dim=1)


def near(hints: Tensor, step: int) -> Tensor:
    """`weighed` hints → (N, 4, h/step, w/step): mean colour of those in an area, how much was said, how surely."""
    mean = F.avg_pool2d(hints, step)
    return torch.cat((mean / (mean[:, 2:] + SOFT), F.max_pool2d(hints[:, 2:], step)), dim=1)


class Spread(nn.Module):
    """Brings each place the colours that were hinted at elsewhere to places like it: attention over hints.

    Vaswani et al. 2017 (arXiv:1706.03762), with what He et al. 2018 (arXiv:1807.06587) compare for references: the
    encoder's features, here of one picture. Every head also weighs distance, and may doubt that any hint is meant.
    The hints are gathered to `GRID` × `GRID` areas first, so that cost grows with the picture and not its square.
    """

    def __init__(self, channels: int, heads: int = 4, depth: int = 16) -> None:
        super().__init__()
        self.heads, self.depth = heads, depth
        self.ask = nn.Conv2d(channels + 1, heads * depth, 1)
        self.answer = nn.Conv2d(channels + 1, heads * depth, 1)
        self.nearness = nn.Parameter(torch.linspace(-2, 2, heads))  # of a square of 16 × 16 areas' sides: exp of it
        self.doubt = nn.Parameter(torch.full((heads,), -1.0))

    @property
    def width(self) -> int:
        """Channels that it gives: for each head a*/100, b*/100 and the share of hints against doubt."""
        return self.heads * PLANES

    def forward(self, seen: Tensor, light: Tensor, hints: Tensor) -> Tensor:
        """Features (N, C, h, w), the light (N, 1, h, w) there and `weighed` hints → (N, width, h, w)."""
        count, _, height, width = seen.shape
        place = _places(seen) / GRID
        look = torch.cat((seen, light), dim=1)
        asked = _by_head(self.ask(look), self.heads)  # (N, heads, h·w, depth)
        told = torch.cat((self.answer(look), place.expand(count, -1, -1, -1)), dim=1)
        gathered = F.adaptive_avg_pool2d(torch.cat((told * hints[:, 2:], hints), dim=1), GRID)
        weight = gathered[:, -1:]
        means = gathered / (weight + 1e-4)
        answers = _by_head(means[:, : self.heads * self.depth], self.heads)
        where = means[:, -5:-3].flatten(2)  # (N, 2, areas)
        here = place.flatten(2).transpose(1, 2)  # (1, h·w, 2)
        away = (here[..., :1] - where[:, :1]).square() + (here[..., 1:] - where[:, 1:]).square()
        said = torch.log(weight / (weight + SOFT) + LEAST).flatten(2).unsqueeze(1)  # (N, 1, 1, areas)
        alike = asked @ answers.transpose(2, 3) * self.depth**-0.5
        score = alike - self.nearness.exp().view(1, -1, 1, 1) * away.unsqueeze(1) + said
        doubt = self.doubt.view(1, -1, 1, 1).expand(count, -1, height * width, 1)
        share = torch.softmax(torch.cat((score, doubt), dim=3), dim=3)[..., :-1]
        colours = torch.cat((means[:, -3:-1], weight / (weight + SOFT)), dim=1).flatten(2).transpose(1, 2)
        return (share @ colours.unsqueeze(1)).transpose(2, 3).flatten(1, 2).unflatten(2, (height, width))


def _places(like: Tensor) -> Tensor:
    """(1, 2, h, w) row and column of every place."""
    rows, columns = (torch.arange(side, device=like.device, dtype=like.dtype) for side in like.shape[2:])
    one = torch.zeros_like(like[:1, :1])
    return torch.cat((one + rows.view(1, 1, -1, 1), one + columns.view(1, 1, 1, -1)), dim=1)


def _by_head(planes: Tensor, heads: int) -> Tensor:
    """(N, heads · depth, h, w) → (N, heads, h·w, depth)."""
    return planes.unflatten(1, (heads, -1)).flatten(3).transpose(2, 3)


class Listen(nn.Module):
    """What hints add to the decoder, at each of its sizes. Nothing is added where nothing was hinted at.

    It begins deaf: its last layers are zero, and a network that learned without hints goes on as it was.
    """

    def __init__(self, channels: int, widths: dict[int, int]) -> None:
        super().__init__()
        self.spread = Spread(channels)
        self.told = nn.ModuleDict()
        for step, width in widths.items():
            layer = nn.Conv2d(self.spread.width + HEARD, width, 3, padding=1, bias=False)
            nn.init.zeros_(layer.weight)
            self.told[str(step)] = layer

    def forward(self, eighth: Tensor, light: Tensor, hints: Tensor) -> dict[int, Tensor]:
        """The encoder's (N, C, h/8, w/8), light (N, 1, h, w) and hints (N, 3, h, w) as they are given → what is added
        at each size, by how much smaller than the picture it is."""
        hints = weighed(hints)
        far = self.spread(eighth, F.avg_pool2d(light, 8), F.avg_pool2d(hints, 8))
        found = {}
        for step, layer in self.told.items():
            size = int(step)
            if size > 8:
                sized = F.avg_pool2d(far, size // 8)
            elif size < 8:
                sized = F.interpolate(far, scale_factor=8.0 / size, mode="bilinear", align_corners=False)
            else:
                sized = far
            found[size] = layer(torch.cat((sized, near(hints, size)), dim=1))
        return found
