"""Lets candidates differ: the best of them is taught most, and one earlier in rank more than a later one."""

from __future__ import annotations

import torch
from torch import Tensor


def rank_diversity(cost: Tensor) -> Tensor:
    """(N, K) cost of each candidate → scalar: mean_n [ min_k c_k + Σ_k 0.01 · 2^(K−k) · c_k ], k from 0.

    Lei and Chen 2019, Fully Automatic Video Colorization with Self-Regularization and Diversity, eq. 6.
    """
    count = cost.shape[1]
    ranks = 0.01 * 2.0 ** (count - torch.arange(count, device=cost.device, dtype=cost.dtype))
    return (cost.min(dim=1).values + (cost * ranks).sum(dim=1)).mean()
