"""Runs a network that is no painter: planes of one frame in, planes out, one frame after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from restore.contracts import Card
from restore.errors import BadRecipe
from restore.weights import WeightSet

if TYPE_CHECKING:
    from restore.runtime.cpu import Cpu

Planes = npt.NDArray[np.float32]


class PlanesNetwork:
    """A network ready to run on planes (C, h, w) float32, C as its card says, sides multiples as its card says.

    Beside a painter it stands on the same shelf and is handed out by the same `Runtime.painter`.
    """

    def __init__(self, card: Card, weights: WeightSet, run: Callable[[Planes], Planes]) -> None:
        self.card = card
        self.weights = weights
        self._run = run

    def __call__(self, planes: Planes) -> Planes:
        """(C, h, w) → (C', h, w) float32. Raises ValueError for planes of another number or size."""
        if planes.ndim != 3 or planes.shape[0] != self.card.planes:
            raise ValueError(f"{self.card.name}: wants ({self.card.planes}, h, w), is given {planes.shape}")
        if any(side % self.card.multiple_of for side in planes.shape[1:]):
            raise ValueError(f"{self.card.name}: sides must be multiples of {self.card.multiple_of}: {planes.shape}")
        return self._run(np.ascontiguousarray(planes, np.float32))


def on_cpu(cpu: Cpu, card: Card, weights: WeightSet) -> PlanesNetwork:
    """Through OpenVINO on one thread, as a painter's frames are: bits do not depend on how many there are."""
    model = cpu.core.read_model(weights.verified(".xml"), weights.verified(".bin"))
    compiled: dict[tuple[int, ...], Any] = {}

    def run(planes: Planes) -> Planes:
        if planes.shape not in compiled:
            compiled.clear()  # one film has one size
            model.reshape([1, *planes.shape])
            compiled[planes.shape] = cpu.core.compile_model(model, "CPU", cpu.settings)
        return np.array(compiled[planes.shape]([planes[None]])[0][0], np.float32)

    return PlanesNetwork(card, weights, run)


def on_torch(card: Card, weights: WeightSet, device: Any) -> PlanesNetwork:
    """Through torch on `device`, a torch.device, in bfloat16."""
    import torch

    from restore.runtime.gpu import network

    module = network(card, weights).to(device, torch.bfloat16, memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(planes: Planes) -> Planes:
        seen = torch.from_numpy(planes)[None].to(device, torch.bfloat16)
        made: Planes = module(seen.contiguous(memory_format=torch.channels_last)).float().cpu().numpy()[0]
        return made

    return PlanesNetwork(card, weights, run)


def check_painter(card: Card) -> None:
    """Raises BadRecipe when the network makes no colour by itself."""
    if card.planes:
        raise BadRecipe(f"network {card.name} is no painter: {card.title}")
