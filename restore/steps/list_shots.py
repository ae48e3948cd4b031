"""`restore shots FILM`: the list of shots and the contact sheet, to be looked at and edited before a run."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from restore.errors import OutputExists, shown
from restore.film import Reel, Shot
from restore.media.index import Index
from restore.media.read import Reader
from restore.progress import Progress
from restore.shots.exchange import edl, otio
from restore.shots.luma import LumaDetector
from restore.shots.sheet import contact_sheet, thumbnail_width, thumbnails, wanted, write_sheet
from restore.shots.stats import Stats
from restore.shots.table import Clock
from restore.steps.split import Splitting, clock, save_shots, split
from restore.store import writing


@dataclass(frozen=True)
class Files:
    """What to write: list and contact sheet always, the others for editing rooms and for those who want to know what
    the detector saw."""

    folder: Path  # of FILM.shots.csv and FILM.shots.jpg
    edl: Path | None = None
    otio: Path | None = None
    stats: Path | None = None
    overwrite: bool = False


def list_shots(
    reel: Reel, files: Files, splitting: Splitting | None = None, *, progress: Progress | None = None
) -> tuple[Path, Path, tuple[Shot, ...]]:
    """Find the shots of `reel` (or obey an edited list) and write FILM.shots.csv, FILM.shots.jpg and what else is
    asked for.

    Returns the paths of list and sheet, and the shots. Raises OutputExists when a file is there and may not be
    replaced, BadInput where an EDL cannot count the film's frames, else what `split` raises. The film is decoded
    twice, shots being known only at its end, and a third time for `stats`.
    """
    table, picture = files.folder / f"{reel.name}.shots.csv", files.folder / f"{reel.name}.shots.jpg"
    paths = (table, picture, *(path for path in (files.edl, files.otio, files.stats) if path is not None))
    for path in paths:
        if path.exists() and not files.overwrite:
            raise OutputExists(f"{shown(path)}: exists already; give --overwrite to replace it")
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-") as scratch:
        index_path = Path(scratch) / "index.npz"
        survey, shots = split(reel, index_path, splitting, progress=progress)
        time = clock(Index.load(index_path), reel.video)
        save_shots(table, survey, shots)
    with Reader(reel) as reader:
        stills = thumbnails(reader.pictures(), reel.video, wanted(shots), thumbnail_width(shots))
    with writing(picture) as part:
        write_sheet(part, contact_sheet(shots, stills, time))
    if files.otio is not None:
        _publish(files.otio, otio(reel, shots, time))
    if files.stats is not None:
        _publish(files.stats, _stats(reel, time))
    if files.edl is not None:
        _publish(files.edl, edl(reel, shots, time))
    return table, picture, shots


def _stats(reel: Reel, time: Clock) -> str:
    """What the detector sees in every frame, also where an edited list is obeyed."""
    seen = Stats()
    detector = LumaDetector(seen.add)
    detector.begin(reel.video.rate)
    with Reader(reel) as reader:
        for picture in reader.pictures():
            detector.add(picture.index, picture.light, reel.video.bit_depth)
    detector.finish()
    text = io.StringIO()
    seen.write(text, time)
    return text.getvalue()


def _publish(path: Path, text: str) -> None:
    with writing(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
