"""Where finished things are put away: a file under its final name is whole and on disk, or it is not there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from restore.errors import Busy, DiskError, OutputExists, RestoreError
from restore.progress import Progress
from restore.renames import rename_alone, swap

log = logging.getLogger(__name__)

CHUNK = 1 << 20
TEMPORARY = ".part-"
"""Prefix of a file that is still being written. Names do not grow with the final name, so 255-byte names fit."""

LONGEST_NAME = 255
"""Bytes of a file's name on the usual file systems of Linux, macOS and Windows."""

ROOM = 40
"""Of these, bytes for what results are called behind the film's name, as in `.provenance.json`."""


def file_sha256(path: Path, progress: Progress | None = None) -> str:
    """SHA-256 (hex) of a file's bytes, read once in 1 MiB pieces; `progress` is told bytes, and may stop it."""
    return file_digests(path, ("sha256",), progress)["sha256"]


def file_digests(path: Path, algorithms: Sequence[str], progress: Progress | None = None) -> dict[str, str]:
    """Digests (hex) of a file's bytes by hashlib's names, all from one reading; `progress` as above."""
    digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while piece := file.read(CHUNK):
            for digest in digests.values():
                digest.update(piece)
            if progress is not None:
                progress(min(file.tell(), size), size)
    return {name: digest.hexdigest() for name, digest in digests.items()}


FAILING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """While `path` is written: a full or failing disk becomes DiskError, a folder that takes no file OutputExists.

    Errors that speak of files elsewhere pass through.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, RestoreError):
            raise
        what = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in FAILING:
            raise DiskError(f"{path}: {what}; what is finished is kept, the same command goes on") from error
        named = [os.fsdecode(name) for name in (error.filename, error.filename2) if name is not None]
        ours = not named or any(str(path).startswith(str(Path(name).parent)) for name in named)
        if error.errno in CLOSED and ours:
            raise OutputExists(f"{path}: cannot be made: {what}; choose another folder with --out") from error
        raise


def temporary(final: Path) -> Path:
    """A fresh name beside `final`, in the same folder so that the rename is atomic, with the same suffix."""
    return final.with_name(f"{TEMPORARY}{secrets.token_hex(6)}{final.suffix}")


def fitting(stem: str) -> str:
    """`stem`, or so much of it, and eight digits of its digest, that ROOM bytes may follow in a file's name."""
    name = os.fsencode(stem)
    if len(name) <= LONGEST_NAME - ROOM:
        return stem
    mark = f"~{hashlib.sha256(name).hexdigest()[:8]}"
    kept = len(stem)
    while len(os.fsencode(stem[:kept])) + len(mark) > LONGEST_NAME - ROOM:
        kept -= 1
    return stem[:kept] + mark


def publish(written: Path, final: Path, *, replace: bool = True) -> None:
    """Put `written` under its final name: fsync the file, rename it, fsync the folder.

    With `replace=False` an existing `final` is never touched: OutputExists.
    """
    with disk_errors(final):
        _sync(written)
        if replace:
            written.replace(final)
        else:
            try:
                rename_alone(written, final)
            except FileExistsError:
                raise OutputExists(f"{final}: exists already; give --overwrite to replace it") from None
        sync_folder(final.parent)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish_folder(written: Path, final: Path, *, replace: bool = False) -> None:
    """Put the folder `written` with all in it under its final name, whole, by one rename; both on one disk.

    Everything is on disk before that. A folder that is replaced changes places with the new one in the same instant,
    where the file system can do so, and is then removed; elsewhere it is moved away first. Raises OutputExists.
    """
    with disk_errors(final):
        for folder, _, names in os.walk(written, topdown=False):
            for name in names:
                _sync(Path(folder) / name)
            sync_folder(Path(folder))
        if not os.path.lexists(final):
            written.rename(final)
        elif not replace:
            raise OutputExists(f"{final}: exists already; give --overwrite to replace it")
        else:
            _exchange(written, final)
        sync_folder(final.parent)


