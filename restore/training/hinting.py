"""Hints as people and programs give them, made from the truth: dots, painted areas, the frame before brought here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.training.settings import Hints

MOST_DOTS = 50
LARGEST_DOT = 9
"""Side of a dot, px: Zhang et al. 2017 (arXiv:1705.02999), section 3.2, as is the geometric law of their number."""

MANY = 10
"""Dots from which a picture may be turned to other hues: they tell of most of its surfaces."""

KINDS = ("own", "none", "before", "areas", "dots")
"""In the order in which a batch holds them: those that are also coloured at t−1 come first."""


@dataclass(frozen=True)
class Parts:
    """How many samples of a batch are hinted at in which way; samples stand in the order of `KINDS`."""

    own: int
    none: int
    before: int
    areas: int
    dots: int

    @property
    def watched(self) -> int:
        """Samples, from the first, that are coloured at t−1 too: the network's own hints, and half of the unhinted."""
        return self.own + (self.none + 1) // 2

    @property
    def first_hinted(self) -> int:
        """Number of the first sample that is hinted at from the truth."""
        return self.own + self.none


def parts(hints: Hints, count: int) -> Parts:
    """The shares of `hints` as whole numbers of `count` samples; what is left over gets no hints."""
    edges = [0.0]
    for share in (hints.own, hints.before, hints.areas, hints.dots):
        edges.append(edges[-1] + share)
    own, before, areas, dots = (round(stop * count) - round(start * count) for start, stop in itertools.pairwise(edges))
    return Parts(own, count - own - before - areas - dots, before, areas, dots)


class Hinter:
    """Draws everything about the hints of a batch."""

    def __init__(self, hints: Hints, generator: torch.Generator, device: torch.device) -> None:
        self.hints = hints
        self.generator = generator
        self.device = device

    def _uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=self.generator, device=self.device)

    def blobs(self, count: int, size: tuple[int, int], share: float) -> Tensor:
        """(N, 1, h, w) 0 or 1: round areas that cover very roughly `share` of the picture, for shares up to a half."""
        small = F.interpolate(self._uniform(count, 1, 5, 7), size, mode="bilinear", align_corners=False)
        return (small < share + 0.1).float()

    def carried(self, ab: Tensor, where: Tensor, known: Tensor) -> Tensor:
        """Colours (N, 2, h, w) of t−1 as hints for t, (N, 3, h, w): brought along motion that errs by up to a px and a
        half, with holes, doubted in part or as a whole, and here and there of another colour."""
        count, _, height, width = ab.shape
        slip = F.interpolate(self._uniform(count, 2, 3, 4, low=-1.5, high=1.5), (height, width), mode="bilinear")
        sides = torch.tensor([2 / width, 2 / height], device=self.device)
        colour = F.grid_sample(
            ab, where + slip.permute(0, 2, 3, 1) * sides, mode="bilinear", padding_mode="border", align_corners=False
        )
        level = self._uniform(count, 1, 1, 1, low=0.25, high=1.0).sqrt()
        surely = known * level * (1 - self.blobs(count, (height, width), 0.2))
        wrong = self.blobs(count, (height, width), 0.12) * (self._uniform(count, 1, 1, 1) < self.hints.wrong)
        other = colour.mean(dim=(2, 3), keepdim=True) + self._uniform(count, 2, 1, 1, low=-30, high=30)
        surely = surely * (1 - wrong) + wrong * torch.minimum(surely, self._uniform(count, 1, 1, 1, high=0.5))
        return torch.cat((colour * (1 - wrong) + other * wrong, surely), dim=1)

    def areas(self, ab: Tensor) -> Tensor:
        """Truth (N, 2, h, w) → hints (N, 3, h, w): one to four painted ellipses, true in each px, or all of it."""
        count, _, height, width = ab.shape
        y = torch.linspace(-1, 1, height, device=self.device).view(1, 1, -1, 1)
        x = torch.linspace(-1, 1, width, device=self.device).view(1, 1, 1, -1)
        centre, radius = self._uniform(count, 4, 2, low=-1), self._uniform(count, 4, 2, low=0.1, high=0.6)
        there = self._uniform(count, 4) < torch.tensor([1.0, 0.5, 0.5, 0.5], device=self.device)
        away = ((y - centre[..., :1, None]) / radius[..., :1, None]).square()
        away = away + ((x - centre[..., 1:, None]) / radius[..., 1:, None]).square()
        painted = ((away < 1) & there[..., None, None]).any(1, keepdim=True)
        painted = (painted | (self._uniform(count, 1, 1, 1) < 0.25)).float()
        return torch.cat((ab * painted, painted), dim=1)

    def numbers(self, count: int) -> list[int]:
        """How many dots each of `count` pictures gets: a geometric law whose mean is 12, at most `MOST_DOTS`."""
        draws = self._uniform(count, high=0.999).tolist()
        return [min(MOST_DOTS, 1 + int(math.log(1 - draw) / math.log(1 - 1 / 12))) for draw in draws]

    def dots(self, ab: Tensor, numbers: Sequence[int]) -> Tensor:
        """Truth (N, 2, h, w) → hints (N, 3, h, w): square dots of the mean colour under them, some a little wrong."""
        count, _, height, width = ab.shape
        hints = ab.new_zeros(count, 3, height, width)
        for sample, number in enumerate(numbers):
            for down, right, size, off, sure in self._uniform(number, 5).tolist():
                side = 1 + int(size * LARGEST_DOT)
                top, left = int(down * (height - side)), int(right * (width - side))
                rows, columns = slice(top, top + side), slice(left, left + side)
                error = 12 * (off / self.hints.wrong - 0.5) if off < self.hints.wrong else 0.0
                hints[sample, :2, rows, columns] = ab[sample, :, rows, columns].mean(dim=(1, 2), keepdim=True) + error
                hints[sample, 2, rows, columns] = 1.0 if sure < 0.8 else sure
        return hints

    def turn(self, ab: Tensor, chosen: Sequence[bool]) -> Tensor:
        """Colours (N, T, 2, h, w) of the samples that are `chosen`, their hues turned: each half of the hue circle by
        an angle of its own, so that flat fills change apart. Lightness stays."""
        if not any(chosen):
            return ab
        count = len(ab)
        first, one, other = (self._uniform(count, 1, 1, 1, high=2 * math.pi) for _ in range(3))
        a, b = ab.unbind(2)
        half = torch.sin(torch.atan2(b, a) - first) > 0
        angle = torch.where(half, one, other) * torch.tensor(chosen, device=ab.device).view(-1, 1, 1, 1)
        cosine, sine = torch.cos(angle), torch.sin(angle)
        return torch.stack((cosine * a - sine * b, sine * a + cosine * b), dim=2)
