"""The parts of FAVC, the prototype: what VGG-19 sees at every pixel, and the U-Net that makes colour of it.

Lei and Chen 2019, "Fully Automatic Video Colorization with Self-Regularization and Diversity" (CVPR), as their
TensorFlow 1 program has it. Layers have that program's names (`g_conv1_1` …), VGG-19's those of torchvision
(`features.0` …).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

VGG = {
    "conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv2_2": 7, "conv3_1": 10, "conv3_2": 12, "conv3_3": 14,
    "conv3_4": 16, "conv4_1": 19, "conv4_2": 21, "conv4_3": 23, "conv4_4": 25, "conv5_1": 28, "conv5_2": 30,
}  # fmt: skip
"""VGG-19's convolutions up to conv5_2, and their numbers in torchvision's `features`."""

WIDTHS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}
"""Channels of a block's convolutions, by the block's digit (Simonyan and Zisserman 2014, arXiv:1409.1556, table 1)."""

CAFFE_MEANS = (123.68, 116.779, 103.939)
"""Of R, G, B 0..255: what the published filters expect to be taken off."""

SLOPE = 0.2


def legacy_bilinear(planes: Tensor, height: int, width: int) -> Tensor:
    """(N, C, h, w) resized as TensorFlow 1 does it: output pixel i looks at i · h / height, not at pixel centres.

    With the last row and column repeated once, that is `align_corners` on one more sample in and one more out.
    """
    more = F.pad(planes, (0, 1, 0, 1), mode="replicate")
    sized = F.interpolate(more, size=(height + 1, width + 1), mode="bilinear", align_corners=True)
    return sized[..., :height, :width]


class Vgg(nn.Module):
    """VGG-19 with average pooling, as FAVC uses it: fixed filters, no classes. `last` is the deepest layer built."""

    means: Tensor

    def __init__(self, last: str) -> None:
        super().__init__()
        self.names = tuple(VGG)[: tuple(VGG).index(last) + 1]
        layers, channels = {}, 3
        for name in self.names:
            width = WIDTHS[name[4]]
            layers[str(VGG[name])] = nn.Conv2d(channels, width, 3, padding=1)
            channels = width
        self.features = nn.ModuleDict(layers).requires_grad_(False)
        self.register_buffer("means", torch.tensor(CAFFE_MEANS).view(1, 3, 1, 1))

    def forward(self, rgb: Tensor) -> dict[str, Tensor]:
        """(N, 3, h, w) RGB 0..1, sides multiples of 16 → every layer's answer after ReLU, by its name."""
        x = rgb * 255 - self.means
        seen = {}
        for name in self.names:
            if name.endswith("_1") and name != "conv1_1":
                x = F.avg_pool2d(x, 2)
            x = F.relu(self.features[str(VGG[name])](x))
            seen[name] = x
        return seen


class Hypercolumn(nn.Module):
    """At every pixel the answers of some of VGG-19's layers, deepest first, then the gray picture three times."""

    divisors: Tensor

    def __init__(self, layers: tuple[str, ...]) -> None:
        super().__init__()
        self.layers = layers
        self.vgg = Vgg(layers[-1])
        self.register_buffer("divisors", torch.full((len(layers),), 255.0))

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each map that `maps` gives."""
        return (*(WIDTHS[name[4]] for name in reversed(self.layers)), 3)

    def maps(self, gray: Tensor) -> list[Tensor]:
        """(N, 1, h, w) gray 0..1 → the column's parts, each at the size at which VGG-19 gives it."""
        picture = gray.expand(-1, 3, -1, -1)
        seen = self.vgg(picture)
        pairs = zip(self.layers, self.divisors.unbind(), strict=True)
        return [*reversed([seen[name] / divisor for name, divisor in pairs]), picture]

    def forward(self, gray: Tensor) -> Tensor:
        """(N, 1, h, w) gray 0..1 → (N, Σ widths, h, w), as published: all parts brought to full size and joined."""
        return torch.cat([legacy_bilinear(part, *gray.shape[-2:]) for part in self.maps(gray)], dim=1)