def _exchange(new: Path, final: Path) -> None:
    """`new` becomes `final`; what was there is removed."""
    old = new
    if not swap(new, final):
        old = temporary(new)
        final.rename(old)
        new.rename(final)
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old)
    else:
        old.unlink()


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that the names in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, each so that it survives a power cut."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


@contextlib.contextmanager
def writing(final: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yields a temporary path to write to; publishes it on success, removes it on any failure."""
    part = temporary(final)
    try:
        with disk_errors(final):
            yield part
        publish(part, final, replace=replace)
    finally:
        part.unlink(missing_ok=True)


def write_text(final: Path, text: str) -> None:
    """Publish a small UTF-8 text file."""
    with writing(final) as part:
        part.write_text(text, encoding="utf-8")


def write_json(final: Path, value: Any) -> None:
    """Publish plain JSON types, indented, keys in the order given, ending in a newline.

    Letters stay letters, unless a file's name in it is no UTF-8: then all is ASCII, and its bytes are `\\udcNN`.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        text = json.dumps(value, indent=2, ensure_ascii=True)
    write_text(final, text + "\n")


def free_bytes(folder: Path) -> int:
    """Free space for an ordinary user on the disk that holds `folder` or its nearest existing parent."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def size_said(held: int | float) -> str:
    """Bytes for people: 12.3 MB, 4.50 GB."""
    return f"{held / 1e9:.2f} GB" if held >= 1e9 else f"{held / 1e6:.1f} MB"


class WorkFolder:
    """The folder of one reel's unfinished work, held by one run at a time.

    A context manager: entering makes `OUT/.restore/<digest>/`, locks it (Busy, naming the holder's process id, when
    another run has it) and sweeps temporary files that a killed run left. The lock is the kernel's: it ends with the
    process, whatever ends the process.
    """

    def __init__(self, out: Path, reel_sha256: str) -> None:
        self.folder = out / ".restore" / reel_sha256[:16]
        self.takes = self.folder / "takes"
        self._lock: int | None = None

    def path(self, name: str) -> Path:
        return self.folder / name

    def __enter__(self) -> WorkFolder:
        with disk_errors(self.folder):
            make_folder(self.takes)
            self._lock = os.open(self.path("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            self._lock = None
            raise Busy(f"{self.folder}: process {holder} is at work on this reel; wait for it or stop it") from None
        try:
            with disk_errors(self.folder):
                os.ftruncate(self._lock, 0)
                os.pwrite(self._lock, f"{os.getpid()}\n".encode("ascii"), 0)
                self._sweep()
        except BaseException:
            self._release()
            raise
        return self

    def _sweep(self) -> None:
        """Remove what a killed run was still writing."""
        for folder in (self.folder, self.takes):
            for left in folder.glob(f"{TEMPORARY}*"):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)  # a program of that run may still be writing there
                else:
                    left.unlink(missing_ok=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Remove the folder and, when no other reel is at work beside it, `.restore` itself. Only while held.

        It loses its name first: a run that is killed here is finished, and `sweep` takes away what it left. The results
        have their names already, so a folder that cannot be removed is told, and is no failure.
        """
        nameless = temporary(self.folder)
        try:
            self.folder.rename(nameless)
            sync_folder(self.folder.parent)
        except OSError as error:
            log.warning("%s: could not be removed (%s); the results are whole without it", self.folder, error.strerror)
            return
        sweep(self.folder.parent.parent)
        beside = self.folder.parent
        if nameless.exists() or (beside.exists() and not any(beside.iterdir())):
            log.warning("%s: could not be removed; the results are whole without it, the next run tries again", beside)


def sweep(out: Path) -> None:
    """Remove what is left in `out` of the work folders of finished runs."""
    for left in (out / ".restore").glob(f"{TEMPORARY}*"):
        shutil.rmtree(left, ignore_errors=True)
    with contextlib.suppress(OSError):  # it is not there, or other reels' folders are still in it
        (out / ".restore").rmdir()
