"""`restore probe`: what a film is, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restore.flows import console


def probe(
    film: Annotated[Path, typer.Argument(readable=False, metavar="FILM", help="A film, or a folder of frames.")],
    fps: Annotated[str | None, typer.Option(metavar="RATE", help="Frames a second of a folder of frames.")] = None,
    stream: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which video stream, by its number in the file.")
    ] = None,
    deinterlace: Annotated[str | None, typer.Option(metavar="FILTER", help="As restore run would.")] = None,
    digest: Annotated[
        bool, typer.Option("--digest", help="Take the SHA-256, for which the whole file is read.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as one JSON object.")] = False,
) -> None:
    """Say what a film is: picture, colour tags, time, sound, chapters, and what was assumed.

    \b
    restore probe film.mp4
    restore probe scans/ --fps 18 --json
    """
    from restore.steps import probe as step
    from restore.steps.options import frame_rate

    rate = None if fps is None else frame_rate(fps)
    reel = step.probe(film, step.Wanted(stream, rate, deinterlace), digest=digest)
    if as_json:
        console.result(step.to_json(reel))
        return
    rows = step.describe(reel)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.result(f"{name:<{width}}  {value}")
