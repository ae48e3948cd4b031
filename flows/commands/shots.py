"""`restore shots`: the list of shots, to be looked at, edited, and given back to `restore run --shots`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restore.errors import shown
from restore.flows import console


def shots(
    film: Annotated[Path, typer.Argument(metavar="FILM", help="A film, or a folder of frames.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for list and contact sheet.")] = Path(
        "restored"
    ),
    fps: Annotated[str | None, typer.Option(metavar="RATE", help="Frames a second of a folder of frames.")] = None,
    stream: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which video stream, by its number in the file.")
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--shots", metavar="CSV", help="Check an edited list and draw its contact sheet.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace list and sheet that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The shots, as JSON.")] = False,
) -> None:
    """Find the shots of a film: writes FILM.shots.csv and the contact sheet FILM.shots.jpg.

    \b
    restore shots film.mp4
    (edit restored/film.shots.csv: take lines out, put lines in)
    restore run film.mp4 --shots restored/film.shots.csv
    """
    from restore.film import to_plain
    from restore.flows.show import showing
    from restore.media.guard import probe
    from restore.progress import meter, stage
    from restore.steps.list_shots import list_shots
    from restore.steps.options import frame_rate
    from restore.steps.split import Splitting

    reel = probe(str(film), stream=stream, rate=None if fps is None else frame_rate(fps), digest=False)
    wanted = None if listed is None else Splitting(str(listed))
    with showing(as_json=False), stage("split", {}):
        table, sheet, found = list_shots(reel, out, wanted, overwrite=overwrite, progress=meter("split"))
    if as_json:
        console.result_json({"list": str(table), "sheet": str(sheet), "shots": to_plain(found)})
        return
    console.say(f"{len({shot.number for shot in found})} shots")
    console.result(shown(table))
    console.result(shown(sheet))
