"""What a machine can do at best, part by part: convolutions, the network, decoding, each encoder, all alone."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from measuring import mark, rounds, row, spread, table
from openvino import opset13

from restore.configs import recipe as recipes
from restore.contracts import Card
from restore.media.probe import probe
from restore.media.read import Reader
from restore.media.spec import plan
from restore.media.write import TakeWriter
from restore.runtime import Runtime
from restore.runtime.cpu import SETTINGS, Cpu

PICTURES = 48
"""Frames that the usual ways and the encoders alone are given: they are as slow with more."""
SIZE = (640, 480)


def roofline(precision: str) -> dict[str, Any]:
    """GFLOP per processor second of 3×3 convolutions, 128 to 128 channels: what a network can reach at best."""
    rng, sides = np.random.default_rng(1), (96, 128)
    node = light = opset13.parameter([1, 128, *sides], np.float32)
    for _ in range(4):
        kernel = opset13.constant(rng.standard_normal((128, 128, 3, 3)).astype(np.float32) * 0.03)
        node = opset13.relu(opset13.convolution(node, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    compiled = openvino.Core().compile_model(
        openvino.Model([node], [light]), "CPU", {**SETTINGS, "INFERENCE_PRECISION_HINT": precision}
    )
    seconds = _thread_seconds(compiled.create_infer_request(), rng.random((1, 128, *sides), np.float32))
    return {"gflops": 4 * 2 * 128 * 128 * 9 * sides[0] * sides[1] / seconds / 1e9}


def _thread_seconds(request: Any, given: Any, times: int = 12) -> float:
    request.infer({0: given})
    took = []
    for _ in range(times):
        began = time.thread_time()
        request.infer({0: given})
        took.append(time.thread_time() - began)
    return statistics.median(took)


def network(runtime: Runtime, size: int) -> dict[str, Any]:
    """CPU ms of the shipped network for one 4:3 frame at this working size, and GFLOP per processor second."""
    painter: Any = runtime.painter("duo")
    card: Card = painter.card
    width = round(size * 4 / 3 / card.multiple_of) * card.multiple_of
    light = np.random.default_rng(1).random((2, 1, size, width), np.float32)
    painter(light)
    began = time.process_time()
    for _ in range(6):
        painter(light)
    seconds = (time.process_time() - began) / 12
    model = openvino.Core().read_model(painter.weights.verified(".xml"), painter.weights.verified(".bin"))
    model.reshape([1, card.frames, size, width])
    work = sum(
        2 * np.prod(op.output(0).get_shape()) * np.prod(op.input_value(1).get_shape()[1:])
        for op in model.get_ordered_ops()
        if op.get_type_name() == "Convolution"
    )
    return {"ms": 1000 * seconds, "gflop": work / 1e9, "gflops": work / 1e9 / seconds}


def decoding(film: Path) -> None:
    with Reader(probe(str(film), digest=False)) as reader:
        for _ in reader.pictures():
            pass


def encoding(film: Path, scratch: Path, which: str, recipe: str) -> Callable[[], None]:
    """Encode the film's first frames, decoded beforehand, by one of a recipe's encoders alone."""
    chosen, reel = recipes.load(recipe), probe(str(film), digest=False)
    spec = plan(reel, chosen.master, chosen.access)
    with Reader(reel, chroma=True) as reader:
        given = [(p.light.copy(), *(c.copy() for c in p.chroma or ())) for p in reader.pictures(0, PICTURES)]
    track = spec.master if which == "ffv1" else spec.access
    assert track is not None

    def encode() -> None:
        alone = dataclasses.replace(spec, master=track, access=None)
        with TakeWriter(scratch / "alone.mkv", reel, alone, 0) as take:
            for planes in given:
                take.add(*planes)

    return encode


def of_machine(film: Path, scratch: Path, count: int) -> list[str]:
    """What the parts can do alone."""
    runtime, precision = Runtime("cpu", 1), Cpu(1).precision
    parts: dict[str, Callable[[], Any]] = {
        "roof f32": lambda: roofline("f32"),
        f"roof {precision}": lambda: roofline(precision),
        "network, each frame that it is shown": lambda: network(runtime, 192),
        "decode": lambda: decoding(film),
        "FFV1": encoding(film, scratch, "ffv1", "film"),
        "x264 veryfast": encoding(film, scratch, "libx264", "film"),
        "x264 ultrafast": encoding(film, scratch, "libx264", "draft"),
    }
    found, frames = rounds(parts, count), probe(str(film), digest=False).video.frames_claimed or 1
    rows = []
    for name, samples in found.items():
        rates = [sample.more["gflops"] for sample in samples if "gflops" in sample.more]
        if name.startswith("network"):
            each = [sample.more["ms"] for sample in samples]
        else:
            each = [1000 * s.cpu / (frames if name == "decode" else PICTURES) for s in samples] if not rates else []
        rows.append(row(name + mark(samples), spread(each) if each else "–", spread(rates, 0) if rates else "–"))
    return table((f"alone, {SIZE[0]}×{SIZE[1]}", "CPU ms a frame", "GFLOP a CPU second"), rows)