class UNet(nn.Module):
    """FAVC's U-Net, for the main and the refinement network: 1×1 first, four poolings, linear at the end.

    `prefix` is that of the published names: "g" or "VCRNr". Weights are drawn as published: Xavier, offsets 0.
    """

    def __init__(self, channels: int, out: int, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

        def add(name: str, into: int, width: int, size: int = 3) -> None:
            self.add_module(f"{prefix}_{name}", _drawn(into, width, size))

        width = 32
        add("conv1_1", channels, width, 1)
        add("conv1_2", width, width)
        for block in range(2, 6):
            add(f"conv{block}_1", width, 2 * width)
            add(f"conv{block}_2", 2 * width, 2 * width)
            width *= 2
        for step, block in enumerate(range(6, 10), 1):
            self.add_module(f"{prefix}_up_{step}", nn.ModuleDict({"up_conv1": _drawn(width, width // 2, 3)}))
            add(f"conv{block}_1", width, width // 2)
            add(f"conv{block}_2", width // 2, out if block == 9 else width // 2)
            width //= 2

    def layer(self, name: str) -> nn.Module:
        """The layer of that published name, without its prefix."""
        return self.get_submodule(f"{self.prefix}_{name}")

    def first(self, parts: list[Tensor]) -> Tensor:
        """The first, 1×1 layer on parts of any sizes whose sum of channels is its own; the last part is of full size.

        A 1×1 convolution looks at one pixel, and resizing mixes no channels: so each part is convolved where it is
        small, and 32 channels are brought to full size in place of 1475. The sums are the same but for their order.
        """
        layer = self.layer("conv1_1")
        assert isinstance(layer, nn.Conv2d)
        size = parts[-1].shape[-2:]
        filters = layer.weight.split([part.shape[1] for part in parts], dim=1)
        total = F.conv2d(parts[-1], filters[-1], layer.bias)
        for part, mine in zip(parts[:-1], filters[:-1], strict=True):
            made = F.conv2d(part, mine)
            total = total + (made if part.shape[-2:] == size else legacy_bilinear(made, *size))
        return total

    def forward(self, planes: Tensor) -> Tensor:
        """(N, channels, h, w), sides multiples of 16 → (N, out, h, w), linear."""
        return self.of_parts([planes])

    def of_parts(self, parts: list[Tensor]) -> Tensor:
        """What `first` takes → (N, out, h, w), linear."""
        x = F.leaky_relu(self.first(parts), SLOPE)
        x = F.leaky_relu(self.layer("conv1_2")(x), SLOPE)
        skips = [x]
        for block in range(2, 6):
            x = self._two(block, F.max_pool2d(x, 2))
            skips.append(x)
        for step, block in enumerate(range(6, 10), 1):
            skip = skips[-1 - step]
            x = self.layer(f"up_{step}.up_conv1")(legacy_bilinear(x, *skip.shape[-2:]))
            x = self._two(block, torch.cat((x, skip), dim=1))
        return x

    def _two(self, block: int, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.layer(f"conv{block}_1")(x), SLOPE)
        x = self.layer(f"conv{block}_2")(x)
        return x if block == 9 else F.leaky_relu(x, SLOPE)


def _drawn(into: int, width: int, size: int) -> nn.Conv2d:
    """A convolution that keeps the picture's size, drawn as published."""
    layer = nn.Conv2d(into, width, size, padding=size // 2)
    nn.init.xavier_uniform_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class Favc(nn.Module):
    """The main network behind its hypercolumns, and the door to the program: L* in, a*b* out.

    layers  of VGG-19 in the column; `frames` 2 puts the column of the frame before behind that of the frame;
    extra   planes of further input at full size behind both.
    """

    candidates = 4

    def __init__(self, layers: tuple[str, ...], frames: int = 1, extra: int = 0) -> None:
        super().__init__()
        self.frames, self.extra = frames, extra
        self.hypercolumn = Hypercolumn(layers)
        channels = frames * sum(self.hypercolumn.widths) + extra
        self.main = UNet(channels, 3 * self.candidates, "g")

    @property
    def head(self) -> nn.Module:
        """The last layer: its channels belong to the candidates in turn."""
        return self.main.layer("conv9_2")

    def columns(self, gray: Tensor) -> list[Tensor]:
        """(N, frames, h, w) gray 0..1 → the parts of the first layer's input, without further planes."""
        return [part for t in range(self.frames) for part in self.hypercolumn.maps(gray[:, t : t + 1])]

    def rgb(self, gray: Tensor, further: Tensor | None = None) -> Tensor:
        """As published: (N, frames, h, w) gray 0..1, frame t first, and `further` (N, extra, h, w) → (N, 4, 3, h, w)
        R'G'B' about 0..1, not cut off."""
        parts = self.columns(gray)
        if further is not None:
            parts.append(further)
        made = self.main.of_parts(parts)
        return made.unflatten(1, (self.candidates, 3))

    def forward(self, light: Tensor) -> Tensor:
        """(N, frames, h, w) CIE L*/100, frame t first → (N, 4, 2, h, w) CIE a*b* of what `rgb` gives, cut off to 0..1.

        The made luma is given up here: the film's own is used. Lab is reckoned in float32.
        """
        made = self.rgb(gray_of_lightness(light)).float().clamp(0, 1)
        return ab_of_rgb(made.flatten(0, 1)).unflatten(0, (-1, self.candidates))


def gray_of_lightness(light: Tensor) -> Tensor:
    """L*/100 → the gray code value 0..1 (sRGB, IEC 61966-2-1) that has that lightness. Any shape and kind of float."""
    f = (100 * light.float() + 16) / 116
    y = torch.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787).clamp(0, 1)
    coded = torch.where(y <= 0.0031308, 12.92 * y, 1.055 * y.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)
    return coded.to(light.dtype)


def ab_of_rgb(rgb: Tensor) -> Tensor:
    """(N, 3, h, w) sRGB 0..1 float32 → (N, 2, h, w) CIE a*, b*, D65 (constants of `restore.training.colour`)."""
    r, g, b = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4).unbind(1)
    x = _compressed((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047)
    y = _compressed(0.212671 * r + 0.715160 * g + 0.072169 * b)
    z = _compressed((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883)
    return torch.stack((500 * (x - y), 200 * (y - z)), dim=1)


def _compressed(t: Tensor) -> Tensor:
    return torch.where(t > 0.008856, t.clamp(min=0.008856) ** (1 / 3), 7.787 * t + 16 / 116)
