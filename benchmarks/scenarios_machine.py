"""What the machine does to a run: a GPU without memory, a failing disk under the film, a decoder that hangs."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from rehearsal import Stage
from scenario import Ended, halfway, must, then_right
from tracing import traced, works

TOLD = (3, 65, 66, 69, 74)


def on_gpu(holds: int) -> Callable[[], None]:
    """A GPU whose memory holds `holds` frames at a time: torch on the processor, and our code for GPUs above it."""

    def instead() -> None:
        import torch
        from stand_in import Wash

        import restore.runtime

        gpu = importlib.import_module("restore.runtime.gpu")

        class Small(torch.nn.Module):
            def forward(self, light: Any) -> Any:
                if len(light) > holds:
                    raise torch.OutOfMemoryError("CUDA out of memory")
                brown = torch.tensor([12.0, 22.0]).view(1, 1, 2, 1, 1)
                return brown.expand(len(light), 1, 2, light.shape[2] // 2, light.shape[3] // 2)

        gpu.network = lambda *_: Small()
        painter = gpu.GpuPainter(Wash.card, Wash.weights, torch.device("cpu"))
        restore.runtime.Runtime.painter = lambda *_: painter  # type: ignore[assignment,method-assign,return-value]

    return instead


def gpu_memory(stage: Stage) -> Ended:
    """S8: the GPU's memory holds one frame; it holds none, and the same command goes on"""
    if importlib.util.find_spec("torch") is None:
        return "not played: wants torch", []
    run = stage.run(before=on_gpu(1))
    wrong = stage.wrong_after(run)
    wrong += [] if "batches of 1 frames" in run.said else [f"does not say that batches are smaller: {run.said[-200:]}"]
    stage.clear()
    short = stage.run(before=on_gpu(0))
    wrong += (
        []
        if short.code == 69 and "does not hold the work on one picture" in short.said
        else [f"ended with {short.code}"]
    )
    said, also = then_right(stage, (f"{short.code}", wrong))
    return f"{run.code}; {said}", also


def film_fails(stage: Stage) -> Ended:
    """The disk under the film fails at a read; it is mended, and the same command goes on"""
    if not works():
        return "not played: wants strace", []
    calls = "read,pread64,preadv,readv"
    _, log = traced(stage, "-P", str(stage.film), "-e", f"trace={calls}")
    count, said, wrong = log.count(" read("), list[str](), list[str]()
    for at in sorted({1 + n * count // 8 for n in range(8)}):
        stage.clear()
        run, log = traced(stage, "-P", str(stage.film), "-e", f"inject={calls}:error=EIO:when={at}+")
        said.append(f"{run.code}")
        if "(INJECTED)" not in log:
            continue
        found = [] if run.code in (0, *TOLD) and "Traceback" not in run.said else [f"ended with {run.code}: {run.said}"]
        if run.code == 0:
            found += stage.wrong_after(run)
        elif run.code != 3:  # 3: the damage is listed, and the reel is finished
            found += [*stage.partial(), *stage.wrong_after(stage.run(), stage.takes())]
        wrong += [f"read {at}: {each}" for each in found]
    return " ".join(said), wrong


def decoder_hangs(stage: Stage) -> Ended:
    """The decoder never comes to its end at a frame; with a better one the same command goes on"""

    def hang() -> None:
        from restore.media import feed, watch

        watch.TICK_S, watch.BUSY, watch.BUSY_CPU_S = 0.05, 10, 0.2
        decode, count = feed._decode, [0]

        def busy(*step: Any) -> Any:
            count[0] += 1
            while count[0] == 30:
                pass
            return decode(*step)

        feed._decode = busy

    return then_right(stage, must(stage.run(before=hang), 65, "frame 29"))


def weights_changed(stage: Stage) -> Ended:
    """S23: other weights when the run goes on"""

    def other() -> None:
        from stand_in import Wash

        Wash.weights.files = (("wash.safetensors", "1" * 64),)

    begun = halfway(stage)
    run = stage.run(before=other)
    wrong = [] if run.code == 0 else [f"ended with {run.code}: {run.said[-200:]}"]
    wrong += [f"{run.found} takes of the other weights were used"] if run.found else []
    return f"{begun.code}, then {run.code}, {run.found} found", [*wrong, *stage.left()]
