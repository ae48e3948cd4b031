"""Runs a network on an NVIDIA GPU through torch; imported only when a GPU is asked for."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from restore import weights as vault
from restore.contracts import UNGUIDED, Array, Card, Guidance
from restore.errors import BadRecipe, Unavailable
from restore.runtime.pairs import AB_LIMIT, check, heeding, predecessors
from restore.runtime.planes import PlanesNetwork, on_torch
from restore.weights import WeightSet
from restore.windows import WINDOW

log = logging.getLogger(__name__)

BATCH = WINDOW
"""Frames at a time: those of one window. Where a window has fewer, its last frame fills the batch up."""

HALVINGS = 3
"""Times that a batch is halved when memory runs out, before the run gives up."""

SHAPES = 4
"""Shapes of batches whose work is kept captured: a film has one, or two where some of its shots are painted."""

WARM = 3
"""Times that a network runs before it is captured: in these, libraries choose their kernels and take their memory."""


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
    """A network ready to run on a device of torch, in bfloat16, channels last, batched.

    On a GPU each batch is one launch of a captured graph (`Captured`), and arrays go there and back through memory that
    the GPU reads and writes itself (page-locked). Callers in several threads wait for each other.
    """

    def __init__(self, card: Card, weights: WeightSet, device: torch.device) -> None:
        self.card = card
        self.weights = weights
        self._device = device
        self.batch = BATCH
        self._network = network(card, weights).to(device, torch.bfloat16, memory_format=torch.channels_last)
        self._captured: dict[tuple[int, ...], Captured] = {}
        self._alone = threading.Lock()

    @torch.inference_mode()
    def __call__(self, light: Array, guidance: Guidance = UNGUIDED, seen: int = 0, step: int = 1) -> Array:
        """See `restore.contracts.Painter`: an array gives an array, a tensor gives a tensor on the device."""
        check(self.card, light, guidance)
        plain = isinstance(light, np.ndarray)
        with self._alone:
            frames = self._there(light)
            hints = self._hints(guidance, frames)
            index = torch.from_numpy(predecessors(len(frames), self.card.frames)[seen::step]).to(self._device)
            colour = self._in_batches(frames, hints, index).clamp(-AB_LIMIT, AB_LIMIT).transpose(0, 1)
            return self._back(colour) if plain else colour

    def _there(self, values: Array) -> Array:
        """A tensor of bfloat16 on the device. An array goes there while this thread goes on."""
        given = torch.as_tensor(values)
        if self._device.type == "cuda" and given.device.type == "cpu":
            given = given.pin_memory()
        return given.to(self._device, non_blocking=True).to(torch.bfloat16)

    def _back(self, colour: Array) -> Array:
        """An array of what lies on the device."""
        here = torch.empty(colour.shape, dtype=colour.dtype, pin_memory=self._device.type == "cuda")
        here.copy_(colour, non_blocking=True)
        if self._device.type == "cuda":
            torch.cuda.current_stream(self._device).synchronize()
        return here.numpy()

    def _hints(self, guidance: Guidance, frames: Array) -> Array:
        """(T, 3, h, w) hints on the device; (T, 0, h, w) where there are none."""
        if guidance.hints is None or not any(heeding(guidance, len(frames))):
            return frames.new_zeros(len(frames), 0, *frames.shape[2:])
        return self._there(guidance.hints)

    def _in_batches(self, frames: Array, hints: Array, index: Array) -> Array:
        """(N, K, 2, h, w) of the frames that `index` (N, seen) names. Where memory runs out, batches become smaller.

        Raises Unavailable when they cannot become smaller any more.
        """
        while True:
            short = -len(index) % self.batch  # always whole batches: another size is another kernel, other last bits
            whole = torch.cat((index, index[-1:].expand(short, -1)))
            try:
                parts = [self._made(self._seen(frames, hints, some)) for some in whole.split(self.batch)]
                return torch.cat(parts)[: len(index)]
            except torch.OutOfMemoryError as error:
                if self.batch <= BATCH >> HALVINGS:
                    raise Unavailable(
                        f"{self._device}: its memory does not hold the work on one picture of "
                        f"{frames.shape[3]}×{frames.shape[2]} px; free some of it, or use --device cpu"
                    ) from error
            self.batch //= 2  # outside the handler, which would keep what the failed batch had allocated
            self._captured.clear()
            torch.cuda.empty_cache()
            log.warning(
                "%s: out of memory; batches of %d frames from here on, colours may differ in their last bits",
                self._device,
                self.batch,
            )

    def _made(self, planes: Array) -> Array:
        """(N, K, 2, h, w) float32 of one batch of planes."""
        if self._device.type != "cuda":
            return self._network(planes).float()
        shape = tuple(planes.shape)
        if shape not in self._captured:
            if len(self._captured) == SHAPES:
                self._captured.pop(next(iter(self._captured)))
            self._captured[shape] = Captured(self._network, planes)
        return self._captured[shape](planes)

    def _seen(self, frames: Array, hints: Array, some: Array) -> Array:
        """(N, channels, h, w) for the frames that `some` (N, seen) names: their light and that before, their hints."""
        planes = torch.cat((frames[some, 0], hints[some[:, 0]]), dim=1)
        return planes.contiguous(memory_format=torch.channels_last)


class Captured:
    """What a network does with one shape of batch, captured as a CUDA graph: one launch in place of some hundred.

    So small a picture's kernels are shorter than their launches. The same kernels run as without it, in the same order.
    """

    def __init__(self, run: Callable[[Any], Any], planes: Array) -> None:
        """Capture `run` for batches like `planes`. Raises torch.OutOfMemoryError."""
        device = planes.device
        self._given = torch.empty_like(planes)  # strides too: channels last
        self._given.copy_(planes)
        aside = torch.cuda.Stream(device)
        aside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(aside):
            for _ in range(WARM):
                run(self._given)
        torch.cuda.current_stream(device).wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        # What other threads ask of the GPU meanwhile is their business: only this one's calls are held to the rules.
        with torch.cuda.device(device), torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._made = run(self._given).float()

    def __call__(self, planes: Array) -> Array:
        self._given.copy_(planes)
        self._graph.replay()
        return self._made.clone()  # the next batch is written over it
