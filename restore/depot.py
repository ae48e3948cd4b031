"""Storage that several machines share: a folder, NFS, s3:// or whatever else fsspec reaches. Files by their SHA-256.

What lies here is never trusted: every file is named by the digest of its bytes, and is held to it whenever it is
fetched. Nothing here is the truth either; a depot that is emptied costs time, and no work.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from restore import store
from restore.errors import DiskError, RestoreError, Unavailable, UsageError, shown
from restore.progress import Progress

WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "memory")
"""Protocols whose files appear whole or not at all; elsewhere they are written beside and renamed."""


UNUSED_S = 7 * 86400.0
"""Seconds after which what lies unused in a machine's cache is removed."""


def absolute(url: str | None) -> str | None:
    """The same storage for a process that works in another folder; a URL stays as it is."""
    return url if url is None or ":" in url else str(Path(url).absolute())


class Depot:
    """The storage at one URL: `/mnt/shared`, `s3://bucket/prefix`. Credentials come from the environment, never by URL.

    Raises UsageError for a URL that fsspec does not know, or whose package is not installed.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        self.url = url
        if re.match(r"[^/]*://[^/]*@", url):
            raise UsageError(f"--depot {_masked(url)}: keep name and password out of it; give them by environment")
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise UsageError(f"--depot {url}: {error}; install restore-film[scale]") from error
        except ValueError as error:
            raise UsageError(f"--depot {url}: {error}; write a folder, or s3://bucket/prefix") from error
        self._root = root.rstrip("/")
        protocols = self._files.protocol
        self._protocols = (protocols,) if isinstance(protocols, str) else tuple(protocols)

    def put(self, path: Path, sha256: str, progress: Progress | None = None) -> None:
        """Put a file here, unless one with its digest and size is here already. `progress` is told bytes.

        Raises Unavailable, DiskError.
        """
        size = path.stat().st_size
        with self._reached():
            target = self._blob(sha256)
            if self._size(target) == size:
                return
            self._make_folder(target)
            if "file" in self._protocols:
                _copy(path, Path(target), progress)
                return
            aside = target if self._whole else f"{target}.{store.TEMPORARY}{secrets.token_hex(6)}"
            self._files.put_file(str(path), aside)
            if aside != target:
                self._files.mv(aside, target)
            if progress is not None:
                progress(size, size)

    def get(self, sha256: str, final: Path, progress: Progress | None = None) -> Path:
        """Fetch a file and publish it as `final`; held to its digest, and fetched twice at most.

        Raises Unavailable (it is not here, or not what it should be), DiskError.
        """
        for last in (False, True):
            try:
                with store.writing(final) as part, self._reached():
                    with self._files.open(self._blob(sha256), "rb") as far:
                        got = _received(far, part, progress)
                    if got != sha256:
                        raise Unavailable(
                            f"storage {self.url}: {self._blob(sha256)} has SHA-256 {got[:16]}…; delete it there: the "
                            "same command puts it anew"
                        )
            except Unavailable:
                if last:
                    raise
            else:
                break
        return final

    def note(self, name: str, value: dict[str, Any]) -> None:
        """Put a few words down under a name, for whoever looks next. Raises Unavailable."""
        with self._reached():
            target = f"{self._root}/notes/{name}.json"
            self._make_folder(target)
            if "file" in self._protocols:
                store.write_json(Path(target), value)
            else:
                self._files.pipe_file(target, json.dumps(value).encode())

    def noted(self, name: str) -> dict[str, Any] | None:
        """What was put down under this name; None where nothing was, or nothing that can be read."""
        with self._reached():
            try:
                value = json.loads(self._files.cat_file(f"{self._root}/notes/{name}.json"))
            except (FileNotFoundError, ValueError):
                return None
        return value if isinstance(value, dict) else None

    def forget(self, blobs: list[str], notes: list[str]) -> None:
        """Remove what is not needed any more; what is gone already is no matter. Raises Unavailable."""
        paths = [self._blob(sha256) for sha256 in blobs] + [f"{self._root}/notes/{name}.json" for name in notes]
        with self._reached():
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    self._files.rm_file(path)

    def _blob(self, sha256: str) -> str:
        return f"{self._root}/blobs/{sha256[:2]}/{sha256}"

    def _make_folder(self, path: str) -> None:
        """For a file to come. Where there are no folders but buckets, nobody asked for a bucket."""
        if not self._whole:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)

    def _size(self, path: str) -> int | None:
        try:
            return int(self._files.info(path)["size"])
        except FileNotFoundError:
            return None

    @property
    def _whole(self) -> bool:
        return any(protocol in WHOLE for protocol in self._protocols)

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Whatever goes wrong with the storage, in a line; drivers raise errors of their own kinds."""
        try:
            yield
        except RestoreError:
            raise
        except FileNotFoundError as error:
            raise Unavailable(f"storage {self.url}: {shown(str(error))} is not there (any more)") from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno in store.FAILING:
                raise DiskError(f"storage {self.url}: {os.strerror(error.errno)}; the same command goes on") from error
            what = " ".join(shown(str(error)).split()) or type(error).__name__
            raise Unavailable(f"storage {self.url}: {what}; the same command goes on") from error


