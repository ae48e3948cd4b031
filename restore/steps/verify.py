"""Whether what was made is still what it was: every file of a bag or of a results folder is read and hashed again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bagit

from restore.errors import MissingInput, ProofFailed, shown
from restore.media.evidence import attachments
from restore.progress import Progress
from restore.store import file_digests

Metering = Callable[[str], Progress]
"""Given a file's name, what is told of its bytes (or frames, where it is decoded)."""

PROVENANCE = ".provenance.json"
LARGEST = 256 << 20
"""Bytes of a provenance that is read: one of a long film with many shots has a few million."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was. `name` is the file's, below the folder that was asked about."""

    kind: str  # "changed" | "missing" | "extra"
    name: str
    detail: str


@dataclass(frozen=True)
class Checked:
    """One bag, or the results of one reel, and what was found there."""

    path: str  # of the bag, or of the provenance
    kind: str  # "bag" | "results"
    files: int  # that were hashed
    size_bytes: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()  # what else was seen to hold, or could not be looked at

    @property
    def whole(self) -> bool:
        return not self.findings


def found(folder: Path) -> tuple[list[Path], list[Path]]:
    """The bags and the provenances in a folder, which may itself be a bag; sorted.

    Raises MissingInput when it is not there, or holds neither.
    """
    if not folder.is_dir():
        raise MissingInput(f"{shown(folder)}: there is no such folder; verify wants a bag, or a folder of results")
    if (folder / "bagit.txt").exists():
        return [folder], []
    bags = sorted(path for path in folder.iterdir() if (path / "bagit.txt").exists())
    papers = sorted(path for path in folder.iterdir() if path.name.endswith(PROVENANCE))
    if not bags and not papers:
        raise MissingInput(f"{shown(folder)}: holds neither a bag nor a file {PROVENANCE[1:]}; name another folder")
    return bags, papers


def size(folder: Path) -> int:
    """Bytes that `verify` will read there, about."""
    bags, papers = found(folder)
    inside = [path for bag in bags for path in bag.rglob("*")]
    return sum(path.lstat().st_size for path in [*inside, *(folder.iterdir() if papers else ())] if path.is_file())


def verify(folder: Path, meter: Metering | None = None) -> list[Checked]:
    """Hash again every file that a manifest or a provenance names. Raises MissingInput, and what `meter` raises."""
    bags, papers = found(folder)
    checked = [_bag(bag, meter) for bag in bags]
    return checked + [_results(paper, meter) for paper in papers] + _unknown(folder, papers)


def _bag(folder: Path, meter: Metering | None) -> Checked:
    try:
        bag = bagit.Bag(str(folder))
        missing, extra = bag.compare_manifests_with_fs()
    except (bagit.BagError, OSError, ValueError, KeyError) as error:
        problem = Finding("changed", "bagit.txt", f"it is no bag any more: {' '.join(str(error).split())}")
        return Checked(str(folder), "bag", 0, 0, (problem,))
    wanted = {name: dict(digests) for name, digests in bag.entries.items()}
    findings = [Finding("missing", name, "a manifest names it") for name in missing]
    findings += [Finding("extra", name, "no manifest names it") for name in extra]
    present = {name: digests for name, digests in wanted.items() if name not in missing}
    hashes = [*_compare(folder, present, meter)]
    findings += [finding for finding in hashes if finding is not None]
    if not findings:
        findings += _structure(bag)
    read = sum((folder / name).stat().st_size for name in present if (folder / name).is_file())
    return Checked(str(folder), "bag", len(present), read, tuple(findings))


def _structure(bag: Any) -> list[Finding]:
    """What the Library of Congress's own reader finds besides: a wrong Payload-Oxum, files still to be fetched."""
    try:
        bag.validate(completeness_only=True)
    except bagit.BagError as error:
        return [Finding("changed", "bag-info.txt", " ".join(str(error).split()))]
    return []


