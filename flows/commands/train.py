"""`restore train`: teach a network on pictures and films of one's own."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from restore.flows import console


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A TOML file, or a training recipe that ships.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of pictures and films in colour.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for weights, curves, sample sheets.")
    ] = Path("trained"),
    teachers: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the filters that the recipe begins with.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.0, metavar="M", help="Put it down after so long.")] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda:N.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on standard output.")] = False,
) -> None:
    """Train a network. Needs torch: install restore-film[train].

    \b
    restore train first --data pictures/
    restore train configs/train/first.toml --data pictures/ --minutes 60

    Ctrl-C puts the training down; the same command takes it up again.
    """
    from restore.steps import train as step

    tell = _as_json if as_json else _as_line
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # put down as by Ctrl-C
    try:
        card = step.train(recipe, data, out, device=device, teachers=teachers, minutes=minutes, report=tell)
    finally:
        signal.signal(signal.SIGTERM, before)
    if card is None:
        console.say("put down; the same command takes it up again")
    else:
        console.result(str(card))


def _as_json(event: dict[str, Any]) -> None:
    console.result(json.dumps(event))


def _as_line(event: dict[str, Any]) -> None:
    """A line that replaces itself on a terminal; scores stay."""
    from restore.flows.show import clock

    if "scores" in event:
        console.say(f"step {event['step']}: {json.dumps(event['scores'])}")
        return
    line = (
        f"step {event['step']}/{event['steps']}, loss {event['loss']}, "
        f"{event['pictures_per_s']} pictures/s, {clock(event['left_s'])} left"
    )
    if sys.stderr.isatty() and not console.log.quiet:
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
    else:
        console.say(line)
