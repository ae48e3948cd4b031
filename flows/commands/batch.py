"""`restore batch`: every film in a folder or in a catalogue, and a summary at the end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from restore.errors import UsageError, shown
from restore.flows import console
from restore.flows.commands.run import Package

# Options that a night has too.
Recursive = Annotated[bool, typer.Option("--recursive/--flat", help="Look into folders within the inbox, too.")]
Settle = Annotated[
    str, typer.Option(metavar="TIME", help="Leave a film alone that was written to in this time: 30s, 10m.")
]
MaxHours = Annotated[float | None, typer.Option(min=0, metavar="H", help="Begin nothing after so many hours.")]
Quota = Annotated[float | None, typer.Option(min=0, metavar="GB", help="Begin no film with which DIR would hold more.")]
Packed = Annotated[Package, typer.Option(help="bagit: each film's results in one BagIt bag.")]
Policy = Annotated[
    str | None, typer.Option(metavar="FILE", help="MediaConch policy that masters must pass; ffv1-archive ships.")
]
Device = Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda:N.")]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Spread each film's shots over a Dask cluster: dask:N here, tcp://host:8786."),
]
Depot = Annotated[
    str | None, typer.Option(metavar="URL", help="Storage that the cluster's workers share: a folder, s3://bucket/x.")
]
Threads = Annotated[int, typer.Option(min=0, max=64, metavar="N", help="Threads of the networks; 0: all processors.")]


def batch(
    inbox: Annotated[
        Path | None,
        typer.Argument(readable=False, metavar="INBOX", show_default=False, help="Folder of films."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")] = Path("restored"),
    catalogue: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV or TOML: films with recipe, set, priority, note."),
    ] = None,
    recipe: Annotated[str, typer.Option(metavar="NAME", help="film, cartoon, draft, or a TOML file.")] = "film",
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change a setting of the recipe.")
    ] = None,
    fps: Annotated[
        str | None, typer.Option(metavar="RATE", help="Frames a second of folders of frames: 18, 24000/1001.")
    ] = None,
    recursive: Recursive = True,
    settle: Settle = "30s",
    max_hours: MaxHours = None,
    quota_gb: Quota = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of other settings or another film.")
    ] = False,
    package: Packed = Package.none,
    policy: Policy = None,
    device: Device = "auto",
    threads: Threads = 0,
    cluster: Cluster = None,
    depot: Depot = None,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on standard output.")] = False,
) -> int:
    """Restore every film in a folder, or in a catalogue. What is done is skipped, what fails is named at the end.

    \b
    restore batch inbox/ --out /archive/colour
    restore batch --catalogue reels.csv --out /archive/colour
    restore batch inbox/ --out colour --max-hours 5 --quota-gb 500

    A catalogue has a column file, and any of recipe, set, priority, note, fps, stream, shots, truth, …:

    \b
    file,recipe,set,priority,note
    reel_1.mkv,cartoon,colorize.candidate=1,10,for the festival

    Ends with DIR/batch.html and DIR/batch.json. A film is done when its results are whole and were made of the same
    film with the same settings. Give the same command again after any end: it goes on. Exit codes: 0 all is done,
    3 some failed or are damaged, 75 time or room ran out first, 130 stopped.
    """
    from restore.flows.server import Server

    seconds = settle_s(settle)
    with Server() as server:  # boots while the films are looked at
        from restore.batch.queue import Source, checked
        from restore.batch.work import exit_code
        from restore.flows import cluster as clusters
        from restore.flows.batches import Papers, Wish, run_batch
        from restore.flows.reels import signals
        from restore.flows.show_batch import showing
        from restore.steps.options import Options

        common = Options(
            out=str(out), recipe=recipe, overrides=tuple(overrides or ()), rate=fps, overwrite=overwrite,
            package=package.value, policy=policy, device=device, threads=threads, cluster=cluster, depot=depot,
            keep_takes=False,
        )  # fmt: skip
        clusters.check(common, server.own)
        source = Source(folder(inbox, catalogue), common, catalogue, recursive)
        checked(source)
        papers = Papers(out / "batch.json", out / "batch.html", "Batch")
        wish = Wish(source, seconds, max_hours=max_hours, quota_gb=quota_gb)
        with showing(as_json) as told, signals():
            night = run_batch(wish, papers, server, told)
        console.say(", ".join(f"{number} {state}" for state, number in night.counted().items() if number) or "no film")
        if night.why_ended:
            console.say(f"ended before all was done: {night.why_ended}")
        if not as_json:
            for path in (papers.page, papers.record):
                console.result(shown(path))
        return exit_code(night)


def folder(inbox: Path | None, catalogue: Path | None) -> Path:
    """Where films are looked up: the inbox, else the folder of the catalogue. Raises UsageError."""
    if inbox is not None:
        return inbox
    if catalogue is None:
        raise UsageError("name a folder of films, or give --catalogue")
    return catalogue.absolute().parent


def settle_s(text: str) -> float:
    """`30s`, `10m`, `1h` or seconds. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip().lower(), re.ASCII)
    if found is None:
        raise UsageError(f"--settle {shown(text)}: write a time, for example 30s or 10m")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]
