"""Runs a network on the processor through OpenVINO; torch is never loaded for it."""

from __future__ import annotations

import platform
from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from restore.contracts import UNGUIDED, Card, Guidance
from restore.runtime.pairs import AB_LIMIT, check, predecessors
from restore.weights import WeightSet

KEPT_SHAPES = 4
"""Compiled pictures sizes kept: a film has one, a folder of films a few."""


def precision(core: openvino.Core) -> str:
    """bf16 where the processor computes in it, else fp32. Half floats are slow on processors, and never used."""
    return "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


class Cpu:
    """The processor: one OpenVINO core and its settings, shared by all painters."""

    def __init__(self, threads: int) -> None:
        self.core = openvino.Core()
        self.threads = threads
        self.precision = precision(self.core)

    def describe(self) -> dict[str, str]:
        """What decides the bits of a result, for take keys and provenance. Threads do not: a test holds us to it."""
        return {
            "device": "cpu",
            "processor": platform.machine(),
            "runtime": f"openvino {openvino.__version__}",
            "precision": self.precision,
        }

    def painter(self, card: Card, weights: WeightSet) -> CpuPainter:
        return CpuPainter(self, card, weights)


class CpuPainter:
    """A network ready to run on the processor: compiled once for each size of picture that it meets."""

    def __init__(self, cpu: Cpu, card: Card, weights: WeightSet) -> None:
        self.card = card
        self.weights = weights
        self._cpu = cpu
        self._model = cpu.core.read_model(weights.verified(".xml"), weights.verified(".bin"))
        self._queues: OrderedDict[tuple[int, int], openvino.AsyncInferQueue] = OrderedDict()

    def __call__(self, light: npt.NDArray[np.float32], guidance: Guidance = UNGUIDED) -> npt.NDArray[np.float32]:
        """See `restore.contracts.Painter`. Frames run side by side, each on one thread, so bits never depend on it."""
        check(self.card, light, guidance)
        index = predecessors(len(light), self.card.frames)
        height, width = (side // self.card.stride for side in light.shape[2:])
        colour = np.empty((self.card.candidates, len(light), 2, height, width), np.float32)

        def keep(request: Any, t: int) -> None:
            np.clip(request.get_output_tensor(0).data[0], -AB_LIMIT, AB_LIMIT, out=colour[:, t])

        queue = self._queue(light.shape[2], light.shape[3])
        queue.set_callback(keep)
        for t, seen in enumerate(index):
            queue.start_async({0: np.ascontiguousarray(light[seen, 0], np.float32)[None]}, t)
        queue.wait_all()
        return colour

    def _queue(self, height: int, width: int) -> openvino.AsyncInferQueue:
        if (height, width) in self._queues:
            self._queues.move_to_end((height, width))
            return self._queues[height, width]
        self._model.reshape([1, self.card.frames, height, width])
        compiled = self._cpu.core.compile_model(
            self._model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": self._cpu.precision,
                "INFERENCE_NUM_THREADS": self._cpu.threads,
                "NUM_STREAMS": self._cpu.threads,
                "ENABLE_CPU_PINNING": False,  # pinned, two runs on one machine land on the same core
            },
        )
        queue = openvino.AsyncInferQueue(compiled, self._cpu.threads)
        self._queues[height, width] = queue
        if len(self._queues) > KEPT_SHAPES:
            self._queues.popitem(last=False)
        return queue
