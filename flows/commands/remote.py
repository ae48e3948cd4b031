"""`restore submit`, `status`, `cancel`, `logs`: they speak to the Prefect server that PREFECT_API_URL names."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from restore.errors import UsageError, shown
from restore.flows import console
from restore.flows.commands.batch import Cluster, Depot
from restore.flows.commands.run import Package

RUN = typer.Argument(metavar="RUN|FILM", help="A run's id or the beginning of it, or a film: its path or its name.")


def submit(
    films: Annotated[
        list[Path], typer.Argument(readable=False, metavar="FILM...", help="Films, by paths that the worker knows.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")] = Path("restored"),
    recipe: Annotated[str, typer.Option(metavar="NAME", help="film, cartoon, draft, or a TOML file.")] = "film",
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change a setting of the recipe.")
    ] = None,
    fps: Annotated[str | None, typer.Option(metavar="RATE", help="Frames a second of folders of frames.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there.")] = False,
    package: Annotated[Package, typer.Option(help="bagit: each film's results in one BagIt bag.")] = Package.none,
    policy: Annotated[
        str | None, typer.Option(metavar="FILE", help="MediaConch policy that masters must pass; ffv1-archive ships.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda:N.")] = "auto",
    cluster: Cluster = None,
    depot: Depot = None,
    pool: Annotated[str | None, typer.Option(metavar="NAME", help="Which work pool; the only one.")] = None,
    priority: Annotated[str, typer.Option(metavar="WORD", help="high, normal or low.")] = "normal",
    wait: Annotated[bool, typer.Option("--wait", help="End when they have, with the worst one's code.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Runs as JSON lines.")] = False,
) -> int:
    """Hand films to a worker or to the nightly service. Prints the id of each run.

    \b
    restore submit /archive/films/reel_7.mkv --out /archive/colour
    restore submit *.mkv --recipe cartoon --pool gpu --priority high --wait

    Exit codes with --wait: 0 all ended right, 3 some failed (see restore logs), 69 the server is away.
    """
    import json

    from restore.configs import recipe as recipes
    from restore.depot import absolute
    from restore.flows import cluster as clusters
    from restore.flows import remote
    from restore.flows.said import said
    from restore.steps.options import Options

    if priority not in remote.PRIORITIES:
        raise UsageError(f"--priority {shown(priority)}: write {', '.join(remote.PRIORITIES)}")
    options = Options(
        out=str(out.absolute()), recipe=recipe, overrides=tuple(overrides or ()), rate=fps, overwrite=overwrite,
        package=package.value, policy=policy, device=device, cluster=cluster, depot=absolute(depot),
    )  # fmt: skip
    recipes.load(options.recipe, options.overrides)
    clusters.checked(options)
    with remote.client() as server:
        to = remote.deployment(server, pool, options.out)
        if priority != "normal" and not to.work_pool_name:
            console.say("the nightly service has no priorities; they need a worker (restore worker)")
        plain = options.model_dump(mode="json")
        ids = {}
        for film in films:
            number = remote.submit(server, to, said(str(film.absolute())), plain, priority)
            ids[number] = film
            console.result(json.dumps({"run": number, "film": str(film)}) if as_json else f"{number} {shown(film)}")
        if not wait:
            return 0
        failed = 0
        for run in remote.waited(server, [*ids]):
            failed += run.state != "Completed"
            told = f"{run.state}: {shown(run.message)}" if run.state != "Completed" else "done"
            console.result(json.dumps(asdict(run)) if as_json else f"{run.id} {shown(ids[run.id])}: {told}")
    return 3 if failed else 0


def status(
    all_runs: Annotated[bool, typer.Option("--all", help="Also those that ended long ago.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """What the server has at work, in line, planned, and lately ended.

    \b
    PREFECT_API_URL=http://127.0.0.1:4200/api restore status
    """
    from restore.flows import remote

    with remote.client() as server:
        found = remote.runs(server, remote.SEEN if all_runs else 100)
    if as_json:
        console.result_json({"server": remote.url(), "runs": [asdict(run) for run in found]})
        return
    if not found:
        console.say("no run yet")
    planned = [run for run in found if run.state == "Scheduled" and run.flow == "restore night"]
    for run in found:
        if run in planned[:-1]:  # the scheduler plans several nights ahead; the next one says enough
            continue
        when = run.began or run.scheduled or ""
        took = f"{run.seconds:.0f} s" if run.began else ""
        said = f"  {shown(run.message)}" if run.state in ("Failed", "Crashed") and run.message else ""
        name = "the next night" if run in planned else shown(run.name)
        console.result(f"{run.id[:8]}  {run.state:<11} {when:<25} {took:>8}  {name}{said}")


def cancel(
    which: Annotated[list[str], RUN],
) -> None:
    """Stop runs that are at work, or take them out of the line. What is finished is kept; of a night, the others go on.

    \b
    restore cancel 5f2c9a1e
    restore cancel reel_7.mkv
    """
    from restore.flows import remote

    with remote.client() as server:
        for each in which:
            run = remote.find(server, each, busy=True)
            console.result(f"{run.id} {shown(run.name)}: {remote.cancel(server, run)}")


def logs(
    which: Annotated[str, RUN],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
) -> None:
    """What a run has said.

    \b
    restore logs reel_7.mkv
    restore logs 5f2c9a1e --follow
    """
    from restore.flows import remote

    with remote.client() as server:
        run = remote.find(server, which)
        seen = 0
        while True:
            ended = remote.find(server, run.id).ended is not None
            for line in remote.logs(server, run, seen):
                console.result(line)
                seen += 1
            if ended or not follow:
                return
            time.sleep(2.0)
