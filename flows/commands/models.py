"""`restore models`: the networks that are here, whether their weights are whole, and weights from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from restore.flows import console

app = typer.Typer(help="The networks and their weights.", rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def _models() -> None:
    """The networks and their weights."""


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """List networks with title, weights, hash and licence; 78 when weights are not whole."""
    rows = [_row(network, weights) for network, weights in _pairs()]
    if as_json:
        console.result_json(rows)
    else:
        for row in rows:
            console.result(f"{row['network']}: {row['title']}")
            there = f"weights {row['weights']}, {row['state']}, SHA-256 {row['sha256']}"
            console.result(f"    {there if row['weights'] else row['state']}")
            console.result(f"    licence {row['licence']}; {row['paper']}")
    return 0 if all(row["state"] in ("whole", NONE) for row in rows) else 78


@app.command()
def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="raft, raft_large or vgg19, which others publish.")],
) -> int:
    """Download published weights into torch's cache and compare their SHA-256.

    \b
    restore models pull raft

    Nothing else in this program downloads anything. A file that is there and whole is left as it is.
    """
    from restore import published
    from restore.errors import shown

    entry = published.known(name)
    console.say(f"{entry.title}: {entry.url}")
    console.say(f"licence {entry.licence}; {entry.paper}")
    file = published.pull(name)
    console.result(f"{name}: {shown(file)}, SHA-256 {published.sha256(name)}")
    return 0


NONE = "comes without weights; docs/models.md says how to make them"


def _pairs() -> list[tuple[str, str | None]]:
    from restore import models

    return [(name, weights) for name in models.names() for weights in models.card(name).weights or (None,)]


def _row(network: str, name: str | None) -> dict[str, Any]:
    from restore import models, weights
    from restore.errors import BadWeights

    card = models.card(network)
    row = {"network": network, "title": card.title, "paper": card.paper, "licence": card.licence, "weights": name}
    if name is None:
        return {**row, "sha256": None, "size_bytes": None, "state": NONE}
    try:
        found = weights.find(name)
        for file, _ in found.files:
            found.verified(file.removeprefix(found.name))
        return {**row, "sha256": found.sha256, "size_bytes": found.size_bytes, "state": "whole"}
    except BadWeights as error:
        return {**row, "sha256": None, "size_bytes": None, "state": f"not usable: {error}"}


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors file, or its card (.json) beside it.")],
) -> None:
    """Check weights as a run does before it uses them: every file's hash, every tensor's shape, every number finite.

    \b
    restore models check mine/duo.safetensors

    78 when anything is wrong; the line says what. The card, NAME.json, says what is right: `restore train` and
    `restore models convert` write one.
    """
    from restore import weights

    for line in weights.check(file):
        console.result(line)


@app.command("convert")
def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE.pth", help="A checkpoint as PyTorch saves it.")],
    to: Annotated[Path, typer.Option("--to", metavar="NAME.safetensors", help="The result; its card goes beside it.")],
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Which entry of the file holds the tensors.")] = None,
) -> None:
    """Turn a published .pth checkpoint into safetensors and a card. Only numbers are taken; code in it is refused.

    \b
    restore models convert raft_large.pth --to weights/raft_large.safetensors

    Needs torch 2.10 or newer, whose restricted reader is the only one used. Do it once, on a machine you can spare,
    for files of people you trust; everything else reads safetensors only.
    """
    from restore import checkpoint

    for line in checkpoint.convert(file, to, key):
        console.result(line)
