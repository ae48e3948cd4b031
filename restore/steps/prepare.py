"""Before the first frame: whether what is wanted of a run can be done. Refuses early what would fail late."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from restore import store
from restore.configs import recipe as recipes
from restore.configs.recipe import Recipe
from restore.contracts import HasIngredients, LooksAhead, RunsNetwork
from restore.errors import BadRecipe, DiskError, OutputExists, shown
from restore.film import Given, Reel
from restore.media.spec import OutputSpec, plan
from restore.progress import Progress
from restore.shots.table import read_shots
from restore.steps import policy
from restore.steps.given import check_given
from restore.steps.judge import true_reel
from restore.steps.options import Options
from restore.steps.package.bag import portable
from restore.steps.probe import Wanted, probe
from restore.steps.publish import Outputs, outputs, refuse_existing
from restore.steps.studio import studio
from restore.store import file_sha256

PACKED = 0.3
"""What FFV1 leaves of raw planes at the least: very clean film. Grain leaves 0.4 to 0.6, so this refuses late."""

MARGIN = 1.2
"""Free space wanted, as a multiple of the estimate."""


@dataclass(frozen=True)
class Plan:
    """A run that can be done: the reel (its digest still empty), the checked recipe, what is written and where."""

    reel: Reel
    recipe: Recipe
    spec: OutputSpec
    outputs: Outputs
    options: Options
    given: tuple[Given, ...] = ()  # files in which colours were asked for, once they have been read

    @property
    def leave(self) -> tuple[str, ...]:
        """Kinds of shots that keep their own chroma. None where a colour film is its own truth: the run then starts
        from its light alone, and what kept its colour would score as perfect."""
        return () if self.options.truth == "self" else self.recipe.shots.leave


def prepare(film: str, options: Options) -> Plan:
    """Check everything that can be checked before the first frame, and say what will be done.

    Raises BadRecipe, MissingInput, BadInput, UsageError, BadWeights, Unavailable (device), OutputExists, DiskError.
    """
    recipe = recipes.load(options.recipe, options.overrides)
    if options.shots is not None:
        read_shots(Path(options.shots))
    reel = probe(film, _wanted(options), digest=False)
    if options.truth is not None:
        true_reel(reel, options.truth)
    check_given(reel, options)
    if options.guided and not any(isinstance(part, LooksAhead) for _, part in recipe.chain):
        raise BadRecipe(
            f"{shown(options.recipe)}: filters: colours are asked for, and nothing carries them; put carry first"
        )
    spec = plan(reel, recipe.master, recipe.access)
    folder = Path(options.out).absolute()
    bag = None if options.package == "none" else portable(reel.name)
    where = outputs(folder, reel.name, spec, bag, guided=options.guided)
    if options.policy is not None:
        policy.check(options.policy)
    store.sweep(folder)
    if not options.overwrite:
        refuse_existing(where, folder)
    check_networks(recipe, options)
    _check_folder(folder)
    _check_space(folder, reel, spec)
    return Plan(reel, recipe, spec, where, options)


def opened(film: str, options: Options, *, progress: Progress | None = None) -> Plan:
    """`prepare`, and the film's digest besides, for which the whole file is read; `progress` is told bytes."""
    plan = prepare(film, options)
    if Path(plan.reel.path).is_dir():
        return replace(plan, reel=probe(film, _wanted(options)))
    return replace(plan, reel=replace(plan.reel, sha256=file_sha256(Path(plan.reel.path), progress)))


def _wanted(options: Options) -> Wanted:
    return Wanted(options.stream, options.frame_rate, options.deinterlace)


def check_networks(recipe: Recipe, options: Options) -> None:
    """The device is there, and every network's weights are whole; they stay loaded for the shots to come."""
    runtime = studio(options.device, options.pinned_threads).runtime
    for _, part in recipe.chain:
        if isinstance(part, RunsNetwork):
            runtime.painter(part.model, part.weights)
        if isinstance(part, HasIngredients):
            part.ingredients()


def _check_folder(folder: Path) -> None:
    """The folder is there or can be made, and takes files."""
    if folder.exists() and not folder.is_dir():
        raise OutputExists(f"{shown(folder)}: is a file; --out wants a folder")
    with store.disk_errors(folder):
        store.make_folder(folder)
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
            f"{shown(folder)}: {store.size_said(free)} free, at least {store.size_said(MARGIN * wanted)} needed; "
            "free some space or choose another folder with --out"
        )
