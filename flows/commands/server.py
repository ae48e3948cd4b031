"""`restore server start`: a Prefect server to keep, safe by itself."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from restore.flows import console

app = typer.Typer(help="A Prefect server to keep: restore server start.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _server() -> None: ...


@app.command("start")
def start(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where it listens; the loopback: this machine only.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="Its port.")] = 4200,
) -> None:
    """Start a Prefect server for services and workers, here until it is stopped.

    \b
    restore server start
    export PREFECT_API_URL=http://127.0.0.1:4200/api

    Others can reach an address other than the loopback, so that one needs a password: set
    PREFECT_SERVER_API_AUTH_STRING=user:password, and PREFECT_API_AUTH_STRING to the same for workers and for
    restore submit, status, logs, cancel. No other web page may use the server, and it sends nothing to anyone. Its
    database is a file in PREFECT_HOME, or what PREFECT_API_DATABASE_CONNECTION_URL names.
    """
    from restore.flows.house import address, command

    words, environment = command(host, port)
    console.say(f"Prefect server: {address(host, port).removesuffix('/api')}")
    console.say(f"to speak to it: export PREFECT_API_URL={address(host, port)}")
    os.execve(words[0], words, environment)  # noqa: S606 (it takes our place: signals reach it, and its code is ours)
