"""The network as it learns: built with its norms, its encoder begun from trained filters, its running mean kept."""

from __future__ import annotations

import copy
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from restore import weights as vault
from restore.errors import BadRecipe, BadWeights
from restore.training.settings import Start, TrainRecipe

ENCODER = ("first.", "quarter.", "eighth.", "sixteenth.")
"""Names of duo's layers that begin from SqueezeNet."""

FIRES = {"quarter": (2, 3, 4), "eighth": (5, 6, 7, 8), "sixteenth": (9,)}


def build(recipe: TrainRecipe, teachers: Path | None) -> Any:
    """A new student: seeded, on the processor, float32. `teachers` is the folder of filters that the recipe names.

    Raises BadRecipe when the recipe wants filters and no folder is given, BadWeights when they are not there.
    """
    torch.manual_seed(recipe.seed)
    module = importlib.import_module(f"restore.models.{recipe.network}")
    if recipe.start.weights:
        return go_on(module.build(), recipe.start.weights, recipe.start.anew)
    student = module.build(norm=True)
    for part in student.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    nn.init.normal_(student.head.weight, std=0.002)
    if recipe.start.squeezenet:
        begin(student, teacher(teachers, recipe.start.squeezenet))
    return student


def go_on(student: Any, weights: str, anew: tuple[str, ...] = ()) -> Any:
    """Puts a set of weights into the network, in place; layers that the set does not have stay as they were drawn.

    So do those whose names begin with one of `anew`. Raises BadWeights for another network's weights.
    """
    found = vault.find(weights)
    own = student.state_dict()
    stored = vault.read(found.verified(".safetensors"))
    wrong = sorted(name for name in stored if name not in own or own[name].shape != stored[name].shape)
    if wrong:
        raise BadWeights(
            f"weights {weights}: tensor {wrong[0]} is not the network's; the recipe names another's weights"
        )
    kept = {name: torch.from_numpy(values) for name, values in stored.items() if not name.startswith(anew)}
    student.load_state_dict(kept, strict=False)
    return student


def groups(student: nn.Module, start: Start) -> list[dict[str, Any]]:
    """The network's parameters as an optimizer takes them, each group with its `share` of the learning rate.

    What stays as it is, is taken out of the reckoning altogether: nothing flows back into it.
    """
    begun = bool(start.squeezenet or start.weights)
    shares = {"encoder": start.rate if begun else 1.0, "decoder": start.decoder, "listen": 1.0}
    found: dict[str, list[nn.Parameter]] = {name: [] for name in shares}
    for name, values in student.named_parameters():
        part = "encoder" if name.startswith(ENCODER) else "listen" if name.startswith("listen.") else "decoder"
        found[part].append(values)
    for part in [part for part, share in shares.items() if not share]:
        for values in found.pop(part):
            values.requires_grad_(False)
    return [{"params": values, "share": shares[part]} for part, values in found.items() if values]


def teacher(folder: Path | None, file: str) -> Path:
    """The file of filters `file` in the teachers' folder; BadRecipe when no folder was given."""
    if folder is None:
        raise BadRecipe(f"the recipe names {file}; say where it lies with --teachers DIR, or leave it out")
    return folder / file


def begin(student: Any, file: Path) -> None:
    """Puts SqueezeNet v1.0's filters into the encoder (Iandola et al. 2016; BSD-2-Clause), in place.

    The first layer's three colours are summed, since a gray picture has R = G = B; frame t−1 begins unseen. Its
    offset is moved from 115/255, the mean gray of ImageNet, to the 0.45 of L*/100 that the network subtracts.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            filters = {name: torch.from_numpy(stored[name]).float() for name in stored.files}
        with torch.no_grad():
            student.first.weight.zero_()
            student.first.weight[:, 0] = 255 * filters["conv1.w"].sum(dim=1)
            student.first.bias.copy_(filters["conv1.b"])
            for stage, numbers in FIRES.items():
                for fire, number in zip(getattr(student, stage), numbers, strict=True):
                    _copy(fire.squeeze, filters, f"fire{number}__conv1x1_1")
                    _copy(fire.expand1, filters, f"fire{number}__conv1x1_2")
                    _copy(fire.expand3, filters, f"fire{number}__conv3x3_2")
            _level(student)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise BadWeights(f"{file}: not the filters of SqueezeNet v1.0: {error}") from error


def _copy(layer: Any, filters: dict[str, torch.Tensor], name: str) -> None:
    layer.weight.copy_(filters[f"{name}.w"])
    layer.bias.copy_(filters[f"{name}.b"])


LEVEL = 1.0
"""Wanted root mean square of what each stage of the encoder hands on."""


def _level(student: Any) -> None:
    """Scales the encoder so that every stage hands on numbers of about 1, as the fresh layers above it expect.

    SqueezeNet works on 0..255. ReLU networks are homogeneous: dividing a layer's filters and offset by s divides its
    output by s, and the next layer's offset follows, so the function of each stage is kept up to its scale.
    """
    probe = torch.rand(4, 2, 12, 16, generator=torch.Generator().manual_seed(1))
    probe = torch.nn.functional.interpolate(probe, scale_factor=16.0, mode="bilinear")
    scale = torch.relu(student.first(probe - 0.45)).square().mean().sqrt().item() / LEVEL
    student.first.weight.div_(scale)
    student.first.bias.div_(scale)
    x = torch.relu(student.first(probe - 0.45))
    for stage in FIRES:
        x = torch.nn.functional.max_pool2d(x, 3, 2, 1)
        for fire in getattr(student, stage):
            for layers in ((fire.squeeze,), (fire.expand1, fire.expand3)):
                for layer in layers:
                    layer.bias.div_(scale)
                inner = torch.cat([torch.relu(layer(x)) for layer in layers], dim=1)
                step = inner.square().mean().sqrt().item() / LEVEL
                for layer in layers:
                    layer.weight.div_(step)
                    layer.bias.div_(step)
                scale *= step
                x = inner / step


class Mean:
    """The running mean of a student's numbers (EMA; Polyak and Juditsky 1992): what is measured, kept and shipped."""

    def __init__(self, student: nn.Module, rate: float) -> None:
        self.network: Any = copy.deepcopy(student).eval()
        self.rate = rate
        self._pairs = [
            (mine, theirs)
            for mine, theirs in zip(self.network.state_dict().values(), student.state_dict().values(), strict=True)
            if mine.is_floating_point()
        ]

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """One step towards the student; faster at first, when there is little to remember."""
        rate = min(self.rate, (1 + step) / (10 + step))
        mine, theirs = [pair[0] for pair in self._pairs], [pair[1] for pair in self._pairs]
        torch._foreach_lerp_(mine, theirs, 1 - rate)
