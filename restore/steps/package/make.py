"""Packs a finished reel: moves its results into a bag, writes what goes beside them, and closes the bag."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from restore.errors import ProofFailed, Unavailable, shown
from restore.media import framemd5, mediaarea
from restore.media.framemd5 import Listing, Sums
from restore.media.index import Index
from restore.media.read import Reader
from restore.progress import Progress
from restore.steps.package import history
from restore.steps.package.bag import DATA, Payload, close_bag, hashed
from restore.steps.package.premis import Object, premis
from restore.steps.package.xmp import xmp
from restore.steps.papers import Finished
from restore.steps.publish import LISTS, Outputs
from restore.store import write_text

FORMATS = {".mkv": "Matroska", ".mov": "QuickTime", ".mp4": "MPEG-4", ".html": "HTML", ".json": "JSON", ".csv": "CSV",
           ".npz": "NumPy", ".framemd5": "FFmpeg framemd5", ".xml": "XML", ".xmp": "XMP"}  # fmt: skip
NOT_MADE = "Not-Made"
"""Key of bag-info.txt under which stands what is not in the bag, and why."""


def package(reel: Finished, made: Outputs, progress: Progress | None = None) -> tuple[str, ...]:
    """Make the bag `made.bag` of the results `made`, which move into it; returns notes for people.

    `progress` is told bytes that are hashed. Raises ProofFailed when a file is not what was proved, and what
    `progress` raises to stop.
    """
    assert made.bag is not None
    began, final = _now(), reel.plan.outputs
    folder = Path(made.bag)
    shutil.rmtree(folder, ignore_errors=True)
    data = folder / DATA
    data.mkdir(parents=True)
    known = json.loads(Path(made.provenance).read_text(encoding="utf-8"))
    for written, name in zip(made.all(), final.all(), strict=True):
        Path(written).rename(data / Path(name).name)
    master = data / Path(final.master).name
    stem = master.name.partition(".master.")[0]
    _lists(reel, folder.parent, data / stem)
    notes = _descriptions(master, None if final.access is None else data / Path(final.access).name)
    write_text(data / f"{stem}.master.xmp", xmp(known, master.name))
    files = hashed(sorted(data.iterdir()), progress)
    _unchanged(reel, files, master.name)
    document = data / f"{stem}.premis.xml"
    write_text(document, _premis(known, files, began))
    info = _info(known, reel.plan.reel.name, notes)
    close_bag(folder, [*files, *hashed([document])], info)
    return tuple(f"{what} not made, because {why}" for what, why in notes)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _lists(reel: Finished, work: Path, stem: Path) -> None:
    """Frame checksums of the master, which the proof has noted, and of the source's luma: the same, where it is."""
    for name, suffix in LISTS.items():
        if (work / name).exists():
            (work / name).rename(stem.with_name(f"{stem.name}{suffix}"))
    luma = stem.with_name(f"{stem.name}{LISTS['luma.framemd5']}")
    if not luma.exists():  # of a lossy master: read the source once more
        _source_luma(reel, luma)


def _source_luma(reel: Finished, path: Path) -> None:
    survey, sums = reel.survey, Sums()
    index = Index.load(survey.index_path)
    video = survey.reel.video
    with Reader(survey.reel) as reader:
        for picture in reader.pictures(0, survey.frames, index):
            sums.add([picture.light])
    first = int(index.pts[0])
    aspect = video.sample_aspect
    listing = Listing(
        video.width, video.height, aspect, [int(t) for t in index.pts], video.time_base, first * video.time_base, None
    )
    framemd5.write(path, sums, listing)


def _descriptions(master: Path, access: Path | None) -> list[tuple[str, str]]:
    """What MediaInfo says of master and access copy; (what, why not) of what could not be had."""
    missing = []
    for file in filter(None, (master, access)):
        for suffix, form in mediaarea.FORMS.items():
            path = file.with_name(f"{file.stem}.{suffix}")
            try:
                write_text(path, mediaarea.describe(file, form))
            except Unavailable as error:
                missing.append((path.name, str(error)))
    return missing


def _unchanged(reel: Finished, files: Sequence[Payload], master: str) -> None:
    """The files in the bag are those that were proved."""
    found = {file.name: file.digests["sha256"] for file in files}
    wanted = {master: reel.master.sha256}
    if reel.plan.outputs.access is not None and reel.master.access_sha256 is not None:
        wanted[Path(reel.plan.outputs.access).name] = reel.master.access_sha256
    for name, sha256 in wanted.items():
        if found.get(name) != sha256:
            raise ProofFailed(f"{shown(name)}: is not the file that was proved; nothing is published: check the disk")


def _premis(known: dict[str, Any], files: Sequence[Payload], began: str) -> str:
    source, statement = history.source(known), known["statement"]
    objects = []
    for file in files:
        film = Path(file.name).stem.endswith((".master", ".access")) and Path(file.name).suffix in (
            ".mkv",
            ".mov",
            ".mp4",
        )
        objects.append(Object(
            file.name, file.digests["sha256"], file.size_bytes, FORMATS.get(Path(file.name).suffix, "unknown"),
            md5=file.digests["md5"], made_from=source.sha256 if film else "", note=statement if film else "",
        ))  # fmt: skip
    tools = {name: found.version if (found := mediaarea.tool(name)) else None for name in ("mediaconch", "mediainfo")}
    story = history.Story(known, tuple(objects), began, tools["mediaconch"], tools["mediainfo"])
    return premis([source, *objects], history.events(story), history.agents(story))


def _info(known: dict[str, Any], name: str, notes: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lines of bag-info.txt. Source-Organization and the like are the archive's to add."""
    return [
        ("External-Identifier", f"sha256:{known['source']['sha256']}"),
        ("External-Description", f"{name}, coloured by restore. {known['statement']}"),
        ("Internal-Sender-Identifier", known["source"]["file"]),
        ("Digital-Source-Type", known["digital_source_type"] or "none: light and colours are the source's"),
        *((NOT_MADE, f"{what}: {why}") for what, why in notes),
    ]
