"""Reads files in which colours are asked for, JSON or TOML, with suspicion: small, shallow and finite, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from restore import toml
from restore.errors import BadInput, BadRecipe, MissingInput, shown
from restore.shelf import near

LARGEST = 16 << 20
"""Bytes of a list of hints: some hundred thousand dots."""

M = TypeVar("M", bound=BaseModel)


def content(path: Path, what: str) -> bytes:
    """The file's bytes. Raises MissingInput or BadInput. `what` it is, for messages: "a list of hints"."""
    try:
        if not path.is_file():
            raise MissingInput(f"{shown(path)}: no such file; name {what}")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as problem:
        if isinstance(problem, MissingInput):
            raise
        raise MissingInput(f"{shown(path)}: cannot be read ({problem.strerror}); check its rights") from None
    if len(data) > LARGEST:
        raise BadInput(f"{shown(path)}: is larger than {LARGEST >> 20} MiB; this is not {what}")
    return data


def parsed(path: Path, data: bytes) -> dict[str, Any]:
    """The table or object in a file: TOML where its name ends so, else JSON. Raises BadInput with line and column."""
    where = shown(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadInput(f"{where}: is not UTF-8 text (byte {problem.start}); save it as UTF-8") from None
    try:
        if path.suffix.lower() == ".toml":
            return toml.parse(text, where)
        found = json.loads(text, parse_constant=_no_number)
        if not isinstance(found, dict):
            raise BadInput(f"{where}: is a JSON {type(found).__name__}, not an object; it begins with {{")
        toml.examine(found, where)
    except BadRecipe as problem:
        raise BadInput(str(problem)) from None
    except json.JSONDecodeError as problem:
        raise BadInput(f"{where}:{problem.lineno}: is not JSON: {problem.msg} (column {problem.colno})") from None
    except (RecursionError, ValueError) as problem:
        if isinstance(problem, BadInput):
            raise
        raise BadInput(f"{where}: is not JSON: {toml.brief(str(problem))}") from None
    return found


def checked(model: type[M], plain: dict[str, Any], path: Path) -> M:
    """`plain` as a `model`. Raises BadInput naming the file, the entry and the key, with the near word for a key that
    is unknown."""
    try:
        return model.model_validate(plain)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        key = toml.brief(".".join(str(part) for part in first["loc"]))
        if first["type"] == "extra_forbidden":
            raise BadInput(
                f"{shown(path)}: {key}: unknown key{near(str(first['loc'][-1]), _keys(model, first['loc']))}"
            ) from None
        said = str(first.get("ctx", {}).get("error") or first["msg"])
        given = f" (it is {toml.value(first['input'])})" if first["type"] not in ("missing", "value_error") else ""
        more = f"; {problem.error_count() - 1} more like it" if problem.error_count() > 1 else ""
        where = f"{shown(path)}: {key}" if key else shown(path)  # none: it is about the whole
        raise BadInput(f"{where}: {toml.brief(said)}{given}{more}") from None


def _keys(model: type[BaseModel], place: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys that may stand where an unknown one was found."""
    kinds: dict[str, Any] = model.model_json_schema()
    here, shared = kinds, kinds.get("$defs", {})
    for part in place[:-1]:
        here = here.get("properties", {}).get(part, here) if isinstance(part, str) else here.get("items", here)
        options = [here, *here.get("anyOf", [])]
        here = next(
            (
                shared[o["$ref"].rsplit("/", 1)[1]] if "$ref" in o else o
                for o in options
                if "$ref" in o or "items" in o or "properties" in o
            ),
            here,
        )
    return tuple(here.get("properties", {}))


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number; write one")
