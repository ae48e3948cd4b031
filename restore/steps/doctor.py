"""Examines the machine: what is installed, what it can decode and encode, and whether five frames go the whole way."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from restore import models, store, weights
from restore.errors import RestoreError, Unavailable, shown
from restore.film import Gate
from restore.media import codecs
from restore.media.ffmpeg import program
from restore.media.make import FilmPlan, make_film
from restore.runtime import Runtime, gpus
from restore.steps import provenance
from restore.steps.assemble import assemble
from restore.steps.options import Options
from restore.steps.prepare import opened
from restore.steps.prove import Made, prove
from restore.steps.publish import in_work_folder
from restore.steps.restore_shot import Job, restore_shot
from restore.steps.split import split

SCARCE_GB = 10.0
"""Free space below which the doctor remarks on it: a reel's master wants tens of gigabytes."""


@dataclass(frozen=True)
class Check:
    """One thing looked at. state: "ok", "note" (worth knowing) or "bad" (a run would fail)."""

    name: str
    state: str
    detail: str


def examine(folder: Path, *, quick: bool) -> Iterator[Check]:
    """All checks, one by one as they are done; `folder` is where results would go. Raises nothing."""
    yield from _versions()
    yield timed("ffmpeg program", _program)
    yield timed("codecs", _codecs)
    yield from _devices()
    yield from _weights()
    yield timed("disk", lambda: _disk(folder), after=_scarce)
    if not quick:
        yield timed("self test", _five_frames)


def timed(name: str, look: Callable[[], str], after: Callable[[str], str] | None = None) -> Check:
    """Run one check: its words are the detail; an error of ours, or of the system, makes it bad."""
    try:
        detail = look()
    except (RestoreError, OSError, ImportError) as error:
        return Check(name, "bad", shown(str(error)))
    return Check(name, "ok" if after is None else after(detail), detail)


def _versions() -> Iterator[Check]:
    found = provenance.versions()
    commit = provenance.commit()
    yield Check("restore", "ok", f"{found['restore']}, commit {commit[:12]}" if commit else str(found["restore"]))
    yield Check("python", "ok", f"{platform.python_version()} on {platform.platform()}")
    yield Check("packages", "ok", ", ".join(f"{name} {number}" for name, number in found["packages"].items()))
    yield Check("FFmpeg libraries", "ok", ", ".join(f"{k} {v}" for k, v in found["ffmpeg_libraries"].items()))


def _program() -> str:
    found = program()
    return f"{shown(found.path)}, version {found.version}"


def _codecs() -> str:
    away = codecs.missing()
    if away:
        raise Unavailable(f"not there: {', '.join(away)}; the wheel of PyAV has them all, install it again")
    return f"reads {', '.join(codecs.READ)}; writes {', '.join(codecs.WRITTEN)}"


def _devices() -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0))
    for device in ("cpu", *(f"cuda:{number}" for number in range(gpus()))):

        def look(device: str = device) -> str:
            about = ", ".join(Runtime(device, 1).describe().values())
            return f"{about}, {cores} cores" if device == "cpu" else about

        check = timed(f"device {device}", look)
        yield check if device == "cpu" or check.state == "ok" else Check(check.name, "note", check.detail)
    if not gpus():
        yield Check("GPU", "note", "none; runs are on the processor")


def _weights() -> Iterator[Check]:
    for network in models.names():
        for name in models.card(network).weights:

            def look(name: str = name) -> str:
                found = weights.find(name)
                for file, _ in found.files:
                    found.verified(file.removeprefix(found.name))
                return f"{found.size_bytes / 1e6:.1f} MB, SHA-256 {found.sha256[:16]}…, whole"

            yield timed(f"weights {name}", look)


def _disk(folder: Path) -> str:
    return f"{store.free_bytes(folder.absolute()) / 1e9:.1f} GB free in {shown(folder.absolute())}"


def _scarce(detail: str) -> str:
    return "note" if float(detail.split(" ")[0]) < SCARCE_GB else "ok"


def _five_frames() -> str:
    """Make a film of five frames and send it from file to proved master by the real steps, without Prefect."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="restore-doctor-") as scratch:
        film = Path(scratch) / "five.mkv"
        ramp = np.linspace(16, 235, 64 * 48).reshape(48, 64)
        none = np.full((24, 32), 128, np.uint8)
        pictures = [(np.roll(ramp, 8 * k, axis=1).astype(np.uint8), none, none) for k in range(5)]
        silence = np.zeros((2, 1600), np.float32)
        make_film(film, FilmPlan("five frames", 64, 48, Fraction(24), False, silence, 8000, (), ()), pictures)
        gates = _whole_way(film, Path(scratch))
    held = [gate.name for gate in gates if gate.passed]
    return f"five frames in {time.monotonic() - began:.1f} s; proved: {', '.join(held)}"


def _whole_way(film: Path, scratch: Path) -> tuple[Gate, ...]:
    plan = opened(str(film), Options(out=str(scratch), recipe="draft", device="cpu"))
    survey, shots = split(plan.reel, scratch / "index.npz")
    job = Job(survey, plan.recipe, plan.spec, str(scratch), "cpu", plan.options.pinned_threads)
    takes = tuple(restore_shot(shot, job) for shot in shots)
    made = in_work_folder(plan.outputs, scratch)
    joined = assemble(plan, survey, shots, takes, made)
    return prove(plan, survey, shots, Made(takes, made, joined))[0].gates
