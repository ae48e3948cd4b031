"""Lets a network say how likely each of 313 colours is at a place, rare colours counting more than common ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.training.colour import rgb_to_lab

GRID = 10.0
"""a*b* from one bin to the next."""

MARGIN = 1.2
"""a*b* by which the gamut is taken larger: with 1.15 to 1.2 the bins are 313 however finely it is sampled."""

SIGMA = 5.0
"""Spread, in a*b*, of a colour over the bins nearest to it: Zhang et al. 2016, section 2.1."""


@functools.cache
def bins() -> Tensor:
    """(313, 2) float32 a*b* of the bins, by a*, then b*.

    The grid's points that are corners of squares which the sRGB gamut enters, worked out here: the faces of the RGB
    cube hold the rim of the gamut, so their colours in a*b*, at 128 × 128 steps and shifted by the margin to all
    sides, say which squares those are. Number and extent (−90..100, −110..100) are those of Zhang et al. 2016; whether
    every point is theirs was not compared.
    """
    step = torch.linspace(0, 1, 128)
    first, second = torch.meshgrid(step, step, indexing="ij")
    faces = []
    for channel in range(3):
        for level in (0.0, 1.0):
            planes = [first, second]
            planes.insert(channel, torch.full_like(first, level))
            faces.append(torch.stack(planes))
    ab = rgb_to_lab(torch.stack(faces))[:, 1:].permute(0, 2, 3, 1).reshape(-1, 2)
    moves = torch.tensor([(a, b) for a in (-MARGIN, 0, MARGIN) for b in (-MARGIN, 0, MARGIN)])
    squares = torch.floor((ab[:, None] + moves) / GRID).reshape(-1, 2).unique(dim=0)
    corners = torch.tensor([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)])
    return GRID * (squares[:, None] + corners).reshape(-1, 2).unique(dim=0)


@dataclass(frozen=True)
class Encoded:
    """Colours as shares of bins: `index` (..., J) int64 and `share` (..., J) that sum to 1, the nearest bin first."""

    index: Tensor
    share: Tensor


def encode(ab: Tensor, count: int = 5) -> Encoded:
    """(..., 2) a*b* → the `count` nearest bins of each colour, by a Gaussian of σ = 5 (Zhang et al. 2016: five)."""
    flat = ab.reshape(-1, 2)
    away, index = torch.cdist(flat, bins().to(flat)).topk(count, largest=False)
    share = torch.softmax(-(away**2) / (2 * SIGMA**2), dim=1)
    shape = (*ab.shape[:-1], count)
    return Encoded(index.reshape(shape), share.reshape(shape))


def rebalanced(prior: Tensor, mix: float = 0.5) -> Tensor:
    """(Q,) share of each bin in the data, sum 1 → (Q,) weights w ∝ 1 / ((1 − λ)·p + λ/Q), so that Σ p·w = 1.

    Zhang et al. 2016, equation 4, λ = `mix`: 0 weighs by rarity alone, 1 weighs all alike.
    """
    weights = 1 / ((1 - mix) * prior + mix / len(prior))
    return weights / (prior * weights).sum()


def prior_of(ab: Tensor) -> Tensor:
    """(..., 2) a*b* of the data → (313,) share of each bin: the colours' own shares, spread by the same Gaussian."""
    found = encode(ab)
    counts = torch.zeros(len(bins()), dtype=ab.dtype, device=ab.device)
    counts.scatter_add_(0, found.index.flatten(), found.share.flatten())
    return counts / counts.sum()


def cross_entropy_313(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """logits (N, 313, h, w), truth (N, 2, h, w) a*b*, weights (313,) from `rebalanced` → scalar, about 0 to 6.

    −1/(N·h·w) Σ_p w(q*_p) Σ_q Z_pq log softmax(logits)_pq, Z the truth spread over five bins and q* the nearest:
    Zhang et al. 2016 (arXiv:1603.08511), equations 2 and 3. The mean over pixels is ours.
    """
    target = encode(truth.movedim(1, -1))
    said = F.log_softmax(logits, dim=1).movedim(1, -1)
    cost = -(torch.gather(said, -1, target.index) * target.share).sum(-1)
    return (cost * weights[target.index[..., 0]]).mean()


def decoded(logits: Tensor, temperature: float = 0.38) -> Tensor:
    """(N, 313, h, w) → (N, 2, h, w) a*b*, the annealed mean: Zhang et al. 2016, equation 5.

    `temperature` 1 gives the mean, towards 0 the mode.
    """
    chances = torch.softmax(logits / temperature, dim=1)
    return torch.einsum("nqhw,qc->nchw", chances, bins().to(logits))
