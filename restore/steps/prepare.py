"""Before the first frame: what is wanted of a run, and whether it can be done. Refuses early what would fail late."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from restore import store
from restore.configs import recipe as recipes
from restore.configs.recipe import Recipe
from restore.errors import BadInput, DiskError, MissingInput, OutputExists, UsageError, shown
from restore.film import Reel
from restore.media.probe import probe
from restore.media.spec import OutputSpec, plan
from restore.runtime import Runtime
from restore.shots.table import read_shots
from restore.steps.publish import Outputs, outputs, refuse_existing

PACKED = 0.3
"""What FFV1 leaves of raw planes at the least: very clean film. Grain leaves 0.4 to 0.6, so this refuses late."""

MARGIN = 1.2
"""Free space wanted, as a multiple of the estimate."""


class Options(BaseModel):
    """What is wanted of one run; plain JSON types, so that a server's page can ask for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: str = Field("restored", description="folder for the results; made when it is not there")
    recipe: str = Field("film", description="a recipe that ships, or the path of a TOML file")
    overrides: tuple[str, ...] = Field((), description="table.key=value, as --set")
    rate: str | None = Field(None, description="frames a second of a folder of frames: 18, 24000/1001")
    stream: int | None = Field(None, ge=0, description="which video stream, by its number in the file")
    deinterlace: str | None = Field(None, description="libavfilter filter that makes whole frames of fields")
    shots: str | None = Field(None, description="an edited list of shots")
    truth: str | None = Field(None, description='the film in its true colour, or "self" for a colour source')
    overwrite: bool = Field(False, description="replace results that are there")
    strict: bool = Field(False, description="end at the first damage in the source")
    device: str = Field("auto", description="auto, cpu or cuda:N")
    threads: int = Field(0, ge=0, le=64, description="processor threads of the networks; 0: all there are")
    workers: int = Field(1, ge=1, le=16, description="shots at work at a time")
    keep_takes: bool = Field(False, description="leave the rendered shots in OUT/.restore when all is done")

    @property
    def frame_rate(self) -> Fraction | None:
        """`rate` as a number. Raises UsageError."""
        return None if self.rate is None else frame_rate(self.rate)

    @property
    def pinned_threads(self) -> int:
        """`threads`, or the number of processors this process may use, at most 8. It is part of a take's key."""
        return self.threads or min(len(os.sched_getaffinity(0)), 8)


@dataclass(frozen=True)
class Plan:
    """A run that can be done: the reel (its digest still empty), the checked recipe, what is written and where."""

    reel: Reel
    recipe: Recipe
    spec: OutputSpec
    outputs: Outputs
    options: Options


def frame_rate(text: str) -> Fraction:
    """`18`, `23.976`, `24000/1001` as a rate; the usual decimal names of NTSC rates mean the exact ones."""
    exact = {"23.976": Fraction(24000, 1001), "23.98": Fraction(24000, 1001), "29.97": Fraction(30000, 1001),
             "59.94": Fraction(60000, 1001), "119.88": Fraction(120000, 1001)}  # fmt: skip
    try:
        rate = exact.get(text.strip()) or Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise UsageError(f"--fps {text}: write frames a second, for example 18, 23.976 or 24000/1001")
    return rate


def prepare(film: str, options: Options) -> Plan:
    """Check everything that can be checked before the first frame, and say what will be done.

    Raises BadRecipe, MissingInput, BadInput, UsageError, BadWeights, Unavailable (device), OutputExists, DiskError.
    """
    recipe = recipes.load(options.recipe, options.overrides)
    if options.shots is not None:
        read_shots(Path(options.shots))
    reel = probe(
        film, stream=options.stream, rate=options.frame_rate, deinterlace=options.deinterlace, digest=False
    )
    _check_truth(reel, options.truth)
    spec = plan(reel, recipe.master, recipe.access)
    folder = Path(options.out).absolute()
    where = outputs(folder, reel.name, spec)
    if not options.overwrite:
        refuse_existing(where, folder)
    _check_networks(recipe, options)
    _check_folder(folder)
    _check_space(folder, reel, spec)
    return Plan(reel, recipe, spec, where, options)


def opened(film: str, options: Options) -> Plan:
    """`prepare`, and the film's digest besides, for which the whole file is read."""
    plan = prepare(film, options)
    whole = probe(film, stream=options.stream, rate=options.frame_rate, deinterlace=options.deinterlace)
    return replace(plan, reel=whole)


def unchanged(reel: Reel) -> None:
    """Raise BadInput when the film is no longer the file that was read at the start."""
    path = Path(reel.path)
    if not path.is_dir():
        now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (reel.size_bytes, reel.modified_ns):
            raise BadInput(f"{shown(path)}: was changed while it was read; run again when it rests")


def _check_truth(reel: Reel, truth: str | None) -> None:
    if truth == "self":
        if reel.video.chroma == "gray":
            raise UsageError(f"{shown(reel.path)}: has no colour to score against; --truth self wants a colour film")
    elif truth is not None and not Path(truth).exists():
        raise MissingInput(f"{shown(truth)}: no such file; --truth wants the film in its true colour")


def _check_networks(recipe: Recipe, options: Options) -> None:
    """The device is there, and every filter's weights are there and whole."""
    Runtime(options.device, options.pinned_threads)
    for _, part in recipe.chain:
        if hasattr(part, "weights_sha256"):
            part.weights_sha256()


def _check_folder(folder: Path) -> None:
    """The folder is there or can be made, and takes files."""
    if folder.exists() and not folder.is_dir():
        raise OutputExists(f"{shown(folder)}: is a file; --out wants a folder")
    with store.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def estimate(reel: Reel, spec: OutputSpec) -> int | None:
    """Bytes that takes and master together will want at the least; None where the header claims no length."""
    video = reel.video
    frames = video.frames_claimed
    if frames is None and reel.duration_s is not None:
        frames = int(reel.duration_s * video.rate)
    if frames is None or frames > 10_000_000:  # headers lie
        return None
    chroma_h, chroma_w = spec.chroma_size
    samples = video.width * video.height + 2 * chroma_h * chroma_w / 4  # made chroma is smooth
    return int(frames * samples * ((spec.depth + 7) // 8) * PACKED * 2)


def _check_space(folder: Path, reel: Reel, spec: OutputSpec) -> None:
    wanted, free = estimate(reel, spec), store.free_bytes(folder)
    if wanted is not None and free < MARGIN * wanted:
        raise DiskError(
            f"{shown(folder)}: {free / 1e9:.1f} GB free, at least {MARGIN * wanted / 1e9:.1f} GB needed; "
            "free some space or choose another folder with --out"
        )
