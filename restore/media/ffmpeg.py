"""The ffmpeg program, which puts the finished reel together: found, asked for its version, fed through a pipe."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from errno import EACCES, EDQUOT, EFBIG, EIO, ENOENT, ENOEXEC, ENOSPC, EROFS
from functools import lru_cache
from typing import IO

import av

from restore.errors import DiskError, Unavailable

OLDEST = 5
"""Major version below which options that we use are missing."""

ROTATES = 7
"""Major version from which Matroska gets a picture's rotation, and `-display_rotation` is there."""

_APART = {"GCONV_PATH": os.devnull}
"""A static build, as the wheel's is, dies of the machine's own character-set modules when it meets MPEG-TS."""

_DISK = {errno: os.strerror(errno) for errno in (ENOSPC, EDQUOT, EFBIG, EIO, EROFS)}
"""How the program names a full or failing disk; it can do so and end with 0 all the same."""

_LAST_WORDS = 10.0  # seconds for a program that has stopped listening
_SAID = 6  # lines of the program's messages that an error repeats


@dataclass(frozen=True)
class Program:
    """An ffmpeg program. `version` is what it says of itself; builds without a number count as new."""

    path: str
    version: str
    major: int


def program(oldest: int = OLDEST) -> Program:
    """The ffmpeg on PATH when it is at least of major version `oldest`, else the one in the imageio-ffmpeg wheel.

    Raises Unavailable when neither is there or neither is new enough.
    """
    seen = list[str]()
    for path in _candidates():
        found = _asked(path)
        if found and found.major >= oldest:
            return found
        seen.append(f"{path} ({found.version if found else 'does not run'})")
    raise Unavailable(
        f"no ffmpeg program of version {oldest} or newer: {', '.join(seen) or 'none found'}; "
        "install ffmpeg, or the Python package imageio-ffmpeg"
    )


def _candidates() -> Iterator[str]:
    if on_path := shutil.which("ffmpeg"):
        yield on_path
    with contextlib.suppress(ImportError, RuntimeError):  # RuntimeError: the wheel for this machine has no program
        import imageio_ffmpeg

        yield imageio_ffmpeg.get_ffmpeg_exe()


@lru_cache(maxsize=8)
def _asked(path: str) -> Program | None:
    try:
        said = subprocess.run(
            [path, "-hide_banner", "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True
        ).stdout.decode(errors="replace")
    except subprocess.SubprocessError:
        return None
    except OSError as error:
        if error.errno in (ENOENT, EACCES, ENOEXEC):
            return None
        raise  # short of files or of memory: no reason to take another program
    version = said.split("\n")[0].removeprefix("ffmpeg version ").split(" ")[0]
    number = re.match(r"n?(\d+)\.", version)
    return Program(path, version, int(number[1]) if number else 99)


def library_versions() -> dict[str, str]:
    """PyAV and the FFmpeg libraries inside it: what decodes and encodes; part of a take's key."""
    libraries = {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()}
    return {"av": av.__version__, **libraries}


@contextlib.contextmanager
def fed(arguments: list[str]) -> Iterator[IO[bytes]]:
    """Run ffmpeg with `arguments`; what is written into the file given out arrives as its `pipe:0`.

    It runs in a process group of its own, away from the terminal, and dies with the block that feeds it. Raises
    DiskError when the disk is full, Unavailable with the program's last lines when it fails.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **_APART},
        )
        assert process.stdin is not None
        try:
            yield process.stdin
            process.stdin.close()
            process.wait()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                raise
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_WORDS)  # it went away while we were writing: its own words say more than ours
            went_away = True
        else:
            went_away = False
        finally:
            _end(process)
        complaint = _complaint(arguments[0], process.wait(), log, went_away)
        if complaint is not None:
            raise complaint


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running: a program that was fed to its end is gone already."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin and not process.stdin.closed:
        with contextlib.suppress(OSError):  # unwritten rest for a program that is gone
            process.stdin.close()


def _complaint(path: str, code: int, log: IO[bytes], went_away: bool) -> Exception | None:
    """What is to be raised after the program's end: by its code, by its words, or because it stopped listening."""
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    disk = next((what for what in _DISK.values() if any(what in line for line in lines)), None)
    if code == -signal.SIGXFSZ:
        disk = _DISK[EFBIG]
    if disk is not None:
        return DiskError(f"{path}: {disk}, at the source or at the master; the same command goes on")
    if code == 0 and not went_away:
        return None
    said = "; ".join(lines[-_SAID:]) or f"it said nothing and ended with code {code}"
    return Unavailable(f"{path} could not put the reel together: {said}")
