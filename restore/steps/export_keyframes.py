"""`restore keyframes FILM`: the frames most worth painting, as gray pictures ready to paint, with a page and a list."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from restore.configs.recipe import Recipe
from restore.contracts import RunsNetwork
from restore.errors import OutputExists, shown
from restore.film import Reel
from restore.guidance import keyframes, layers, rehearsal, sureness, worth
from restore.guidance.at_hand import AtHand
from restore.guidance.carried import shape_of, small
from restore.guidance.pictures import encoded
from restore.guidance.rehearsal import Rehearsals
from restore.guidance.worth import Suggestion
from restore.media.index import Index
from restore.progress import meter, stage
from restore.runtime import Runtime
from restore.shots.table import timecode
from restore.steps.automatic import as_shown, automatic
from restore.steps.report import keyframes as page_of
from restore.steps.report.keyframes import Row, keyframes_page
from restore.steps.split import Splitting, clock, split
from restore.store import disk_errors, writing

COLUMNS = ("order", "frame", "timecode", "shot", "seconds covered", "share of the shot covered", "picture")


@dataclass(frozen=True)
class Export:
    """What is wanted: how many frames, where to, and what is painted already."""

    folder: Path  # of FILM.keyframes/, FILM.keyframes.csv and FILM.keyframes.html
    count: int = 20
    painted: Path | None = None  # keyframes that are there already: what they cover needs no more
    layers: bool = True  # an OpenRaster file for each frame
    overwrite: bool = False
    quick: bool = False  # chosen by what frames have in common alone, without rehearsing how colours carry


@dataclass(frozen=True)
class Exported:
    """What was written. `kept`: pictures that were there already and were left alone, as somebody may have painted."""

    suggestions: tuple[Suggestion, ...]
    pictures: Path
    table: Path
    page: Path
    kept: int
    without_colours: str = ""  # why there are no automatic colours, if so


def export_keyframes(reel: Reel, recipe: Recipe, wanted: Export, splitting: Splitting, runtime: Runtime) -> Exported:
    """Choose frames and write them. The same call goes on where one was stopped: a picture that is there stays.

    Raises OutputExists for list or page that are there, unless they may be replaced, and what `split` raises.
    """
    pictures = wanted.folder / f"{reel.name}.keyframes"
    table, page = (wanted.folder / f"{reel.name}.keyframes.{kind}" for kind in ("csv", "html"))
    for path in (table, page):
        if path.exists() and not wanted.overwrite:
            raise OutputExists(f"{shown(path)}: exists already; give --overwrite to replace it (painted pictures stay)")
    with disk_errors(pictures):
        pictures.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="restore-") as scratch,
        _at_hand(reel, splitting, Path(scratch)) as film,
    ):
        chosen = _chosen(film, wanted)
        with stage("export", {}):
            rows, kept, why = _write_pictures(film, recipe, runtime, pictures, chosen, wanted)
    _publish(table, _table(rows).encode("utf-8"))
    _publish(page, keyframes_page(reel.name, rows, film.survey.frames).encode("utf-8"))
    return Exported(chosen, pictures, table, page, kept, why)


def _at_hand(reel: Reel, splitting: Splitting, scratch: Path) -> AtHand:
    proxies = scratch / "proxies.bin"
    with stage("split", {}):
        wanted = replace(splitting, proxies=str(proxies))
        survey, shots = split(reel, scratch / "index.npz", wanted, progress=meter("split"))
    return AtHand(survey, shots, clock(Index.load(survey.index_path), reel.video), proxies, meter("choose"), scratch)


def _chosen(film: AtHand, wanted: Export) -> tuple[Suggestion, ...]:
    kept = wanted.folder / f"{film.reel.name}.confidence.npz"
    doubt: worth.Doubt = worth.all_of_it
    known: rehearsal.Known = rehearsal.unknown
    if kept.exists():
        sure = sureness.load(kept, film.survey.index_sha256, film.survey.frames)
        doubt, known = sure.doubt, sure.levels
    already = tuple[int, ...]()
    if wanted.painted is not None:
        already = tuple(one.frame for one in keyframes.asked(wanted.painted, film).painted)
    with stage("choose", {}):
        choice = worth.Choice(film.shots, film.small, film.clock, doubt=doubt, already=already, tell=film.tell)
        roughly = choice.taken(wanted.count)
    if wanted.quick or not roughly:
        return roughly
    with stage("rehearse", {}):
        done, total, told = count(1), rehearsal.RUNS * len(roughly), meter("rehearse")
        rehearsals = Rehearsals(_lit(film), known, already, lambda: told(min(next(done), total), total))
        return choice.taken(wanted.count, rehearsals)


def _lit(film: AtHand) -> rehearsal.Lit:
    """The film's light as rehearsals want it."""
    video = film.video
    shape = shape_of((video.height, video.width), rehearsal.SIZE)
    return lambda start, stop: (small(picture.light, video.bit_depth, shape) for picture in film.pictures(start, stop))


def _write_pictures(
    film: AtHand, recipe: Recipe, runtime: Runtime, folder: Path, chosen: Sequence[Suggestion], wanted: Export
) -> tuple[list[Row], int, str]:
    """Write what is not there yet; returns the rows of list and page, how many were there, and why there are no
    automatic colours."""
    runs = any(isinstance(part, RunsNetwork) for _, part in recipe.chain)
    why = "" if runs else f"recipe {recipe.name} runs no network"
    rows, kept, told = list[Row](), 0, meter("export")
    for order, suggestion in enumerate(chosen, start=1):
        told(order - 1, len(chosen))
        name = f"{suggestion.frame:06d}"
        light, made = as_shown(*automatic(film, suggestion.frame, recipe, runtime), film)
        files = {f"{name}.png": encoded(light)}
        if made is not None:
            files[f"automatic/{name}.png"] = encoded(made)
        if wanted.layers:
            files[f"layers/{name}.ora"] = layers.openraster(np.repeat(light[..., None], 3, axis=2), made)
        kept += (folder / f"{name}.png").exists()
        for file, data in files.items():
            if not (folder / file).exists():
                (folder / file).parent.mkdir(exist_ok=True)
                _publish(folder / file, data)
        time, picture = timecode(film.clock(suggestion.frame)), f"{folder.name}/{name}.png"
        rows.append(
            Row(order, suggestion, time, picture, page_of.small(light), None if made is None else page_of.small(made))
        )
    told(len(chosen), len(chosen))
    return rows, kept, why


def _table(rows: Sequence[Row]) -> str:
    """The list, as CSV."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(COLUMNS)
    out.writerows(_cells(rows))
    return text.getvalue()


def _cells(rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        what = row.suggestion
        yield (
            row.order, what.frame, row.time, what.shot, f"{what.seconds:.2f}", f"{what.share:.3f}", row.picture
        )  # fmt: skip


def _publish(path: Path, data: bytes) -> None:
    with writing(path) as part:
        part.write_bytes(data)
