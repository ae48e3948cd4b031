"""A recipe says what is done to a reel: which filters in which order, and how master and access copy are written.

It is a TOML file. `filters` lists the chain; each filter, and `shots`, `master` and `access`, may have a table with
its settings. Everything is checked, with the near word offered, before the first frame is read.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from restore import filters as filter_shelf
from restore import toml
from restore.contracts import Filter
from restore.errors import BadRecipe, shown
from restore.film import digest
from restore.media.spec import AccessSettings, MasterSettings
from restore.shelf import near
from restore.shots.settings import ShotSettings

M = TypeVar("M", bound=BaseModel)


class Head(BaseModel):
    """The keys of a recipe outside its tables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=200, description="what the recipe is for, in a line")
    filters: tuple[str, ...] = Field(min_length=1, max_length=32, description="the chain, in order")
    seed: int = Field(0, ge=0, lt=2**32, description="of anything random; recorded in the provenance")


@dataclass(frozen=True)
class Recipe:
    """A checked recipe. `chain` holds (name, settings) of each filter in order; settings are frozen and complete."""

    name: str
    head: Head
    chain: tuple[tuple[str, Filter], ...]
    shots: ShotSettings
    master: MasterSettings
    access: AccessSettings
    overrides: tuple[str, ...]

    @property
    def plain(self) -> dict[str, Any]:
        """All settings with their defaults filled in, as JSON types; what the provenance keeps."""
        tables = {name: _dumped(part) for name, part in self.chain}
        return {
            "name": self.name,
            **_dumped(self.head),
            **tables,
            "shots": _dumped(self.shots),
            "master": _dumped(self.master),
            "access": _dumped(self.access),
            "overrides": list(self.overrides),
        }

    @property
    def changes_light(self) -> tuple[str, ...]:
        """Names of the filters that alter luma; empty when luma stays bit for bit the source's."""
        return tuple(name for name, part in self.chain if part.changes_light)

    def picture_key(self) -> str:
        """Digest of what decides a take's pixels: the chain with its settings and versions, and the seed."""
        chain = [[name, part.version, _dumped(part)] for name, part in self.chain]
        return digest([chain, self.head.seed])


def names() -> tuple[str, ...]:
    """Names of the recipes that ship, sorted."""
    folder = files("restore.configs")
    return tuple(sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".toml")))


def load(which: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe `which`, a shipped name or the path of a TOML file, with `table.key=value` overrides applied.

    Values of overrides are TOML (`0.5`, `true`, `"prores"`); a bare word counts as a string.
    Raises BadRecipe (unknown name, key or value; the near word is offered) or MissingInput.
    """
    text = _read(which)
    where = shown(which)
    raw = toml.parse(text, where)
    chain = raw.get("filters")
    for override in overrides:
        _override(raw, override)
    toml.examine(raw, where)
    for dropped in _listed(chain) - _listed(raw.get("filters")):  # --set took the filter out, its table goes with it
        raw.pop(dropped, None)
    return _checked(where, raw, tuple(overrides))


def _listed(chain: Any) -> set[str]:
    return {name for name in chain if isinstance(name, str)} if isinstance(chain, list) else set()


def _read(which: str) -> str:
    if which in names():
        return files("restore.configs").joinpath(f"{which}.toml").read_text(encoding="utf-8")
    path = Path(which)
    if path.suffix != ".toml" and not os.path.isfile(which):  # noqa: PTH113 (no error for names that cannot be)
        raise BadRecipe(f"no recipe is called {toml.value(which)}{near(which, names())}")
    return toml.read(path)


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    *tables, last = key.strip().split(".")
    if not equals or not last or len(tables) > 1:
        raise BadRecipe(f"--set {toml.value(override)}: write table.key=value, for example colorize.candidate=1")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        parsed = value.strip()
    target = raw
    for table in tables:
        target = target.setdefault(table, {})
        if not isinstance(target, dict):
            raise BadRecipe(f"--set {toml.value(override)}: {table!r} is not a table")
    target[last] = parsed


def _checked(where: str, raw: Mapping[str, Any], overrides: tuple[str, ...]) -> Recipe:
    tables = {key: value for key, value in raw.items() if isinstance(value, dict)}
    head = _model(Head, {key: value for key, value in raw.items() if key not in tables}, where, "")
    chain: list[tuple[str, Filter]] = []
    for name in head.filters:
        try:
            part = filter_shelf.find(name)
        except BadRecipe as error:
            raise BadRecipe(f"{where}: filters: {toml.brief(str(error))}") from error
        chain.append((name, _model(part, tables.pop(name, {}), where, f"{name}.")))
    if len(dict(chain)) != len(chain):
        raise BadRecipe(f"{where}: filters: a filter may stand in the chain once")
    shots = _model(ShotSettings, tables.pop("shots", {}), where, "shots.")
    master = _model(MasterSettings, tables.pop("master", {}), where, "master.")
    access = _model(AccessSettings, tables.pop("access", {}), where, "access.")
    for table in tables:
        if table in filter_shelf.names():
            raise BadRecipe(f"{where}: [{table}] has settings, but {table!r} is not in filters")
        known = (*head.filters, "shots", "master", "access")
        raise BadRecipe(f"{where}: no table is called [{toml.brief(table)}]{near(table, known)}")
    name = Path(where).stem
    return Recipe(name, head, tuple(chain), shots, master, access, overrides)


def _model(model: type[M], values: Mapping[str, Any], where: str, prefix: str) -> M:
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = toml.brief(".".join(str(part) for part in first["loc"]))
        if first["type"] == "extra_forbidden":
            raise BadRecipe(f"{where}: {prefix}{key}: unknown key{near(key, tuple(model.model_fields))}") from error
        given = f" (it is {toml.value(first['input'])})" if first["type"] != "missing" else ""
        raise BadRecipe(f"{where}: {prefix}{key}: {first['msg']}{given}") from error


def _dumped(part: Any) -> dict[str, Any]:
    plain: dict[str, Any] = part.model_dump(mode="json")
    return plain
