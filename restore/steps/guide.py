"""Gathers what people ask for of a reel's colours, and puts each painted frame away for the shots that it reaches."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from restore import progress
from restore.configs.recipe import Recipe
from restore.film import Given, Hint, Shot, Survey
from restore.filters.carry import Carry
from restore.guidance import alike, another_copy, dissolving, dots, keyframes, objects, reference, shelf
from restore.guidance.at_hand import Asked, AtHand
from restore.guidance.combined import put_together
from restore.media.index import Index
from restore.progress import Event, Progress
from restore.shots.table import scenes
from restore.steps.given import check_copy
from restore.steps.prepare import Plan
from restore.steps.split import clock
from restore.steps.steered import steered
from restore.steps.studio import studio
from restore.store import file_sha256

log = logging.getLogger(__name__)

FOLDER = "painted"
"""Where painted frames lie in the work folder."""

PROXIES = "proxies.bin"
"""In the work folder: the small copies of all frames, written while the film is split."""

SAID = 12
"""Sentences of one run that are said on the terminal; the report has all."""


@dataclass(frozen=True)
class Guided:
    """What was asked for, as the rest of the run needs it."""

    hints: tuple[Hint, ...] = ()
    recipe: Recipe | None = None  # the run's own, or one with a filter that follows a reference's colours
    shots: tuple[Shot, ...] = ()  # those that somebody painted are no longer left as they are
    given: tuple[Given, ...] = ()  # the files that it was read from
    said: tuple[str, ...] = ()  # warnings, a sentence each

    def of(self, plan: Plan, survey: Survey) -> tuple[Plan, Survey]:
        """Plan and survey with what was given and what is to be said of it."""
        recipe = self.recipe or plan.recipe
        return replace(plan, given=self.given, recipe=recipe), replace(survey, notes=(*survey.notes, *self.said))


def wanted(plan: Plan) -> bool:
    """Whether there is anything to gather."""
    return plan.options.guided or bool(plan.recipe.shots.lend)


def guide(plan: Plan, survey: Survey, shots: Sequence[Shot], work: Path, progress: Progress | None = None) -> Guided:
    """All painted frames of the reel, by frame, put away in the work folder; nothing where nobody asked for a colour.

    Raises MissingInput or BadInput, naming the file, for what cannot be meant: see `restore.guidance`.
    """
    times = clock(Index.load(survey.index_path), survey.reel.video)
    with AtHand(survey, shots, times, work / PROXIES, progress or (lambda _done, _total: None), work / FOLDER) as film:
        of_frames = _of_frames(plan, film)
        of_pictures, recipe = _of_pictures(plan, film)
        asked = [*of_pictures, *of_frames]
        hints, against = put_together((hint for way in asked for hint in way.painted), work / FOLDER)
        by_hand = {one.frame for way in of_frames for one in way.painted}
        freed, remark = _freed(shots, by_hand)
        if by_hand and any(part.memory for _, part in recipe.chain if isinstance(part, Carry)):
            named = _named(hints, plan.options.objects is not None)
            hints = alike.remembered(hints, by_hand, named, freed, film.small)
        hints = dissolving.across(hints, freed)
    said = (*(sentence for way in asked for sentence in way.said), *against, *remark)
    _tell(said)
    return Guided(hints, recipe, freed, tuple(file for way in asked for file in way.given), said)


def _of_frames(plan: Plan, film: AtHand) -> list[Asked]:
    """What is asked for of frames by name: the more of it is done by hand for one place, the later it comes."""
    options, found = plan.options, list[Asked]()
    if options.objects is not None:
        found.append(objects.asked(Path(options.objects), film))
    if options.keyframes is not None:
        found.append(keyframes.asked(Path(options.keyframes), film, as_named=options.as_named))
    if options.hints is not None:
        found.append(dots.asked(Path(options.hints), film))
    return found


def _named(hints: Sequence[Hint], any_named: bool) -> dict[int, np.ndarray]:
    """Which object each place is of, of the frames on which objects have a name."""
    painted = (shelf.take(hint) for hint in hints) if any_named else ()
    return {one.frame: one.objects for one in painted if one.objects is not None}


def _of_pictures(plan: Plan, film: AtHand) -> tuple[list[Asked], Recipe]:
    """What is found in other pictures, and the recipe that follows them; the surer comes the later."""
    options, found, recipe = plan.options, list[Asked](), plan.recipe
    if options.references:
        asked, statistics = reference.asked(tuple(Path(name) for name in options.references), film)
        found.append(asked)
        recipe = steered(recipe, statistics, film, studio(options.device, options.pinned_threads).runtime)
    if options.colour_copy is not None:
        reel = replace(check_copy(film.reel, options.colour_copy), sha256=file_sha256(Path(options.colour_copy)))
        copy = another_copy.survey(reel, film.proxies.parent, clock, options.copy_fade, film.tell)
        found.append(another_copy.asked(copy, film))
    if recipe.shots.lend:
        found.append(reference.lent_by_shots(recipe.shots.lend, film))
    return found, recipe


def _freed(shots: Sequence[Shot], frames: set[int]) -> tuple[tuple[Shot, ...], list[str]]:
    """The shots; those that somebody painted by hand are coloured, whatever kind they are."""
    painted = {shot.number for shot in shots if shot.left and any(shot.start <= f < shot.stop for f in frames)}
    freed = tuple(replace(shot, left=shot.left and shot.number not in painted) for shot in shots)
    return freed, [
        f"shot {shot.number} ({shot.kind}, frames {shot.start}-{shot.stop - 1}) would be left as it is; "
        "it is coloured because somebody painted it"
        for shot in scenes(shots)
        if shot.number in painted
    ]


def _tell(said: Sequence[str]) -> None:
    for sentence in said:
        log.info("%s", sentence)
    for sentence in said[:SAID]:
        progress.tell(Event("warning", "guide", message=sentence))
    if len(said) > SAID:
        progress.tell(Event("warning", "guide", message=f"and {len(said) - SAID} more: the report has all"))
