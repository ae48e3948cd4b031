"""`restore serve`: every night, everything in the inbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from restore.errors import UsageError, shown
from restore.flows import console
from restore.flows.commands.batch import (
    Cluster,
    Depot,
    Device,
    MaxHours,
    Packed,
    Policy,
    Quota,
    Recursive,
    Settle,
    Threads,
    folder,
    settle_s,
)
from restore.flows.commands.run import Package


def serve(
    at: Annotated[str, typer.Option("--at", metavar="HH:MM", help="When the night begins, by this machine's clock.")],
    inbox: Annotated[Path | None, typer.Option(metavar="DIR", show_default=False, help="Folder of films.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")] = Path("restored"),
    until: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="Begin no shot after this; the next night goes on.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV or TOML: films with recipe, set, priority, note.")
    ] = None,
    recipe: Annotated[str, typer.Option(metavar="NAME", help="film, cartoon, draft, or a TOML file.")] = "film",
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change a setting of the recipe.")
    ] = None,
    fps: Annotated[str | None, typer.Option(metavar="RATE", help="Frames a second of folders of frames.")] = None,
    recursive: Recursive = True,
    settle: Settle = "10m",
    watch: Annotated[bool, typer.Option("--watch", help="Take films that come during the night.")] = False,
    max_hours: MaxHours = None,
    quota_gb: Quota = None,
    package: Packed = Package.none,
    policy: Policy = None,
    device: Device = "auto",
    threads: Threads = 0,
    cluster: Cluster = None,
    depot: Depot = None,
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="N", help="Of the Prefect server, where none is named.")
    ] = 4200,
) -> None:
    """Restore every night what lies in the inbox, and write a morning page: DIR/nights/index.html.

    \b
    restore serve --inbox /archive/inbox --out /archive/colour --at 02:00 --until 07:00
    restore serve --catalogue reels.csv --out colour --at 22:00 --max-hours 8 --quota-gb 2000

    Runs until it is stopped; a systemd unit is in docs/operations.md. After any end (a kill, a power cut) start it
    again: it goes on, in the same night when there is time left. Without PREFECT_API_URL it brings a Prefect server of
    its own, on this machine only, that restore submit, status, logs and cancel can speak to.
    """
    from restore.batch.lock import held, private
    from restore.batch.terms import clock_time, time_zone
    from restore.flows.house import at_hand

    clock_time(at)
    if until is not None:
        clock_time(until)
    if watch and until is None and max_hours is None:
        raise UsageError("--watch: say when the night ends, with --until or --max-hours")
    source = folder(inbox, catalogue).absolute()
    out = out.absolute()
    for path in (source, out, catalogue):
        if path is not None and any("\ud800" <= sign <= "\udfff" for sign in str(path)):
            raise UsageError(f"{shown(path)}: is not UTF-8; films may have such names, these folders may not")
    folders = [source, out, *([catalogue.absolute().parent] if catalogue is not None else [])]
    own = not os.environ.get("PREFECT_API_URL")
    with held(private(out) / "service.lock", "a service"), at_hand(port) as url:
        from restore.flows.service import serve as run_service
        from restore.flows.service import settings

        os.environ.update(settings(url, folders))
        from restore.batch.queue import checked
        from restore.configs import recipe as recipes
        from restore.depot import absolute
        from restore.flows import cluster as clusters
        from restore.flows.night import NightWish
        from restore.steps import roots
        from restore.steps.options import Options

        options = Options(
            out=str(out), recipe=recipe, overrides=tuple(overrides or ()), rate=fps, package=package.value,
            policy=policy, device=device, threads=threads, cluster=cluster, depot=absolute(depot),
        )  # fmt: skip
        clusters.check(options, own)
        roots.allow(options)
        recipes.load(options.recipe, options.overrides)
        wish = NightWish(
            inbox=str(source), options=options, catalogue=None if catalogue is None else str(catalogue.absolute()),
            recursive=recursive, settle_s=settle_s(settle), until=until, zone=time_zone(), max_hours=max_hours,
            quota_gb=quota_gb, watch=watch,
        )  # fmt: skip
        checked(wish.source())
        end = f" until {until}" if until else ""
        console.say(f"every night at {at}{end} ({wish.zone}): {shown(source)} → {shown(out)}")
        console.say(f"to speak to it: export PREFECT_API_URL={url}")
        run_service(wish, at, url)
