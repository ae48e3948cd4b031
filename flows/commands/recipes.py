"""`restore recipes`: the recipes that ship, and every setting of one with its value."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from restore.flows import console


def recipes(
    name: Annotated[str | None, typer.Argument(metavar="[RECIPE]", help="A recipe that ships, or a TOML file.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change a setting.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the recipes; of one, print all settings, as a file to copy and edit.

    \b
    restore recipes
    restore recipes film > mine.toml
    restore recipes mine.toml --set colorize.candidate=1
    """
    from restore.configs import recipe as shelf

    if name is None:
        found = {each: shelf.load(each).head.title for each in shelf.names()}
        if as_json:
            console.result_json(found)
            return
        width = max(map(len, found))
        for each, title in found.items():
            console.result(f"{each:<{width}}  {title}")
        return
    plain = shelf.load(name, tuple(overrides or ())).plain
    if as_json:
        console.result_json(plain)
    else:
        console.result(toml(plain))


def toml(plain: dict[str, Any]) -> str:
    """A resolved recipe as TOML that `restore run --recipe` takes; settings that are none are left out."""
    head = {key: value for key, value in plain.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_value(head[key])}" for key in ("title", "filters", "seed")]
    for table, settings in plain.items():
        if isinstance(settings, dict):
            lines += ["", f"[{table}]"]
            lines += [f"{key} = {_value(value)}" for key, value in settings.items() if value is not None]
    return "\n".join(lines)


def _value(value: Any) -> str:
    """A TOML value; JSON's strings, numbers, booleans and flat lists are TOML's too."""
    import json

    return json.dumps(value, ensure_ascii=False)
