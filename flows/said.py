"""How a film's path is told to a server, whose words are UTF-8, though a file's name may be any bytes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote


def said(film: str) -> str:
    """A film's path as a server can be told it: a name that is no UTF-8 becomes a URI of its bytes."""
    try:
        film.encode("utf-8")
    except UnicodeEncodeError:
        return Path(film).absolute().as_uri()
    return film


def heard(film: str) -> str:
    """The path that `said` was given."""
    return unquote(film.removeprefix("file://"), errors="surrogateescape") if film.startswith("file:///") else film
