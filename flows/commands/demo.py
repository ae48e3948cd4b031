"""`restore demo`: makes a small film, restores it, says where the results are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restore.flows import console


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the film and the results.")
    ] = Path("demo"),
    seconds: Annotated[float, typer.Option(min=4, max=60, metavar="S", help="Length of the film.")] = 10.0,
    film_only: Annotated[bool, typer.Option("--film-only", help="Make the film, do not restore it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on standard output.")] = False,
) -> int:
    """Make a small film of the program's own, drop its colour, restore it, and score it against the truth.

    \b
    restore demo
    restore demo --out try --seconds 30
    """
    from restore.flows.server import Server

    with Server() as server:  # boots while the film is made
        from restore.demo.film import make_demo

        console.say(f"making a film of {seconds:g} seconds …")
        film = make_demo(out, seconds)
        if film_only:
            console.result(str(film.gray))
            console.result(str(film.truth))
            return 0
        from restore.flows.reels import run_reels
        from restore.steps.options import Options

        options = Options(out=str(out), truth=str(film.truth), overwrite=True)
        return run_reels([str(film.gray)], options, server, as_json)
