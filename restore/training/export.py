"""Makes what ships out of what was trained: float16 safetensors, the same network for OpenVINO, and their hashes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from restore.models._blocks import fold


def shipped(trained: Any) -> Any:
    """A copy of the trained network on the processor, norms folded away, every number rounded to float16."""
    network = fold(copy.deepcopy(trained).cpu().float())
    with torch.no_grad():
        for values in network.state_dict().values():
            values.copy_(values.half().float())
    return network


def save(network: Any, path: Path) -> None:
    """Writes the network's numbers as float16 safetensors."""
    tensors = {name: values.half().contiguous() for name, values in network.state_dict().items()}
    save_file(tensors, path)
