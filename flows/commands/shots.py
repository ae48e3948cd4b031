"""`restore shots`: the list of shots, to be looked at, edited, and given back to `restore run --shots`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restore.errors import shown
from restore.flows import console


def shots(
    film: Annotated[Path, typer.Argument(readable=False, metavar="FILM", help="A film, or a folder of frames.")],
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
    edl: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a CMX 3600 edit decision list.")] = None,
    otio: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an OpenTimelineIO timeline.")] = None,
    stats: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what was measured in every frame, as CSV.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The shots, as JSON.")] = False,
) -> None:
    """Find the shots of a film: writes FILM.shots.csv and the contact sheet FILM.shots.jpg. Doubtful ones are named.

    \b
    restore shots film.mp4
    (edit restored/film.shots.csv: take lines out, put lines in)
    restore run film.mp4 --shots restored/film.shots.csv
    """
    from restore.film import to_plain
    from restore.flows.show import showing
    from restore.media.guard import probe
    from restore.progress import meter, stage
    from restore.shots.sheet import DOUBTFUL
    from restore.steps.list_shots import Files, list_shots
    from restore.steps.options import frame_rate
    from restore.steps.split import Splitting

    reel = probe(str(film), stream=stream, rate=None if fps is None else frame_rate(fps), digest=False)
    wanted = None if listed is None else Splitting(str(listed))
    files = Files(out, edl, otio, stats, overwrite)
    with showing(as_json=False), stage("split", {}):
        table, sheet, found = list_shots(reel, files, wanted, progress=meter("split"))
    more = {name: path for name, path in (("edl", edl), ("otio", otio), ("stats", stats)) if path is not None}
    if as_json:
        written = {"list": table, "sheet": sheet} | more
        console.result_json({name: str(path) for name, path in written.items()} | {"shots": to_plain(found)})
        return
    console.say(f"{len({shot.number for shot in found})} shots")
    for shot in found:
        if shot.part == 1 and shot.confidence < DOUBTFUL:
            console.say(
                f"doubtful: shot {shot.number}, frame {shot.start}, {shot.why}, confidence {shot.confidence:.2f}"
            )
    for path in (table, sheet, *more.values()):
        console.result(shown(path))
