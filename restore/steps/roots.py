"""Where a worker may read and write: the folders of RESTORE_ROOTS. What a server asks for is checked against them.

Whoever may start a run on a Prefect server chooses its parameters. So the worker, and not the server, says which
folders films come from and results go to; links are followed first, and everything else is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from restore.errors import UsageError, shown
from restore.steps.options import Options

VARIABLE = "RESTORE_ROOTS"
"""Environment variable: folders, with `:` between them as in PATH. Not set: everything is allowed."""

ELSEWHERE = {"cluster": "RESTORE_CLUSTER", "depot": "RESTORE_DEPOT"}
"""Options that name another machine, and the environment variable with the one that this worker may go to. Who holds a
Dask scheduler can run programs on whoever speaks to it, so it is the worker that says which one that may be."""

WORDS = frozenset({"recipe", "overrides", "rate", "deinterlace", "device", "package"})
"""Options of text that name no file. Any other is taken for a path, so that what is added later is checked."""


def allowed() -> tuple[Path, ...] | None:
    """The folders that RESTORE_ROOTS names, links followed; None where it is not set. Raises UsageError."""
    given = os.environ.get(VARIABLE)
    if given is None:
        return None
    roots = tuple(Path(name) for name in given.split(os.pathsep) if name)
    for root in roots:
        if not root.is_absolute():
            raise UsageError(f"{VARIABLE}: {shown(root)}: is not a path from the root; write /…")
    return tuple(Path(os.path.realpath(root)) for root in roots)


def paths(options: Options) -> Iterator[tuple[str, str]]:
    """(name, path) of every option that names a file or a folder; a recipe and its overrides where they name one."""
    for name in type(options).model_fields:
        given = getattr(options, name)
        for text in given if isinstance(given, tuple) else (given,):
            if isinstance(text, str) and _names_a_file(name, text) and not _elsewhere(name, text):
                yield name, text.partition("=")[2].strip().strip("\"'") if name == "overrides" else text


def _names_a_file(name: str, text: str) -> bool:
    if name == "truth" and text == "self":
        return False
    return name not in WORDS or (name in ("recipe", "overrides") and (os.sep in text or text.endswith(".toml")))


def _elsewhere(name: str, text: str) -> bool:
    """Whether an option leads out of this machine's folders: a cluster, or a depot that is no folder."""
    return name == "cluster" or (name == "depot" and (":" in text or not text.startswith(os.sep)))


def check(film: str, options: Options) -> None:
    """Raise UsageError when the film, its results or a file that an option names lies outside the allowed folders, or
    an option names a machine that this worker was not told of."""
    roots = allowed()
    if roots is None:
        return
    for name, variable in ELSEWHERE.items():
        wanted = getattr(options, name)
        own_machine = name == "cluster" and wanted is not None and "://" not in wanted  # dask:N
        if wanted and _elsewhere(name, wanted) and not own_machine and wanted != os.environ.get(variable):
            raise UsageError(
                f"{name} {shown(wanted)}: this worker was not told to use it (start it with --{name}, or {variable})"
            )
    for name, path in (("film", film), *paths(options)):
        if not inside(path, roots):
            raise UsageError(
                f"{name} {shown(path)}: lies outside the folders that this worker may use ({VARIABLE}: "
                f"{', '.join(shown(root) for root in roots) or 'none'})"
            )


def allow(options: Options) -> None:
    """Let the runs that this process starts go to the cluster and the depot of `options`, and to no others."""
    for name, variable in ELSEWHERE.items():
        if wanted := getattr(options, name):
            os.environ[variable] = wanted


def inside(path: str, roots: Sequence[Path]) -> bool:
    """Whether `path`, links followed, is one of the roots or lies in one."""
    if "\0" in path:
        return False
    real = Path(os.path.realpath(path))
    return any(real == root or root in real.parents for root in roots)
