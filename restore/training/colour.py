"""Colour for tensors that learn: RGB, CIE L*a*b* and the gray that a film stock would have made of them."""

from __future__ import annotations

import torch
from torch import Tensor

WHITE = (0.95047, 1.0, 1.08883)
"""XYZ of D65, 2° observer (as scikit-image and IEC 61966-2-1)."""

TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
"""Linear sRGB to XYZ (IEC 61966-2-1, as scikit-image has it)."""

TO_RGB = ((3.24048134, -1.53715152, -0.49853633), (-0.96925495, 1.87599, 0.04155593),
          (0.05564664, -0.20404134, 1.05731107))  # fmt: skip

LUMA = (0.299, 0.587, 0.114)
"""Luma of gamma-coded R, G, B: ITU-R BT.601."""


def to_linear(coded: Tensor) -> Tensor:
    """sRGB code values 0..1 → linear light 0..1 (IEC 61966-2-1). Any shape."""
    return torch.where(coded <= 0.04045, coded / 12.92, ((coded.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def to_coded(linear: Tensor) -> Tensor:
    """Linear light 0..1 → sRGB code values 0..1. Any shape; negative light is black."""
    return torch.where(linear <= 0.0031308, linear.clamp(min=0) * 12.92,
                       1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)  # fmt: skip


def _compress(t: Tensor) -> Tensor:
    """f of CIE 1976 L*a*b*, the cube root with its straight foot."""
    return torch.where(t > 0.008856, t.clamp(min=0.008856) ** (1 / 3), 7.787 * t + 16 / 116)


def _expand(f: Tensor) -> Tensor:
    return torch.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787)


def _mix(matrix: tuple[tuple[float, ...], ...], planes: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", torch.tensor(matrix, device=planes.device, dtype=planes.dtype), planes)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """(N, 3, h, w) sRGB 0..1 → (N, 3, h, w) CIE L* 0..100, a*, b*, D65. Float32."""
    white = torch.tensor(WHITE, device=rgb.device).view(1, 3, 1, 1)
    x, y, z = _compress(_mix(TO_XYZ, to_linear(rgb)) / white).unbind(1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=1)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """(N, 3, h, w) CIE L*a*b* → (N, 3, h, w) sRGB 0..1, colours outside the gamut cut off per channel."""
    light, a, b = lab.unbind(1)
    y = (light + 16) / 116
    xyz = torch.stack((_expand(y + a / 500), _expand(y), _expand(y - b / 200)), dim=1)
    white = torch.tensor(WHITE, device=lab.device).view(1, 3, 1, 1)
    return to_coded(_mix(TO_RGB, xyz * white)).clamp(0, 1)


def luma(rgb: Tensor, weights: Tensor | None = None) -> Tensor:
    """(N, 3, h, w) sRGB 0..1 → (N, 1, h, w) luma 0..1; `weights` (N, 3) replace those of BT.601."""
    if weights is None:
        weights = torch.tensor(LUMA, device=rgb.device).expand(len(rgb), 3)
    return torch.einsum("nc,nchw->nhw", weights.to(rgb.dtype), rgb).unsqueeze(1)


def lightness(gray: Tensor) -> Tensor:
    """L*/100 (0..1) of a gray picture whose code value is luma 0..1. Any shape."""
    return (116 * _compress(to_linear(gray)) - 16) / 100
