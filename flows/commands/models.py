"""`restore models`: the networks that are here, whose weights they have, and whether those are whole."""

from __future__ import annotations

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
            console.result(f"    weights {row['weights']}, {row['state']}, SHA-256 {row['sha256']}")
            console.result(f"    licence {row['licence']}; {row['paper']}")
    return 0 if all(row["state"] == "whole" for row in rows) else 78


def _pairs() -> list[tuple[str, str]]:
    from restore import models

    return [(name, weights) for name in models.names() for weights in models.card(name).weights]


def _row(network: str, name: str) -> dict[str, Any]:
    from restore import models, weights
    from restore.errors import BadWeights

    card = models.card(network)
    row = {"network": network, "title": card.title, "paper": card.paper, "licence": card.licence, "weights": name}
    try:
        found = weights.find(name)
        for file, _ in found.files:
            found.verified(file.removeprefix(found.name))
        return {**row, "sha256": found.sha256, "size_bytes": found.size_bytes, "state": "whole"}
    except BadWeights as error:
        return {**row, "sha256": None, "size_bytes": None, "state": f"not usable: {error}"}
