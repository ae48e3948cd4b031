"""Where a run's Prefect server comes from: the one that PREFECT_API_URL names, or a temporary one of its own.

The temporary server boots in a process of its own while the film is opened and checked, listens on the loopback only,
wants a password made for this run, and sends nothing to anyone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from restore.errors import Unavailable
from restore.flows import console
from restore.progress import check_stop
from restore.tasks import OWN

START_TIMEOUT_S = 120.0
"""Seconds that a server may take to answer: 4 on an idle machine, 13 the first time, much more on a busy one."""

AWAY_TIMEOUT_S = 10.0
"""Seconds that the server of PREFECT_API_URL may take to answer."""

NO_LOOPBACK = "the loopback interface is down; ip link set lo up"
"""A machine without any network still has a loopback; a bare network namespace has one that is down."""

WATCHED = {
    "PREFECT_LOGGING_EXTRA_LOGGERS": "restore",
    "PREFECT_CLIENT_MAX_RETRIES": "6",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}
"""Settings of a run on a server that is there for others too: its page shows our log; one that is started again within
two minutes is waited for (2 + 4 + … + 64 s; Prefect's own five tries are a minute), while the shots go on. Prefect
would print a page for every event that an absent server is not told; we say once that it is away."""

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
}
"""Settings of every run, wherever its server is: no phoning home, nothing pickled, no second server by surprise."""

ALONE_MARK = "RESTORE_OWN_SERVER"
"""Environment variable: set in a run whose server is its own."""

ALONE = {
    ALONE_MARK: "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "1",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
}
"""Settings of a run with a temporary server: nobody schedules, triggers or reads the page of a server for one reel."""


def home() -> Path:
    """Prefect's folder: PREFECT_HOME, else a folder of ours in the user's cache (XDG base directories)."""
    if given := os.environ.get("PREFECT_HOME"):
        return Path(given)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "restore" / "prefect"


class Server:
    """The server of one run; a context manager. Entering starts it and returns at once, `ready()` waits for it.

    With PREFECT_API_URL set it starts nothing. It should be entered before Prefect is first imported: most settings
    travel by environment, which is put back at the end.
    """

    def __init__(self) -> None:
        self.own = not os.environ.get("PREFECT_API_URL")
        self.url = os.environ.get("PREFECT_API_URL", "")
        self._environment = dict(os.environ)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        for name, value in (QUIET | (ALONE if self.own else WATCHED)).items():
            os.environ.setdefault(name, value)
        if self.own:
            self._start()
        return self

    def _start(self) -> None:
        folder = home()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        password = f"restore:{secrets.token_urlsafe(32)}"
        with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "server.log").open("wb") as log:
            origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.url = f"{origin}/api"
            os.environ.update(
                PREFECT_HOME=str(folder),
                PREFECT_API_URL=self.url,
                PREFECT_API_AUTH_STRING=password,
                PREFECT_SERVER_API_AUTH_STRING=password,
                PREFECT_SERVER_CORS_ALLOWED_ORIGINS=origin,
            )
            os.environ[OWN] = "1"
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "restore.flows.temporary_server", str(listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=(listener.fileno(),),
                start_new_session=True,  # Ctrl-C reaches the run only
            )

    def ready(self, timeout_s: float | None = None) -> None:
        """Wait until the server answers. Raises Unavailable when it does not or ended, Stopped when asked to stop."""
        if timeout_s is None:
            timeout_s = START_TIMEOUT_S if self.own else AWAY_TIMEOUT_S
        problem = waited_for(self.url, time.monotonic() + timeout_s, self._ended, 0.05 if self.own else 1.0)
        if not problem:
            return
        what = "the run's own Prefect server does not start" if self.own else f"no Prefect server at {self.url}"
        raise Unavailable(f"{what}: {problem}")

    def _ended(self) -> str:
        if self._process is None or self._process.poll() is None:
            return ""
        return f"it ended with code {self._process.returncode}; see {home() / 'server.log'}"

    def answers(self) -> bool:
        """Whether the server is there now."""
        return _asked(self.url) == ""

    def revive(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until the server is there again; one of the run's own that has ended is started anew. Raises as
        `ready`."""
        if self._process is not None and self._process.poll() is not None:
            self._start()
        self.ready(timeout_s)

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Prefect's settings while flows of this process run on this server."""
        from prefect import settings
        from prefect.events.clients import NullEventsClient
        from prefect.events.worker import EventsWorker

        if self.own:
            # Nobody will ever read this server's events; sending them would cost time, and noise when it goes away.
            EventsWorker.set_client_override(NullEventsClient)
        with settings.temporary_settings(
            {
                settings.PREFECT_API_URL: self.url,
                settings.PREFECT_API_AUTH_STRING: os.environ.get("PREFECT_API_AUTH_STRING"),
                # The heartbeat's thread would hold up the end of every run by a second.
                settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            }
        ):
            yield

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.own and not self.answers():
            console.IN_HASTE.set()  # Prefect would take seven seconds over each event that it could not send
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        os.environ.clear()
        os.environ.update(self._environment)


def waited_for(url: str, until: float, ended: Callable[[], str], every_s: float = 0.2) -> str:
    """Nothing once the server whose interface is at `url` answers, else what is wrong at `until` (monotonic seconds),
    or as soon as it has `ended`. Raises Stopped when asked to stop."""
    problem = "no answer"
    while time.monotonic() < until:
        check_stop()
        if why := ended():
            return why
        problem = _asked(url)
        if problem in ("", NO_LOOPBACK):
            return problem
        time.sleep(every_s)
    return problem


def _asked(url: str) -> str:
    """Nothing when a Prefect server answers at `url` and sees its database, else what is wrong."""
    try:
        with urllib.request.urlopen(url.rstrip("/") + "/ready", timeout=1.0):  # noqa: S310 (the user's own, or ours)
            return ""
    except urllib.error.HTTPError as error:
        # Asked for a password it is there; Prefect's client brings one.
        return "" if error.code in (401, 403) else f"it answers {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        return NO_LOOPBACK if getattr(reason, "errno", None) == errno.ENETUNREACH else str(error)


def boot_time() -> str:
    """Start a temporary server and stop it again; says how long the start took. Raises Unavailable."""
    began = time.monotonic()
    with Server() as server:
        server.ready()
        what = "own server answers" if server.own else f"{os.environ['PREFECT_API_URL']} answers"
        return f"{what} after {time.monotonic() - began:.1f} s"
