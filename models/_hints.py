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

LEAST = 1e-9
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

    def forward(self, seen: Tensor, light: Tensor, hints: Tensor, news: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, C, h, w), the light (N, 1, h, w) there, `weighed` hints and their `news` (N, M, h, w) → what was
        said, (N, width, h, w), and the news, times the share of hints against doubt, (N, heads · M, h, w)."""
        count, _, height, width = seen.shape
        place = _places(seen) / GRID
        look = torch.cat((seen, light), dim=1)
        asked = _by_head(self.ask(look), self.heads)  # (N, heads, h·w, depth)
        told = torch.cat((self.answer(look), place.expand(count, -1, -1, -1)), dim=1)
        gathered = F.adaptive_avg_pool2d(torch.cat((told * hints[:, 2:], news, hints), dim=1), GRID)
        weight = gathered[:, -1:]
        means = gathered / (weight + 1e-4)
        answers = _by_head(means[:, : self.heads * self.depth], self.heads)
        depth = self.heads * self.depth
        where = means[:, depth : depth + 2].flatten(2)  # (N, 2, areas)
        here = place.flatten(2).transpose(1, 2)  # (1, h·w, 2)
        away = (here[..., :1] - where[:, :1]).square() + (here[..., 1:] - where[:, 1:]).square()
        said = torch.log(weight / (weight + SOFT) + LEAST).flatten(2).unsqueeze(1)  # (N, 1, 1, areas)
        alike = asked @ answers.transpose(2, 3) * self.depth**-0.5
        score = alike - self.nearness.exp().view(1, -1, 1, 1) * away.unsqueeze(1) + said
        doubt = self.doubt.view(1, -1, 1, 1).expand(count, -1, height * width, 1)
        share = torch.softmax(torch.cat((score, doubt), dim=3), dim=3)[..., :-1]
        voice = weight / (weight + SOFT)
        told = torch.cat((means[:, -3:-1], voice, means[:, depth + 2 : -3]), dim=1).flatten(2).transpose(1, 2)
        heard = (share @ told.unsqueeze(1)).transpose(2, 3).unflatten(3, (height, width))
        return heard[:, :, :PLANES].flatten(1, 2), heard[:, :, PLANES:].flatten(1, 2)


def _places(like: Tensor) -> Tensor:
    """(1, 2, h, w) row and column of every place."""
    rows, columns = (torch.arange(side, device=like.device, dtype=like.dtype) for side in like.shape[2:])
    one = torch.zeros_like(like[:1, :1])
    return torch.cat((one + rows.view(1, 1, -1, 1), one + columns.view(1, 1, 1, -1)), dim=1)


def _by_head(planes: Tensor, heads: int) -> Tensor:
    """(N, heads · depth, h, w) → (N, heads, h·w, depth)."""
    return planes.unflatten(1, (heads, -1)).flatten(3).transpose(2, 3)


class Listen(nn.Module):
    """Mends a colouring by hints: at every place it chooses how much of what they bring is to be taken over.

    A hint's news is how far it lies from what the colouring has at the hint's own place: one that only says what was
    made anyway changes nothing anywhere. To choose from there are the news that each head of `Spread` brings, and the
    mean of those within 2, 4 and 8 px. A small U-Net that sees the decoder's features makes the choice, and adds a
    little of its own. Without hints nothing is changed; the network below need not know of them, and stays as it is.
    """

    near = (2, 4, 8)

    def __init__(self, channels: int, decoder: tuple[int, int, int], candidates: int) -> None:
        super().__init__()
        self.spread = Spread(channels)
        told = self.spread.width + HEARD
        self.choices, self.candidates = self.spread.heads + len(self.near), candidates
        self.eighths = nn.Sequential(_conv(decoder[0] + told, 64), _conv(64, 64, 2))
        self.up4, self.skip4 = nn.Conv2d(64, 32, 1), nn.Conv2d(decoder[1], 32, 1)
        self.quarters = nn.Sequential(_conv(64 + HEARD, 48), _conv(48, 48))
        self.up2, self.skip2 = nn.Conv2d(48, 24, 1), nn.Conv2d(decoder[2], 24, 1)
        self.halves = nn.Sequential(_conv(48 + 2 * candidates + HEARD, 32), _conv(32, 32))
        self.judge = nn.Conv2d(32, 1 + self.choices + 2 * candidates, 1)
        nn.init.zeros_(self.judge.weight)
        assert self.judge.bias is not None
        nn.init.zeros_(self.judge.bias)

    def forward(self, seen: tuple[Tensor, Tensor], decoded: tuple[Tensor, Tensor, Tensor], made: Tensor,
                hints: Tensor) -> Tensor:  # fmt: skip
        """seen: the encoder's (N, C, h/8, w/8) and light (N, 1, h, w); decoded: the decoder's features at an eighth, a
        quarter and half of the size; made (N, 2 K, h/2, w/2) a*b*/100; hints (N, 3, h, w) as given → made, mended."""
        hints = weighed(hints)
        heard = {step: near(hints, step) for step in self.near}
        said = F.avg_pool2d(hints, 2)
        news = torch.cat([said[:, :2]] * self.candidates, dim=1) - made * said[:, 2:]
        far, brought = self.spread(
            seen[0], F.avg_pool2d(seen[1], 8), F.avg_pool2d(hints, 8), F.avg_pool2d(news, 4)
        )  # fmt: skip
        x = self.eighths(torch.cat((decoded[0], far, heard[8]), dim=1))
        x = torch.cat((_larger(self.up4(x)), self.skip4(decoded[1]), heard[4]), dim=1)
        x = torch.cat((_larger(self.up2(self.quarters(x))), self.skip2(decoded[2]), made, heard[2]), dim=1)
        verdict = self.judge(self.halves(x))
        offered = list(zip(_larger(brought, 4).chunk(self.spread.heads, 1), _larger(far[:, 2::PLANES], 4).split(1, 1),
                           strict=True))  # fmt: skip
        offered += [(_pooled(news, step // 2), _pooled(said[:, 2:], step // 2)) for step in self.near]
        voices = [weight if number < self.spread.heads else weight / (weight + SOFT)
                  for number, (_, weight) in enumerate(offered)]  # fmt: skip
        score = verdict[:, : 1 + self.choices]
        loud = torch.log(torch.cat(voices, dim=1).clamp(0, 1) + LEAST)
        share = torch.softmax(torch.cat((score[:, :1], score[:, 1:] + loud), dim=1), dim=1)
        for number, (change, weight) in enumerate(offered, 1):
            made = made + share[:, number : number + 1] * change / (weight + 1e-4)
        return made + (1 - share[:, :1]) * verdict[:, 1 + self.choices :]

    @torch.no_grad()
    def reorder(self, order: list[int]) -> None:
        """Follows when the candidates change places below it: what was number `order[k]` becomes number k."""
        planes = torch.tensor([2 * candidate + plane for candidate in order for plane in range(2)])
        look, judge = self.get_submodule("halves.0.0"), self.judge
        assert isinstance(look, nn.Conv2d) and judge.bias is not None
        first, last = 48, 1 + self.choices
        look.weight[:, first : first + len(planes)] = look.weight[:, first + planes]
        judge.weight[last:] = judge.weight[last + planes]
        judge.bias[last:] = judge.bias[last + planes]


def _conv(channels: int, width: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 3, padding=dilation, dilation=dilation), nn.ReLU())


def _larger(planes: Tensor, times: int = 2) -> Tensor:
    return F.interpolate(planes, scale_factor=float(times), mode="bilinear", align_corners=False)


def _pooled(planes: Tensor, step: int) -> Tensor:
    """Means over areas of step × step, brought back to the size that they had."""
    return planes if step == 1 else _larger(F.avg_pool2d(planes, step), step)
