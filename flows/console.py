"""What a person or a script sees: results on standard output, messages on standard error, everything in the log."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import os
import sys
import threading
from pathlib import Path
from typing import Any

from restore.errors import RestoreError, shown

WAITING = 10_000
"""Log records kept in memory until it is known in which folder the log belongs."""

IN_HASTE = threading.Event()
"""Set when this process shall end at once, without the farewells of libraries: they would wait for a server that is
gone."""


def _to_stderr(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody reads: that is no reason to stop
        print(line, file=sys.stderr, flush=True)


class _Screen(logging.Handler):
    """Log records as single lines on whatever standard error is now; tracebacks are for the file."""

    def emit(self, record: logging.LogRecord) -> None:
        _to_stderr(f"restore: {shown(record.getMessage())}")


class _File(logging.FileHandler):
    """The log on disk. When that is full, the run says so; the log itself keeps quiet."""

    def handleError(self, record: logging.LogRecord) -> None: ...

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what is still in its buffer
            super().close()


class _Log:
    """The log of this process: in memory first, then in the file of the reel at work."""

    def __init__(self) -> None:
        self.quiet = False
        self.path: Path | None = None
        self.screen = _Screen()
        self.memory = logging.handlers.MemoryHandler(WAITING, flushLevel=logging.CRITICAL + 1)
        # Prefect leaves the root logger alone when it finds a handler with a formatter there.
        self.memory.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))

    def begin(self, verbose: int, quiet: bool) -> None:
        self.quiet = quiet
        logging.getLogger().addHandler(self.memory)
        ours = logging.getLogger("restore")
        ours.addHandler(self.screen)
        ours.setLevel(logging.DEBUG)
        said = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
        self.screen.setLevel(logging.ERROR if quiet else said)

    def into(self, path: Path | None) -> None:
        """Write what was kept, and all that follows, to the end of `path`; None closes the file."""
        if (old := self.memory.target) is not None:
            self.memory.setTarget(None)
            old.close()
        self.path = path
        self.memory.flushLevel = logging.CRITICAL + 1 if path is None else logging.NOTSET
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = _File(path, encoding="utf-8", errors="backslashreplace")
            file.setFormatter(self.memory.formatter)
            self.memory.setTarget(file)
            self.memory.flush()


log = _Log()
_logger = logging.getLogger("restore")


def speak(verbose: int, quiet: bool) -> None:
    """Set how much is said on standard error: errors only (`quiet`), warnings, or more with each `verbose`."""
    log.begin(verbose, quiet)


def state_folder() -> Path:
    """Where the log of a command goes that has no reel's folder (XDG base directories)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "restore"


def say_error(text: str) -> None:
    """One line on standard error, always."""
    _to_stderr(f"restore: {shown(text)}")


def say(text: str) -> None:
    """A line of message on standard error, unless --quiet."""
    if not log.quiet:
        _to_stderr(shown(text))


class ReaderGone(Exception):
    """Standard output was closed by whoever read it."""


def result(text: str) -> None:
    """A line of result on standard output. Raises ReaderGone."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise ReaderGone from None  # typer would end the program with 1


def result_json(value: Any) -> None:
    """A result for programs: one JSON object, indented, on standard output."""
    result(json.dumps(value, indent=2, ensure_ascii=True))


def _note(text: str, error: BaseException) -> None:
    """Text and traceback into the log on disk, and nowhere else: where Prefect listens to our loggers, its page and its
    lines on the terminal show all that they say."""
    trace = (type(error), error, error.__traceback__)
    log.memory.handle(_logger.makeRecord(_logger.name, logging.DEBUG, __file__, 0, text, (), trace))


def fail(error: RestoreError) -> None:
    """Say a known error in one line; its traceback goes to the log, if a log is open."""
    if log.path is not None:
        _note(f"ended by {type(error).__name__}", error)
    say_error(str(error))


def bug(error: BaseException) -> None:
    """Say an unknown error in one line that names the log with the traceback."""
    if log.path is None:
        log.into(state_folder() / "restore.log")
    _note(f"a bug: {error}", error)
    say_error(f"a bug of ours: {type(error).__name__}: {error}; the traceback is in {log.path}")
