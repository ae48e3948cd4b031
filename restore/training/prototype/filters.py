"""Puts VGG-19's filters, from Caffe or from torchvision, where the prototype sees with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from restore import weights as vault
from restore.errors import BadWeights
from restore.models._favc import VGG, Hypercolumn, Vgg

MEANS, SPREADS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of R, G, B 0..1: what torchvision's networks take off and divide by (its preset `ImageClassification`)."""


def read(file: Path) -> dict[str, Tensor]:
    """Filters by torchvision's names (`features.0.weight` …), for R, G, B 0..255; `means` where they are not Caffe's.

    `file` is an .npz of Caffe's filters (`conv1_1.w` OIHW for R, G, B 0..255, `conv1_1.b`), or torchvision's vgg19 as
    `restore models convert` makes a .safetensors of it. Raises BadWeights.
    """
    if file.suffix == ".safetensors":
        return _of_torchvision({name: torch.from_numpy(values) for name, values in vault.read(file).items()})
    try:
        with np.load(file, allow_pickle=False) as stored:
            pairs = [(name, end, stored[f"{name}.{end}"]) for name in VGG for end in "wb" if f"{name}.{end}" in stored]
    except (OSError, ValueError, KeyError) as error:
        raise BadWeights(f"{file}: no filters of VGG-19 that we can read: {error}") from error
    kinds = {"w": "weight", "b": "bias"}
    return {f"features.{VGG[name]}.{kinds[end]}": torch.from_numpy(values).float() for name, end, values in pairs}


def _of_torchvision(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same filters for 0..255: the division by 255 and by the spreads goes into the first layer, the means become
    means to take off, so that what pads the picture's rim is the same gray."""
    wanted = {f"features.{number}.{kind}" for number in VGG.values() for kind in ("weight", "bias")}
    found = {name: values for name, values in stored.items() if name in wanted}
    first = "features.0.weight"
    if first in found:
        found[first] = found[first] / (255 * torch.tensor(SPREADS).view(1, 3, 1, 1))
    return {**found, "means": 255 * torch.tensor(MEANS)}


def put(vgg: Vgg, file: Path) -> bool:
    """Puts the filters of `file` into `vgg`; returns whether they are Caffe's, whose sizes the papers' numbers fit.

    Raises BadWeights naming the layer that is missing or of another shape.
    """
    found = read(file)
    caffe = "means" not in found
    state = vgg.state_dict()
    for name, values in state.items():
        if name == "means":
            continue
        if name not in found:
            raise BadWeights(f"{file}: {name} is missing; this network wants VGG-19 as deep as {vgg.names[-1]}")
        if found[name].shape != values.shape:
            raise BadWeights(f"{file}: {name} is {tuple(found[name].shape)}, VGG-19's is {tuple(values.shape)}")
        values.copy_(found[name])
    if not caffe:
        vgg.means.copy_(found["means"].view(1, 3, 1, 1))
    return caffe


def put_into(column: Hypercolumn, file: Path) -> None:
    """The same for a hypercolumn. Where the filters are not Caffe's, 255 is no fit divisor: each layer's own root mean
    square on a soft random picture, times 2, brings it to about the size of Caffe's layers over 255."""
    if not put(column.vgg, file):
        probe = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(1))
        probe = F.interpolate(probe, scale_factor=16.0, mode="bilinear", align_corners=False)
        with torch.no_grad():
            seen = column.vgg(probe)
            sizes: list[Any] = [2 * seen[name].square().mean().sqrt() for name in column.layers]
            column.divisors.copy_(torch.stack(sizes))
