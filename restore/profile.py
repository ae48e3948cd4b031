"""Where a reel's time goes: what every stage worked and waited, beside what the processors could do had none waited.

Stages write down what they spent, wherever they run; the flow asks for the sum when the reel is done. It costs two
readings of a clock for each window of frames, and is always on.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """What one stage of a step spent; with an empty `name`, the step itself.

    wall_s    seconds between its beginnings and ends, waits taken out, all its threads together.
    cpu_s     processor seconds of its threads; of a step, those of the process and of programs it ran meanwhile.
    waited_s  seconds in which it waited for the stage before it, or for room in front of the stage after it.
    frames    frames that went through it.
    threads   that shared the work.
    """

    step: str
    name: str
    wall_s: float
    cpu_s: float
    waited_s: float
    frames: int
    threads: int


@dataclass(frozen=True)
class Profile:
    """Where the time of one reel went. Takes that were found on disk cost nothing and are not told.

    fps        frames of the reel over `wall_s`.
    bound_fps  the least of processors / processor seconds a frame and, over all stages, threads / processor seconds
               a frame: what no order of work could better on these processors.
    percent    of that bound that was reached.
    peak_mib   largest resident memory of the process so far.
    """

    frames: int
    processors: int
    wall_s: float
    cpu_s: float
    fps: float
    bound_fps: float
    percent: float
    peak_mib: float
    stages: tuple[Stage, ...]


@dataclass
class _Spent:
    wall: float = 0.0
    cpu: float = 0.0
    waited: float = 0.0
    frames: int = 0
    threads: int = 1


_lock = threading.Lock()
_spent: dict[tuple[str, str], _Spent] = {}
_thread = threading.local()
_now = [""]  # the step at work: steps of a reel come one after the other
_began = [0.0]


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def begin() -> None:
    """Another reel begins: forget what was spent before."""
    with _lock:
        _spent.clear()
        _began[0] = time.perf_counter()


@contextlib.contextmanager
def step(name: str, frames: int = 0) -> Iterator[None]:
    """One step of the reel; what stages spend inside is told as part of it."""
    before, _now[0] = _now[0], name
    wall, cpu = time.perf_counter(), _process_s()
    try:
        yield
    finally:
        _add("", _Spent(time.perf_counter() - wall, _process_s() - cpu, 0.0, frames))
        _now[0] = before


@contextlib.contextmanager
def working(name: str, frames: int = 0, threads: int = 1) -> Iterator[None]:
    """What this thread does inside is work of the stage `name`, but for its waits. Stages do not nest."""
    _thread.waited = 0.0
    wall, cpu = time.perf_counter(), time.thread_time()
    try:
        yield
    finally:
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        _add(name, _Spent(wall - _thread.waited, cpu, _thread.waited, frames, threads))


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """What passes inside is a wait of this thread for another one."""
    began = time.perf_counter()
    try:
        yield
    finally:
        _thread.waited = getattr(_thread, "waited", 0.0) + time.perf_counter() - began


def passed(name: str, frames: int) -> None:
    """`frames` more went through the stage `name`, for stages that only know so on the way."""
    _add(name, _Spent(frames=frames))


def taken(frames: int, at_once: int = 1) -> Profile:
    """What a reel of `frames` frames took since `begin`, step by step as they came.

    at_once: how many shots were rendered at a time; a stage then had so many threads.
    """
    wall_s = time.perf_counter() - _began[0]
    with _lock:
        spent = [(key, _Spent(**vars(value))) for key, value in _spent.items()]
    steps = list(dict.fromkeys(step for (step, _), _ in spent))
    spent.sort(key=lambda entry: (steps.index(entry[0][0]), entry[0][1] != ""))
    stages = tuple(
        Stage(step, name, round(s.wall, 3), round(s.cpu, 3), round(s.waited, 3), s.frames, s.threads)
        for (step, name), s in spent
    )
    cpu = sum(stage.cpu_s for stage in stages if not stage.name)
    rates = [max(stage.threads, at_once) * frames / stage.cpu_s for stage in stages if stage.name and stage.cpu_s]
    bound = min([processors() * frames / cpu if cpu else 0.0, *rates])
    fps = frames / wall_s if wall_s else 0.0
    share = 100 * fps / bound if bound else 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Profile(
        frames, processors(), round(wall_s, 3), round(cpu, 3), round(fps, 2), round(bound, 2), round(share, 1),
        round(peak, 1), stages,
    )  # fmt: skip


def _add(name: str, more: _Spent) -> None:
    with _lock:
        spent = _spent.setdefault((_now[0], name), _Spent())
        spent.wall, spent.cpu = spent.wall + more.wall, spent.cpu + more.cpu
        spent.waited, spent.frames = spent.waited + more.waited, spent.frames + more.frames
        spent.threads = max(spent.threads, more.threads)


def _process_s() -> float:
    """Processor seconds of this process and of the programs that it ran and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def lines(profile: Profile) -> Iterator[str]:
    """The profile for a terminal: a row a stage, the bound below."""
    yield f"{'':24}{'wall s':>9}{'CPU s':>9}{'waited s':>10}{'CPU ms a frame':>16}"
    for stage in profile.stages:
        name = f"  {stage.name}" if stage.name else stage.step
        name += f" ({stage.threads} threads)" if stage.threads > 1 else ""
        waited = f"{stage.waited_s:10.2f}" if stage.name else f"{'':10}"
        each = f"{1000 * stage.cpu_s / profile.frames:16.2f}" if profile.frames else ""
        yield f"{name:24}{stage.wall_s:9.2f}{stage.cpu_s:9.2f}{waited}{each}"
    yield (
        f"{profile.frames} frames in {profile.wall_s:.1f} s: {profile.fps:.1f} frames a second, "
        f"{profile.percent:.0f} % of the bound of {profile.bound_fps:.1f} on {profile.processors} processors; "
        f"peak memory {profile.peak_mib:.0f} MiB"
    )
