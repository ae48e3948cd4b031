"""`restore doctor`: whether this machine is ready for a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restore.flows import console

SIGNS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


def doctor(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder whose disk is looked at.")] = Path(),
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the self test and the server's start.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """Say whether this machine is ready: versions, codecs, devices, weights, disk, and five frames the whole way.

    \b
    restore doctor
    restore doctor --quick --json

    Ends with 1 when a run would fail here.
    """
    from restore.film import to_plain
    from restore.flows.server import boot_time
    from restore.steps import doctor as examination

    found = list(examination.examine(out, quick=quick))
    if not quick:
        found.append(examination.timed("prefect server", boot_time))
    bad = any(check.state == "bad" for check in found)
    if as_json:
        console.result_json({"ready": not bad, "checks": to_plain(tuple(found))})
    else:
        width = max(len(check.name) for check in found)
        for check in found:
            console.result(f"{SIGNS[check.state]}  {check.name:<{width}}  {check.detail}")
        console.result("not ready: see the lines marked BAD" if bad else "ready")
    return 1 if bad else 0
