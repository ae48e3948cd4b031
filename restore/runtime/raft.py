"""Motion by RAFT (Teed and Deng, ECCV 2020), torchvision's network, for those who have its weights and the time."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from typing import Any

import cv2
import numpy as np

from restore import published
from restore.errors import BadWeights, Unavailable
from restore.motion import Float, Search, Small

MULTIPLE, LEAST = 8, 128
"""Sides that the network takes: multiples of 8, and none below 128 (its coarsest comparison would have no px)."""
ROUNDS = 12
"""Times that the motion is refined: what torchvision's weights were trained and measured with."""
BUILDERS = {"raft": "raft_small", "raft_large": "raft_large"}
"""Name in `restore.published` → torchvision's function."""


def identity(name: str) -> tuple[str, ...]:
    """All that decides what the network `name` finds: its name, its weights' SHA-256, versions. Loads no torch.

    Raises Unavailable where torch or torchvision is not installed, BadWeights for weights that are not there or not
    what was published.
    """
    away = [package for package in ("torch", "torchvision") if importlib.util.find_spec(package) is None]
    if away:
        raise Unavailable(
            f'flow = "{name}": {", ".join(away)} not installed; install restore-film[score], or set flow = "dis"'
        )
    versions = (f"{package} {importlib.metadata.version(package)}" for package in ("torch", "torchvision"))
    return (name, published.sha256(name), *versions)


def search(name: str, device: str) -> Search:
    """RAFT as a `Search` on `device`, "cpu" or "cuda:N"; the network is loaded once. Raises what `identity` does."""
    return _loaded(identity(name), device)


@functools.lru_cache(maxsize=2)
def _loaded(known_as: tuple[str, ...], device: str) -> Search:
    import torch
    from torchvision.models import optical_flow

    name = known_as[0]
    network = getattr(optical_flow, BUILDERS[name])(weights=None)
    found = {key: torch.from_numpy(values) for key, values in published.tensors(name).items()}
    try:
        network.load_state_dict(found)
    except RuntimeError as error:
        raise BadWeights(f"weights {name}: not the network's: {' '.join(str(error).split())[:200]}") from error
    network = network.to(device).eval()
    return Search(" ".join((*known_as, device)), True, functools.partial(_both, network, device))


def _both(network: Any, device: str, here: Small, there: Small) -> tuple[Float, Float]:
    """Motion both ways between two pictures (h, w) uint8, each (h, w, 2) float32, px."""
    import torch

    rows, columns = here.shape
    below, beside = (max(LEAST, -(-side // MULTIPLE) * MULTIPLE) - side for side in (rows, columns))
    padded = [cv2.copyMakeBorder(light, 0, below, 0, beside, cv2.BORDER_REPLICATE) for light in (here, there)]
    pair = torch.from_numpy(np.stack(padded)).to(device)[:, None].expand(-1, 3, -1, -1) / 127.5 - 1
    with torch.inference_mode():
        flows = network(pair, pair.flip(0), num_flow_updates=ROUNDS)[-1]
    ahead, back = flows[:, :, :rows, :columns].permute(0, 2, 3, 1).float().cpu().contiguous().numpy()
    return ahead, back
