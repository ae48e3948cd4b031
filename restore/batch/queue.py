"""Which films a batch will take, in which order: from the catalogue, or everything in the inbox that is a film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from restore.batch import catalogue
from restore.batch.catalogue import Entry
from restore.batch.done import name_of
from restore.batch.inbox import look
from restore.batch.known import Known
from restore.errors import UsageError, shown
from restore.steps.options import Options


@dataclass(frozen=True)
class Source:
    """Where films come from, and how they are restored unless a catalogue says otherwise.

    inbox      folder of films; with a catalogue, the folder that its names are looked up in
    catalogue  list of films, or None: every film in the inbox
    common     settings of all films; its `out` is the folder of all results
    recursive  whether folders in the inbox are looked into; their results go to folders of the same names
    """

    inbox: Path
    common: Options
    catalogue: Path | None = None
    recursive: bool = True

    @property
    def out(self) -> Path:
        return Path(self.common.out).absolute()


@dataclass(frozen=True)
class Found:
    """What is to be done, first things first, and the files that are no films."""

    entries: tuple[Entry, ...]
    passed_over: tuple[str, ...] = ()


def find(source: Source, known: Known, last: Iterable[str] = ()) -> Found:
    """All films of the source. `last`: films that go last, as they failed before. Raises the errors of the catalogue,
    and MissingInput for an inbox that is not there."""
    late = frozenset(last)
    if source.catalogue is not None:
        entries: Sequence[Entry] = catalogue.read(source.catalogue, source.inbox, source.common)
        entries = [_placed(entry, source) for entry in entries]
        return Found(tuple(sorted(entries, key=lambda entry: (-entry.priority, entry.film in late))))
    films, others = list[Entry](), list[str]()
    for path in look(source.inbox.absolute(), source.recursive, source.out):
        if known.is_film(path):
            films.append(_placed(Entry(str(path), source.common), source))
        else:
            others.append(str(path))
    return Found(tuple(sorted(films, key=lambda entry: entry.film in late)), tuple(others))


def _placed(entry: Entry, source: Source) -> Entry:
    """With the folder for its results: that of all results, and in it the same folders as in the inbox."""
    film, inbox, out = Path(entry.film), source.inbox.absolute(), source.out
    if film.is_relative_to(inbox) and ".." not in film.parts:
        out /= film.parent.relative_to(inbox)
    return replace(entry, options=entry.options.model_copy(update={"out": str(out)}))


def same_names(entries: Sequence[Entry]) -> dict[str, str]:
    """Film → why it cannot be restored: results of a film before it would have the same names, or a server could not
    be told the name of its folder."""
    taken, refused = dict[tuple[str, str], str](), dict[str, str]()
    for entry in entries:
        place = (entry.options.out, name_of(Path(entry.film)))
        if (first := taken.setdefault(place, entry.film)) != entry.film:
            refused[entry.film] = f"its results would have the same names as those of {shown(Path(first).name)}"
        elif any("\ud800" <= sign <= "\udfff" for sign in entry.options.out):
            refused[entry.film] = (
                f"its folder's name {shown(entry.options.out)} is not UTF-8; films may have such names"
            )
    return refused


def checked(source: Source) -> None:
    """Refuse what cannot be before anything is begun. Raises UsageError."""
    if source.out == source.inbox.absolute():
        raise UsageError(f"{shown(source.out)}: results need a folder of their own, not that of the films; see --out")
