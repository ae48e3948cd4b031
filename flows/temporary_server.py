"""A Prefect server for one run: made at the start of a run, gone with the process that started it.

Started by `restore.flows.server` as `python -m restore.flows.temporary_server FD`. FD is a listening socket on the
loopback, so that nobody races for a port; standard input is a pipe whose other end the run holds, so that the server
ends when the run ends, whatever ends it. Settings come by environment (PREFECT_*), as with any Prefect server.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

ASKED = ("/flows", "/flow_runs", "/task_runs", "/csrf-token", "/admin", "")
"""The parts of Prefect's interface that a run asks for. FastAPI prepares all those before the one asked for, which for
all of them takes most of a second; and what is not there needs no guard."""


@contextlib.contextmanager
def run_folder(home: Path) -> Iterator[Path]:
    """A folder of this server's own; folders that killed servers left (their lock is free) are removed first."""
    runs = home / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for left in runs.iterdir():
        with contextlib.suppress(OSError), (left / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=runs))
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def prepare_database(home: Path, folder: Path) -> None:
    """Make the run's SQLite file. Prefect's 8 s of migrations are paid once per Prefect version, then copied.

    Two first runs at once both migrate, each into a file of its own; the last one's copy stays.
    """
    template = home / f"empty-{version('prefect')}.db"
    database = folder / "prefect.db"
    os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{database}"
    if template.exists():
        shutil.copyfile(template, database)
        return
    import asyncio

    from prefect.server.database import provide_database_interface

    asyncio.run(provide_database_interface().create_db())
    part = folder / "template.db"
    shutil.copyfile(database, part)
    part.replace(template)


def leave_with_run(folder: Path) -> None:
    """Wait for the run's end of the pipe to close, then leave at once: nobody reads this database again."""
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Serve until the pipe on standard input closes."""
    home = Path(os.environ["PREFECT_HOME"])
    with run_folder(home) as folder:
        threading.Thread(target=leave_with_run, args=(folder,), daemon=True).start()
        prepare_database(home, folder)
        import uvicorn
        from prefect.server.api import server
        from starlette.middleware.trustedhost import TrustedHostMiddleware

        server.API_ROUTERS = tuple(r for r in server.API_ROUTERS if r.prefix in ASKED)  # type: ignore[assignment]
        app = server.create_app(ephemeral=True, final=True)
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1"])
        uvicorn.run(app, fd=int(sys.argv[1]), log_level="critical", lifespan="on")


if __name__ == "__main__":
    main()
