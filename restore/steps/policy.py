"""The policy that a master must pass: one that ships, by its name, or an archive's own file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from restore.errors import MissingInput, shown
from restore.film import Gate
from restore.media import mediaarea
from restore.shelf import near

SUFFIX = ".xml"


def shipped() -> tuple[str, ...]:
    """Names of the policies that ship."""
    folder = files("restore.configs").iterdir()
    return tuple(sorted(item.name.removesuffix(SUFFIX) for item in folder if item.name.endswith(SUFFIX)))


def policy_file(name: str) -> Path:
    """The policy of this name or path. Raises MissingInput, with the near word."""
    if name in shipped():
        return Path(str(files("restore.configs").joinpath(name + SUFFIX)))
    if not Path(name).is_file():
        raise MissingInput(
            f"--policy {shown(name)}: there is no such file, and no policy that ships{near(name, shipped())}"
        )
    return Path(name)


def check(name: str) -> None:
    """Everything about the policy that can be checked before the first frame.

    Raises MissingInput, BadRecipe (it is no policy), Unavailable (MediaConch is not installed).
    """
    mediaarea.ready(policy_file(name))


def hold(master: Path, name: str) -> Gate:
    """The gate that the master passes or not. Raises Unavailable when MediaConch does not run."""
    return mediaarea.hold(master, policy_file(name))