def _compare(folder: Path, wanted: Mapping[str, Mapping[str, str]], meter: Metering | None) -> Iterator[Finding | None]:
    """One finding, or None, for each file that is named, by name → algorithm → digest."""
    root = os.path.realpath(folder)
    for name, digests in sorted(wanted.items()):
        path = folder / name
        if os.path.commonpath([root, os.path.realpath(path)]) != root or path.is_symlink():
            yield Finding("changed", name, "it leads out of the folder, or is a link")
            continue
        try:
            got = file_digests(path, sorted(digests), None if meter is None else meter(shown(path.name)))
        except FileNotFoundError:
            yield Finding("missing", name, "it is named, and not there")
            continue
        except OSError as error:
            yield Finding("changed", name, f"it cannot be read: {error.strerror}")
            continue
        wrong = [key for key, digest in digests.items() if got[key] != digest.lower()]
        told = "; ".join(f"{key} is {got[key]}, was {digests[key]}" for key in sorted(wrong, reverse=True))
        yield Finding("changed", name, told) if wrong else None


def _results(paper: Path, meter: Metering | None) -> Checked:
    """The results that a provenance names, and the provenance itself against the copy inside the master."""
    try:
        known = read_provenance(paper)
    except (OSError, ValueError) as error:
        problem = Finding("changed", paper.name, f"it cannot be read: {' '.join(str(error).split())}")
        return Checked(str(paper), "results", 0, 0, (problem,))
    entries = [*known["outputs"], *known.get("papers", ())]
    wanted = {str(entry["name"]): {"sha256": str(entry["sha256"])} for entry in entries}
    findings = [finding for finding in _compare(paper.parent, wanted, meter) if finding is not None]
    notes = () if known.get("papers") else ("only the films were hashed: an older version noted no other hashes",)
    master = paper.parent / str(known["outputs"][0]["name"])
    findings += inside_master(known, master, paper.name)
    read = sum((paper.parent / name).stat().st_size for name in wanted if (paper.parent / name).is_file())
    return Checked(str(paper), "results", len(wanted), read, tuple(findings), notes)


def read_provenance(paper: Path) -> dict[str, Any]:
    """A provenance. Raises OSError, or ValueError for what is none."""
    if paper.stat().st_size > LARGEST:
        raise ValueError("too large for a provenance")
    known = _json(paper.read_text(encoding="utf-8"))
    if not isinstance(known, dict) or not isinstance(known.get("outputs"), list) or not known["outputs"]:
        raise ValueError("it is no provenance of a run")
    if not all(isinstance(entry, dict) and {"name", "sha256"} <= entry.keys() for entry in known["outputs"]):
        raise ValueError("its list of outputs is not whole")
    return known


def _json(text: str | bytes) -> Any:
    """Raises ValueError for what is no JSON, or nested more deeply than any of ours."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


LATER = frozenset({"versions", "options"})
"""Tables of the provenance that hold more in the file than inside the master."""


def inside_master(known: Mapping[str, Any], master: Path, name: str) -> list[Finding]:
    """What the provenance says otherwise than its copy inside the master, which was written before it."""
    if master.suffix != ".mkv" or not master.is_file():
        return []
    try:
        copy = next((data for file, data in attachments(master).items() if file.endswith(PROVENANCE)), None)
        held = None if copy is None else _json(copy)
    except (ProofFailed, ValueError):
        return [Finding("changed", master.name, "the provenance inside it cannot be read")]
    if not isinstance(held, dict):
        return [Finding("missing", master.name, "there is no provenance inside it")]
    wrong = [key for key in held if key not in LATER and known.get(key) != held[key]]
    if not wrong:
        return []
    return [Finding("changed", name, f"says otherwise than its copy inside the master: {', '.join(map(shown, wrong))}")]


def _unknown(folder: Path, papers: list[Path]) -> list[Checked]:
    """Masters of which there is no provenance: nothing says what they were."""
    if (folder / "bagit.txt").exists():
        return []
    stems = {paper.name.removesuffix(PROVENANCE) for paper in papers}
    lost = [path for path in sorted(folder.iterdir()) if ".master." in path.name and path.suffix in (".mkv", ".mov")]
    return [
        Checked(str(path), "results", 0, 0, (Finding("missing", f"{stem}{PROVENANCE}", "nothing says what it was"),))
        for path in lost
        if (stem := path.name.rpartition(".master.")[0]) not in stems
    ]
