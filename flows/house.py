"""Starts a Prefect server to keep, and again should it end: for `restore server start` and `restore serve`."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from restore.errors import Unavailable, UsageError, shown
from restore.flows.server import QUIET, home, waited_for

log = logging.getLogger(__name__)

PORT = 4200
"""Prefect's usual one."""

KEY = "PREFECT_SERVER_API_AUTH_STRING"
"""Environment variable: `user:password` that everyone who asks the server must give (PREFECT_API_AUTH_STRING)."""

PATIENCE_S = 600.0
"""Seconds that a server may take to answer: 20 the first time, while its tables are made; minutes on a busy machine."""

AGAIN_S = 2.0
"""Seconds between the end of a server and its next start."""


def address(host: str, port: int) -> str:
    """`http://host:port/api`"""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/api"


def environment(host: str, port: int) -> dict[str, str]:
    """Settings of a server at this address: own origin only, CSRF tokens wanted, results as JSON, nothing sent out.

    Raises UsageError for an address that others can reach when no password is set.
    """
    if not _is_loopback(host) and ":" not in os.environ.get(KEY, ""):
        raise UsageError(
            f"--host {shown(host)}: others can reach that: set {KEY}=user:password first, and PREFECT_API_AUTH_STRING "
            "to the same for those who ask it"
        )
    origin = address(host, port).removesuffix("/api")
    return {
        **QUIET,
        "PREFECT_HOME": str(home()),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": origin,
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_UI_API_URL": "/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_API_URL": "",
        "PYTHONSAFEPATH": "1",
    }


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def command(host: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The server's command line and its whole environment. Raises UsageError, and Unavailable for a port in use."""
    settings = environment(host, port)
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"port {port} of {shown(host)}: {error.strerror}; if a Prefect server is there, set "
                f"PREFECT_API_URL={address(host, port)}, else choose another --port"
            ) from None
    Path(settings["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    made = {name: value for name, value in settings.items() if name != "PREFECT_API_URL"}
    return [sys.executable, "-P", "-m", "restore.flows.house_server", host, str(port)], {**made, **kept, **_firm(made)}


def _firm(settings: dict[str, str]) -> dict[str, str]:
    """Settings that the environment does not change: they are what makes the server safe."""
    return {name: settings[name] for name in settings if "CORS" in name or "CSRF" in name or "SERIALIZER" in name}


class House:
    """A server that lives as long as this process, and is started again when it ends. A context manager."""

    def __init__(self, port: int = PORT, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self.url = address(host, port)
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, daemon=True, name="server")

    def __enter__(self) -> House:
        self._command, self._environment = command(self._host, self._port)
        self._start()
        self._keeper.start()
        return self

    def ready(self) -> None:
        """Wait until it answers. Raises Unavailable, Stopped."""
        until = time.monotonic() + PATIENCE_S
        problem = waited_for(self.url, until, self._ended)
        if problem:
            raise Unavailable(f"the Prefect server does not start: {problem}; see {home() / 'house.log'}")

    def _ended(self) -> str:
        code = None if self._process is None else self._process.poll()
        return "" if code is None else f"it ended with code {code}"

    def _start(self) -> None:
        reading, writing = os.pipe()
        with (home() / "house.log").open("ab") as out:
            self._process = subprocess.Popen(
                [*self._command, str(reading)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, pass_fds=(reading,), env=self._environment,
                start_new_session=True,  # Ctrl-C reaches the service only
            )  # fmt: skip
        os.close(reading)
        self._pipe = writing  # the kernel closes it with this process

    def _keep(self) -> None:
        while not self._ending.is_set():
            process = self._process
            if process is not None and process.poll() is not None:
                log.warning("the Prefect server ended with code %d; it is started again", process.returncode)
                os.close(self._pipe)
                self._start()
            self._ending.wait(AGAIN_S)

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._keeper.join()
        if self._process is not None:
            os.close(self._pipe)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def at_hand(port: int) -> Iterator[str]:
    """The address of a server: that of PREFECT_API_URL, else of one that is started here and ends with this process."""
    if given := os.environ.get("PREFECT_API_URL"):
        yield given
        return
    with House(port) as house:
        house.ready()
        yield house.url
