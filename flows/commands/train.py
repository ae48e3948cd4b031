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
        Path | None, typer.Option(metavar="DIR", help="Folder of the filters that the recipe names.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, metavar="M", help="Put it down after so long, weights written.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda:N.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on standard output.")] = False,
) -> None:
    """Train a network. Needs torch: install restore-film[train].

    \b
    restore train first --data pictures/
    restore train configs/train/first.toml --data pictures/ --teachers filters/ --minutes 60

    Writes DIR/duo.json, a model card, and the weights beside it: restore run film.mp4 --set
    colorize.weights=trained/duo.json. Without --teachers the network begins from nothing, and says so; without a GPU
    the recipe's table [processor] changes its schedule. --minutes and Ctrl-C put the training down; the same command
    takes it up again, after a kill too.
    """
    from restore.steps import train as step

    tell = _as_json if as_json else _as_line
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # put down as by Ctrl-C
    try:
        card, whole = step.train(recipe, data, out, device=device, teachers=teachers, minutes=minutes, report=tell)
    finally:
        signal.signal(signal.SIGTERM, before)
    if not whole:
        console.say("put down before its last step; the same command takes it up again")
    if card is not None:
        console.result(str(card))


def _as_json(event: dict[str, Any]) -> None:
    console.result(json.dumps(event))


def _as_line(event: dict[str, Any]) -> None:
    """A line that replaces itself on a terminal; scores stay."""
    from restore.flows.show import clock

    if "notice" in event:
        console.say(event["notice"])
        return
    if "scores" in event:
        console.say(f"step {event['step']}: {json.dumps(event['scores'])}")
        return
    if "doing" in event:
        line = f"{event['doing']} {event['done']:,}/{event['of']:,}, {clock(event['left_s'])} left"
    else:
        line = (
            f"step {event['step']}/{event['steps']}, loss {event['loss']}, "
            f"{event['pictures_per_s']} pictures/s, {clock(event['left_s'])} left"
        )
    if sys.stderr.isatty() and not console.log.quiet:
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
    else:
        console.say(line)
