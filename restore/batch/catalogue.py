"""The list that an archivist writes of what is to be done: a film a line, with recipe, settings, priority and note."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin
from urllib.parse import unquote

from pydantic import ValidationError

from restore import toml
from restore.configs import recipe as recipes
from restore.errors import BadInput, BadRecipe, MissingInput, RestoreError, shown
from restore.shelf import near
from restore.steps.options import Options
from restore.steps.roots import paths

OWN = ("file", "priority", "note")
"""Columns that are no options of a run."""

ALIASES = {"set": "overrides", "fps": "rate", "film": "file"}
"""Column → option, where the command line has another name for it."""

NOT_HERE = frozenset({"out", "overwrite", "keep_takes", "profile", "device", "threads", "workers"})
"""Options that hold for the whole batch and the machine."""

LARGEST = 16 << 20
"""Bytes of a catalogue."""


@dataclass(frozen=True)
class Entry:
    """One film that is to be restored, and how. Entries with a higher priority come first."""

    film: str  # absolute path of a file, or of a folder of frames; any bytes (surrogateescape)
    options: Options  # its `out` is the folder that this film's results go to
    priority: int = 0
    note: str = ""  # the operator's, for people
    line: int = 0  # in the catalogue, from 1; 0: found in the inbox


def columns() -> tuple[str, ...]:
    """All columns that a catalogue may have."""
    return (*OWN, *(name for name in Options.model_fields if name not in NOT_HERE))


def read(path: Path, base: Path, common: Options) -> list[Entry]:
    """The entries of a catalogue, in its order: CSV (comma, semicolon or tab; UTF-8 or UTF-16), or TOML with a table
    [[film]] each.

    base    folder that relative names of films and other files are looked up in
    common  what holds for films that do not say otherwise; overrides of a line come after these

    A name that is no UTF-8 may stand in a CSV as its bytes, in both as file: URI. Raises MissingInput, BadInput with
    the line, BadRecipe with the line.
    """
    rows = _toml_rows if path.suffix.lower() == ".toml" else _csv_rows
    entries, lines = list[Entry](), dict[str, int]()
    for line, row in rows(path, _bytes(path)):
        where = f"{shown(path)}: line {line}"
        try:
            entry = _entry(row, line, base, common)
        except BadRecipe as error:
            raise BadRecipe(f"{where}: {error}") from error
        except (ValidationError, ValueError, MissingInput) as error:
            raise BadInput(f"{where}: {_said(error)}") from error
        if (first := lines.setdefault(entry.film, line)) != line:
            raise BadInput(f"{where}: {shown(entry.film)} stands in line {first} already; a film may be listed once")
        entries.append(entry)
    if not entries:
        raise BadInput(f"{shown(path)}: lists no film")
    return entries


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise MissingInput(f"{shown(path)}: cannot read the catalogue: {error.strerror}") from None
    if len(data) > LARGEST:
        raise BadInput(f"{shown(path)}: larger than {LARGEST >> 20} MiB; this is no catalogue")
    return data


def _csv_rows(path: Path, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16") if wide else data.decode("utf-8-sig", "surrogateescape")
    except UnicodeDecodeError:
        raise BadInput(f"{shown(path)}: is not whole UTF-16; save it as CSV in UTF-8") from None
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [ALIASES.get(name.strip().lower(), name.strip().lower()) for name in next(reader, [])]
        _known(names, f"{shown(path)}: line 1")
        while (before := reader.line_num) is not None and (cells := next(reader, None)) is not None:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
                    raise BadInput(
                        f"{shown(path)}: line {before + 1}: {len(cells)} cells, but the first line has {len(names)}; "
                        'put texts that hold a delimiter between "…"'
                    )
                yield before + 1, {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}
    except csv.Error as error:
        raise BadInput(f"{shown(path)}: line {reader.line_num}: {error}") from None


def _toml_rows(path: Path, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown(path)}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    tables = toml.parse(text, shown(path))
    for key in tables:
        if key != "film":
            raise BadInput(
                f"{shown(path)}: {toml.brief(key)}: unknown key{near(key, ('film',))}; write [[film]] tables"
            )
    found = tables.get("film", [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadInput(f"{shown(path)}: write a table [[film]] for each film")
    lines = [
        number for number, line in enumerate(text.splitlines(), start=1) if re.match(r"\s*\[\[\s*film\s*\]\]", line)
    ]
    for number, row in enumerate(found):
        line = lines[number] if len(lines) == len(found) else number + 1
        named = {ALIASES.get(key, key): value for key, value in row.items()}
        _known([*named], f"{shown(path)}: line {line}")
        yield line, named


def _known(names: Sequence[str], where: str) -> None:
    """Raise BadInput for a column that is none, that comes twice, or when there is none for the film."""
    for name in names:
        if name in NOT_HERE:
            raise BadInput(f"{where}: {name}: holds for the whole batch; give it on the command line")
        if name and name not in columns():
            raise BadInput(f"{where}: {toml.brief(name)}: unknown column{near(name, columns())}")
        if name and names.count(name) > 1:
            raise BadInput(f"{where}: {name}: comes twice")
    if "file" not in names:
        raise BadInput(f"{where}: has no column file")


def _entry(row: Mapping[str, Any], line: int, base: Path, common: Options) -> Entry:
    film = row.get("file")
    if not isinstance(film, str) or not film.strip() or "\0" in film:
        raise ValueError("names no film in the column file")
    given = {name: _value(name, value) for name, value in row.items() if name and name not in OWN}
    given["overrides"] = (*common.overrides, *given.get("overrides", ()))
    options = Options.model_validate({**common.model_dump(), **given})
    own = {name: getattr(options, name) for name in given}
    files = {name for name, _ in paths(options)} - {"overrides"}
    options = options.model_copy(update={name: _placed(own[name], base) for name in own if name in files})
    recipes.load(options.recipe, options.overrides)
    return Entry(str(_film(film, base)), options, _priority(row.get("priority", 0)), str(row.get("note", "")), line)


def _value(name: str, value: Any) -> Any:
    """A cell as the option takes it: several values are words as in a shell."""
    if get_origin(Options.model_fields[name].annotation) is tuple and isinstance(value, str):
        return tuple(shlex.split(value))
    return str(value) if name == "rate" and isinstance(value, int | float) else value


def _placed(value: str | tuple[str, ...], base: Path) -> str | tuple[str, ...]:
    """Relative names of files are looked up in `base`."""
    return str(base / value) if isinstance(value, str) else tuple(str(base / each) for each in value)


def _film(name: str, base: Path) -> Path:
    if name.startswith("file:///"):
        name = unquote(name.removeprefix("file://"), errors="surrogateescape")
    return base / name  # an absolute name stays as it is


def _priority(value: Any) -> int:
    try:
        return int(str(value).strip())
    except ValueError:
        raise ValueError(f"priority {toml.value(value)}: is not a whole number; higher ones come first") from None


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        return f"{toml.brief(name)}: {first['msg']} (it is {toml.value(first['input'])})"
    return toml.brief(str(error)) if isinstance(error, RestoreError | ValueError) else str(error)
