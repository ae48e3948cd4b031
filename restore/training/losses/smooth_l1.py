"""How far a colouring is from the truth, a vivid pixel counting more than a gray one."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

SCALE = 20.0
"""a*b* distance at which the error turns from squared to straight; about the spread of chroma in film."""


def smooth_l1(colour: Tensor, truth: Tensor, rebalance: float) -> Tensor:
    """(N, K, 2, h, w) a*b* against (N, 2, h, w) → (N, K), about 0.1 to 1.

    mean_p w_p · huber(ab_p − ab*_p) / SCALE with w_p = (1 + rebalance · C*_p / 50) / mean(…): Huber 1964, with the
    class rebalancing of Zhang et al. 2016 (arXiv:1603.08511, eq. 4) made smooth: rare colours are the vivid ones.
    """
    weight = 1 + rebalance * truth.norm(dim=1, keepdim=True) / 50
    weight = weight / weight.mean()
    error = F.huber_loss(colour, truth.unsqueeze(1).expand_as(colour), reduction="none", delta=SCALE) / SCALE**2
    return (error * weight.unsqueeze(1)).mean(dim=(2, 3, 4))
