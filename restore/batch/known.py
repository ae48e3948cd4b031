"""What was hashed once need not be hashed again each night: digests by path, good as long as the file is the same one.

A notebook, not a truth: with the file lost or broken, everything is hashed once more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from restore import store
from restore.batch.inbox import Sign, is_film, sign
from restore.media.sequence import digest_of, frame_files
from restore.progress import meter
from restore.store import file_sha256

NOTES = "known.json"
"""In OUT/.restore."""


NO_FILM = "no film"
"""In place of a digest."""


class Known:
    """Digests of sources and results, kept in `folder`; for one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NOTES
        self._notes: dict[str, tuple[Sign, str]] = {}
        self._changed = False
        try:
            self._notes = {name: (tuple(seen), str(digest)) for name, (seen, digest) in self._read().items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self._changed = True

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        return found

    def sha256(self, path: Path) -> str:
        """SHA-256 (hex) of a file, or of a folder of frames as `Reel.sha256` has it. Raises OSError, BadInput,
        Stopped."""
        now = sign(path)
        if (before := self._notes.get(str(path))) is not None and before[0] == now:
            return before[1]
        digest = digest_of(frame_files(str(path))) if path.is_dir() else file_sha256(path, meter("probe"))
        self.note(path, digest)
        return digest

    def is_film(self, path: Path) -> bool:
        """`inbox.is_film`, asked once of each file. A file that is gone is none."""
        try:
            now = sign(path)
        except OSError:
            return False
        if (before := self._notes.get(str(path))) is not None and before[0] == now:
            return before[1] != NO_FILM
        if not is_film(path):
            self.note(path, NO_FILM)
            return False
        return True

    def note(self, path: Path, digest: str) -> None:
        """Remember what is known from elsewhere: `digest` is that of the file as it is now."""
        self._notes[str(path)] = (sign(path), digest)
        self._changed = True

    def save(self) -> None:
        """Write the notes down, those of files that are gone left out. Raises DiskError."""
        if self._changed:
            there = {name: [list(seen), digest] for name, (seen, digest) in self._notes.items() if Path(name).exists()}
            with store.disk_errors(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)
            store.write_json(self._path, there)
            self._changed = False
