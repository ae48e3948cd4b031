"""Runs a network on an NVIDIA GPU through torch; imported only when a GPU is asked for."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import numpy as np
import torch

from restore import weights as vault
from restore.contracts import UNGUIDED, Array, Card, Guidance
from restore.errors import BadRecipe, Unavailable
from restore.runtime.pairs import AB_LIMIT, check, heeding, predecessors
from restore.runtime.planes import PlanesNetwork, on_torch
from restore.weights import WeightSet

log = logging.getLogger(__name__)

BATCH = 16
"""Frames at a time: enough to fill the GPU, little enough for a small one."""

HALVINGS = 3
"""Times that a batch is halved when memory runs out, before the run gives up."""


class Gpu:
    """One GPU. Raises Unavailable when it is not there, BadRecipe when `device` is no name of one."""

    def __init__(self, device: str) -> None:
        try:
            self.device = torch.device(device)
        except RuntimeError as error:
            raise BadRecipe(f"no device is called {device!r}; there are: auto, cpu, cuda:0, cuda:1, …") from error
        if not torch.cuda.is_available():
            raise Unavailable(f"--device {device}: torch {torch.__version__} sees no GPU here; use --device cpu")
        number = self.device.index or 0
        if number >= torch.cuda.device_count():
            raise Unavailable(f"--device {device}: there are {torch.cuda.device_count()} GPUs, counted from cuda:0")
        torch.backends.cudnn.deterministic = True  # a take made again must be the same take
        torch.backends.cudnn.benchmark = False

    def describe(self) -> dict[str, str]:
        """What decides the bits of a result, for take keys and provenance."""
        return {
            "device": "cuda",
            "processor": torch.cuda.get_device_name(self.device),
            "runtime": f"torch {torch.__version__}",
            "precision": "bf16",
        }

    def painter(self, card: Card, weights: WeightSet) -> GpuPainter | PlanesNetwork:
        return on_torch(card, weights, self.device) if card.planes else GpuPainter(card, weights, self.device)


def network(card: Card, weights: WeightSet) -> Any:
    """The torch module of `card` with `weights` in it, float32, on the processor. Raises BadWeights."""
    module = importlib.import_module(f"restore.models.{card.name}").build()
    wanted = {name: tuple(values.shape) for name, values in module.state_dict().items()}
    stored = vault.read(weights.verified(".safetensors"), wanted)
    module.load_state_dict({name: torch.from_numpy(values) for name, values in stored.items()})
    return module.eval()


class GpuPainter:
    """A network ready to run on a device of torch, in bfloat16, channels last, batched."""

    def __init__(self, card: Card, weights: WeightSet, device: torch.device) -> None:
        self.card = card
        self.weights = weights
        self._device = device
        self.batch = BATCH
        self._network = network(card, weights).to(device, torch.bfloat16, memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, light: Array, guidance: Guidance = UNGUIDED, seen: int = 0, step: int = 1) -> Array:
        """See `restore.contracts.Painter`: an array gives an array, a tensor gives a tensor on the device."""
        check(self.card, light, guidance)
        plain = isinstance(light, np.ndarray)
        frames = torch.as_tensor(light).to(self._device, torch.bfloat16)
        hints = self._hints(guidance, frames)
        index = torch.from_numpy(predecessors(len(frames), self.card.frames)[seen::step]).to(self._device)
        colour = self._in_batches(frames, hints, index).clamp(-AB_LIMIT, AB_LIMIT).transpose(0, 1)
        return colour.contiguous().cpu().numpy() if plain else colour

    def _hints(self, guidance: Guidance, frames: Array) -> Array:
        """(T, 3, h, w) hints on the device; (T, 0, h, w) where there are none."""
        if guidance.hints is None or not any(heeding(guidance, len(frames))):
            return frames.new_zeros(len(frames), 0, *frames.shape[2:])
        return torch.as_tensor(guidance.hints).to(self._device, torch.bfloat16)

    def _in_batches(self, frames: Array, hints: Array, index: Array) -> Array:
        """(N, K, 2, h, w) of the frames that `index` (N, seen) names. Where memory runs out, batches become smaller.

        Raises Unavailable when they cannot become smaller any more.
        """
        while True:
            short = -len(index) % self.batch  # always whole batches: another size is another kernel, other last bits
            whole = torch.cat((index, index[-1:].expand(short, -1)))
            try:
                parts = [self._network(self._seen(frames, hints, some)).float() for some in whole.split(self.batch)]
                return torch.cat(parts)[: len(index)]
            except torch.OutOfMemoryError as error:
                if self.batch <= BATCH >> HALVINGS:
                    raise Unavailable(
                        f"{self._device}: its memory does not hold {self.batch} pictures of "
                        f"{frames.shape[3]}×{frames.shape[2]} px; free some of it, or use --device cpu"
                    ) from error
            self.batch //= 2  # outside the handler, which would keep what the failed batch had allocated
            torch.cuda.empty_cache()
            log.warning(
                "%s: out of memory; batches of %d frames from here on, colours may differ in their last bits",
                self._device,
                self.batch,
            )

    def _seen(self, frames: Array, hints: Array, some: Array) -> Array:
        """(N, channels, h, w) for the frames that `some` (N, seen) names: their light and that before, their hints."""
        planes = torch.cat((frames[some, 0], hints[some[:, 0]]), dim=1)
        return planes.contiguous(memory_format=torch.channels_last)
