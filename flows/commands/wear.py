"""`restore score FILM --wear`: how each filter of a recipe holds when the film is worn, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from restore.errors import UsageError, shown
from restore.flows import console

if TYPE_CHECKING:
    from restore.steps.wear_trial import WearTable

_WORDS = {0.0: "none", 1.0: "light", 2.0: "heavy"}


def wear(film: Path, strengths: str, recipe: str, as_json: bool) -> int:
    """Print the trial of `film` at `strengths` ("0,1,2"), or one JSON object. Raises UsageError, and what it raises."""
    from restore.configs import recipe as recipes
    from restore.film import to_plain
    from restore.flows.show import showing
    from restore.media.guard import probe
    from restore.progress import meter, stage
    from restore.steps.wear_trial import wear_trial

    wanted, chosen = _strengths(strengths), recipes.load(recipe)
    probe(film, digest=False)  # refuses what is no film, or does not open
    with showing(as_json=False), stage("judge", {}):
        found = wear_trial(film, chosen, wanted, progress=meter("judge"))
    if as_json:
        console.result_json(to_plain(found))
        return 0
    for line in table(found):
        console.result(line)
    console.say(
        f"{found.shots} shots, {found.frames} frames of {shown(found.film)}, recipe {found.recipe}; colour is scored "
        "over the worn light. What is nearest to truth is best; docs/scores.md tells what is measured."
    )
    return 0


def refuse(given: Mapping[str, object]) -> None:
    """Raise UsageError for what does not go with --wear; `given`: options by name, as they came."""
    wrong = [name for name, value in given.items() if value]
    if wrong:
        raise UsageError(
            f"--wear does not go with {', '.join(wrong)}: it takes one film in colour, whose own colour is the truth"
        )


def table(found: WearTable) -> list[str]:
    """A block for each strength: truth, gray, then the recipe filter by filter, each with all it scored."""
    titles = {wear: f"wear {wear:g}" + (f" ({_WORDS[wear]})" if wear in _WORDS else "") for wear in _each(found)}
    width = max(map(len, [*titles.values(), *(row.way for row in found.rows)]))
    widths = [max(len(name), 8) for name in found.metrics]
    head = "  ".join(name.rjust(wide) for name, wide in zip(found.metrics, widths, strict=True))
    lines = list[str]()
    for wear, title in titles.items():
        lines += [""] * bool(lines) + [f"{title.ljust(width)}  {head}"]
        for row in (row for row in found.rows if row.wear == wear):
            values = dict(row.values)
            cells = (f"{values[name]:.4g}".rjust(wide) for name, wide in zip(found.metrics, widths, strict=True))
            lines.append("  ".join((row.way.ljust(width), *cells)))
    return lines


def _each(found: WearTable) -> list[float]:
    """The strengths, in their order."""
    return list(dict.fromkeys(row.wear for row in found.rows))


def _strengths(text: str) -> tuple[float, ...]:
    """ "0,1,2" as numbers, rising, each once."""
    try:
        found = sorted({float(word) for word in text.split(",")})
    except ValueError:
        found = []
    if not found or not all(0 <= wear <= 2 for wear in found):
        raise UsageError(f"--wear {shown(text)}: wants strengths from 0 (none) to 2 (heavy), such as 0,1,2")
    return tuple(found)
