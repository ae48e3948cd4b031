"""Reading a recipe's text with suspicion: it may come from anyone, and is small, shallow and finite or is refused."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

from restore.errors import BadRecipe, MissingInput, shown

LARGEST = 64 * 1024
"""Bytes of a recipe; anything larger is none."""

DEEPEST = 20
"""Tables and lists inside one another."""

LARGEST_NUMBER = 1 << 53
"""Whole numbers up to which every reader of JSON agrees about their value (RFC 8259, section 6)."""

_SHOWN = 80  # characters of a value that a message repeats


def read(path: Path) -> str:
    """The text of a recipe file. Raises MissingInput or BadRecipe."""
    try:
        if not path.is_file():
            raise MissingInput(f"{shown(path)}: no such recipe file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, MissingInput):
            raise
        why = getattr(error, "strerror", None) or error
        raise MissingInput(f"{shown(path)}: may not be read ({why}); check its rights") from error
    if len(content) > LARGEST:
        raise BadRecipe(f"{shown(path)}: larger than {LARGEST} bytes; this is not a recipe")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRecipe(f"{shown(path)}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def parse(text: str, where: str) -> dict[str, Any]:
    """The tables in `text`. Raises BadRecipe with line and column, or with the key whose value cannot be meant.

    `where` is named in front: a recipe's name, a file or an option.
    """
    try:
        plain = tomllib.loads(text)
    except RecursionError:
        raise BadRecipe(f"{where}: not TOML: nested too deeply; a recipe has tables with settings") from None
    except ValueError as error:  # TOMLDecodeError is one, and so is a whole number of thousands of digits
        raise BadRecipe(f"{where}: not TOML: {brief(str(error))}") from None
    examine(plain, where)
    return plain


def brief(said: str) -> str:
    """At most a line's worth of what a message repeats of a value."""
    return shown(said if len(said) <= _SHOWN * 2 else f"{said[: _SHOWN * 2]}…")


def value(given: Any) -> str:
    """A setting's value as a message shows it."""
    plain = repr(given) if isinstance(given, str | int | float | bool) else type(given).__name__
    return shown(plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…")


def examine(plain: dict[str, Any], where: str) -> None:
    """Raise BadRecipe for numbers that are none or too large, and for nesting that no setting has."""
    waiting: list[tuple[str, Any, int]] = [("", plain, 0)]
    while waiting:
        key, found, depth = waiting.pop()
        if depth > DEEPEST:
            raise BadRecipe(f"{where}: {brief(key)}: nested too deeply; a recipe has tables with settings")
        if isinstance(found, dict):
            waiting += [(f"{key}.{name}".lstrip("."), each, depth + 1) for name, each in found.items()]
        elif isinstance(found, list):
            waiting += [(key, each, depth + 1) for each in found]
        elif isinstance(found, float) and not math.isfinite(found):
            raise BadRecipe(f"{where}: {brief(key)}: is {found}; give a number")
        elif isinstance(found, int) and abs(found) > LARGEST_NUMBER:
            raise BadRecipe(f"{where}: {brief(key)}: is a number beyond {LARGEST_NUMBER}; give a smaller one")
