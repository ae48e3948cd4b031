"""Whether a film is done: whether all results are there, whole, and made of this very film with these very settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restore.batch.catalogue import Entry
from restore.batch.known import Known
from restore.configs import recipe as recipes
from restore.steps.options import Options
from restore.steps.package.bag import portable

PAPERS = ("report.html", "scorecard.json", "shots.csv", "scores.csv")
"""Results without a digest of their own in the provenance."""

ASKED = frozenset({"out", "overwrite", "keep_takes", "threads", "workers", "profile", "policy"})
"""Options that decide nothing in the results."""


@dataclass(frozen=True)
class Found:
    """What lies under the names of a film's results.

    state  "done"; "none": nothing, or what a stopped run left; "other": results of another film or other settings;
           "hurt": results that are missing in part, or are not what was made
    why    for "other" and "hurt": what is wrong, for people
    """

    state: str
    why: str = ""
    provenance: Mapping[str, Any] | None = None


def name_of(film: Path) -> str:
    """What the results of a film are named after, as `Reel.name`."""
    return film.name if film.is_dir() else film.stem


def place(entry: Entry) -> tuple[Path, str]:
    """The folder that a film's results lie in, and what they are named after there."""
    out, name = Path(entry.options.out), name_of(Path(entry.film))
    if entry.options.package == "none":
        return out, name
    bag = portable(name)
    return out / f"{bag}.bag" / "data", bag


def look(entry: Entry, known: Known) -> Found:
    """What there is of this film's results. Reads the film only where it is not known. Raises OSError, Stopped."""
    out, name = place(entry)
    written = provenance(out, name)
    if written is None:
        return Found("none")
    if written["source"].get("sha256") != known.sha256(Path(entry.film)):
        return Found("other", "results of another film of this name are there")
    if differs := _differs(written, entry.options):
        return Found("other", f"results with other settings are there ({differs})")
    if hurt := _hurt(written, out, name, known):
        return Found("hurt", hurt)
    return Found("done", provenance=written)


def provenance(out: Path, name: str) -> Mapping[str, Any] | None:
    """What was written down about the results of the film `name`; None where nothing is or it cannot be read."""
    try:
        written = json.loads((out / f"{name}.provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    wanted = {"source": dict, "options": dict, "recipe": dict, "outputs": list, "run": dict}
    whole = isinstance(written, dict) and all(isinstance(written.get(key), kind) for key, kind in wanted.items())
    return written if whole else None


def _differs(written: Mapping[str, Any], options: Options) -> str:
    """The first setting that is another than it was; empty when none is.

    A setting that the program did not have then does not count while it has its default: a new version does not make a
    finished archive undone.
    """
    then = {**written["options"], **written["run"].get("options", {})}
    fresh = Options().model_dump(mode="json")
    for name, value in options.model_dump(mode="json").items():
        if name not in ASKED and name not in ("recipe", "overrides") and then.get(name, fresh[name]) != value:
            return name
    return _other(written["recipe"], recipes.load(options.recipe, options.overrides).plain)


def _other(then: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> str:
    """The first setting of a recipe that is another now, among those that there were then."""
    for key, value in then.items():
        if key in ("title", "overrides", "name"):
            continue
        if isinstance(value, dict) and isinstance(now.get(key), dict):
            if inner := _other(value, now[key], f"{where}{key}."):
                return inner
        elif now.get(key) != value:
            return f"{where}{key}"
    return ""


def _hurt(written: Mapping[str, Any], out: Path, name: str, known: Known) -> str:
    """What is wrong with the results; empty when they are whole."""
    if not written["outputs"]:
        return "its provenance names no results"
    for output in written["outputs"]:
        path = out / str(output.get("name"))
        if not path.is_file():
            return f"{path.name} is missing"
        if known.sha256(path) != output.get("sha256"):
            return f"{path.name} is not what was made"
    return next((f"{name}.{each} is missing" for each in PAPERS if not (out / f"{name}.{each}").is_file()), "")
