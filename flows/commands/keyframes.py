"""`restore keyframes`: the frames most worth painting, exported to be painted and given back to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restore.errors import shown
from restore.flows import console


def keyframes(
    film: Annotated[Path, typer.Argument(readable=False, metavar="FILM", help="A film, or a folder of frames.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, metavar="N", help="How many frames.")] = 20,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")] = Path("restored"),
    painted: Annotated[
        Path | None, typer.Option("--keyframes", metavar="DIR", help="Painted already: what else is worth it?")
    ] = None,
    recipe: Annotated[str, typer.Option(metavar="NAME", help="Recipe whose automatic colours are shown.")] = "film",
    shots: Annotated[Path | None, typer.Option(metavar="CSV", help="A list of shots to obey.")] = None,
    fps: Annotated[str | None, typer.Option(metavar="RATE", help="Frames a second of a folder of frames.")] = None,
    stream: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which video stream, by its number in the file.")
    ] = None,
    no_layers: Annotated[bool, typer.Option("--no-layers", help="No OpenRaster files for Krita and GIMP.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Choose in seconds, by what frames have in common; less well.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace list and page; pictures that are there always stay.")
    ] = False,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda:N.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="The frames, as JSON.")] = False,
) -> None:
    """Choose the frames most worth painting, and write each as a gray picture that is ready to be painted.

    \b
    restore keyframes film.mp4 -n 20
    (paint some of restored/film.keyframes/*.png: roughly, in part, and save them under their names)
    restore run film.mp4 --keyframes restored/film.keyframes
    restore keyframes film.mp4 -n 5 --keyframes restored/film.keyframes --overwrite

    Writes FILM.keyframes/000123.png (the frame, gray), automatic/000123.png (with the network's colours, to pick
    from), layers/000123.ora (both, and an empty layer to paint on), a page to look at and a list, the most worth
    first. What is not painted stays the machine's choice.

    Each frame is rehearsed before it is asked for: how far its colours would carry. That takes about as long as
    restoring the shots that are asked for; --quick leaves it out.
    """
    from restore.configs.recipe import load
    from restore.film import to_plain
    from restore.flows.show import showing
    from restore.media.guard import probe
    from restore.runtime import Runtime
    from restore.steps.export_keyframes import Export, export_keyframes
    from restore.steps.options import Options, frame_rate
    from restore.steps.split import Splitting

    chosen = load(recipe)
    reel = probe(str(film), stream=stream, rate=None if fps is None else frame_rate(fps), digest=False)
    settings = chosen.shots
    splitting = Splitting(None if shots is None else str(shots), settings.min_frames, settings.part_s, settings.leave)
    wanted = Export(out, count, painted, not no_layers, overwrite, quick)
    with showing(as_json=False):
        done = export_keyframes(reel, chosen, wanted, splitting, Runtime(device, Options().pinned_threads))
    if done.kept:
        console.say(f"{done.kept} of the pictures were there already and stay as they are")
    if done.without_colours:
        console.say(f"no automatic colours, because {done.without_colours}")
    if not done.suggestions:
        console.say("nothing to paint: every shot is left as it is, or covered already")
    if as_json:
        console.result_json({"frames": to_plain(done.suggestions), "pictures": str(done.pictures)})
        return
    for path in (done.pictures, done.table, done.page):
        console.result(shown(path))
