"""What benchmarks of whole films share: samples with the load of others beside them, films of any size, tables."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

BUSY = 0.125
"""Share of the machine that other programs may take before a round is marked."""


@dataclass
class Sample:
    """One measurement: seconds, processor seconds, share of the machine that others took, and what else was learned."""

    wall: float
    cpu: float
    others: float
    more: dict[str, Any] = field(default_factory=dict)


def sampled(work: Callable[[], dict[str, Any] | None]) -> Sample:
    """Do `work` and measure it; processor time of programs that it ran counts."""
    busy, idle = _machine()
    wall, cpu = time.perf_counter(), _own()
    more = work() or {}
    wall, cpu = time.perf_counter() - wall, _own() - cpu
    busy_now, idle_now = _machine()
    taken = busy_now - busy
    others = max(0.0, taken - cpu) / max(taken + idle_now - idle, 1e-6)
    return Sample(wall, cpu, others, more)


def _own() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _machine() -> tuple[float, float]:
    """(busy, idle) processor seconds of the whole machine since it started."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK"), (ticks[3] + ticks[4]) / os.sysconf(
        "SC_CLK_TCK"
    )


SKIPPED = 240
"""Frames of a film that are left for later: titles are no work for an encoder."""


def made(film: str, path: Path, frames: int, size: tuple[int, int]) -> Path:
    """A gray H.264 film of so many frames and this (width, height), `film` again and again, 24 frames a second."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(24), options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number, picture in zip(range(frames), itertools.islice(_again(film), SKIPPED, None), strict=False):
            frame = picture.reformat(width=size[0], height=size[1], format="yuv420p")
            for plane in frame.planes[1:]:
                plane.update(b"\x80" * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _again(film: str) -> Iterator[av.VideoFrame]:
    while True:
        with av.open(film) as source:
            yield from source.decode(video=0)


def run(film: Path, out: Path, *more: str) -> dict[str, Any]:
    """`restore run` as a user has it; its result, with the largest memory of the process in MiB."""
    command = [sys.executable, "-m", "restore.flows.cli", "run", str(film), "--out", str(out), "--overwrite", "--json",
               "--device", "cpu", "--set", "shots.leave=[]", *more]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said, complaint = process.communicate()
    if process.returncode:
        raise SystemExit(complaint)
    result: dict[str, Any] = next(found for found in map(json.loads, said.splitlines()) if found["event"] == "result")
    return dict(result["profile"])


def rounds(what: dict[str, Callable[[], dict[str, Any] | None]], count: int) -> dict[str, list[Sample]]:
    """Everything of `what` in turn, so many times."""
    found: dict[str, list[Sample]] = {name: [] for name in what}
    for number in range(count):
        for name, work in what.items():
            found[name].append(sampled(work))
            last = found[name][-1]
            print(f"round {number + 1}: {name}: {last.wall:.1f} s, CPU {last.cpu:.1f} s", file=sys.stderr, flush=True)
    return found


def spread(values: Sequence[float], digits: int = 1) -> str:
    """`12.3 (11.9 to 12.8)`: the median, the least and the most."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def mark(samples: Sequence[Sample]) -> str:
    return "*" * any(sample.others > BUSY for sample in samples)


def row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def table(head: Sequence[str], rows: Sequence[str]) -> list[str]:
    return ["", row(*head), row(*["---"] * len(head)), *rows, ""]
