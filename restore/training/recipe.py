"""Reads a training recipe from TOML and refuses what it does not know, before any picture is touched."""

from __future__ import annotations

from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path

import pydantic

from restore import toml
from restore.errors import BadRecipe
from restore.shelf import near
from restore.training.settings import Schedule, TrainRecipe

FOLDER = "restore.configs.train"


def names() -> tuple[str, ...]:
    """Names of the recipes that come with the program, sorted."""
    return tuple(sorted(Path(entry.name).stem for entry in resources.files(FOLDER).iterdir() if ".toml" in entry.name))


def load(recipe: str) -> TrainRecipe:
    """The recipe `recipe`: a name from `names()` or a path to a TOML file. Raises BadRecipe naming the key."""
    path = Path(recipe)
    if path.suffix != ".toml":
        if recipe not in names():
            raise BadRecipe(f"no training recipe is called {recipe!r}{near(recipe, names())}")
        path = Path(str(resources.files(FOLDER))) / f"{recipe}.toml"
    plain = toml.parse(toml.read(path), str(path))
    try:
        found = pydantic.TypeAdapter(TrainRecipe).validate_python(plain)
    except pydantic.ValidationError as error:
        raise _refused(path, error) from error
    try:
        pydantic.TypeAdapter(Schedule).validate_python({**asdict(found.schedule), **found.processor})
    except pydantic.ValidationError as error:
        raise _refused(path, error, "processor.") from error
    return found


def _refused(path: Path, error: pydantic.ValidationError, table: str = "") -> BadRecipe:
    first = error.errors()[0]
    return BadRecipe(f"{path}: {table}{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")


def filters(recipe: TrainRecipe) -> list[str]:
    """Files of trained filters that the recipe names."""
    return [file for file in (recipe.start.squeezenet, recipe.losses.vgg19) if file]


def unaided(recipe: TrainRecipe) -> TrainRecipe:
    """The same recipe without trained filters: an encoder from chance, no perceptual loss."""
    return replace(recipe, start=replace(recipe.start, squeezenet=""), losses=replace(recipe.losses, vgg19=""))
