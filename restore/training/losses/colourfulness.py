"""Keeps colours as strong and as various as they were: an unsure colouring may not turn sepia for it."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

BLOCK = 8
"""Side of the areas whose chroma is compared, px of the colour picture: about an object's size."""


def colourfulness(colour: Tensor, truth: Tensor) -> Tensor:
    """(N, 2, h, w) a*b* against (N, 2, h, w) → scalar, about 0.1 to 1.

    Mean of two gaps, each over 20: of chroma, |mean C − mean C*| by area with C = √(a*² + b*²), and of variety,
    |σ − σ*| of a* and of b* over the picture. The two parts are those of Hasler and Süsstrunk 2003, Measuring
    colourfulness in natural images: averaging over possible hues shrinks the first, a tint over all the second.
    """
    made = (colour.square().sum(1, keepdim=True) + 1.0).sqrt()
    real = (truth.square().sum(1, keepdim=True) + 1.0).sqrt()
    chroma = (F.avg_pool2d(made, BLOCK) - F.avg_pool2d(real, BLOCK)).abs().mean()
    variety = (_spread(colour) - _spread(truth)).abs().mean()
    return (chroma + variety) / 40


def _spread(colour: Tensor) -> Tensor:
    """(N, 2) standard deviation of a* and of b* over each picture; the 1 keeps its gradient finite at gray."""
    return (colour.var(dim=(2, 3), unbiased=False) + 1.0).sqrt()
