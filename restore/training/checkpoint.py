"""Puts a training down on disk whole, and takes it up again where it was: safetensors, no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from restore.errors import BadWeights
from restore.store import writing

Parts = dict[str, nn.Module]
Optimizers = dict[str, tuple[torch.optim.Optimizer, nn.Module]]
"""An optimizer with the module whose parameters it moves, so that its state can be named."""


def _of_optimizer(optimizer: torch.optim.Optimizer, module: nn.Module) -> dict[str, Tensor]:
    named: dict[Tensor, str] = {parameter: name for name, parameter in module.named_parameters()}
    return {
        f"{named[parameter]}|{key}": value
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
    }


def save(path: Path, step: int, key: str, parts: Parts, optimizers: Optimizers) -> None:
    """Writes all numbers of `parts` and `optimizers` under `path` by rename; `key` says what training this is."""
    tensors: dict[str, Tensor] = {}
    for name, module in parts.items():
        tensors |= {f"{name}/{entry}": value for entry, value in module.state_dict().items()}
    for name, (optimizer, module) in optimizers.items():
        tensors |= {f"{name}/{entry}": value for entry, value in _of_optimizer(optimizer, module).items()}
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    with writing(path) as part:
        save_file(plain, part, {"training": json.dumps({"step": step, "key": key})})


def load(path: Path, key: str, parts: Parts, optimizers: Optimizers) -> int:
    """Puts the numbers at `path` back in place; returns the step. Raises BadWeights when it is another training's."""
    try:
        with safe_open(path, "pt") as stored:
            about: dict[str, Any] = json.loads((stored.metadata() or {}).get("training", "{}"))
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise BadWeights(f"{path}: not a checkpoint we can read: {error}; start anew in another folder") from error
    if about.get("key") != key:
        raise BadWeights(f"{path}: from another recipe, network or data; start anew in another folder")
    for name, module in parts.items():
        own = {
            entry.removeprefix(f"{name}/"): value for entry, value in tensors.items() if entry.startswith(f"{name}/")
        }
        module.load_state_dict(own)
    for name, (optimizer, module) in optimizers.items():
        parameters = dict(module.named_parameters())
        for entry, value in tensors.items():
            if entry.startswith(f"{name}/"):
                parameter, state = entry.removeprefix(f"{name}/").split("|")
                optimizer.state[parameters[parameter]][state] = _placed(value, parameters[parameter])
    return int(about["step"])


def _placed(value: Tensor, parameter: Tensor) -> Tensor:
    """`value` as the optimizer left it: shaped ones where and laid out as their parameter, the step count as it is."""
    if value.shape != parameter.shape:
        return value.to(parameter.device) if parameter.is_cuda else value
    return torch.empty_like(parameter).copy_(value)
