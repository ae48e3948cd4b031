"""`restore verify`: whether a bag or a folder of results is still what it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from restore.flows import console

if TYPE_CHECKING:
    from restore.steps.verify import Checked

CHANGED = 65
"""Exit code when something is not as it was: the data are wrong."""


def verify(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", show_default=False, help="Bags, or folders of results (with bags in them)."),
    ],
    deep: Annotated[
        bool, typer.Option("--deep", help="Decode every master again, frame by frame; takes as long as watching it.")
    ] = False,
    source: Annotated[
        Path | None,
        typer.Option(metavar="FILM", help="With --deep: hold the master's luma to this film, which it was made from."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for all that was checked.")] = False,
) -> int:
    """Check that nothing has changed since a film was restored: hash every file again, and say what differs.

    \b
    restore verify restored/
    restore verify film.bag --deep --source film.mkv
    restore verify /archive/*.bag --json

    In a bag, every file is held to both manifests (any reader of BagIt can do that too); beside each other, to the
    hashes in FILM.provenance.json, and that to its copy inside the master. --deep decodes the masters too and holds
    every frame to the lists of checksums, so that it can say which frame is hurt.

    One line for each thing that is changed, missing or extra. Ends with 0 when all is as it was, 65 when something
    is not, 66 when there is nothing to check.
    """
    from restore.errors import UsageError
    from restore.flows.show import showing
    from restore.progress import meter, stage
    from restore.steps import verify as step

    if source is not None and not deep:
        raise UsageError("--source goes with --deep")
    total = sum(step.size(folder) for folder in folders)
    checked = list["Checked"]()
    with showing(as_json=False):
        with stage("verify", {}, total):
            for folder in folders:
                checked += step.verify(folder, lambda name: meter("verify", name))
        if deep:
            checked = _deep(checked, source)
    if as_json:
        console.result_json(_plain(checked))
    else:
        _print(checked)
    return 0 if all(one.whole for one in checked) else CHANGED


def _deep(checked: list[Checked], source: Path | None) -> list[Checked]:
    from restore.errors import UsageError
    from restore.progress import meter, stage
    from restore.steps import verify_frames

    if source is not None and len(checked) != 1:
        raise UsageError(f"--source goes with one film; there are {len(checked)} here")
    with stage("decode", {}):
        return [verify_frames.deep(one, source, lambda name: meter("decode", name)) for one in checked]


def _print(checked: list[Checked]) -> None:
    from restore.errors import shown

    for one in checked:
        for finding in one.findings:
            console.result(f"{finding.kind}: {shown(one.path)}: {shown(finding.name)}: {shown(finding.detail)}")
        for note in one.notes:
            console.say(f"{shown(one.path)}: {note}")
        what = f"{one.files} files, {one.size_bytes / 1e6:.1f} MB"
        amount = len(one.findings)
        ends = "all as it was" if one.whole else f"{amount} finding{'' if amount == 1 else 's'}"
        console.result(f"{'ok' if one.whole else 'NOT OK'}: {shown(one.path)}: {what}, {ends}")


def _plain(checked: list[Checked]) -> dict[str, object]:
    from restore.film import to_plain

    return {
        "whole": all(one.whole for one in checked),
        "checked": [{**to_plain(one), "whole": one.whole} for one in checked],
    }
