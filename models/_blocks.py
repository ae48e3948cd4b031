"""The parts that our networks are built of, in torch: squeezed convolutions, pooled context, steps up in size."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Fire(nn.Module):
    """SqueezeNet's block (Iandola et al. 2016): squeeze to few channels by 1×1, widen by 1×1 beside 3×3, ReLU."""

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return torch.cat((F.relu(self.expand1(x)), F.relu(self.expand3(x))), dim=1)


def conv(channels: int, width: int, size: int = 3, norm: bool = True, dilation: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation (trained only, folded away for use) and ReLU; keeps the picture's size."""
    pad = dilation * (size // 2)
    layers: list[nn.Module] = [nn.Conv2d(channels, width, size, padding=pad, dilation=dilation, bias=not norm)]
    if norm:
        layers.append(nn.BatchNorm2d(width))
    return nn.Sequential(*layers, nn.ReLU())


class Context(nn.Module):
    """Looks far: three 3×3 convolutions of growing dilation, each added to what came in, and the mean of it all.

    The mean over the whole picture tells every place what scene it is part of (snow or sand, night or studio).
    """

    def __init__(self, channels: int, width: int, norm: bool) -> None:
        super().__init__()
        self.narrow = conv(channels, width, 1, norm)
        self.look = nn.ModuleList(conv(width, width, 3, norm, dilation=d) for d in (1, 2, 4))
        self.scene = nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        x = self.narrow(x)
        for layer in self.look:
            x = x + layer(x)
        return x + self.scene(x.mean(dim=(2, 3), keepdim=True))


class Up(nn.Module):
    """One step up: narrow, double the size, join the encoder's picture of that size, refine with 3×3 convolutions."""

    def __init__(self, channels: int, skip: int, lateral: int, width: int, norm: bool) -> None:
        super().__init__()
        self.narrow = conv(channels, width, 1, norm)
        self.lateral = conv(skip, lateral, 1, norm)
        self.join = conv(width + lateral, width, 3, norm)
        self.refine = conv(width, width, 3, norm)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        x = self.join(torch.cat((x, self.lateral(skip)), dim=1))
        return x + self.refine(x)


def fold(network: nn.Module) -> nn.Module:
    """Folds every batch normalisation into the convolution before it, in place; the function stays the same."""
    network.eval()
    for part in network.modules():
        if isinstance(part, nn.Sequential) and len(part) == 3 and isinstance(part[1], nn.BatchNorm2d):
            convolution = part[0]
            assert isinstance(convolution, nn.Conv2d)
            part[0] = nn.utils.fusion.fuse_conv_bn_eval(convolution, part[1])
            del part[1]
    return network
