"""A Prefect server to keep: for the nights of one machine, or for many workers. Safe by itself.

Started by `restore.flows.house` as `python -P -m restore.flows.house_server HOST PORT [FD]`. It listens on the
loopback unless told otherwise, answers only requests that name its own address, lets no other web page read or write,
and sends nothing to anyone. With FD, a pipe, it ends when the other end closes: it belongs to a service then.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'"
)
"""Prefect's pages may talk to this server alone; nobody may frame them. Their scripts want inline and eval."""

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Guarded:
    """Adds to every answer what browsers are to enforce (ASGI middleware)."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"], (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"),
                ]  # fmt: skip
            await send(message)

        await self._app(scope, receive, guarded)


def _end_with(pipe: int) -> None:
    """Wait for the other end of the pipe to close, then leave at once: SQLite holds what was committed."""
    while os.read(pipe, 1):
        pass
    os._exit(0)


def main() -> None:
    """Serve until stopped."""
    host, port = sys.argv[1], int(sys.argv[2])
    if len(sys.argv) > 3:
        threading.Thread(target=_end_with, args=(int(sys.argv[3]),), daemon=True).start()
    home = Path(os.environ["PREFECT_HOME"])
    lock = (home / "house.lock").open("w")
    try:
        if "PREFECT_API_DATABASE_CONNECTION_URL" not in os.environ:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{home / 'house.db'}"
    except BlockingIOError:
        sys.exit(f"another server has {home / 'house.db'}; set PREFECT_API_URL to it, or another PREFECT_HOME")
    import uvicorn
    from prefect.server.api import server
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = server.create_app(final=True)
    app.add_middleware(Guarded)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=names(host))
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


def names(host: str) -> list[str]:
    """By which names the server may be asked: those of the loopback, and its own address. Where it listens on all
    addresses, RESTORE_SERVER_NAMES says more."""
    more = os.environ.get("RESTORE_SERVER_NAMES", "").split()
    return ["127.0.0.1", "localhost", "[::1]", *([] if host in ("0.0.0.0", "::") else [host]), *more]  # noqa: S104


if __name__ == "__main__":
    main()
