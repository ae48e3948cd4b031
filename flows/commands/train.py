"""`restore train`: teach a network on pictures and films of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="TOML: what is taught, and how.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of colour pictures and films.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for weights, curves and sample sheets.")
    ] = Path("trained"),
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda:N.")] = "auto",
) -> None:
    """Train a network. Needs torch: install restore-film[train]. Stopped, the same command goes on.

    \b
    restore train configs/train/first.toml --data pictures/
    """
