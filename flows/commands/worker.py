"""`restore worker`: restores films that were submitted to a work pool."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from restore.errors import UsageError


def worker(
    pool: Annotated[str, typer.Option(metavar="NAME", help="Work pool; made when the server has none of this name.")],
    root: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Folder that films may be in and results go to; as often as wanted."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Films at a time.")] = 1,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask cluster over which films may ask to be spread.")
    ] = None,
    depot: Annotated[
        str | None, typer.Option(metavar="URL", help="Storage that they may name for it: s3://bucket/x.")
    ] = None,
    gpu_slots: Annotated[
        int, typer.Option(min=0, max=64, metavar="N", help="Shots at a time on this machine's GPUs, over all workers.")
    ] = 0,
) -> None:
    """Restore films that were submitted to a work pool of the server that PREFECT_API_URL names.

    \b
    restore worker --pool gpu --root /archive/films --root /archive/colour --gpu-slots 1

    What a server asks for is checked again here: films, results and every file that an option names must lie in the
    folders of --root (or RESTORE_ROOTS), a cluster must be that of --cluster. What a
    killed worker left is gone on with.
    """
    from restore.flows import remote
    from restore.steps import roots
    from restore.steps.options import Options

    folders = [path.absolute() for path in root or ()]
    if not folders and not os.environ.get(roots.VARIABLE):
        raise UsageError(f"name the folders that it may read and write: --root DIR, or {roots.VARIABLE}")
    if folders:
        os.environ[roots.VARIABLE] = os.pathsep.join(str(path) for path in folders)
    roots.allow(Options(cluster=cluster, depot=depot))
    from restore.flows.service import settings
    from restore.flows.worker import slot_name, work

    os.environ.update(settings(remote.url(), folders))
    if gpu_slots:
        from restore.tasks._slot import SLOT

        os.environ[SLOT] = slot_name()
    from restore.flows.server import Server

    with Server() as server:
        server.ready()
    work(pool, limit, gpu_slots)
