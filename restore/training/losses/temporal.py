"""Keeps a colour on the thing it belongs to: what moved must carry its colour along, and what stood must keep it."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def temporal(now: Tensor, before: Tensor, where: Tensor, known: Tensor) -> Tensor:
    """Colourings of t and t−1, both (N, C, h, w) a*b*, → scalar, about 0 to 0.5.

    where  (N, h, w, 2) where each pixel of t was at t−1, in `grid_sample`'s coordinates −1..1.
    known  (N, 1, h, w) 1 where that is so, 0 where it was hidden, outside or not known.
    Σ known · |now − warp(before)| / Σ known / 10: the temporal term of Lei and Chen 2019 (eq. 8) along motion that is
    exact because it was made, not guessed.
    """
    carried = F.grid_sample(before, where, mode="bilinear", padding_mode="border", align_corners=False)
    gap = (now - carried).abs().mean(1, keepdim=True)
    return (gap * known).sum() / (known.sum() + 1.0) / 10


def temporal_rgb(now: Tensor, before: Tensor, where: Tensor, known: Tensor) -> Tensor:
    """Colourings of t and t−1, both (N, C, h, w) R'G'B' 0..1; `where`, `known` as above → scalar, about 0 to 0.5.

    5 · mean(known · |now − warp(before)|), the mean over all pixels: as FAVC's program has it, for the prototype.
    """
    carried = F.grid_sample(before, where, mode="bilinear", padding_mode="border", align_corners=False)
    return 5 * ((now - carried).abs() * known).mean()
