"""Has hints obeyed: where a colour was given, every candidate must have it."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from restore.training.losses.smooth_l1 import SCALE


def hinted(colour: Tensor, truth: Tensor, surely: Tensor) -> Tensor:
    """(N, K, 2, h, w) a*b* against (N, 2, h, w), `surely` (N, 1, h, w) confidence of the hints 0..1 → scalar, 0 to 1.

    Σ c · huber(ab − ab*) / SCALE / Σ c, the mean over candidates too (Huber 1964): a dot of a few px counts in full
    when it is all that was hinted at. Without any hint it is 0.
    """
    error = F.huber_loss(colour, truth.unsqueeze(1).expand_as(colour), reduction="none", delta=SCALE) / SCALE**2
    return (error.mean(dim=(1, 2)).unsqueeze(1) * surely).sum() / (surely.sum() + 1e-6)