def _masked(url: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", url)


def _copy(path: Path, final: Path, progress: Progress | None) -> None:
    """Into a folder: whole under its name, or not there."""
    size = path.stat().st_size
    with store.writing(final) as part, path.open("rb") as source, part.open("wb") as target:
        while piece := source.read(store.CHUNK):
            target.write(piece)
            if progress is not None:
                progress(source.tell(), size)


def _received(far: Any, part: Path, progress: Progress | None) -> str:
    """Write what comes in; returns its SHA-256 (hex)."""
    digest, total = hashlib.sha256(), int(getattr(far, "size", None) or 0)
    with part.open("wb") as out:
        while piece := far.read(store.CHUNK):
            digest.update(piece)
            out.write(piece)
            if progress is not None:
                progress(out.tell(), max(total, out.tell()))
    return digest.hexdigest()


class Cache:
    """What this machine has fetched from depots, by SHA-256, for all its workers; each file once.

    In $RESTORE_CACHE, else the user's cache (XDG base directories). Files are hashed when they are fetched, and once
    more when another process first uses them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or _home()
        self._whole = dict[Path, tuple[int, int]]()  # of files that this process has hashed: size, modification time

    def file(self, sha256: str, suffix: str, depot: Depot, progress: Progress | None = None) -> Path:
        """The file with this digest, fetched if it is not here. Raises Unavailable, DiskError."""
        path = self.folder / f"{sha256}{suffix}"
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone(sha256):  # several workers of one machine: one fetches, the others wait
            if not self._holds(path, sha256):
                depot.get(sha256, path, progress)
                self._remember(path)
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))  # many disks note no reading
        return path

    def _holds(self, path: Path, sha256: str) -> bool:
        try:
            state = path.stat()
        except FileNotFoundError:
            return False
        if self._whole.get(path) == (state.st_size, state.st_mtime_ns):
            return True
        if store.file_sha256(path) != sha256:
            path.unlink()
            return False
        self._remember(path)
        return True

    def _remember(self, path: Path) -> None:
        state = path.stat()
        self._whole[path] = (state.st_size, state.st_mtime_ns)

    @contextlib.contextmanager
    def _alone(self, sha256: str) -> Iterator[None]:
        """The kernel's lock on a name; it ends with the process."""
        with (self.folder / f".{sha256[:16]}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def tidy(self, unused_s: float = UNUSED_S) -> None:
        """Remove what nobody has used for so long."""
        for path in self.folder.glob("*"):
            with contextlib.suppress(OSError):  # another worker was quicker
                state = path.stat()
                if time.time() - max(state.st_atime, state.st_mtime) > unused_s:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _home() -> Path:
    if given := os.environ.get("RESTORE_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "restore" / "depot"
