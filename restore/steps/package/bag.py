"""The bag itself (BagIt 1.0, RFC 8493): payload in data/, manifests of two digests, a few words about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import bagit

from restore import __version__
from restore.errors import ProofFailed, shown
from restore.progress import Progress
from restore.store import file_digests, write_text

ALGORITHMS = ("sha256", "md5")
DATA = "data"
_TAG_FILES = ("bagit.txt", "bag-info.txt", *(f"manifest-{name}.txt" for name in ALGORITHMS))


@dataclass(frozen=True)
class Payload:
    """One file of the payload: its name below data/, its size and its digests by hashlib's names."""

    name: str
    size_bytes: int
    digests: Mapping[str, str]


def portable(name: str) -> str:
    """A file's name that every system and every reader of bags takes: signs that one of them refuses become `_`.

    BagIt escapes `%`, CR and LF in manifests, and readers differ in how; bytes that are no UTF-8 cannot stand there.
    """
    safe = "".join(sign if sign.isprintable() and sign not in '%<>:"/\\|?*' else "_" for sign in shown_bytes(name))
    return safe.strip(". ") or "film"


def shown_bytes(name: str) -> str:
    return "".join("_" if "\ud800" <= sign <= "\udfff" else sign for sign in name)


def hashed(files: Sequence[Path], progress: Progress | None = None) -> list[Payload]:
    """The digests of all files, each read once; `progress` is told bytes of all, and may stop it."""
    sizes = [file.stat().st_size for file in files]
    total, found = sum(sizes), list[Payload]()
    for number, (file, size) in enumerate(zip(files, sizes, strict=True)):
        before = sum(sizes[:number])
        told = None if progress is None else _shifted(progress, before, total)
        found.append(Payload(file.name, size, file_digests(file, ALGORITHMS, told)))
    return found


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _size: progress(before + done, total)


def close_bag(folder: Path, payload: Sequence[Payload], info: Sequence[tuple[str, str]]) -> None:
    """Write everything of the bag beside its payload, and have the Library of Congress's own reader look at it.

    `info` are lines of bag-info.txt, in order; a key may come several times. Raises ProofFailed for a bag that the
    reader does not take: a bug of ours.
    """
    ordered = sorted(payload, key=lambda file: file.name)
    for name in ALGORITHMS:
        lines = [f"{file.digests[name]}  {DATA}/{file.name}" for file in ordered]
        write_text(folder / f"manifest-{name}.txt", "\n".join([*lines, ""]))
    write_text(folder / "bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    size = sum(file.size_bytes for file in payload)
    about = [
        *info, ("Bagging-Date", f"{datetime.now(UTC):%Y-%m-%d}"), ("Bag-Software-Agent", f"restore {__version__}"),
        ("Bag-Size", _human(size)), ("Payload-Oxum", f"{size}.{len(payload)}"),
    ]  # fmt: skip
    write_text(folder / "bag-info.txt", "".join(f"{key}: {_line(text)}\n" for key, text in about))
    for name in ALGORITHMS:
        lines = [f"{file_digests(folder / tag, (name,))[name]}  {tag}" for tag in _TAG_FILES]
        write_text(folder / f"tagmanifest-{name}.txt", "\n".join([*lines, ""]))
    try:
        bagit.Bag(str(folder)).validate(completeness_only=True)
    except bagit.BagError as error:
        raise ProofFailed(f"{shown(folder)}: is no valid bag: {_line(str(error))}; send us the log") from error


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", shown_bytes(text)).strip()


def _human(size: float) -> str:
    """`12.3 GB`, as bag-info.txt has it."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.4g} {unit}"
        size /= 1000
    return f"{size:.4g} TB"
