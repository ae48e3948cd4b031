"""Runs a network on the processor through OpenVINO; torch is never loaded for it."""

from __future__ import annotations

import itertools
import platform
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13

from restore import profile
from restore.contracts import UNGUIDED, Card, Guidance
from restore.runtime.pairs import AB_LIMIT, check, heeding, predecessors, seen_planes
from restore.runtime.planes import PlanesNetwork, on_cpu
from restore.weights import WeightSet

KEPT_SHAPES = 4
"""Compiled networks kept: a film has one size, and with hints two forms, a folder of films a few."""


SETTINGS = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "ENABLE_CPU_PINNING": False,  # pinned, two runs on one machine land on the same core
}
"""OpenVINO's settings for every network: one picture at a time, computed by the thread that asks."""

_AVX512_VNNI = 22
"""OpenCV's number of the processor feature AVX-512 VNNI."""


def eight_bits() -> bool:
    """Whether the processor multiplies 8-bit numbers into exact 32-bit sums. Older ones cut sums off: other colours."""
    return bool(cv2.checkHardwareSupport(_AVX512_VNNI))


def precision(core: openvino.Core) -> str:
    """bf16 where the processor computes in it, else fp32. Half floats are slow on processors, and never used."""
    return "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def wake(core: openvino.Core) -> None:
    """Compute something small, in one thread, before several do.

    When two threads are the first to hand arrays to OpenVINO 2026.4, both can wait for ever: one has Python's lock and
    waits for a table that the other is filling, which waits for Python's lock (in one start of four, when provoked).
    """
    light = opset13.parameter([1], np.float32)
    request = core.compile_model(openvino.Model([opset13.relu(light)], [light]), "CPU", SETTINGS).create_infer_request()
    request.infer({0: np.zeros(1, np.float32)})
    assert request.get_output_tensor(0).data[0] == 0


class Cpu:
    """The processor: one OpenVINO core and its settings, shared by all painters."""

    def __init__(self, threads: int) -> None:
        self.core = openvino.Core()
        self.threads = threads
        self.precision = precision(self.core)
        self.settings = {**SETTINGS, "INFERENCE_PRECISION_HINT": self.precision}
        self.eight_bits = eight_bits()
        wake(self.core)
        self._counted, self._number = itertools.count(), threading.local()
        self.workers = ThreadPoolExecutor(threads, "network", self._enter)

    def _enter(self) -> None:
        self._number.mine = next(self._counted)

    def mine(self) -> int:
        """Number of the worker that asks, from 0."""
        return int(self._number.mine)

    def describe(self) -> dict[str, str]:
        """What decides the bits of a result, for take keys and provenance. Threads do not: a test holds us to it."""
        exactly = f"int8 where a network has that form, else {self.precision}"
        return {
            "device": "cpu",
            "processor": platform.machine(),
            "runtime": f"openvino {openvino.__version__}",
            "precision": exactly if self.eight_bits else self.precision,
        }

    def painter(self, card: Card, weights: WeightSet) -> CpuPainter | PlanesNetwork:
        return on_cpu(self, card, weights) if card.planes else CpuPainter(self, card, weights)


class CpuPainter:
    """A network ready to run on the processor: compiled once for each size of picture that it meets.

    May be called from several threads at once: frames of all callers share the processor's workers. A guided network
    has a second form that takes hints; frames without any go through the plain one, which is faster.
    """

    def __init__(self, cpu: Cpu, card: Card, weights: WeightSet) -> None:
        self.card = card
        self.weights = weights
        self._cpu = cpu
        form = ".int8" if cpu.eight_bits and weights.has(".int8.xml") else ""
        self.precision = f"int8 and {cpu.precision}" if form else cpu.precision
        self._forms = {False: form, True: ".guided"}
        self._models: dict[bool, Any] = {}
        self._requests: OrderedDict[tuple[bool, int, int], list[openvino.InferRequest]] = OrderedDict()
        self._lock = threading.Lock()
        self._model(False)

    def __call__(
        self, light: npt.NDArray[np.float32], guidance: Guidance = UNGUIDED, seen: int = 0, step: int = 1
    ) -> npt.NDArray[np.float32]:
        """See `restore.contracts.Painter`. Frames run side by side, each on one thread, so bits never depend on it."""
        check(self.card, light, guidance)
        index = predecessors(len(light), self.card.frames)[seen::step]
        hinted = heeding(guidance, len(light))[seen::step]
        height, width = (side // self.card.stride for side in light.shape[2:])
        colour = np.empty((self.card.candidates, len(index), 2, height, width), np.float32)
        requests = {form: self._ready(form, light.shape[2], light.shape[3]) for form in set(hinted)}

        def paint(t: int) -> None:
            with profile.working("network", 1, self._cpu.threads):
                request = requests[hinted[t]][self._cpu.mine()]
                request.infer({0: seen_planes(light, index[t], guidance.hints if hinted[t] else None)[None]})
                np.clip(request.get_output_tensor(0).data[0], -AB_LIMIT, AB_LIMIT, out=colour[:, t])

        with profile.waiting():
            for done in [self._cpu.workers.submit(paint, t) for t in range(len(index))]:
                done.result()
        return colour

    def _model(self, hinted: bool) -> Any:
        """The network in the form for frames with hints, or without; read once. Raises BadWeights."""
        if hinted not in self._models:
            form = self._forms[hinted]
            files = self.weights.verified(f"{form}.xml"), self.weights.verified(f"{form}.bin")
            self._models[hinted] = self._cpu.core.read_model(*files)
        return self._models[hinted]

    def _ready(self, hinted: bool, height: int, width: int) -> list[openvino.InferRequest]:
        """A request for each worker, of a network compiled for itself: then it computes in the worker's own thread."""
        with self._lock:
            key = hinted, height, width
            if key in self._requests:
                self._requests.move_to_end(key)
                return self._requests[key]
            model, cpu = self._model(hinted), self._cpu
            model.reshape([1, self.card.channels if hinted else self.card.frames, height, width])
            compiled = [cpu.core.compile_model(model, "CPU", cpu.settings) for _ in range(cpu.threads)]
            self._requests[key] = [network.create_infer_request() for network in compiled]
            if len(self._requests) > KEPT_SHAPES:
                self._requests.popitem(last=False)
            return self._requests[key]
