"""`restore shots FILM`: the list of shots and the contact sheet, to be looked at and edited before a run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from restore.errors import OutputExists, shown
from restore.film import Reel, Shot
from restore.media.index import Index
from restore.media.read import Reader
from restore.progress import Progress
from restore.shots.sheet import contact_sheet, thumbnail_width, thumbnails, wanted, write_sheet
from restore.steps.split import Splitting, clock, save_shots, split
from restore.store import writing


def list_shots(
    reel: Reel, out: Path, splitting: Splitting | None = None, *, overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[Path, Path, tuple[Shot, ...]]:  # fmt: skip
    """Find the shots of `reel` (or obey an edited list) and write FILM.shots.csv and FILM.shots.jpg into `out`.

    Returns both paths and the shots. Raises OutputExists when one of them is there and `overwrite` is off, else what
    `split` raises. The film is decoded twice: shots are known only at its end.
    """
    table, picture = out / f"{reel.name}.shots.csv", out / f"{reel.name}.shots.jpg"
    for path in (table, picture):
        if path.exists() and not overwrite:
            raise OutputExists(f"{shown(path)}: exists already; give --overwrite to replace it")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-") as scratch:
        index_path = Path(scratch) / "index.npz"
        survey, shots = split(reel, index_path, splitting, progress=progress)
        time = clock(Index.load(index_path), reel.video)
        save_shots(table, survey, shots)
    with Reader(reel) as reader:
        stills = thumbnails(reader.pictures(), reel.video, wanted(shots), thumbnail_width(shots))
    with writing(picture) as part:
        write_sheet(part, contact_sheet(shots, stills, time))
    return table, picture, shots
