"""Keeps colours as strong as they were: a colouring may be unsure of the hue, but it may not turn sepia for it."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

BLOCKS = (8, 32)
"""Sides of the areas compared, px of the colour picture: an object's and a scene's."""


def colourfulness(colour: Tensor, truth: Tensor) -> Tensor:
    """(N, 2, h, w) a*b* against (N, 2, h, w) → scalar, about 0.1 to 1.

    Mean over areas of |mean C − mean C*| / 20, C = √(a*² + b*²): chroma compared without hue, so that averaging over
    possible hues, which shrinks a*b* towards gray, does not pay.
    """
    made = (colour.square().sum(1, keepdim=True) + 1.0).sqrt()
    real = (truth.square().sum(1, keepdim=True) + 1.0).sqrt()
    gaps = [(F.avg_pool2d(made, side) - F.avg_pool2d(real, side)).abs().mean() for side in BLOCKS]
    total: Tensor = sum(gaps[1:], gaps[0]) / (20 * len(BLOCKS))
    return total
