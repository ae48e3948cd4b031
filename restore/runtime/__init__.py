"""Runs a network: OpenVINO on a CPU, torch on a GPU."""

from __future__ import annotations

import ctypes
import importlib.util
import logging
from typing import TYPE_CHECKING

from restore import weights as vault
from restore.contracts import Card
from restore.errors import BadRecipe, BadWeights, Unavailable
from restore.shelf import Shelf

if TYPE_CHECKING:
    from restore.runtime.cpu import Cpu, CpuPainter
    from restore.runtime.gpu import Gpu, GpuPainter
    from restore.runtime.planes import PlanesNetwork

    Loaded = CpuPainter | GpuPainter | PlanesNetwork

log = logging.getLogger(__name__)

NETWORKS = Shelf("restore.models", "network")


def gpus() -> int:
    """How many NVIDIA GPUs the driver offers; asks the driver itself, so that torch need not be loaded."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def choose(device: str) -> str:
    """`auto` → "cuda:0" where there is a GPU and torch to drive it, else "cpu"; other names as they are."""
    if device != "auto":
        return device
    if not gpus():
        return "cpu"
    if importlib.util.find_spec("torch") is None:
        log.warning("there is a GPU, but torch is not installed (extra 'gpu'); the run is on the processor")
        return "cpu"
    return "cuda:0"


class Runtime:
    """Where networks run, and those already loaded, shared by all shots of a run.

    device   "cpu", "cuda:N" or "auto"; after making, the one that was taken.
    threads  processor threads that networks may use.
    """

    def __init__(self, device: str = "auto", threads: int = 2) -> None:
        if threads < 1:
            raise BadRecipe(f"threads must be 1 or more, is {threads}")
        self.device = choose(device)
        self.threads = threads
        self._machine = self._open()
        self._painters: dict[tuple[str, str], Loaded] = {}
        log.info("device %s → %s", device, ", ".join(self.describe().values()))

    def _open(self) -> Cpu | Gpu:
        if self.device == "cpu":
            from restore.runtime.cpu import Cpu

            return Cpu(self.threads)
        if self.device.split(":")[0] != "cuda":
            raise BadRecipe(f"no device is called {self.device!r}; there are: auto, cpu, cuda:0, cuda:1, …")
        if importlib.util.find_spec("torch") is None:
            raise Unavailable(f"--device {self.device} needs torch: install restore-film[gpu], or use --device cpu")
        from restore.runtime.gpu import Gpu

        return Gpu(self.device)

    def describe(self) -> dict[str, str]:
        """device, processor, runtime with version, precision: everything here that decides the bits of a result."""
        return self._machine.describe()

    def painter(self, name: str, weights: str | None = None) -> Loaded:
        """The network `name`, loaded once; `weights` names a set or a .safetensors file (default: the card's first).

        A network whose card counts planes comes as a `restore.runtime.planes.PlanesNetwork`.

        The painter also has `.weights`, the `restore.weights.WeightSet` it runs. Raises BadRecipe for an unknown
        network, BadWeights for weights that are missing, broken or another network's.
        """
        card: Card = NETWORKS.module(name).CARD
        if not weights and not card.weights:
            raise BadWeights(
                f"network {name} comes without weights: get VGG-19 by `restore models pull vgg19`, teach it by "
                f"`restore train {name}`, and name what that leaves: --set FILTER.weights=DIR/{name}.json"
            )
        chosen = weights or card.weights[0]
        if (name, chosen) not in self._painters:
            found = vault.find(chosen)
            if found.card.get("network") != name:
                raise BadWeights(f"weights {chosen} are for network {found.card.get('network')!r}, not {name!r}")
            self._painters[name, chosen] = self._machine.painter(card, found)
        return self._painters[name, chosen]


__all__ = ["Runtime", "choose", "gpus"]
