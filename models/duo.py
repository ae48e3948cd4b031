"""duo: our network, a small U-Net that sees a frame and the one before it, heeds hints and gives four colourings.

Encoder: SqueezeNet's (Iandola et al. 2016, arXiv:1602.07360) from half to a sixteenth of the picture's size. Below it
dilated convolutions and the scene's mean for context; above it a U-Net decoder (Ronneberger et al. 2015,
arXiv:1505.04597) back to half size, where colour is given: chroma needs few pixels. Hints, which Zhang et al. 2017
(arXiv:1705.02999) put in with the picture, mend what it makes (`_hints`): without any it is the network that it was.
"""

from __future__ import annotations

from typing import Any

from restore.contracts import Card

CARD = Card(
    name="duo",
    title="two frames and hints in, four colourings out; small enough for two CPU cores",
    paper="own; after Ronneberger et al. 2015 (arXiv:1505.04597) and Iandola et al. 2016 (arXiv:1602.07360)",
    licence="Apache-2.0; encoder begun from SqueezeNet v1.0, BSD-2-Clause; credits in duo.md",
    frames=2,
    candidates=4,
    multiple_of=16,
    working_size=192,
    stride=2,
    guided=True,
    weights=("duo",),
)


def build(norm: bool = False, extra: int = 0) -> Any:
    """The network as a torch module, weights as torch draws them.

    forward(planes): (N, 5, h, w) float, sides multiples of 16: CIE L*/100 of frame t, then of t−1, then hints a*, b*
    and confidence 0..1 → (N, 4, 2, h/2, w/2) CIE a*b*, best first. (N, 2, h, w) is the same without hints.

    `norm` adds the batch normalisations that training uses; `restore.models._blocks.fold`
    takes them away again, and what ships has none. `extra` planes of further input, between light and hints, are for
    trials; they begin unseen.
    """
    import torch
    from torch import nn
    from torch.nn import functional as F

    from restore.models._blocks import Context, Fire, Up
    from restore.models._hints import Listen

    class Duo(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(CARD.frames + extra, 96, 7, stride=2, padding=3)
            with torch.no_grad():
                self.first.weight[:, CARD.frames :] = 0
            self.quarter = nn.Sequential(Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128))
            self.eighth = nn.Sequential(Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256))
            self.sixteenth = nn.Sequential(Fire(512, 64, 256))
            self.context = Context(512, 256, norm)
            self.up8 = Up(256, 512, 128, 160, norm)
            self.up4 = Up(160, 256, 64, 96, norm)
            self.up2 = Up(96, 96, 32, 48, norm)
            self.head = nn.Conv2d(48, 2 * CARD.candidates, 1)
            self.listen = Listen(512, (160, 96, 48), CARD.candidates)

        def forward(self, planes: torch.Tensor) -> torch.Tensor:
            seen, hints = planes[:, : CARD.frames + extra], planes[:, CARD.frames + extra :]
            seen = seen - 0.45  # the mean gray of the pictures SqueezeNet grew up on
            half = F.relu(self.first(seen))
            quarter = self.quarter(F.max_pool2d(half, 3, 2, 1))
            eighth = self.eighth(F.max_pool2d(quarter, 3, 2, 1))
            x = self.context(self.sixteenth(F.max_pool2d(eighth, 3, 2, 1)))
            eighths = self.up8(x, eighth)
            quarters = self.up4(eighths, quarter)
            halves = self.up2(quarters, half)
            made = self.head(halves)
            if hints.shape[1]:
                made = self.listen((eighth, seen[:, :1]), (eighths, quarters, halves), made, hints)
            colour = 100.0 * made  # weights of about 1 for a*b* of about 100
            return colour.unflatten(1, (CARD.candidates, 2))

    return Duo()
